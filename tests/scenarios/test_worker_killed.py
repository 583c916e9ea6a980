"""The worker is killed again and again in the middle of sending: nothing is lost, and a repeat is the same."""

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from devstack.leashed_process import LeashedProcess
from intake.import_invoices import import_invoices
from starter import start_all
from tests.installation import Installation
from tests.scenarios.books import book
from tests.scenarios.mail_server import ACCEPTED, Handed, MailServer

INVOICES = 200
KILLS = 10
# A killed worker is noticed after 15 seconds without a heartbeat, and its sends are repeated 5 seconds later.
PATIENCE_SECONDS = 80.0


# A worker whose modules are loaded, in the starting blocks: the minute that ten starts take would prove nothing.
_IN_THE_BLOCKS = """
import runpy, sys, time
from pathlib import Path
import worker
while not Path(sys.argv[1]).exists():
    time.sleep(0.02)
runpy.run_path(worker.__file__, run_name="__main__")
"""


class Workers:
    """Worker processes, one after the other; the next one waits in the starting blocks."""

    def __init__(self, installation: Installation, shots: Path) -> None:
        self._installation = installation
        self._shots = shots
        self._count = 0
        self._next = self._in_the_blocks()

    def start(self, *, has_successor: bool = True) -> LeashedProcess:
        """Start a worker."""
        started, shot = self._next
        shot.touch()
        if has_successor:
            self._next = self._in_the_blocks()
        return started

    def _in_the_blocks(self) -> tuple[LeashedProcess, Path]:
        self._count += 1
        shot = self._shots / str(self._count)
        # Few sends are on their way at once: what dies with a worker is only repeated 20 seconds later.
        env = {"WORKER_THREADS": "6", "MESSAGES_PER_SECOND": "60"}
        process = self._installation.spawn(f"worker-{self._count}", "-c", _IN_THE_BLOCKS, str(shot), env=env)
        return process, shot


class Assassin:
    """Kills the worker at the n-th new mail: as it is handed over and before it is answered, or a moment later."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._worker: LeashedProcess | None = None
        self._mails = 0
        server.to_message = self._answer

    async def kill(
        self, installation: Installation, worker: LeashedProcess, mails: int, delay: float | None
    ) -> None:
        """Kill the worker when that many different mails have arrived; without a delay, before the answer."""
        self._mails = mails
        self._worker = worker if delay is None else None
        await installation.until(
            lambda: not worker.is_running or len(self._server.message_ids) >= mails, PATIENCE_SECONDS
        )
        if delay is not None:
            await asyncio.sleep(delay)
            worker.kill()
        await asyncio.to_thread(worker.wait, 10)
        self._worker = None

    def _answer(self, _recipient: str) -> str:
        # This mail itself is counted by the server only after the answer.
        if self._worker is not None and len(self._server.message_ids) + 1 >= self._mails:
            self._worker.kill()
        return ACCEPTED


# A minute and a half of CPU; the campaigns of tests/exactly_once kill in the ordinary suite.
@pytest.mark.soak
@pytest.mark.parametrize("seed", [20261122])
async def test_no_reminder_is_lost_or_written_anew_when_the_worker_is_killed_ten_times(
    installation: Installation, tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)
    installation.send_at_any_hour()
    import_invoices(installation.engine, book(range(INVOICES), installation.today, due_in_days=-4))
    await start_all(installation.engine, installation.client)

    with MailServer().running() as server:
        mortal = replace(installation, own_smtp_url=server.url)
        workers, assassin = Workers(mortal, tmp_path), Assassin(server)
        mails = 0
        for kill in range(KILLS):
            mails += chance.randint(5, 18)
            await assassin.kill(mortal, workers.start(), mails, None if kill % 2 else chance.uniform(0, 0.1))
        with workers.start(has_successor=False):
            await installation.until(lambda: _waiting(installation) == INVOICES, PATIENCE_SECONDS)

    by_recipient: dict[str, list[Handed]] = {}
    for handed in server.handed:
        by_recipient.setdefault(handed.recipient, []).append(handed)
    assert sorted(by_recipient) == sorted(f"c-{number}@customers.example" for number in range(INVOICES))
    for copies in by_recipient.values():
        assert {(copy.message_id, copy.content) for copy in copies} == {(copies[0].message_id, copies[0].content)}
    assert len(server.message_ids) == INVOICES
    repeats = len(server.handed) - INVOICES
    # Every second kill came after a mail had arrived and before the worker could know.
    assert repeats >= KILLS // 2
    assert installation.rows("SELECT state, step_id, occurrence, count(*) FROM actions GROUP BY 1, 2, 3") == [
        ("done", "reminder", 1, INVOICES)
    ]
    assert installation.rows("SELECT count(DISTINCT collection_id) FROM actions") == [(INVOICES,)]
    recorded = installation.rows("SELECT message_id, state FROM messages")
    assert sorted(recorded) == sorted((message_id, "sent") for message_id in server.message_ids)
    assert installation.rows("SELECT count(*) FROM timeline WHERE kind = 'message sent'") == [(INVOICES,)]


def _waiting(installation: Installation) -> int:
    ((count,),) = installation.rows("SELECT count(*) FROM next_actions WHERE stage = 'waiting'")
    return int(count)
