"""Random events that mostly apply to the collection as it is, and random chronicles of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from dunning.cadence import Cadence, Channel, Execution, Logic, Repeat, Step
from dunning.decision import Send
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
from dunning.facts import Facts, InvoiceState, Run, StepStatus
from dunning.objections import BOUNCE_UNCOUNTS_FOR
from tests.dunning.chronicle import Chronicle, Page, Surroundings
from tests.dunning.strategies import START, cadences, collections, rarely, steps

EVENTS_MAX = 8
BEGINS_AT = datetime.combine(START, time(2), UTC)

STEPS: tuple[type[Event], ...] = (Completed, Ignored, Snoozed, Contacted)
HOLDS: tuple[type[Event], ...] = (Paused, Resumed, Disputed, DisputeResolved, Promised, PaymentAnnounced)
CHANGES: tuple[type[Event], ...] = (
    *(Paid, Reversed, VisibilityChanged, StateChanged),
    *(DueDateChanged, Reassigned, Restarted, CadenceEdited),
)


@st.composite
def events(draw: st.DrawFn, facts: Facts, now: datetime, kinds: Sequence[type[Event]]) -> Event:
    """Draw an event of one of the kinds; what would be refused comes up now and then."""
    today = facts.calendar.local_date(now)

    kind = draw(st.sampled_from([kind for kind in kinds if _is_possible(kind, facts)] or [VisibilityChanged]))
    if kind in (Completed, Ignored):
        make: type[Completed] | type[Ignored] = Completed if kind is Completed else Ignored
        return make(now, draw(_step_ids(facts)))
    if kind is Snoozed:
        return Snoozed(now, draw(_step_ids(facts)), today + timedelta(days=draw(st.integers(0, 9))))
    if kind is Contacted:
        as_step = draw(st.one_of(st.none(), _step_ids(facts)))
        return Contacted(now, draw(st.sampled_from([Channel.EMAIL, Channel.CALL])), as_step)
    if kind is Paused:
        until = draw(st.one_of(st.none(), st.integers(0, 20).map(lambda ahead: today + timedelta(days=ahead))))
        return Paused(now, until, draw(rarely(True)))
    if kind is Resumed:
        return Resumed(now, draw(rarely(True)))
    if kind is Disputed:
        return Disputed(now)
    if kind is DisputeResolved:
        return DisputeResolved(now, draw(st.sampled_from([Resolution.RESUME, *Resolution])))
    if kind is Promised:
        return Promised(now, today + timedelta(days=draw(st.integers(-1, 12))))
    if kind is PaymentAnnounced:
        return PaymentAnnounced(now, today + timedelta(days=draw(st.integers(0, 9))))
    if kind is Paid:
        left = facts.invoice.outstanding
        return Paid(now, draw(st.sampled_from([Decimal(10), Decimal("0.5"), left / 2, left, left, left + 1])))
    if kind is Reversed:
        settled = facts.invoice.settled
        return Reversed(now, draw(st.sampled_from([settled, settled, settled / 2, settled + 1])))
    if kind is StateChanged:
        return StateChanged(now, draw(st.sampled_from([InvoiceState.OPEN, *InvoiceState])))
    if kind is DueDateChanged:
        base = draw(st.sampled_from([facts.invoice.due_on or today, today]))
        moved = base + timedelta(days=draw(st.sampled_from([7, 1, -1, -7, 3, 10, 30, -30, 0])))
        return DueDateChanged(now, max(moved, facts.invoice.issued_on))
    if kind is Reassigned:
        return Reassigned(now, draw(_other_cadences(facts)))
    if kind is Restarted:
        return Restarted(now)
    if kind is CadenceEdited:
        assert facts.cadence is not None
        return CadenceEdited(now, draw(editions(facts.cadence)))
    return VisibilityChanged(now, not facts.invoice.is_hidden)


def _is_possible(kind: type[Event], facts: Facts) -> bool:
    """Say whether an event of this kind has anything to name."""
    if kind is CadenceEdited:
        return facts.cadence is not None
    if kind in (Completed, Ignored, Snoozed):
        return StepStatus.OPEN in facts.statuses.values()
    return True


def _step_ids(facts: Facts) -> st.SearchStrategy[str]:
    """Draw a step, mostly one whose to-do is open."""
    opened = [step_id for step_id, status in facts.statuses.items() if status is StepStatus.OPEN]
    known = [] if facts.cadence is None else [step.id for step in facts.cadence.steps]
    return st.sampled_from(opened * 6 + known or ["S0"])


def _other_cadences(facts: Facts) -> st.SearchStrategy[Cadence | None]:
    """Draw none, the same, or one of two others; coming back finds its history."""
    present = [] if facts.cadence is None else [facts.cadence]
    others = st.builds(replace, cadences(repeats=True), name=st.sampled_from(["X", "random"]))
    return st.one_of(st.sampled_from([None, *present]), others, others)


@st.composite
def editions(draw: st.DrawFn, cadence: Cadence) -> Cadence:
    """Draw a new version: steps moved, removed, inserted, or done by others, another logic or delay."""
    kept: list[Step] = []
    for step in cadence.steps:
        change = draw(st.sampled_from(["none", "none", "none", "offset", "execution", "removed"]))
        if change == "offset":
            step = replace(step, offset_days=max(step.offset_days + draw(st.sampled_from([-3, 2, 5])), 0))
        elif change == "execution" and step.channel.may_be_automatic:
            other = Execution.MANUAL if step.is_automatic else Execution.AUTOMATIC
            step = replace(step, execution=other)
        if change != "removed":
            kept.append(replace(step, repeat=None))
    if draw(st.booleans()) or not kept:
        taken = {step.id for step in kept}
        new = next(name for name in (f"N{number}" for number in range(99)) if name not in taken)
        kept.insert(draw(st.integers(0, len(kept))), draw(steps(new)))
    if draw(st.booleans()):
        kept[-1] = replace(kept[-1], repeat=Repeat(draw(st.integers(1, 9)), 2))
    return Cadence(
        name=cadence.name,
        steps=tuple(kept),
        logic=draw(st.sampled_from([cadence.logic, cadence.logic, *Logic])),
        contact_delay_days_min=draw(st.sampled_from([cadence.contact_delay_days_min, 0, 7])),
    )


def returnable(chronicle: Chronicle) -> Page | None:
    """Return the message that may come back by now: the last contact, within a day, by a step that stands done."""
    facts = chronicle.facts
    for page in reversed(chronicle.pages):
        match page.what:
            case Completed() | Contacted() | Bounced():
                return None
            case Send(step=step, occurrence=occurrence):
                is_recent = chronicle.now - page.at <= BOUNCE_UNCOUNTS_FOR
                was, now = page.before, facts
                assert was.cadence is not None
                is_same = now.cadence is not None and (now.cadence.name, now.cycle) == (
                    was.cadence.name,
                    was.cycle,
                )
                stands = now.runs.get(step.id) == Run(occurrence, page.on)
                return page if is_recent and is_same and stands else None
    return None


@st.composite
def bounces(draw: st.DrawFn, chronicle: Chronicle) -> Bounced:
    """Draw how the message that may come back does."""
    page = returnable(chronicle)
    assert page is not None
    assert isinstance(page.what, Send)
    assert chronicle.facts.cadence is not None
    step = page.what.step
    present, run = chronicle.facts.cadence.step(step.id), page.before.runs.get(step.id)
    repeats = present is not None and present.repeat is not None
    return Bounced(
        chronicle.now,
        step.id,
        page.at,
        contacted_on=page.before.last_contact_on,
        ran_on=None if run is None else run.on,
        obstacle=draw(st.sampled_from([None, "the address does not exist"])),
        asks=draw(st.booleans()) or (run is not None and not repeats),
    )


@st.composite
def surroundings(draw: st.DrawFn, facts: Facts, now: datetime) -> Surroundings:
    """Draw what messages need, the switch of automatic sending, and a contact about another invoice."""
    today = facts.calendar.local_date(now)
    return Surroundings(
        now,
        draw(st.sampled_from([{}, {}, dict.fromkeys(Channel, "no recipient"), {Channel.EMAIL: "no sender"}])),
        draw(rarely(False)),
        draw(st.sampled_from([facts.customer_contact_on, None, today])),
    )


@st.composite
def later(draw: st.DrawFn, now: datetime, days_max: int = 14) -> datetime:
    """Draw a moment that is not before now."""
    ahead = draw(st.sampled_from([day for day in (1, 0, 2, 3, 5, 8, 14) if day <= days_max]))
    hour = draw(st.sampled_from([12, 7, 2, 9, 15, 20, 22]))
    moment = datetime.combine((now + timedelta(days=ahead)).date(), time(hour, draw(st.integers(0, 59))), UTC)
    return max(now, moment)


@st.composite
def chronicles(
    draw: st.DrawFn,
    logics: Sequence[Logic] = tuple(Logic),
    *,
    kinds: Sequence[type[Event]] = (*STEPS, *STEPS, *STEPS, *HOLDS, *CHANGES),
) -> Chronicle:
    """Draw the life of a collection with some events, up to the moment after the last."""
    chronicle = Chronicle(draw(collections(logics, repeats=True)), BEGINS_AT)
    for _ in range(draw(st.integers(0, EVENTS_MAX))):
        chronicle.live_until(draw(later(chronicle.now)))
        if draw(rarely(True)):
            chronicle.surround(draw(surroundings(chronicle.facts, chronicle.now)))
        else:
            chronicle.happen(draw(events(chronicle.facts, chronicle.now, kinds)))
    return chronicle
