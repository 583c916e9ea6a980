"""What comes back is told apart: bounces, delays, complaints, automatic replies, and what people say."""

from email.header import Header
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.incoming import Kind, Received, read_received
from tests.mailer.returned import (
    COMPLAINT,
    DELIVERED,
    EXCHANGE,
    EXIM,
    FULL,
    GMAIL,
    OURS,
    POLICY,
    POSTFIX,
    POSTFIX_DELAY,
    POSTFIX_EXPIRED,
    QMAIL,
    TOKEN,
    TWO_RECIPIENTS,
    lines,
    reply,
    report,
)

# Of the processor, so that a busy machine makes no difference.
SECONDS_MAX = 2.0


# Bounces.


@pytest.mark.parametrize(
    ("raw", "recipient", "words"),
    [
        (
            POSTFIX,
            "ana@helios.example",
            "the address does not exist (550 5.1.1 <ana@helios.example>: Recipient address",
        ),
        (EXCHANGE, "bo@atlas.example", "the address does not exist (550 5.1.10 RESOLVER.ADR.RecipientNotFound"),
        (
            GMAIL,
            "ana@helios.example",
            "the address does not exist (550-5.1.1 The email account that you tried to reach",
        ),
        (
            QMAIL,
            "ana@helios.example",
            "the address does not exist (Sorry, no mailbox here by that name. (#5.1.1))",
        ),
        (EXIM, "ana@helios.example", "Unrouteable address"),
    ],
    ids=["Postfix", "Exchange", "Gmail", "qmail", "Exim"],
)
def test_a_bounce_says_whom_it_did_not_reach_and_why(raw: bytes, recipient: str, words: str) -> None:
    received = read_received(raw)

    assert received.kind is Kind.BOUNCE
    assert received.about == (OURS,)
    (failure,) = received.failures
    assert (failure.recipient, failure.is_permanent, failure.is_dead) == (recipient, True, True)
    assert failure.reason.startswith(words)


@pytest.mark.parametrize(
    ("raw", "words"),
    [(FULL, "the mailbox is full"), (POLICY, "550-5.7.26"), (POSTFIX_EXPIRED, "the recipient's server")],
)
def test_what_is_given_up_for_another_reason_leaves_the_address_alive(raw: bytes, words: str) -> None:
    received = read_received(raw)

    assert received.kind is Kind.BOUNCE
    (failure,) = received.failures
    assert (failure.is_permanent, failure.is_dead) == (True, False)
    assert failure.reason.startswith(words)


def test_a_delay_is_no_bounce() -> None:
    received = read_received(POSTFIX_DELAY)

    assert received.kind is Kind.DELAY
    assert [(each.recipient, each.is_permanent) for each in received.failures] == [("ana@helios.example", False)]
    assert received.failures[0].reason.startswith("the recipient's server does not answer (connect to")


def test_of_several_recipients_each_has_its_own_outcome() -> None:
    received = read_received(TWO_RECIPIENTS)

    assert received.kind is Kind.BOUNCE
    assert [(each.recipient, each.is_permanent) for each in received.failures] == [
        ("ana@helios.example", True),
        ("bo@helios.example", False),
    ]


def test_a_report_of_a_delivery_asks_for_nothing() -> None:
    assert read_received(DELIVERED).kind is Kind.OTHER


def test_an_address_behind_ours_is_named_with_ours() -> None:
    (failure,) = read_received(
        report(
            "Original-Recipient: rfc822;ana@helios.example\nFinal-Recipient: rfc822; a.private@elsewhere.example\n"
            "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 mailbox unavailable\n"
        )
    ).failures

    assert (failure.recipient, failure.also) == ("ana@helios.example", ("a.private@elsewhere.example",))


def test_a_general_status_is_made_precise_by_what_the_server_said() -> None:
    status = "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; "

    full = read_received(report(f"{status}552 5.2.2 mailbox full\n")).failures[0]
    blocked = read_received(report(f"{status}554 blocked by our policy\n")).failures[0]
    unknown = read_received(report(f"{status}550 no such user\n")).failures[0]

    assert [each.is_dead for each in (full, blocked, unknown)] == [False, False, True]


def test_a_token_in_the_message_that_is_returned_is_found() -> None:
    returned = f"From: ar@duewell.example\nReply-To: ar+{TOKEN}@duewell.example\nSubject: x\n\nText\n"
    received = read_received(
        report("Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n", returned=returned)
    )

    assert (received.about, received.tokens) == ((), (TOKEN,))


