"""The mail catcher keeps what it took, shows it, and lets no message do anything to its reader."""

import smtplib
import urllib.error
import urllib.request
from email.message import EmailMessage
from email.policy import SMTP
from http.client import HTTPMessage
from pathlib import Path

import pytest

from devstack.mail_catcher import MailCatcher
from tests.devstack.owners import first_line, kill_9, owner

HOSTILE = '<script>alert("x")</script>'

OWNER = """
import sys, time
from pathlib import Path
from devstack.mail_catcher import MailCatcher
catcher = MailCatcher(Path(sys.argv[1])).start()
print(catcher.smtp_url, flush=True)
time.sleep(600)
"""


def a_message(subject: str = "Invoice 2026-1", to: str = "ap@customer.example") -> EmailMessage:
    """Return a message with a text and an HTML part."""
    message = EmailMessage(policy=SMTP)
    message["From"] = "Accounts <ar@duewell.example>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = "<s2.1@duewell.example>"
    message.set_content("Please pay.\n")
    message.add_alternative(
        "<p>Please <b>pay</b>.</p><script>top.location='//evil.example'</script>", subtype="html"
    )
    return message


def send(smtp_url: str, message: EmailMessage, **options: object) -> None:
    """Send the message to the address in the URL."""
    host, _, port = smtp_url.removeprefix("smtp://").partition(":")
    with smtplib.SMTP(host, int(port), timeout=10) as connection:
        connection.send_message(message, **options)  # type: ignore[arg-type]


def send_bytes(smtp_url: str, content: bytes, *recipients: str) -> None:
    """Send a message as it is to the address in the URL."""
    host, _, port = smtp_url.removeprefix("smtp://").partition(":")
    with smtplib.SMTP(host, int(port), timeout=10) as connection:
        connection.sendmail("ar@duewell.example", recipients, content)


