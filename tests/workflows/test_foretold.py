"""What is foretold is what happens: invoices live through a year, and each contact was in the forecast.

People pay, promise, pause, dispute, reassign, edit cadences and do their to-dos on the way. After each of their
doings the invoice's year ahead is foretold from the ledger; until the next one, exactly that must happen.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from temporalio.testing import WorkflowEnvironment

from db.engine import Engine, Session, transaction
from db.operations.adoption import adopted
from db.operations.assignment import reassign
from db.operations.cadences import publish
from db.operations.change import Change
from db.operations.disputes import dispute, resolve
from db.operations.due_dates import change_due_date
from db.operations.holds import announce_payment, pause, resume
from db.operations.invoice_states import set_hidden
from db.operations.outreach import log_contact
from db.operations.promises import promise
from db.operations.refusal import Refused
from db.operations.settlement.payments import pay
from db.operations.settlement.reversals import reverse
from db.operations.todos import complete_action
from db.queries.collections import open_collection
from devstack.stack import Stack
from dunning.cadence import Anchor, Cadence, Channel, Execution, Logic, Repeat, Step
from dunning.events import Resolution
from dunning.forecast import Foretold, forecast
from tests.installation import Installation, newest_mail
from workflows.client import register_search_attributes, tell

PARIS = ZoneInfo("Europe/Paris")
DAYS = 365
# A timer fires, a worker takes the task and asks the ledger: that is all there may lie between.
PUNCTUAL = timedelta(minutes=2)


def _mail(step_id: str, offset_days: int, **changed: object) -> Step:
    step = Step(step_id, Anchor.DUE_DATE, offset_days, Channel.EMAIL, Execution.AUTOMATIC, "reminder")
    return replace(step, **changed)  # type: ignore[arg-type]


def _call(step_id: str, offset_days: int) -> Step:
    return Step(step_id, Anchor.DUE_DATE, offset_days, Channel.CALL, Execution.MANUAL)


LETTER = Step("letter", Anchor.DUE_DATE, 30, Channel.LETTER, Execution.AUTOMATIC, "reminder")
CADENCES = (
    Cadence("W", (_mail("S0", -5), _mail("S1", 3), _mail("S2", 8), _mail("S3", 14), _call("S4", 21), LETTER)),
    Cadence("Age", (_mail("A1", 1), _mail("A2", 6), _call("A3", 9), _mail("A4", 20)), Logic.CONTEXTUAL, 3),
    Cadence("Again", (_mail("R1", -2), _mail("R2", 10, repeat=Repeat(17, 6))), Logic.STANDARD, 10),
    Cadence(
        "Mixed",
        (
            _mail("M1", 7, anchor=Anchor.ISSUE_DATE),
            _mail("M2", -3, execution=Execution.MANUAL),
            _mail("M3", 35, anchor=Anchor.ISSUE_DATE),
            _mail("M4", 7, repeat=Repeat(45, 2)),
        ),
        Logic.CONTEXTUAL,
        0,
    ),
)
EDITED = replace(CADENCES[0], steps=(*CADENCES[0].steps[:2], _mail("S1b", 6), _mail("S3", 12), _call("S4", 25)))


@dataclass
class Life:
    """An invoice's year: what was foretold at which moment, each time until the next."""

    invoice_id: int
    foretold: list[tuple[datetime, tuple[Foretold, ...]]] = field(default_factory=list)

    def expected(self, until: datetime) -> list[tuple[datetime, str, str]]:
        """Return what must have happened, by the forecasts: moment, step, and message or to-do."""
        ends = [since for since, _ in self.foretold[1:]] + [until]
        return [
            (one.at, one.step.id, "message sent" if one.is_sent else "to-do opened")
            for (since, actions), end in zip(self.foretold, ends, strict=True)
            for one in actions
            if since <= one.at < end
        ]


Doing = Callable[[Session, Change], object]