def test_a_person_who_quotes_a_bounce_is_no_mail_server() -> None:
    quoted = (
        "We got this:\n\nHi. This is the qmail-send program.\n<ana@helios.example>:\nSorry, no mailbox. (#5.1.1)\n"
    )

    received = read_received(reply(quoted))

    assert (received.kind, received.failures) == (Kind.REPLY, ())


# Complaints.


def test_a_complaint_says_who_complains_about_what() -> None:
    received = read_received(COMPLAINT)

    assert (received.kind, received.about) == (Kind.COMPLAINT, (OURS,))
    assert received.complainants == ("ana@helios.example",)


def test_a_report_that_something_is_no_spam_is_no_complaint() -> None:
    assert (
        read_received(COMPLAINT.replace(b"Feedback-Type: abuse", b"Feedback-Type: not-spam")).kind
        is not Kind.COMPLAINT
    )


# Automatic replies.


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: auto-replied\n",
        "Auto-Submitted: auto-generated; owner-email=x\n",
        "X-Autoreply: yes\n",
        "X-Autorespond: vacation\n",
        "Precedence: bulk\n",
        "Precedence: auto_reply\n",
    ],
)
def test_headers_tell_an_automatic_reply(head: str) -> None:
    assert read_received(reply("I am away.", head=head)).kind is Kind.AUTOMATIC_REPLY


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Invoice INV-7 is overdue",
        "Out of Office: back on Monday",
        "Re: Out of office",
        "Réponse automatique : Facture INV-7",
        "Absence du bureau",
        "Automatische Antwort: Rechnung INV-7",
        "Abwesenheitsnotiz: Rechnung INV-7",
        "AW: Abwesend bis 15.06.",
        "Respuesta automática: Factura INV-7",
        "Fuera de la oficina",
    ],
)
def test_subjects_tell_an_automatic_reply(subject: str) -> None:
    encoded = Header(subject, "utf-8").encode()

    assert read_received(reply("Gone.", subject=encoded)).kind is Kind.AUTOMATIC_REPLY


@pytest.mark.parametrize(
    ("subject", "head"),
    [
        ("Re: Invoice INV-7 is overdue", "Auto-Submitted: no\n"),
        ("AW: Rechnung INV-7: unser Büro zieht um", ""),
        ("Re: Facture INV-7", "List-Id: <comptabilite.helios.example>\n"),
        ("Re: Factura INV-7", "Precedence: list\n"),
    ],
)
def test_what_a_person_wrote_is_a_reply(subject: str, head: str) -> None:
    assert (
        read_received(reply("We paid.", subject=Header(subject, "utf-8").encode(), head=head)).kind is Kind.REPLY
    )


def test_a_newsletter_is_no_reply() -> None:
    raw = lines(
        "From: news@shop.example\nTo: ar@duewell.example\nSubject: Sale\n"
        "List-Unsubscribe: <mailto:x@y.example>\n\nBuy\n"
    )

    assert read_received(raw).kind is Kind.AUTOMATIC_REPLY


def test_what_answers_nothing_is_something_else() -> None:
    assert read_received(lines("From: a@b.example\nSubject: Hello\n\nWho are you?\n")).kind is Kind.OTHER


def test_a_read_receipt_is_automatic() -> None:
    raw = lines(
        f"From: ana@helios.example\nSubject: Read: Invoice\nReferences: {OURS}\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nIt was read.\n--b\nContent-Type: message/disposition-notification\n\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n"
    )

    assert read_received(raw).kind is Kind.AUTOMATIC_REPLY


# Replies.


def test_a_reply_is_about_the_message_it_answers_and_bears_the_token() -> None:
    received = read_received(reply("We paid last week."))

    assert (received.kind, received.about, received.tokens) == (Kind.REPLY, (OURS,), (TOKEN,))
    assert (received.sender, received.excerpt) == ("ana@helios.example", "We paid last week.")


def test_what_it_answers_comes_first_and_then_the_newest_of_the_thread() -> None:
    raw = lines(
        "From: a@b.example\nIn-Reply-To: <c@x.example>\n"
        "References: <a@x.example> <b@x.example>\n <c@x.example>\n\nHi\n"
    )

    assert read_received(raw).about == ("<c@x.example>", "<b@x.example>", "<a@x.example>")


