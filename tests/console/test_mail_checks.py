"""doctor and the way out for mail: the server or the provider that is chosen, without password or key."""

import socket
from urllib.parse import quote

import pytest

from console.doctor.check import Check
from console.doctor.mail_checks import examine
from settings import Settings
from tests.mailer.resend_server import API_KEY, ResendServer, Says
from tests.mailer.smtp_servers import CERTIFICATE, PASSWORD, USERNAME, Behaviour, a_server


async def checked(**settings: str) -> Check:
    """Return what doctor says about mail."""
    (check,) = await examine(Settings.model_validate(settings))
    return check


async def test_a_mail_server_is_named_with_its_greeting_and_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with a_server(Behaviour(tls=True, asks_for_password=True)) as server:
        well = await checked(smtp_url=server.url(credentials=f"{USERNAME}:{quote(PASSWORD, safe='')}@"))
        refused = await checked(smtp_url=server.url(credentials=f"{USERNAME}:hunter2@"))

    assert (well.state, well.found) == ("ok", f"localhost:{server.port} greets as mail.test, as {USERNAME}")
    assert (refused.state, refused.mend) == ("missing", "mend user and password in SMTP_URL")
    assert refused.found == f"localhost:{server.port}: refuses the login: 535"


async def test_with_a_key_it_is_resend_that_is_asked() -> None:
    with ResendServer().running() as server:
        well = await checked(resend_api_key=API_KEY, resend_url=server.url, smtp_url="smtp://localhost:1")
        refused = await checked(resend_api_key="re_hunter2", resend_url=server.url)
        server.listing = [Says(404, b"<html>")]
        elsewhere = await checked(resend_api_key=API_KEY, resend_url=server.url)

    place = server.url.removeprefix("http://")
    assert (well.state, well.found) == ("ok", f"{place} takes the key")
    assert (refused.state, refused.mend) == ("missing", "set RESEND_API_KEY")
    assert (elsewhere.state, elsewhere.mend) == ("missing", "set RESEND_URL")
    assert "hunter2" not in refused.found


async def test_nobody_there_is_said_with_what_mends_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    mail = await checked(smtp_url=f"smtp://127.0.0.1:{port}")
    resend = await checked(resend_api_key=API_KEY, resend_url=f"http://127.0.0.1:{port}")
    wrong = await checked(resend_api_key="re_hunter2", resend_url="http://api.resend.example")

    assert (mail.state, mail.mend) == ("missing", "start the mail server, or set SMTP_URL")
    assert (resend.state, resend.mend) == ("missing", "set RESEND_URL")
    assert (wrong.state, wrong.found) == ("missing", "RESEND_URL cannot be read")
    assert "hunter2" not in f"{wrong}"