@dataclass
class Year:
    """A year of an installation: its clock, its invoices, and what people do in it."""

    installation: Installation
    skipping: WorkflowEnvironment
    begins_on: date
    lives: dict[int, Life] = field(default_factory=dict)
    done: int = 0
    refused: int = 0

    async def morning_of(self, day: date) -> datetime:
        """Live on until 7 o'clock of the day, and return the moment."""
        moment = datetime(day.year, day.month, day.day, 7, 0, tzinfo=PARIS)
        await self.skipping.sleep(moment - await self.skipping.get_current_time())
        return await self.skipping.get_current_time()

    async def do(self, invoice_id: int, doing: Doing, now: datetime) -> None:
        """Let somebody do something about an invoice, tell its process, and foretell what follows."""
        try:
            with transaction(self.installation.engine) as session:
                doing(session, Change(now, now.astimezone(PARIS).date(), by="ana"))
        except Refused:
            self.refused += 1
            return
        self.done += 1
        await self.foretell(invoice_id, now)

    async def foretell(self, invoice_id: int, now: datetime) -> None:
        """Tell the process to look again, and foretell from what the ledger says by then."""
        with transaction(self.installation.engine) as session:
            collection = open_collection(session, invoice_id)
            facts = None if collection is None else adopted(session, collection).facts
        until = self.begins_on + timedelta(days=DAYS)
        ahead = () if facts is None else forecast(facts, now, until).actions
        self.lives[invoice_id].foretold.append((now, ahead))
        is_open = collection is not None
        if await tell(self.installation.client, invoice_id, "invoice_changed", {}, is_open=is_open) and is_open:
            await self.installation.settled(invoice_id)

    async def do_todos(self, now: datetime) -> None:
        """Let people do what has waited for them long enough: on one invoice at once, on others later or never."""
        waiting = self.installation.rows(
            "SELECT c.invoice_id, a.step_id, s.on_date FROM actions a JOIN collections c ON c.id = a.collection_id"
            " JOIN step_statuses s ON s.collection_id = a.collection_id AND s.step_id = a.step_id"
            " WHERE a.state = 'open' ORDER BY a.id"
        )
        today = now.astimezone(PARIS).date()
        for invoice_id, step_id, opened_on in waiting:
            patience_days = (invoice_id % 5) * 3
            if patience_days == 12 or (today - opened_on).days < patience_days:
                continue
            outcome = "ignored" if (invoice_id + opened_on.day) % 4 == 0 else "reached"
            await self.do(invoice_id, _completing(invoice_id, step_id, outcome), now)


def _completing(invoice_id: int, step_id: str, outcome: str) -> Doing:
    return lambda session, change: complete_action(session, invoice_id, step_id, outcome, change)


def _something(chance: random.Random, invoice_id: int, today: date) -> Doing:
    """Draw what somebody does about an invoice."""
    until = today + timedelta(days=chance.randint(1, 25))
    later = today + timedelta(days=chance.randint(0, 40))
    amount = Decimal(chance.choice(["10.00", "100.00", "250.50", "1200.00"]))
    cadence = chance.choice(
        [*(cadence.name for cadence in CADENCES), *(cadence.name for cadence in CADENCES), None]
    )
    channel = chance.choice([Channel.EMAIL, Channel.CALL])
    then = chance.choice(list(Resolution))
    doings: list[Doing] = [
        lambda session, change: pay(session, invoice_id, amount, change),
        lambda session, change: reverse(session, invoice_id, amount, change),
        lambda session, change: pause(session, invoice_id, until, "they asked", change),
        lambda session, change: pause(session, invoice_id, None, "they asked", change),
        lambda session, change: resume(session, invoice_id, change),
        lambda session, change: dispute(session, invoice_id, "wrong amount", change),
        lambda session, change: resolve(session, invoice_id, then, change),
        lambda session, change: promise(session, invoice_id, later, None, change),
        lambda session, change: change_due_date(session, invoice_id, later, change),
        lambda session, change: announce_payment(session, invoice_id, until, change),
        lambda session, change: log_contact(session, invoice_id, channel, None, None, change),
        lambda session, change: reassign(session, invoice_id, cadence, change),
        lambda session, change: set_hidden(session, invoice_id, chance.random() < 0.3, change),
    ]
    # What stops an invoice for good is ended sooner or later, or the year would be a quiet one.
    return chance.choice([*doings, doings[4], doings[4], doings[6], doings[6]])


