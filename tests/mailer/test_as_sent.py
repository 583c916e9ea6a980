"""A message is read from its bytes, whatever others made of them."""

from email.message import EmailMessage

import pytest

from mailer.as_sent import as_sent

PNG = b"\x89PNG\r\n\x1a\n"


def test_what_was_said_is_read_with_its_pictures_in_it() -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "AR <ar@duewell.example>",
        "ana@helios.example",
        "Über 5 €",
    )
    message.set_content("Bonjour")
    message.add_alternative('<p>Bonjour</p><img src="cid:logo"><img src="cid:other">', subtype="html")
    html = message.get_body(("html",))
    assert html is not None
    html.add_related(PNG, "image", "png", cid="<logo>")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="invoice.pdf")

    read = as_sent(message.as_bytes())

    assert (read.sender, read.to, read.subject) == ("AR <ar@duewell.example>", "ana@helios.example", "Über 5 €")
    assert read.text == "Bonjour\n"
    assert read.html is not None
    assert 'src="data:image/png;base64,' in read.html
    assert 'src="cid:other"' in read.html
    assert read.attachments == ("invoice.pdf",)


@pytest.mark.parametrize(
    "mime",
    [
        b"",
        b"\xff\xfe\x00",
        b"Content-Type: text/plain; charset=nonsense\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
        b"From: =?utf-8?b?!!!?= <@@@>\r\nTo: ,,;:<\r\nSubject: \xff\r\n\r\nx",
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
    ],
)
def test_what_cannot_be_read_is_empty_and_nothing_fails(mime: bytes) -> None:
    assert as_sent(mime).attachments is not None