@pytest.mark.parametrize("name", ["Delivered-To", "X-Original-To", "Cc", "Envelope-To"])
def test_a_token_is_found_wherever_the_address_stands_and_in_capitals(name: str) -> None:
    raw = lines(
        f"From: a@b.example\nTo: undisclosed-recipients:;\n{name}: <AR+{TOKEN.upper()}@DUEWELL.EXAMPLE>\n\nHi\n"
    )

    assert read_received(raw).tokens == (TOKEN,)


@pytest.mark.parametrize(
    "quotation",
    [
        "On Thu, 4 Jun 2026 at 08:30, Duewell <ar@duewell.example> wrote:\n> Dear Ana,\n> please pay",
        "On Thu, 4 Jun 2026 at 08:30, Duewell\n<ar@duewell.example> wrote:\n\n> Dear Ana,",
        "Le jeu. 4 juin 2026 à 08:30, Duewell <ar@duewell.example> a écrit :\n> Bonjour",
        "Am Do., 4. Juni 2026 um 08:30 Uhr schrieb Duewell <ar@duewell.example>:\n> Guten Tag",
        "El jue, 4 jun 2026 a las 8:30, Duewell (<ar@duewell.example>) escribió:\n> Hola",
        "-----Original Message-----\nFrom: Duewell\nDear Ana,",
        "-----Ursprüngliche Nachricht-----\nVon: Duewell\nGuten Tag",
        "________________________________\nFrom: Duewell <ar@duewell.example>\nSent: Thursday\n\nDear Ana,",
        "De : Duewell <ar@duewell.example>\nEnvoyé : jeudi 4 juin 2026 08:30\nÀ : Ana\n\nBonjour",
        "Von: Duewell <ar@duewell.example>\nGesendet: Donnerstag, 4. Juni 2026\nAn: Ana\n\nGuten Tag",
        "> Dear Ana,\n> please pay",
    ],
)
def test_the_excerpt_leaves_the_quotation_out(quotation: str) -> None:
    assert (
        read_received(reply(f"We paid on Monday.\n\nAna\n\n{quotation}\n")).excerpt == "We paid on Monday.\n\nAna"
    )


def test_answers_between_quoted_lines_are_kept() -> None:
    assert (
        read_received(reply("> Please pay.\nWe did.\n> Thank you.\nYou are welcome.")).excerpt
        == "We did.\nYou are welcome."
    )


def test_a_message_that_is_all_quotation_is_shown_as_it_is() -> None:
    assert read_received(reply("> Please pay.")).excerpt == "> Please pay."


def test_html_alone_is_read_as_text() -> None:
    html = (
        "<html><head><title>x</title><style>p { color: red }</style></head><body><p>Bonjour,</p>"
        "<p>c'est pay&eacute;.<br>Ana</p><blockquote>Facture</blockquote></body></html>"
    )

    assert read_received(reply(html, kind="text/html; charset=utf-8")).excerpt == "Bonjour,\nc'est payé.\nAna"


# Bytes as they come.


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("iso-8859-1", "Déjà payé".encode("latin-1"), "Déjà payé"),
        ("windows-1252", "Déjà payé – Ana".encode("cp1252"), "Déjà payé – Ana"),
        ("us-ascii", "Déjà payé".encode(), "Déjà payé"),
        ("utf-8", "Déjà payé".encode("latin-1"), "Déjà payé"),
        ("x-unknown", "Déjà payé".encode(), "Déjà payé"),
        ("", "Déjà payé".encode("latin-1"), "Déjà payé"),
    ],
)
def test_a_text_is_read_whatever_charset_it_says_it_has(charset: str, body: bytes, text: str) -> None:
    raw = reply("BODY", kind=f"text/plain; charset={charset}" if charset else "text/plain").replace(b"BODY", body)

    assert read_received(raw).excerpt == text


