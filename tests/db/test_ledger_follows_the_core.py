"""The ledger does to its rows what `dunning.apply` does to facts: for each event, and for stories of many."""

import os
import random
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from time import monotonic
from typing import Any, get_args

import pytest

from db.engine import Session
from db.operations.adoption import adopted
from db.operations.change import Change
from db.operations.refusal import Refused
from db.queries.collections import case_of, open_collection
from dunning.apply import after, apply
from dunning.cadence import Anchor, Cadence, Channel, Execution, Logic, Repeat, Step
from dunning.decide import decide
from dunning.decision import Exhaust, OpenTodo, Send
from dunning.events import (
    Bounced,
    CadenceEdited,
    Completed,
    Contacted,
    Disputed,
    DisputeResolved,
    DueDateChanged,
    Event,
    Ignored,
    Paid,
    Paused,
    PaymentAnnounced,
    Promised,
    Reassigned,
    Resolution,
    Restarted,
    Resumed,
    Reversed,
    Snoozed,
    StateChanged,
    VisibilityChanged,
)
from dunning.facts import Facts, InvoiceState, StepStatus
from dunning.objections import objection
from tests.db.book import PARIS, Book, an_invoice, at, fresh_number, on
from tests.db.happenings import happen
from tests.db.inbox import ANA

