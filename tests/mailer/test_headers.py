"""Headers and parts: whatever names and texts say, they are read back as such, and no other header appears."""

from email import message_from_bytes
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.addresses import BadAddress, wire_address, with_token
from mailer.compose import Attachment, compose, reply_token
from mailer.headers import Mailbox
from mailer.render import Rendered
from tests.mailer.builders import AT, an_envelope
from tests.mailer.test_compose import BREAKS, decoded, read

PDF = Attachment("INV-1.pdf", "application/pdf", b"%PDF-1.7\r\n.\n\x00\xff" * 100)
LOGO = Attachment("logo.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
MEANT = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"]
LAST = ["List-Unsubscribe", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]

one_line = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=120)
tricky = st.sampled_from(
    [
        "=?utf-8?q?x?=",
        'a"b\\c',
        "a, b; c: d <e@f>",
        "(comment)",
        "x" * 500,
        "é" * 300,
        "株式会社" * 40,
        "a  b",
        " ",
    ]
)
names = (one_line | tricky).map(lambda text: " ".join(text.split()))
bodies = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=300)
addresses = st.sampled_from(
    ["ana@helios.example", "o'neil+tag@b-c.example", "a@xn--mller-kva.example", "ana.lima@müller.example"]
)
people = st.lists(st.builds(Mailbox, names, addresses), min_size=1, max_size=4).map(tuple)

pdfs = st.builds(Attachment, one_line, st.just("application/pdf"), st.binary(max_size=200))


def people_in(message: bytes, header: str) -> list[tuple[str, str]]:
    """Return names and addresses of a header as a mail program reads them.

    Not by the library's newer headers: for them a name of several encoded words has spaces between these.
    """
    value = str(message_from_bytes(message)[header]).replace("\r\n", "")
    return [(decoded(name), address) for name, address in getaddresses([value])]


def as_sent(mailboxes: tuple[Mailbox, ...]) -> list[tuple[str, str]]:
    """Return the same of what was meant."""
    return [(one.name, wire_address(one.email)) for one in mailboxes]


@settings(max_examples=150, deadline=None)
@given(
    sender=st.builds(Mailbox, names, addresses),
    to=people,
    cc=st.just(()) | people,
    subject=names,
    body=bodies,
    html=st.none() | bodies,
    files=st.lists(
        st.builds(Attachment, one_line, st.just("application/pdf"), st.binary(max_size=200)), max_size=2
    ),
)
def test_whatever_is_written_is_read_back_and_no_other_header_appears(
    sender: Mailbox,
    to: tuple[Mailbox, ...],
    cc: tuple[Mailbox, ...],
    subject: str,
    body: str,
    html: str | None,
    files: list[Attachment],
) -> None:
    envelope = an_envelope(sender=sender, to=to, cc=cc)

    composed = compose(Rendered(subject, body, html), envelope, AT, LOGO, tuple(files))
    message = read(composed)

    assert people_in(composed, "From") == as_sent((sender,))
    assert people_in(composed, "To") == as_sent(to)
    assert message["Subject"] == subject
    assert cc == () or people_in(composed, "Cc") == as_sent(cc)
    expected = [*MEANT, *(["Cc"] if cc else []), *LAST]
    assert message.keys() == (expected[:-1] if message.is_multipart() else expected)
    texts = {
        part.get_content_subtype(): part.get_content().replace("\r\n", "\n")
        for part in message.walk()
        if part.get_content_maintype() == "text"
    }
    whole = {"plain": body} if html is None else {"plain": body, "html": html}
    assert {kind: text.rstrip("\n") for kind, text in texts.items()} == {
        kind: text.rstrip("\n") for kind, text in whole.items()
    }
    assert [part.get_content() for part in message.iter_attachments()] == [file.content for file in files]


@pytest.mark.parametrize("control", ["\r\n", "\n", "\r", "\x00", "\x0b", "\x85", "\u2028", "\x7f", "\ud800"])
def test_a_control_character_in_a_header_is_refused(control: str) -> None:
    injected = f"x{control}Bcc: all@helios.example"
    for subject, changed in (
        (injected, {}),
        ("x", {"sender": Mailbox(injected, "ar@duewell.example")}),
        ("x", {"to": (Mailbox("Ana", f"ana{control}@helios.example"),)}),
        ("x", {"reply_to": Mailbox("", f"ana@helios.example{control}")}),
        ("x", {"thread": (f"<a@b.example>{control}",)}),
    ):
        with pytest.raises(ValueError, match=BREAKS):
            compose(Rendered(subject, "x\n"), an_envelope(**changed), AT)


@pytest.mark.parametrize(
    ("address", "travels_as"),
    [
        ("ana@helios.example", "ana@helios.example"),
        ("Ana.Lima+x@Helios.Example", "Ana.Lima+x@Helios.Example"),
        ("ana@müller.example", "ana@xn--mller-kva.example"),
        ("ana@MÜLLER.example", "ana@xn--mller-kva.example"),
        ("ana@例え.example", "ana@xn--r8jz45g.example"),
        ("zoë@müller.example", "zoë@xn--mller-kva.example"),
    ],
)
def test_domains_travel_in_ascii(address: str, travels_as: str) -> None:
    assert wire_address(address) == travels_as


