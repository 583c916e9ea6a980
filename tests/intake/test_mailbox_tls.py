"""The mailbox is read over TLS from the server that it should be, and nobody else gets the password."""

import pytest

from intake.mailbox_connection import Mailbox, MailboxAddress, MailboxUnavailable
from tests.intake.imap_servers import Encryption, Shelf, keyword_server, running_pymap
from tests.mailer.returned import POSTFIX
from tests.mailer.smtp_servers import CERTIFICATE

HOW: list[tuple[str, Encryption]] = [("imaps", "from the first byte"), ("imap", "STARTTLS")]


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the test servers' certificate, as an installation trusts that of its own authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


def messages(url: str, scheme: str = "imap", host: str = "localhost") -> int:
    """Return how many messages wait; localhost is the name that the certificate is for."""
    address = MailboxAddress.from_url(url.replace("imap://", f"{scheme}://").replace("127.0.0.1", host))
    with Mailbox(address) as mailbox:
        return len(mailbox.untaken())


def asked_for_a_password(shelf: Shelf) -> list[bool]:
    """Return of each time that somebody signed in, or tried to, whether that was encrypted."""
    asked = zip(shelf.asked, shelf.encrypted, strict=True)
    return [encrypted for command, encrypted in asked if "geheim" in command or "LOGIN" in command]


@pytest.mark.usefixtures("trusted")
def test_a_real_server_is_read_over_starttls() -> None:
    with running_pymap(tls=True) as server:
        assert messages(server.url) == 0


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("scheme", "tls"), HOW)
def test_the_password_goes_over_tls(scheme: str, tls: Encryption) -> None:
    shelf = Shelf(tls=tls)
    shelf.put(POSTFIX)
    with keyword_server(shelf) as server:
        assert messages(server.url, scheme) == 1

    assert asked_for_a_password(shelf) == [True]


@pytest.mark.parametrize(("scheme", "tls"), HOW)
def test_a_server_that_is_not_who_it_should_be_gets_no_password(
    scheme: str, tls: Encryption, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(tls=tls)
    with keyword_server(shelf) as server:
        with pytest.raises(MailboxUnavailable, match="certificate verify failed"):
            messages(server.url, scheme)
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        with pytest.raises(MailboxUnavailable, match="IP address mismatch"):
            messages(server.url, scheme, host="127.0.0.1")

    assert asked_for_a_password(shelf) == []


@pytest.mark.usefixtures("trusted")
def test_where_tls_was_asked_for_a_server_without_it_gets_no_password() -> None:
    shelf = Shelf()
    with keyword_server(shelf) as server, pytest.raises(MailboxUnavailable, match="SSL"):
        messages(server.url, "imaps")

    assert not any("geheim" in command for command in shelf.asked)