@pytest.mark.parametrize(
    ("seed", "invoices_count"), [(20261122, 20), pytest.param(20261122, 50, marks=pytest.mark.soak)]
)
@pytest.mark.timeout(600)
async def test_a_year_of_many_invoices_is_what_was_foretold(
    skipping: WorkflowEnvironment, stack: Stack, engine: Engine, database_url: str, seed: int, invoices_count: int
) -> None:
    """Each contact and each to-do of the year, to the minute: rules 2.1 to 2.13 as they are lived."""
    chance = random.Random(seed)
    installation = Installation(stack, engine, database_url, skipping.client, mail_before=newest_mail(stack))
    await register_search_attributes(skipping.client)
    installation.set(time_zone="Europe/Paris", holiday_calendar="FR")
    with transaction(engine) as session:
        for cadence in CADENCES:
            publish(session, cadence, make_default=cadence.name == "W")
    begins_on = (await skipping.get_current_time()).astimezone(PARIS).date() + timedelta(days=1)
    year = Year(installation, skipping, begins_on)
    arrivals = sorted(chance.choice([0, 0, 0, *range(150)]) for _ in range(invoices_count))
    doings = defaultdict(list)
    for number in range(invoices_count):
        for _ in range(chance.randint(0, 8)):
            doings[chance.randint(arrivals[number], DAYS - 1)].append(number)

    invoices: list[int] = []
    async with installation.working(relaying=False):
        for day_number in range(DAYS):
            today = begins_on + timedelta(days=day_number)
            now = await year.morning_of(today)
            while len(invoices) < invoices_count and arrivals[len(invoices)] == day_number:
                invoices.append(await _arrive(year, chance, len(invoices), now))
            if day_number == 60:
                with transaction(engine) as session:
                    publish(session, EDITED)
                for invoice_id in invoices:
                    await year.foretell(invoice_id, now)
            await year.do_todos(now)
            for number in doings[day_number]:
                await year.do(invoices[number], _something(chance, invoices[number], today), now)
        end = await year.morning_of(begins_on + timedelta(days=DAYS))

    happened = _happened(engine)
    for invoice_id, life in year.lives.items():
        expected = life.expected(end)
        actual = happened.get(invoice_id, [])
        assert [what[1:] for what in actual] == [what[1:] for what in expected], _shown(seed, life, actual)
        for (at, step_id, _), (foretold_at, _, _) in zip(actual, expected, strict=True):
            assert timedelta(0) <= at - foretold_at < PUNCTUAL, (
                f"seed {seed}: {step_id} {at} instead of {foretold_at}"
            )
    contacts = sum(kind == "message sent" for each in happened.values() for _, _, kind in each)
    assert contacts == len(installation.mails())
    # The year was one worth living through.
    was_lively = contacts > 4 * invoices_count, year.done > 2 * invoices_count, len(year.lives) == invoices_count
    assert was_lively == (True, True, True), (contacts, year)


async def _arrive(year: Year, chance: random.Random, number: int, now: datetime) -> int:
    """Take an invoice in and start its process."""
    today = now.astimezone(PARIS).date()
    issued_on = today - timedelta(days=chance.choice([0, 0, 1, 10, 40]))
    term_days = chance.choice([0, 15, 30, 45, 60])
    invoice_id = year.installation.invoice(
        f"INV-{number}",
        at=now,
        customer_id=f"C-{number}",
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=term_days),
    )
    year.lives[invoice_id] = Life(invoice_id)
    cadence = CADENCES[number % len(CADENCES)].name
    with transaction(year.installation.engine) as session:
        reassign(session, invoice_id, cadence, Change(now, today, by="ana"))
    await year.foretell(invoice_id, now)
    return invoice_id


def _happened(engine: Engine) -> dict[int, list[tuple[datetime, str, str]]]:
    """Return what the timeline tells of each invoice."""
    with transaction(engine) as session:
        entries = session.execute(
            text(
                "SELECT invoice_id, at, data->>'step', kind FROM timeline"
                " WHERE kind IN ('message sent', 'to-do opened') ORDER BY id"
            )
        )
        happened: dict[int, list[tuple[datetime, str, str]]] = defaultdict(list)
        for invoice_id, at, step_id, kind in entries:
            happened[invoice_id].append((at, step_id, kind))
    return happened


def _shown(seed: int, life: Life, actual: list[tuple[datetime, str, str]]) -> str:
    lines = [f"seed {seed}, invoice {life.invoice_id}; what happened:", *map(str, actual), "what was foretold:"]
    for since, actions in life.foretold:
        lines += [f"at {since}:", *(f"  {one.at} {one.step.id} {one.is_sent}" for one in actions[:6])]
    return "\n".join(lines)
