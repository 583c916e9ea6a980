"""What a composed message is in the fields of Resend's API."""

from base64 import b64decode
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

from hypothesis import given
from hypothesis import strategies as st

from mailer.resend_payload import KEY_CHARACTERS_MAX, fields_of, idempotency_key

PDF = b"%PDF-1.7 \x00\xff"


def a_full_message() -> EmailMessage:
    """Return a message with everything that one of ours can have."""
    message = EmailMessage(policy=SMTP)
    message["From"] = "Société Hélios <ar@duewell.example>"
    message["To"] = '"Lima, Ana" <ana@helios.example>, Bea <bea@helios.example>'
    message["Cc"] = "cem@helios.example"
    message["Reply-To"] = "ar+abc@duewell.example"
    message["Subject"] = "Erinnerung: Überfällig über 1.000 €, " + "x" * 100
    message["Date"] = "Thu, 11 Jun 2026 06:30:00 +0000"
    message["Message-ID"] = "<b@duewell.example>"
    message["In-Reply-To"] = "<a@duewell.example>"
    message["References"] = " ".join(f"<{number}@duewell.example>" for number in range(12))
    message["Auto-Submitted"] = "auto-generated"
    message["List-Unsubscribe"] = "<mailto:ar+abc@duewell.example?subject=unsubscribe>"
    message.set_content("Grüße\n")
    message.add_alternative("<p>Grüße <img src='cid:logo'></p>\n", subtype="html")
    html = message.get_body(("html",))
    assert html is not None
    html.add_related(b"\x89PNG", "image", "png", cid="<logo>", filename="logo.png")
    message.add_attachment(PDF, maintype="application", subtype="pdf", filename="Rechnung é.pdf")
    return message


def test_everything_in_a_message_has_its_field() -> None:
    recipients = ("ana@helios.example", "bea@helios.example", "cem@helios.example", "dan@duewell.example")

    fields = fields_of(recipients, a_full_message().as_bytes())

    attachments = fields.pop("attachments")
    assert fields == {
        "from": "Société Hélios <ar@duewell.example>",
        "to": ['"Lima, Ana" <ana@helios.example>', "Bea <bea@helios.example>"],
        "cc": ["cem@helios.example"],
        "bcc": ["dan@duewell.example"],
        "reply_to": ["ar+abc@duewell.example"],
        "subject": "Erinnerung: Überfällig über 1.000 €, " + "x" * 100,
        "text": "Grüße\n",
        "html": "<p>Grüße <img src='cid:logo'></p>\n",
        "headers": {
            "Message-ID": "<b@duewell.example>",
            "In-Reply-To": "<a@duewell.example>",
            "References": " ".join(f"<{number}@duewell.example>" for number in range(12)),
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": "<mailto:ar+abc@duewell.example?subject=unsubscribe>",
        },
    }
    assert [(one["filename"], one["content_type"], one.get("content_id")) for one in attachments] == [
        ("logo.png", "image/png", "logo"),
        ("Rechnung é.pdf", "application/pdf", None),
    ]
    assert [b64decode(one["content"]) for one in attachments] == [b"\x89PNG", PDF]


def test_only_recipients_get_it_although_others_are_named() -> None:
    fields = fields_of(("BEA@helios.example", "cem@helios.example"), a_full_message().as_bytes())

    assert (fields["to"], fields["cc"], fields.get("bcc")) == (
        ["Bea <bea@helios.example>"],
        ["cem@helios.example"],
        None,
    )


def test_somebody_is_always_in_the_field_to() -> None:
    message = a_full_message().as_bytes()

    assert fields_of(("cem@helios.example",), message)["to"] == ["cem@helios.example"]
    assert fields_of(("dan@duewell.example",), message)["to"] == ["dan@duewell.example"]


def test_the_same_bytes_give_the_same_fields_and_a_plain_message_has_no_html() -> None:
    message = EmailMessage(policy=SMTPUTF8)
    message["From"], message["To"], message["Subject"] = "ar@duewell.example", "jörg@helios.example", ""
    message.set_content("x\n.\n..\n")
    data = message.as_bytes()

    fields = fields_of(("jörg@helios.example",), data)

    assert fields == fields_of(("jörg@helios.example",), data)
    assert fields["to"] == ["jörg@helios.example"]
    assert (fields["subject"], fields["text"]) == ("", "x\n.\n..\n")
    assert not {"html", "attachments", "cc", "bcc"} & set(fields)


@given(first=st.text(min_size=1, max_size=400), second=st.text(min_size=1, max_size=400))
def test_a_key_fits_its_header_and_belongs_to_one_message_id(first: str, second: str) -> None:
    keys = [idempotency_key(f"<{local}@a.example>") for local in (first, second)]

    assert all(len(key) <= KEY_CHARACTERS_MAX and key.isascii() and key.isprintable() for key in keys)
    assert keys[0] == idempotency_key(f"<{first}@a.example>")
    assert (keys[0] == keys[1]) == (first.strip("<>") == second.strip("<>"))