@pytest.mark.parametrize(
    "address",
    ["ana", "@b.example", "ana@", "a b@c.example", "a@b@c.example", "a..b@c.example", ".a@c.example",
     "a@-.example", "a@b..example", "<a@b.example>", "a@b.example,c@d.example",
     '"a b"@c.example', f"{'a' * 65}@b.example",
     f"{'é' * 33}@b.example", f"a@{'b' * 64}.example", f"a@{'b.' * 130}example", "a@ü\u202e.example", ""],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadAddress):
        wire_address(address)


def test_an_address_beyond_ascii_stays_as_it_is_in_the_header() -> None:
    """Only a server that offers SMTPUTF8 gets such a message; mailer/smtp.py sees to that."""
    message = compose(Rendered("x", "x\n"), an_envelope(to=(Mailbox("Zoë", "zoë@helios.example"),)), AT)

    assert "<zoë@helios.example>".encode() in message


def test_blind_copies_are_in_no_header_and_copies_are() -> None:
    envelope = an_envelope(cc=(Mailbox("", "cfo@helios.example"),))

    message = compose(Rendered("x", "x\n"), envelope, AT)

    assert people_in(message, "Cc") == [("", "cfo@helios.example")]
    assert read(message)["Bcc"] is None


def test_replies_go_to_an_address_with_a_token_of_the_message() -> None:
    token = reply_token("<1234.1.1@duewell.example>")
    address = with_token("ar@duewell.example", token)
    envelope = an_envelope(reply_to=Mailbox("Duewell Test", address))

    message = read(compose(Rendered("x", "x\n"), envelope, AT))

    assert message["Reply-To"].addresses[0].addr_spec == f"ar+{token}@duewell.example"
    assert message["List-Unsubscribe"] == f"<mailto:ar+{token}@duewell.example?subject=unsubscribe>"
    assert message["List-Unsubscribe-Post"] is None
    assert (len(token), token) == (20, reply_token("<1234.1.1@duewell.example>"))
    assert token.isalnum()
    assert token == token.lower()
    assert token != reply_token("<1234.1.2@duewell.example>")


def test_an_address_without_room_for_a_token_has_none() -> None:
    assert with_token(f"{'a' * 50}@duewell.example", "t" * 20) == f"{'a' * 50}@duewell.example"


def test_the_parts_are_nested_as_mail_programs_expect() -> None:
    html = '<p><img src="cid:logo"></p>'

    message = read(compose(Rendered("x", "text\n", html), an_envelope(), AT, LOGO, (PDF,)))

    def shape(part: Any) -> Any:
        inner = [shape(one) for one in part.iter_parts()] if part.is_multipart() else []
        return [part.get_content_type(), *inner]

    assert shape(message) == [
        "multipart/mixed",
        ["multipart/alternative", ["text/plain"], ["multipart/related", ["text/html"], ["image/png"]]],
        ["application/pdf"],
    ]
    related = list(message.walk())[3]
    logo = list(related.iter_parts())[1]
    assert (logo["Content-ID"], logo.get_content_disposition(), logo.get_content()) == (
        "<logo>",
        "inline",
        LOGO.content,
    )


def test_a_logo_that_no_text_shows_does_not_travel() -> None:
    message = compose(Rendered("x", "text\n", "<p>no image</p>"), an_envelope(), AT, LOGO)

    assert b"image/png" not in message


def test_the_same_message_is_the_same_bytes_whatever_is_in_it() -> None:
    rendered = Rendered("Grüße", "text\n", '<p>=_é<img src="cid:logo"></p>')

    assert compose(rendered, an_envelope(), AT, LOGO, (PDF,)) == compose(rendered, an_envelope(), AT, LOGO, (PDF,))


def test_a_text_cannot_close_its_part() -> None:
    plain = compose(Rendered("x", "a\n", "<p>b</p>"), an_envelope(), AT)
    boundary = str(read(plain).get_boundary())

    message = read(compose(Rendered("x", f"--{boundary}--\n", f"\n--{boundary}\nX: y\n\n"), an_envelope(), AT))

    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    first = next(iter(message.iter_parts()))
    assert isinstance(first, EmailMessage)
    assert first.get_content().strip() == f"--{boundary}--"


@pytest.mark.parametrize(
    ("name", "read_as"),
    [
        ("INV-1.pdf", "INV-1.pdf"),
        ("Facture n° 7.pdf", "Facture n° 7.pdf"),
        ("../../etc/passwd.pdf", "-..-etc-passwd.pdf"),
        ('a"b\r\nBcc: x.pdf', "a-bBcc- x.pdf"),
        ("x" * 300 + ".pdf", "x" * 56 + ".pdf"),
        ("", "file"),
    ],
)
def test_a_file_keeps_a_name_that_does_no_harm(name: str, read_as: str) -> None:
    attachment = Attachment(name, "application/pdf", PDF.content)

    message = read(compose(Rendered("x", "text\n"), an_envelope(), AT, None, (attachment,)))

    (part,) = message.iter_attachments()
    assert part.get_filename() == read_as
