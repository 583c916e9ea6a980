"""Two attempts at one message, because Temporal took the first for lost: a real ledger and a real mail server."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from activities import tenure
from db.engine import Engine
from mailer.smtp import SmtpServer, SmtpTransport
from mailer.transport import Accepted, Deferred, Rejected, always
from tests.activities.test_sending import Office
from tests.scenarios.mail_server import MailServer

NOTED = "SELECT count(*) FROM timeline WHERE kind = 'message sent'"


@pytest.fixture
def office(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office in which an attempt is old as soon as it begins."""
    monkeypatch.setattr(tenure, "ALONE_FOR", timedelta(0))
    with MailServer().running() as server:
        yield Office(engine, server)


class Slow(SmtpTransport):
    """While it is about to hand over, another attempt does so; then it ends as `ends` says, or goes on."""

    def __init__(self, office: Office, ends: Exception | None = None) -> None:
        super().__init__(SmtpServer.from_url(office.server.url))
        self._office = office
        self._ends = ends

    def send(
        self,
        sender: str,
        recipients: tuple[str, ...],
        message_id: str,
        message: bytes,
        is_current: Callable[[], bool] = always,
    ) -> Accepted:
        """Let the other attempt send first."""
        self._office.send("INV-1")
        if self._ends is not None:
            raise self._ends
        return super().send(sender, recipients, message_id, message, is_current)


class Late(Slow):
    """The other attempt comes between the final dot and the record."""

    def send(
        self,
        sender: str,
        recipients: tuple[str, ...],
        message_id: str,
        message: bytes,
        is_current: Callable[[], bool] = always,
    ) -> Accepted:
        """Hand over, and let the other attempt do so too."""
        accepted = SmtpTransport.send(self, sender, recipients, message_id, message, is_current)
        self._office.send("INV-1")
        return accepted


def test_an_attempt_that_was_overtaken_sends_no_final_dot(office: Office) -> None:
    with pytest.raises(ApplicationError, match="another attempt"):
        office.send("INV-1", Slow(office))

    assert len(office.server.handed) == 1
    assert office.book.rows("SELECT state FROM messages") == ["sent"]
    assert office.book.rows(NOTED) == [1]


@pytest.mark.parametrize("ends", [Deferred("451 not now"), Rejected("554 no")], ids=["for now", "for good"])
def test_what_becomes_of_an_attempt_that_was_overtaken_is_not_recorded(office: Office, ends: Exception) -> None:
    with pytest.raises(ApplicationError):
        office.send("INV-1", Slow(office, ends))

    assert office.book.rows("SELECT state FROM messages") == ["sent"]
    assert office.book.statuses(office.ids[0])["reminder"] == "done"


def test_a_message_that_two_attempts_handed_over_is_recorded_once(office: Office) -> None:
    office.send("INV-1", Late(office))

    assert len(office.server.handed) == 2
    assert office.book.rows(NOTED) == [1]
