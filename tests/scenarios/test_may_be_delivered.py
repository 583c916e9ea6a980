"""Workers are killed (−9) with messages in their hands: none is delivered twice, and none is forgotten."""

import threading
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from devstack.leashed_process import LeashedProcess
from intake.import_invoices import import_invoices
from starter import start_all
from tests.installation import Installation
from tests.mailer.resend_server import API_KEY, Behaviour, Breaks, ResendServer
from tests.scenarios.books import book
from tests.scenarios.mail_server import ACCEPTED, MailServer
from tests.scenarios.test_worker_killed import PATIENCE_SECONDS, Workers

INVOICES = 30
LISTED_WITHIN_SECONDS = 60.0
IN_HANDS = "SELECT action_id FROM messages WHERE state = 'sending'"
ASKED = "SELECT id FROM actions WHERE state = 'open' AND obstacle LIKE '%it may have been delivered'"


class Trap:
    """Kills the worker that hands over the n-th message, while it waits for the answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker: LeashedProcess | None = None
        self._left = 0
        self.killed_at = 0.0

    def arm(self, worker: LeashedProcess, messages: int) -> None:
        """Kill this worker at that many messages from now."""
        self._worker, self._left = worker, messages

    def message(self) -> bool:
        """Count a message, and say whether the worker died of it."""
        with self._lock:
            self._left -= 1
            if self._worker is None or self._left:
                return False
            self._worker.kill()
            self._worker.wait(10)
            self.killed_at, self._worker = monotonic(), None
            return True


async def _start(installation: Installation) -> None:
    installation.send_at_any_hour()
    import_invoices(installation.engine, book(range(INVOICES), installation.today, due_in_days=-4))
    await start_all(installation.engine, installation.client)


def _count(installation: Installation, states: str) -> int:
    """Return how many messages are in one of the states."""
    ((count,),) = installation.rows(f"SELECT count(*) FROM messages WHERE state IN {states}")
    return int(count)


# The campaigns of tests/exactly_once ask the same of more messages, at more moments.
@pytest.mark.soak
async def test_asked_for_what_a_killed_worker_may_have_delivered_is_listed_within_a_minute_and_sent_by_no_machine(
    installation: Installation, tmp_path: Path
) -> None:
    installation.set(when_uncertain="ask")
    await _start(installation)
    trap = Trap()

    def to_message(_recipient: str) -> str:
        trap.message()
        return ACCEPTED

    with MailServer(to_message=to_message).running() as server:
        mortal = replace(installation, own_smtp_url=server.url)
        workers = Workers(mortal, tmp_path)
        trap.arm(workers.start(), 8)
        await mortal.until(lambda: trap.killed_at > 0, PATIENCE_SECONDS)
        left = set(mortal.rows(IN_HANDS))
        with workers.start(has_successor=False):
            await mortal.until(lambda: left <= set(mortal.rows(ASKED)), PATIENCE_SECONDS)
            listed_after = monotonic() - trap.killed_at
            await mortal.until(lambda: _count(mortal, "('sent', 'failed')") == INVOICES, PATIENCE_SECONDS)

    assert left, "the kill came while a message was on its way"
    assert listed_after < LISTED_WITHIN_SECONDS
    assert set(mortal.rows(ASKED)) == left
    assert len(server.message_ids) == len(server.handed), "nothing was handed over twice"
    assert _count(mortal, "('sent')") == INVOICES - len(left)


async def test_asked_for_it_is_listed_within_a_minute_however_many_messages_wait_before_its_next_attempt(
    installation: Installation,
) -> None:
    installation.set(when_uncertain="ask")
    await _start(installation)
    trap = Trap()

    def to_message(_recipient: str) -> str:
        trap.message()
        return ACCEPTED

    with MailServer(to_message=to_message).running() as server:
        mortal = replace(installation, own_smtp_url=server.url)
        # After the kill, what waits takes more than a minute, and the repeated attempts come after it.
        slowly = {"MESSAGES_PER_SECOND": "0.35"}
        first = mortal.spawn("worker-1", "-m", "worker", env=slowly)
        trap.arm(first, 3)
        await mortal.until(lambda: trap.killed_at > 0, PATIENCE_SECONDS)
        left = set(mortal.rows(IN_HANDS))
        with mortal.spawn("worker-2", "-m", "worker", env=slowly):
            await mortal.until(lambda: left <= set(mortal.rows(ASKED)), PATIENCE_SECONDS)
            listed_after = monotonic() - trap.killed_at
            waiting = INVOICES - _count(mortal, "('sent', 'failed', 'sending')")

    assert left, "the kill came while a message was on its way"
    assert listed_after < LISTED_WITHIN_SECONDS
    assert waiting > 0, "it was not listed because its turn had come"
    assert len(server.message_ids) == len(server.handed)


@pytest.mark.parametrize(
    "accepts", [True, pytest.param(False, marks=pytest.mark.soak)], ids=["accepted", "not-accepted"]
)
async def test_a_provider_with_keys_delivers_every_message_once_whenever_its_worker_is_killed(
    installation: Installation, tmp_path: Path, accepts: bool
) -> None:
    await _start(installation)
    trap = Trap()

    def behaves(_key: str) -> Behaviour:
        return Breaks(accepts) if trap.message() else None

    with ResendServer(behaves=behaves).running() as server:
        mortal = replace(installation, own_settings={"RESEND_API_KEY": API_KEY, "RESEND_URL": server.url})
        workers = Workers(mortal, tmp_path)
        for messages in (7, 9):
            trap.killed_at = 0.0
            trap.arm(workers.start(), messages)
            await mortal.until(lambda: trap.killed_at > 0, PATIENCE_SECONDS)
        with workers.start(has_successor=False):
            await mortal.until(lambda: _count(mortal, "('sent')") == INVOICES, PATIENCE_SECONDS)

    keys = [email.key for email in server.emails]
    assert len(keys) == len(set(keys)) == INVOICES, "0 lost, 0 duplicates"
    assert len(server.asked) >= INVOICES + 2
    ids = installation.rows("SELECT provider_id FROM messages ORDER BY provider_id")
    assert ids == sorted((email.id,) for email in server.emails)
    assert installation.rows("SELECT DISTINCT state FROM actions") == [("done",)]