def get(url: str) -> tuple[str, HTTPMessage]:
    """Return a page and its headers."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode(), answer.headers


def test_a_message_is_listed_and_kept_byte_for_byte(catcher: MailCatcher) -> None:
    content = a_message().as_bytes()

    send_bytes(catcher.smtp_url, content, "ap@customer.example", "hidden@customer.example")

    (caught,) = catcher.messages()
    assert caught.id == 1
    assert caught.message_id == "<s2.1@duewell.example>"
    assert caught.sender == "Accounts <ar@duewell.example>"
    assert caught.recipients == ("ap@customer.example", "hidden@customer.example")
    assert caught.subject == "Invoice 2026-1"
    assert catcher.raw(1) == content
    assert caught.size == len(content)
    assert (catcher.home / "messages" / "000001.eml").read_bytes() == content


def test_messages_can_be_asked_for_from_a_number_on(catcher: MailCatcher) -> None:
    for number in range(5):
        send(catcher.smtp_url, a_message(f"Invoice {number}"))

    assert [message.subject for message in catcher.messages(after=3)] == ["Invoice 3", "Invoice 4"]


def test_an_accepted_message_survives_a_kill_and_numbers_go_on(catcher: MailCatcher) -> None:
    send(catcher.smtp_url, a_message("before"))
    address = catcher.smtp_url

    catcher.crash()
    catcher.start()
    send(catcher.smtp_url, a_message("after"))

    assert catcher.smtp_url == address
    assert [(message.id, message.subject) for message in catcher.messages()] == [(1, "before"), (2, "after")]


def test_a_message_without_its_note_is_still_known(catcher: MailCatcher) -> None:
    send(catcher.smtp_url, a_message("noted"))
    catcher.stop()
    (catcher.home / "messages" / "000001.json").unlink()

    catcher.start()

    assert [(message.id, message.subject) for message in catcher.messages()] == [(1, "noted")]


@pytest.mark.parametrize("path", ["/", "/messages/1"])
def test_a_hostile_message_is_shown_as_text(catcher: MailCatcher, path: str) -> None:
    message = a_message(HOSTILE, to=f'"{HOSTILE}" <ap@customer.example>')
    message["Reply-To"] = f'"{HOSTILE}" <x@customer.example>'
    message.add_attachment(HOSTILE.encode(), maintype="text", subtype="html", filename=f"{HOSTILE}.html")
    send(catcher.smtp_url, message)

    page, headers = get(catcher.page_url + path)

    assert "&lt;script&gt;alert(" in page
    assert "<script>" not in page.replace('<script src="/static/mail.js" defer></script>', "")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_html_part_is_shut_in_a_sandbox(catcher: MailCatcher) -> None:
    send(catcher.smtp_url, a_message())

    page, _ = get(f"{catcher.page_url}/messages/1")
    part, headers = get(f"{catcher.page_url}/messages/1/html")

    assert '<iframe sandbox="" src="/messages/1/html"' in page
    assert "<b>pay</b>" in part
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none';")


def test_files_are_downloads_never_pages(catcher: MailCatcher) -> None:
    message = a_message()
    message.add_attachment(b"<h1>x</h1>", maintype="text", subtype="html", filename='in"voice;\\ü.html')
    send(catcher.smtp_url, message)

    content, headers = get(f"{catcher.page_url}/messages/1/files/0")

    assert content == "<h1>x</h1>"
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == 'attachment; filename="invoice.html"'
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no headers at all",
        b"Subject: =?utf-8?b?\xff\xfe?=\r\nFrom: <<<>>>,,;\r\nTo: @@\r\n\r\n\xff\xfe",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--y\r\n",
        b"Content-Type: text/plain; charset=no-such\r\n\r\n\xe4\xf6",
        b"Content-Type: text/html; charset=no-such\r\n\r\n<b>\xe4",
        b"Message-ID: <\r\nDate: x\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
        b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx",
        b"Subject: " + b"x" * 900 + b"\r\n " + b"y" * 900 + b"\r\n\r\n",
    ],
)
def test_broken_messages_are_kept_and_shown(shared_catcher: MailCatcher, raw: bytes) -> None:
    before = len(shared_catcher.messages())

    send_bytes(shared_catcher.smtp_url, raw, "ap@customer.example")

    (caught,) = shared_catcher.messages(after=before)
    assert shared_catcher.raw(caught.id).strip() == raw.strip()
    for path in ("/", f"/messages/{caught.id}", f"/messages/{caught.id}/html"):
        get(shared_catcher.page_url + path)


def test_international_addresses_are_taken(catcher: MailCatcher) -> None:
    send(catcher.smtp_url, a_message(to="jörg@müller.example"), mail_options=["SMTPUTF8"])

    assert catcher.messages()[0].recipients == ("jörg@müller.example",)


def test_a_message_over_the_limit_is_refused(shared_catcher: MailCatcher) -> None:
    before = shared_catcher.messages()
    message = a_message()
    message.add_attachment(b"x" * 8_000_000, maintype="application", subtype="pdf", filename="big.pdf")

    with pytest.raises(smtplib.SMTPException):
        send(shared_catcher.smtp_url, message)

    assert shared_catcher.messages() == before


def test_the_list_goes_back_page_by_page(catcher: MailCatcher) -> None:
    host, _, port = catcher.smtp_url.removeprefix("smtp://").partition(":")
    with smtplib.SMTP(host, int(port), timeout=10) as connection:
        for number in range(1, 54):
            connection.send_message(a_message(f"Number {number}."))

    first, _ = get(catcher.page_url)
    older, _ = get(f"{catcher.page_url}/?before=4")

    assert "Number 53." in first
    assert "Number 3." not in first
    assert '<a href="/?before=4">' in first
    assert "Number 3." in older


@pytest.mark.parametrize("path", ["/messages/999", "/messages/x", "/static/../ports.py", "/api/messages/999/raw"])
def test_what_is_not_there_is_not_found(shared_catcher: MailCatcher, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(shared_catcher.page_url + path)


def test_what_no_number_is_is_refused(shared_catcher: MailCatcher) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        get(f"{shared_catcher.page_url}/api/messages?after=x")


def test_mail_sent_just_before_the_owner_is_killed_is_there_for_the_next_owner(tmp_path: Path) -> None:
    with owner(OWNER, tmp_path / "mail") as process:
        send(first_line(process), a_message("kept"))
        kill_9(process)

    with MailCatcher(tmp_path / "mail") as catcher:
        assert [message.subject for message in catcher.messages()] == ["kept"]