STORIES = int(os.environ.get("STORIES", "50"))
# On a machine that is busy with other things fewer stories have to do.
SECONDS_MAX = 20.0
STORIES_MIN = 40
SEED = int(os.environ.get("STORY_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
EVENTS_IN_A_STORY = 14
TABLES = ("invoices", "payments", "payment_allocations", "collections", "holds", "promises", "actions", "timeline")


def loaded(book: Book, invoice_id: int) -> Facts:
    """Return the facts as the ledger has them, under the version of the cadence in force."""

    def work(session: Session) -> Facts:
        collection = open_collection(session, invoice_id)
        return case_of(session, invoice_id).facts if collection is None else adopted(session, collection).facts

    facts: Facts = book.do(work)
    return facts


def comparable(facts: Facts) -> Facts:
    """Return the facts without what the ledger keeps elsewhere or in no order."""
    statuses = {step: status for step, status in facts.statuses.items() if status is not StepStatus.PENDING}
    holds = tuple(sorted(facts.holds, key=lambda hold: (hold.kind, hold.of_customer)))
    without_cadence: dict[str, Any] = {"entered_on": facts.invoice.issued_on} if facts.cadence is None else {}
    return replace(facts, statuses=statuses, holds=holds, shelf={}, released_at=None, **without_cadence)


def agree(book: Book, invoice_id: int, facts: Facts) -> None:
    """Claim that the ledger has these facts."""
    has, expected = comparable(loaded(book, invoice_id)), comparable(facts)
    names = [each.name for each in fields(Facts) if getattr(has, each.name) != getattr(expected, each.name)]
    differing = {name: (getattr(has, name), getattr(expected, name)) for name in names}
    assert differing == {}, book.happened(invoice_id)


def at_rest(facts: Facts, now: datetime) -> Facts:
    """Return the facts once all is recorded that the ledger records without sending anything."""
    today = facts.calendar.local_date(now)
    for _ in range(20):
        decision = decide(facts, now)
        if isinstance(decision, Send):
            return after(facts, Exhaust(decision.expired), today)
        facts = after(facts, decision, today)
        if not isinstance(decision, OpenTodo):
            return facts
    raise AssertionError("the decisions never come to rest")


def told(book: Book, invoice_id: int, event: Event, event_id: str | None = None) -> None:
    """Let the event happen in the ledger."""
    change = Change(event.at, event.at.astimezone(PARIS).date(), "ana", event_id)
    book.do(lambda session: happen(session, invoice_id, event, change))


def _has_step(facts: Facts, step_id: str) -> bool:
    return facts.cadence is not None and any(step.id == step_id for step in facts.cadence.steps)


def followed(book: Book, invoice_id: int, facts: Facts, event: Event) -> Facts:
    """Let the event happen in the ledger and to the facts, claim that both agree, and return the facts then."""
    because = objection(facts, event)
    if (
        isinstance(event, Completed | Ignored | Snoozed)
        and because is not None
        and not _has_step(facts, event.step_id)
    ):
        # A to-do of a step that the new edition has no more is open until the collection takes the edition up,
        # and whoever ends it before was in time. Its process takes it up at once.
        book.settle(invoice_id, event.at.astimezone(PARIS).strftime("%Y-%m-%d %H:%M"))
        facts = at_rest(facts, event.at)
    if because is not None:
        with pytest.raises(Refused) as refused:
            told(book, invoice_id, event)
        if not isinstance(event, Bounced | Completed | Ignored | Paid | Reversed):
            # These say amounts with their currency, and look for any open to-do.
            # The ledger also says who was first (rule 4.1).
            said = str(refused.value)
            assert said == because or said.startswith(f"{because}; to-do ")
        return facts
    told(book, invoice_id, event)
    then = apply(facts, event)
    if isinstance(event, CadenceEdited) or then == facts:
        # The collections under it adopt it when somebody looks, or with the next event; what changes nothing
        # looks at nothing.
        return then
    return at_rest(then, event.at)


def lived(book: Book, invoice_id: int, facts: Facts, now: datetime) -> Facts:
    """Let the day's run happen: send and open whatever is due."""
    today = facts.calendar.local_date(now)
    for _ in range(20):
        moment = now.astimezone(PARIS).strftime("%Y-%m-%d %H:%M")
        book.settle(invoice_id, moment)
        facts = at_rest(facts, now)
        decision = decide(facts, now)
        if not isinstance(decision, Send):
            return facts
        book.send(invoice_id, moment)
        facts = at_rest(after(facts, decision, today), now)
    raise AssertionError("the day never ends")


# One event each, on a ledger where it applies.

TODO_DAY = "2026-06-19 09:00"
CALL = "call"


def an_event(name: str, moment: str, other: Cadence) -> Event:
    """Return the event of this name."""
    events: dict[str, Callable[[datetime], Event]] = {
        "completed": lambda now: Completed(now, CALL),
        "ignored": lambda now: Ignored(now, CALL),
        "snoozed": lambda now: Snoozed(now, CALL, on("2026-06-25")),
        "contacted": lambda now: Contacted(now, Channel.EMAIL),
        "contacted as the open step": lambda now: Contacted(now, Channel.CALL, CALL),
        "contacted as a later step": lambda now: Contacted(now, Channel.LETTER, "final-notice"),
        "paused": Paused,
        "paused until": lambda now: Paused(now, on("2026-07-01")),
        "customer paused": lambda now: Paused(now, of_customer=True),
        "paid in part": lambda now: Paid(now, Decimal("400.00")),
        "paid in full": lambda now: Paid(now, Decimal("1000.00")),
        "payment announced": lambda now: PaymentAnnounced(now, on("2026-06-24")),
        "disputed": Disputed,
        "promised": lambda now: Promised(now, on("2026-06-24")),
        "hidden": lambda now: VisibilityChanged(now, True),
        "voided": lambda now: StateChanged(now, InvoiceState.VOID),
        "written off": lambda now: StateChanged(now, InvoiceState.WRITTEN_OFF),
        "due a little later": lambda now: DueDateChanged(now, on("2026-06-04")),
        "due far later": lambda now: DueDateChanged(now, on("2026-07-31")),
        "reassigned": lambda now: Reassigned(now, other),
        "stopped": lambda now: Reassigned(now, None),
        "restarted": Restarted,
    }
    return events[name](at(moment))


NAMES = [
    *("completed", "ignored", "snoozed", "contacted", "contacted as the open step", "contacted as a later step"),
    *("paused", "paused until", "customer paused", "paid in part", "paid in full", "payment announced"),
    *("disputed", "promised", "hidden", "voided", "written off", "due a little later", "due far later"),
    *("reassigned", "stopped", "restarted"),
]
UNDONE: dict[str, Callable[[datetime], Event]] = {
    "paused": Resumed,
    "customer paused": lambda now: Resumed(now, of_customer=True),
    "disputed": DisputeResolved,
    "paid in part": lambda now: Reversed(now, Decimal("150.00")),
    "paid in full": lambda now: Reversed(now, Decimal("0.51")),
    "hidden": lambda now: VisibilityChanged(now, False),
    "voided": lambda now: StateChanged(now, InvoiceState.OPEN),
    "written off": lambda now: StateChanged(now, InvoiceState.OPEN),
}


@pytest.fixture
def called_upon(book: Book) -> int:
    """The id of an invoice whose to-do, a call, stands open; the last contact was Thu 06-11."""
    book.set(tolerance=Decimal("0.50"))
    book.publish(other_cadence("Other"))
    invoice_id = book.invoice()
    for moment in ("2026-05-29 08:30", "2026-06-04 08:30", "2026-06-11 08:30"):
        book.send(invoice_id, moment)
    book.settle(invoice_id, TODO_DAY)
    return invoice_id


@pytest.mark.parametrize("name", NAMES)
def test_each_event_does_the_same_to_the_ledger_and_to_the_facts(book: Book, called_upon: int, name: str) -> None:
    facts = loaded(book, called_upon)
    event = an_event(name, "2026-06-20 10:00", other_cadence("Other"))

    facts = followed(book, called_upon, facts, event)
    agree(book, called_upon, facts)

    if name in UNDONE:
        facts = followed(book, called_upon, facts, UNDONE[name](at("2026-06-23 10:00")))
        agree(book, called_upon, facts)


@pytest.mark.parametrize("then", Resolution)
@pytest.mark.parametrize("is_paid_meanwhile", [False, True])
def test_each_way_to_resolve_a_dispute_does_the_same(
    book: Book, called_upon: int, then: Resolution, is_paid_meanwhile: bool
) -> None:
    facts = followed(book, called_upon, loaded(book, called_upon), Disputed(at("2026-06-20 10:00")))
    if is_paid_meanwhile:
        facts = followed(book, called_upon, facts, Paid(at("2026-06-21 10:00"), Decimal(1000)))

    facts = followed(book, called_upon, facts, DisputeResolved(at("2026-06-22 10:00"), then))

    agree(book, called_upon, facts)
    if is_paid_meanwhile:
        facts = followed(book, called_upon, facts, Reversed(at("2026-06-23 10:00"), Decimal(1000)))
        agree(book, called_upon, facts)


@pytest.mark.parametrize("name", NAMES)
def test_an_event_that_is_delivered_twice_happens_once(book: Book, called_upon: int, name: str) -> None:
    event = an_event(name, "2026-06-20 10:00", other_cadence("Other"))
    told(book, called_upon, event, "e1")
    if name in UNDONE:
        told(book, called_upon, UNDONE[name](at("2026-06-20 11:00")), "e2")
    before = {table: book.rows(f"SELECT * FROM {table} ORDER BY id") for table in TABLES}

    told(book, called_upon, event, "e1")
    if name in UNDONE:
        told(book, called_upon, UNDONE[name](at("2026-06-20 11:00")), "e2")

    assert {table: book.rows(f"SELECT * FROM {table} ORDER BY id") for table in TABLES} == before


@pytest.mark.parametrize("asks", [False, True])
@pytest.mark.parametrize("meanwhile", [None, "paid in full", "voided", "paused", "contacted"])
def test_a_message_that_comes_back_does_the_same(book: Book, asks: bool, meanwhile: str | None) -> None:
    """Rule 2.16."""
    invoice_id = book.invoice()
    for moment in ("2026-05-29 08:30", "2026-06-04 08:30"):
        book.send(invoice_id, moment)
    facts = at_rest(loaded(book, invoice_id), at("2026-06-04 08:30"))
    if meanwhile is not None:
        facts = followed(book, invoice_id, facts, an_event(meanwhile, "2026-06-04 09:00", other_cadence("Other")))

    bounce = a_bounce(book, invoice_id, at("2026-06-04 10:00"), [], asks)
    assert bounce is not None
    assert bounce.contacted_on == on("2026-06-04" if meanwhile == "contacted" else "2026-05-29")
    facts = followed(book, invoice_id, facts, bounce)

    agree(book, invoice_id, facts)


# Stories.


def a_step(step_id: str, offset_days: int, channel: Channel = Channel.EMAIL, **more: Any) -> Step:
    """Return a step that is automatic wherever its channel can be, unless said otherwise."""
    execution = Execution.AUTOMATIC if channel.may_be_automatic else Execution.MANUAL
    return Step(
        **{
            "id": step_id,
            "anchor": Anchor.DUE_DATE,
            "offset_days": offset_days,
            "channel": channel,
            "execution": execution,
            "template": "reminder",
            **more,
        }
    )


def other_cadence(name: str) -> Cadence:
    """Return a contextual cadence of mails, to-dos and a letter."""
    return Cadence(
        name,
        (
            a_step("early", -4),
            a_step("task", 1, Channel.TASK),
            a_step("mail", 5, execution=Execution.MANUAL, never_supersede=True),
            a_step("call", 9, Channel.CALL),
            a_step("letter", 16, Channel.LETTER),
            a_step("last", 25),
        ),
        Logic.CONTEXTUAL,
        3,
    )


def cadences(number: int) -> list[Cadence]:
    """Return the cadences of one story."""
    every_week = Repeat(7, 3)
    of_task = (a_step("s0", -3), a_step("s1", 2), a_step("call", 6, Channel.CALL), a_step("s3", 12))
    again = a_step("again", 6, Channel.TASK, repeat=Repeat(2, 4), anchor=Anchor.ISSUE_DATE)
    return [
        Cadence(f"standard {number}", (*of_task, a_step("s4", 20, repeat=every_week)), Logic.STANDARD, 5),
        other_cadence(f"contextual {number}"),
        Cadence(f"short {number}", (a_step("one", 0, Channel.CALL), again), Logic.STANDARD, 0),
    ]


def an_edit(chance: random.Random, cadence: Cadence) -> Cadence:
    """Return the cadence with a step moved, put in, taken out, or handed to a person or a machine."""
    steps = list(cadence.steps)
    index = chance.randrange(len(steps))
    match chance.choice(["move", "put in", "take out", "hand over"]):
        case "move":
            offset = max(0, steps[index].offset_days + chance.randint(-4, 6))
            steps[index] = replace(steps[index], offset_days=offset)
        case "put in":
            steps.insert(index, a_step(f"new{chance.randrange(10**6)}", chance.randint(0, 20)))
        case "take out" if len(steps) > 1:
            del steps[index]
        case _:
            manual = Execution.MANUAL
            if steps[index].execution is Execution.MANUAL and steps[index].channel.may_be_automatic:
                manual = Execution.AUTOMATIC
            steps[index] = replace(steps[index], execution=manual)
    return replace(cadence, steps=tuple(steps), contact_delay_days_min=chance.choice([0, 3, 5]))


def draw(chance: random.Random, facts: Facts, now: datetime, published: dict[str, Cadence]) -> Event:
    """Draw an event; most of them apply."""
    today = facts.calendar.local_date(now)
    opened = [step for step, status in facts.statuses.items() if status is StepStatus.OPEN] or ["s1"]
    known = [step.id for step in facts.cadence.steps] if facts.cadence else ["s1"]
    cents = [100, 1, 49, 30_000, 50_000, int(facts.invoice.outstanding * 100), int(facts.invoice.settled * 100)]
    amount = Decimal(chance.choice(cents)) / 100
    later = today + timedelta(days=chance.randint(-1, 12))
    state = InvoiceState.OPEN if facts.invoice.state is not InvoiceState.OPEN else InvoiceState.VOID
    if state is InvoiceState.VOID and facts.invoice.outstanding > 0:
        state = chance.choice([InvoiceState.VOID, InvoiceState.WRITTEN_OFF])
    due_on = (facts.invoice.due_on or today) + timedelta(days=chance.choice([-3, 0, 1, 6, 7, 8, 20, 40]))
    events: list[Event] = [
        Completed(now, chance.choice(opened)),
        Ignored(now, chance.choice(opened)),
        Snoozed(now, chance.choice(opened), later),
        Contacted(now, chance.choice([Channel.EMAIL, Channel.CALL])),
        Contacted(now, Channel.LETTER, chance.choice(known + opened)),
        Paused(now, chance.choice([None, later]), chance.random() < 0.3),
        Resumed(now, chance.random() < 0.3),
        Paid(now, amount),
        Paid(now, facts.invoice.outstanding),
        Reversed(now, amount),
        Reversed(now, facts.invoice.settled),
        PaymentAnnounced(now, later),
        Disputed(now),
        DisputeResolved(now, chance.choice(list(Resolution))),
        Promised(now, later),
        VisibilityChanged(now, not facts.invoice.is_hidden),
        StateChanged(now, state),
        DueDateChanged(now, due_on),
        Reassigned(now, chance.choice([None, *published.values(), *published.values()])),
        Restarted(now),
    ]
    if facts.cadence is not None and not facts.is_settled and facts.invoice.state is InvoiceState.OPEN:
        events.append(CadenceEdited(now, an_edit(chance, facts.cadence)))
    # What ends an unfinished business comes up more often.
    if facts.invoice.state is not InvoiceState.OPEN:
        events += [StateChanged(now, InvoiceState.OPEN)] * 8
    if facts.holds:
        events += [
            Resumed(now),
            Resumed(now, True),
            DisputeResolved(now),
            DisputeResolved(now, Resolution.RESTART),
        ]
    if facts.cadence is None:
        events += [Reassigned(now, cadence) for cadence in published.values()]
    return chance.choice(events)


# Reckoned from the timeline, because the ledger reckons from its actions.
_CONTACTS = """
SELECT max(t.on_date) FROM timeline t LEFT JOIN actions a ON a.id = CAST(t.data ->> 'todo' AS bigint)
 WHERE t.invoice_id = :id AND t.id <> ALL(:gone)
   AND (t.kind IN ('message sent', 'contacted') OR (t.kind = 'to-do ended' AND a.kind = 'step'
        AND a.channel IN ('email', 'sms', 'letter', 'call') AND t.data ->> 'outcome' <> 'ignored'))
"""
_LAST_SENT = """
SELECT a.step_id, a.occurrence, m.sent_at, a.collection_id,
       (SELECT max(t.id) FROM timeline t WHERE t.kind = 'message sent' AND t.collection_id = a.collection_id)
  FROM messages m JOIN actions a ON a.id = m.action_id
 WHERE a.collection_id = :collection_id AND m.state = 'sent' ORDER BY m.sent_at DESC LIMIT 1
"""
_ENTRY_OF_LAST = "SELECT max(id) FROM timeline WHERE kind = 'message sent' AND invoice_id = :id"
_RAN_BEFORE = """
SELECT max(ended_on) FROM actions
 WHERE collection_id = :collection_id AND step_id = :step_id AND occurrence = :occurrence
"""


def a_bounce(book: Book, invoice_id: int, now: datetime, gone: list[int], asks: bool) -> Bounced | None:
    """Return that the last message of the collection comes back now; `gone` are the contacts that did before."""
    collection = book.do(lambda session: case_of(session, invoice_id)).collection
    last = book.rows(_LAST_SENT, collection_id=collection.id) if collection is not None else []
    if not last:
        return None
    step_id, occurrence, sent_at, collection_id, entry = last[0]
    key = {"collection_id": collection_id, "step_id": step_id, "occurrence": occurrence - 1}
    repeats = next((s.repeat for s in collection.facts.cadence.steps if s.id == step_id), None) is not None
    return Bounced(
        now,
        step_id,
        sent_at,
        contacted_on=book.one(_CONTACTS, id=invoice_id, gone=[*gone, entry]),
        ran_on=book.one(_RAN_BEFORE, **key),
        obstacle=None if asks else f"{ANA}: the address does not exist",
        asks=asks or (occurrence > 1 and not repeats),
    )


def story(book: Book, number: int, chance: random.Random) -> list[Event]:
    """Live through a story, and return what happened in it and was not refused."""
    published = {cadence.name: cadence for cadence in cadences(number)}
    for cadence in published.values():
        book.publish(cadence)
    issued = date(2026, 5, 2)
    due = chance.choice([date(2026, 5, 20), date(2026, 6, 1), None])
    name = fresh_number()
    email = chance.choice(["ana@helios.example", "ana@helios.example", None])
    now = at("2026-05-04 07:00")
    incoming = an_invoice(name, customer_id=f"C-{name}", issued_on=issued, due_on=due, email=email)
    book.take(incoming, "2026-05-04 07:00")
    invoice_id = book.id_of(name)
    book.reassign(invoice_id, chance.choice(list(published)), "2026-05-04 07:00")
    facts, happened, gone = loaded(book, invoice_id), list[Event](), list[int]()
    for _ in range(EVENTS_IN_A_STORY):
        days = chance.choice([0, 0, 1, 1, 2, 3, 5, 8, 12])
        now = now + timedelta(days=days, minutes=chance.randint(1, 40))
        if chance.random() < 0.4:
            facts = lived(book, invoice_id, facts, now)
        event = draw(chance, facts, now, published)
        if chance.random() < 0.2:
            event = a_bounce(book, invoice_id, now, gone, asks=chance.random() < 0.5) or event
        happened += [event] if objection(facts, event) is None else []
        if isinstance(event, Bounced) and objection(facts, event) is None:
            gone.append(book.one(_ENTRY_OF_LAST, id=invoice_id))
        facts = followed(book, invoice_id, facts, event)
        if isinstance(event, CadenceEdited):
            published[event.cadence.name] = event.cadence
        agree(book, invoice_id, facts)
    return happened


def test_whole_stories_do_the_same_to_the_ledger_and_to_the_facts(
    book: Book, record_property: Callable[[str, object], None]
) -> None:
    record_property("seed", SEED)
    print(f"STORY_SEED={SEED}")  # noqa: T201  # shown when it fails: set it to see the story again
    book.set(tolerance=Decimal("0.50"))

    kinds, began = set[str](), monotonic()
    for number in range(STORIES):
        if number >= STORIES_MIN and monotonic() - began > SECONDS_MAX:
            break
        chance = random.Random(SEED + number)
        try:
            kinds |= {type(event).__name__ for event in story(book, number, chance)}
        except AssertionError as error:
            error.add_note(f"see it again with STORY_SEED={SEED + number} STORIES=1")
            raise

    # Every kind but the rarest is in them, whatever the seed.
    assert STORIES < STORIES_MIN or len(kinds) > len(get_args(Event)) / 2
