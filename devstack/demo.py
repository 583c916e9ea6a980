"""The demo: the whole product on a sample book, from nothing to the first reminders in the mail catcher."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as time_of_day
from pathlib import Path
from shlex import quote
from types import FrameType

from rich.console import Console

from db.engine import Engine, make_engine, transaction
from db.operations.cadences import publish
from db.operations.organization import change_organization
from db.queries.calendar import local_date
from db.queries.organization import organization_name
from db.queries.round import RoundCounts, happenings, newest_happening, round_counts
from devstack.demo_console import BY, DemoConsole, serve_console
from devstack.demo_pages import show_round, show_where_to_look
from devstack.home_lock import HomeInUse
from devstack.leashed_process import ProcessFailed
from devstack.parent import end_with_make
from devstack.postgres_pid_file import ServerRuns
from devstack.provision import progress
from devstack.stack import Stack
from devstack.tool import ToolMissing
from intake.cadence_file import read_cadence
from intake.commands import Desk
from intake.import_invoices import import_invoices
from intake.sample_book import sample_book
from intake.setup import set_up

HOME = Path(".duewell/demo")
ROOT = Path(__file__).parent.parent
KEY_ACCOUNTS = Path(__file__).parent / "key-accounts.yaml"
NAME = "Duewell Demo"
EMAIL = "accounts@duewell-demo.example"
ROUND_PATIENCE_SECONDS = 300
POLL_SECONDS = 0.5
HAPPENINGS_MAX = 200


class DemoFailed(Exception):
    """The demo cannot go on; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A running stack, its ledger, and where to write to."""

    stack: Stack
    engine: Engine
    console: Console

    def prepare(self) -> None:
        """Set the ledger up and import the sample book, unless an earlier run did."""
        is_new = set_up(self.engine, NAME, EMAIL)
        with transaction(self.engine) as session:
            name = organization_name(session)
            if name != NAME:
                raise DemoFailed(f"this ledger belongs to {name}; the demo takes an empty one (see DATABASE_URL)")
            if is_new:
                # The demo must show something at any hour of any day; a real organization keeps office hours.
                change_organization(
                    session,
                    send_time=time_of_day(0),
                    send_until=time_of_day(23, 59, 59),
                    business_days=list(range(7)),
                    jitter_minutes=0,
                    bank_details="IBAN: FR76 3000 6000 0112 3456 7890 189",
                )
            today = local_date(session, datetime.now(UTC))
        if not is_new:
            self.say("The sample book is there already; this run goes on from where the last one stopped.")
            return
        self.attend_to_large_invoices()
        book = HOME / "sample-book.csv"
        book.write_text(sample_book(today), encoding="utf-8")
        imported = import_invoices(self.engine, book)
        self.say(f"Imported {imported.created} invoices from {book}, as `duewell import {book}` does.")
        self.say("The demo sends at any hour; a real organization keeps its send hours on business days.")

    def attend_to_large_invoices(self) -> None:
        """Put large invoices under a cadence of calls, so that there is something to do from the first minute."""
        with transaction(self.engine) as session:
            publish(session, read_cadence(KEY_ACCOUNTS))
        desk = Desk(self.engine, BY)
        for currency, amount in (("EUR", 4000), ("USD", 3000)):
            rule = f'outstanding >= {amount} {currency} then assign "Key accounts"'
            desk.add_rule(rule, f"Large invoices in {currency}", is_active=True)

    def serve(self) -> DemoConsole:
        """Serve pages and API, with an owner who can sign in."""
        return serve_console(self.stack, self.engine, HOME)

    def start_processes(self) -> None:
        """Give every open invoice its process, and start the worker."""
        summary = self.run_starter()
        self.say(
            f"starter.py: {summary['started']} started, {summary['already_running']} already running, "
            f"{summary['not_eligible']} not eligible, {summary['failed']} failed."
        )
        self.stack.spawn("worker", [sys.executable, str(ROOT / "worker.py")], grace_seconds=40.0)

    def run_starter(self) -> dict[str, int]:
        """Run starter.py with its progress bar on this terminal, and return its summary."""
        command = [sys.executable, str(ROOT / "starter.py"), "--json"]
        leashed = [sys.executable, "-m", "devstack.leash", "--", *command]
        env = {**os.environ, **self.stack.env()}
        # The pipe is the leash: the starter ends with this process, however that ends.
        with subprocess.Popen(  # noqa: S603  # our own program, by its full path
            leashed, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True
        ) as starter:
            assert starter.stdout is not None
            said = starter.stdout.read()
        if starter.returncode not in (0, 1) or not said:
            raise DemoFailed("starter.py failed; what it said stands above")
        summary: dict[str, int] = json.loads(said)
        return summary

    def first_round(self) -> RoundCounts:
        """Wait until nothing is due any more, showing how it goes; return the counts then."""
        with self.console.status("the worker sends what is due") as line:
            end = time.monotonic() + ROUND_PATIENCE_SECONDS
            calm = 0
            while calm < 3:
                counts = self.counts()
                line.update(f"the worker sends what is due: {counts.sent} sent, {counts.due} to go")
                # Between the last recorded step and its projection there is nothing to see: look three times.
                calm = calm + 1 if counts.due == counts.owed == 0 else 0
                if time.monotonic() > end:
                    raise DemoFailed(f"{counts.due} are still due; see {HOME / 'logs' / 'worker.log'}")
                time.sleep(POLL_SECONDS)
        return counts

    def stay(self) -> None:
        """Say what happens, until Ctrl-C."""
        with transaction(self.engine) as session:
            seen = newest_happening(session)
        while True:
            time.sleep(POLL_SECONDS)
            with transaction(self.engine) as session:
                news = happenings(session, seen, HAPPENINGS_MAX)
            for happening in news:
                seen = happening.id
                said = ", ".join(f"{key} {value}" for key, value in happening.data.items())
                self.say(
                    f"[bold]{happening.invoice}[/] {happening.kind} by {happening.actor}" + f" [dim]{said}[/]"
                )

    def counts(self) -> RoundCounts:
        """Return how the book stands now."""
        with transaction(self.engine) as session:
            return round_counts(session, datetime.now(UTC))

    def say(self, text: str) -> None:
        """Print a line."""
        self.console.print(text, highlight=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return 0, or 1 if it could not be shown."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--exit", action="store_true", help="end after the first round, with a JSON summary")
    options = parser.parse_args(arguments)
    console = Console(soft_wrap=False)
    started = time.monotonic()
    # SIGINT too: a shell that starts a job in the background has it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    end_with_make()
    counts = None
    try:
        counts = _run(console, stays=not options.exit)
    except KeyboardInterrupt:
        console.print("\nStopped everything it started. `make demo` goes on from here.", highlight=False)
    except (DemoFailed, HomeInUse, ProcessFailed, ServerRuns, ToolMissing) as problem:
        Console(stderr=True).print(f"demo: {problem}", style="red", markup=False, highlight=False)
        return 1
    if counts is not None:
        summary = {
            "collections": counts.collections,
            "sent": counts.sent,
            "todos": counts.todos,
            "waiting": counts.waiting,
            "seconds": round(time.monotonic() - started, 1),
        }
        sys.stdout.write(json.dumps(summary) + "\n")
    return 0


def _run(console: Console, *, stays: bool) -> RoundCounts:
    console.print("Starting PostgreSQL, Temporal and a mail catcher.", highlight=False)
    with Stack(HOME, report=progress(console)) as stack:
        env = HOME / "env"
        env.write_text("".join(f"export {name}={quote(value)}\n" for name, value in stack.env().items()))
        demo = Demo(stack, make_engine(stack.database_url), console)
        try:
            demo.prepare()
            served = demo.serve()
            demo.start_processes()
            counts = demo.first_round()
            show_round(console, demo.engine, counts)
            show_where_to_look(console, stack, env, served)
            if stays:
                demo.stay()
        finally:
            demo.engine.dispose()
    return counts


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