def test_headers_of_raw_bytes_are_read() -> None:
    raw = "From: Müller <m@b.example>\r\nSubject: Re: Überfällig\r\n\r\nHallo\r\n".encode("latin-1")

    received = read_received(raw)

    assert (received.sender, received.kind) == ("m@b.example", Kind.REPLY)
    assert "berf" in received.subject


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"\x00\xff\xfe",
        b"Subject: =?utf-8?b?!!!?=\r\n\r\nx",
        b"Subject: =?nonsense?q?=FF?=\r\nFrom: =?\r\n\r\nx",
        b"From: <<<>>>@@@\r\nIn-Reply-To: <<<\r\n\r\nx",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b'Content-Type: multipart/report; boundary=""\r\n\r\n--\r\n',
        b"Content-Type: text/plain; charset*=utf-8''%00\r\n\r\nx",
        b"Content-Type: message/delivery-status\r\n\r\nFinal-Recipient\r\n",
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!not base64!!!",
        b"Content-Type: message/rfc822\r\n\r\n",
    ],
)
def test_what_is_broken_is_kept_as_it_is(raw: bytes) -> None:
    assert isinstance(read_received(raw), Received)


@pytest.mark.parametrize("cut", range(0, len(POSTFIX), 37))
def test_a_report_may_be_cut_off_anywhere(cut: int) -> None:
    assert read_received(POSTFIX[:cut]).kind in (Kind.BOUNCE, Kind.OTHER, Kind.AUTOMATIC_REPLY)


FORMS = [POSTFIX, POSTFIX_DELAY, EXCHANGE, GMAIL, QMAIL, EXIM, COMPLAINT, reply("We paid.\n> Please pay")]


@given(st.binary(max_size=2000))
@settings(max_examples=120, deadline=None)
def test_no_bytes_are_too_strange(raw: bytes) -> None:
    assert isinstance(read_received(raw), Received)


@given(
    st.sampled_from(FORMS),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 60), st.binary(max_size=12)), max_size=8),
)
@settings(max_examples=120, deadline=None)
def test_no_mutilation_of_a_real_message_is_too_strange(raw: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    for start, length, instead in cuts:
        raw = raw[:start] + instead + raw[start + length :]

    received = read_received(raw)

    for text in (received.sender, received.subject, received.excerpt):
        assert "\x00" not in text
        text.encode()


def nested(depth: int) -> bytes:
    """Return parts in parts."""
    head = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    return lines(f"From: a@b.example\nSubject: deep\n{head}Content-Type: text/plain\n\nx\n")


BOMBS = {
    "nested parts": nested(2000),
    "nested messages": b"From: a@b.example\r\nSubject: deep\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 5000,
    "many parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000,
    "many headers": b"X-A: b\r\n" * 200_000 + b"\r\nx",
    "many parameters": b"Content-Type: text/plain" + b'; a="' * 200_000 + b"\r\n\r\nx",
    "many folded parameters": b"Content-Type: text/plain" + b';\r\n a="' * 100_000 + b"\r\n\r\nx",
    "a long header": b"From: " + b"<" * 1_000_000 + b"\r\n\r\nx",
    "a long subject": b"Subject: " + b"=?utf-8?q?" * 100_000 + b"\r\n\r\nx",
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 100_000 + b"\r\n\r\nx",
    "a long line": b"From: mailer-daemon@b.example\r\n\r\n" + b"a" * 3_000_000,
    "many at signs": b"From: mailer-daemon@b.example\r\n\r\n" + b"@" * 2_000_000,
    "many brackets": b"From: mailer-daemon@b.example\r\n\r\n" + b"<a@" * 700_000,
    "html tags": b"Content-Type: text/html\r\n\r\n" + b"<" * 2_000_000,
    "html styles": b"Content-Type: text/html\r\n\r\n" + b"<style>" * 300_000,
    "introductions": b"From: a@b.example\r\n\r\n" + (b"On " + b"wrote " * 30 + b"\r\n") * 3000,
    "quoted senders": b"From: a@b.example\r\n\r\n" + (b"x" * 190 + b" <" + b"y" * 190 + b"@\r\n") * 3000,
    "blank lines": b"From: a@b.example\r\n\r\n" + b"\r\n" * 500_000,
    "folded header": b"From: a@b.example\r\nReferences: " + b"<a@b>\r\n " * 100_000 + b"\r\n\r\nx",
    "report blocks": report("Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n\n" * 10_000),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_message_that_is_built_to_be_expensive_is_soon_done(bomb: str) -> None:
    began = process_time()

    received = read_received(BOMBS[bomb])

    assert process_time() - began < SECONDS_MAX
    assert len(received.failures) <= 100
    assert len(received.excerpt) <= 2000


def test_a_bomb_is_kept_for_a_person_with_its_sender_and_subject() -> None:
    received = read_received(BOMBS["nested parts"])

    assert (received.kind, received.sender, received.subject) == (Kind.OTHER, "a@b.example", "deep")
