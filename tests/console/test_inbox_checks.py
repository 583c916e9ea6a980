"""doctor and what comes back: the mailbox, and Resend's word on what bounces; without password or key."""

from console.doctor.check import Check
from console.doctor.inbox_checks import examine
from settings import Settings
from tests.intake.imap_servers import Shelf, free_port, keyword_server
from tests.mailer.resend_server import API_KEY, SENDING_KEY, ResendServer
from tests.mailer.returned import POSTFIX


async def checked(**settings: str) -> list[Check]:
    """Return what doctor says about what comes back."""
    return await examine(Settings.model_validate(settings))


async def test_a_mailbox_is_said_with_what_waits_in_it_or_with_what_mends_it() -> None:
    shelf = Shelf()
    shelf.put(POSTFIX)
    with keyword_server(shelf) as server:
        (well,) = await checked(inbox_url=server.url)
    (away,) = await checked(inbox_url=f"imap://ar:geheim@127.0.0.1:{free_port()}")
    (wrong,) = await checked(inbox_url="pop3://ar:geheim@mail.example")
    (none,) = await checked()

    place = f"INBOX of inbox@duewell.example at 127.0.0.1:{server.port}"
    assert (well.state, well.found) == ("ok", f"{place}, 1 to take in")
    assert (away.state, away.mend) == ("missing", "start the mail server, or mend INBOX_URL")
    assert (wrong.state, wrong.found) == ("missing", "INBOX_URL cannot be read")
    assert (none.state, none.mend) == ("optional", "set INBOX_URL")
    assert "geheim" not in f"{well}{away}{wrong}"


async def test_a_key_of_resend_that_may_only_send_wants_a_look() -> None:
    with ResendServer().running() as server:
        _, well = await checked(resend_api_key=API_KEY, resend_url=server.url)
        _, blind = await checked(resend_api_key=SENDING_KEY, resend_url=server.url)
    _, away = await checked(resend_api_key=API_KEY, resend_url=f"http://127.0.0.1:{free_port()}")

    assert (well.state, well.found) == ("ok", "Resend says what bounces")
    assert (blind.state, blind.mend) == ("warn", "set RESEND_API_KEY to a key with full access")
    assert away.state == "warn"
    assert "re_" not in f"{well}{blind}{away}"
