"""The one decision of the product: whether to contact now, or until when to wait, and why.

`decide` is pure: the same facts and the same moment always give the same decision. Rule numbers refer to
docs/rules.md.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from dunning.agenda import Agenda, Triggered, agenda_of
from dunning.cadence import Anchor, Step
from dunning.calendar import ONE_DAY
from dunning.decision import (
    Because,
    Close,
    Closing,
    Decision,
    Exhaust,
    OpenTodo,
    Reason,
    Send,
    Wait,
)
from dunning.facts import Facts, Hold, HoldKind, InvoiceState, StepStatus
from phrase import Phrase


def decide(facts: Facts, now: datetime) -> Decision:
    """Decide what to do for the collection at `now` (aware); a wait always ends later than `now` (rule 2.11)."""
    assert now.tzinfo is not None, "a moment without a time zone names no day"
    closing = _closing(facts)
    if closing is not None:
        return Close(closing)
    today = facts.calendar.local_date(now)
    blocks = _blocks(facts, today)
    if blocks:
        return _wait_blocked(facts, blocks, now, today)
    agenda = agenda_of(facts, today)
    if agenda.candidate is None:
        return _ending(facts, agenda)
    decision = _for_candidate(facts, agenda.candidate, agenda.changes_on, now, today, blocks=())
    return replace(decision, expired=agenda.expired) if agenda.expired else decision


def _closing(facts: Facts) -> Closing | None:
    invoice = facts.invoice
    if invoice.state is InvoiceState.VOID:
        return Closing.VOID
    if invoice.state is InvoiceState.WRITTEN_OFF:
        return Closing.WRITTEN_OFF
    if facts.is_settled:
        return Closing.PAID
    if facts.cadence is None:
        return Closing.NO_CADENCE
    return None


_HOLD_REASON = {
    HoldKind.PAUSE: Because.PAUSE,
    HoldKind.DISPUTE: Because.DISPUTE,
    HoldKind.PROMISE: Because.PROMISE,
    HoldKind.PAYMENT_IN_FLIGHT: Because.PAYMENT_IN_FLIGHT,
    HoldKind.PARTIAL_PAYMENT: Because.PARTIAL_PAYMENT,
    HoldKind.REVERSAL: Because.REVERSAL,
}


def _hold_reason(hold: Hold) -> Reason:
    of_customer = hold.of_customer and hold.kind is HoldKind.PAUSE
    return Reason(Because.CUSTOMER_PAUSE if of_customer else _HOLD_REASON[hold.kind], hold.until)


def _blocks(facts: Facts, today: date) -> tuple[Reason, ...]:
    """Return every reason that stops all contact today (rules 3.*)."""
    reasons = [_hold_reason(hold) for hold in facts.holds if hold.until is None or hold.until > today]
    if facts.invoice.state is InvoiceState.DRAFT:
        reasons.append(Reason(Because.DRAFT))
    return tuple(reasons)


def _wait_blocked(facts: Facts, blocks: tuple[Reason, ...], now: datetime, today: date) -> Wait:
    """Wait for the day the last block ends, and say what follows. Nothing expires in the ledger meanwhile."""
    days = [block.day for block in blocks if block.day is not None]
    if len(days) < len(blocks):
        agenda = agenda_of(facts, today)
        return Wait(None, agenda.candidate.step if agenda.candidate else None, None, blocks)
    unblocked_on = max(days)
    agenda = agenda_of(facts, unblocked_on)
    if agenda.candidate is None:
        return Wait(facts.calendar.start_of(unblocked_on), None, None, blocks)
    decision = _for_candidate(facts, agenda.candidate, agenda.changes_on, now, today, blocks)
    assert isinstance(decision, Wait), "a blocked collection can only wait"
    # All that blocks today is shown, also what does not set the date (rule 3.6).
    because = (*(block for block in blocks if block not in decision.because), *decision.because)
    # Look again as that day begins, though nothing is sent before its send time: steps expire, a to-do may open
    # at once, and the blocks are no reason any more.
    return replace(decision, until=facts.calendar.start_of(unblocked_on), because=because)


def _ending(facts: Facts, agenda: Agenda) -> Wait | Exhaust:
    """Say what an agenda without a step means: all is done (rule 2.10), or steps lack a date (rule 1.1)."""
    assert facts.cadence is not None
    if any(facts.trigger(step) is None and not facts.status(step).is_settled for step in facts.cadence.steps):
        return Wait(None, None, None, (Reason(Because.NO_DUE_DATE),), agenda.expired)
    return Exhaust(agenda.expired)


def _for_candidate(
    facts: Facts,
    candidate: Triggered,
    changes_on: date | None,
    now: datetime,
    today: date,
    blocks: tuple[Reason, ...],
) -> Wait | Send | OpenTodo:
    step, calendar = candidate.step, facts.calendar
    changes_at = None if changes_on is None else calendar.start_of(changes_on)
    status = facts.status(step)
    obstacle = facts.obstacle(step)
    mended = (
        step.is_automatic and step.id in facts.handed_over and obstacle is None and facts.trigger(step) is not None
    )
    if status is StepStatus.OPEN and not mended:
        return _wait_for_person(facts, step, changes_at, today, blocks)
    silence = _silence(facts, step)
    earliest, because = _earliest(facts, candidate, blocks)
    if step.is_automatic:
        due_on, rolled = _contact_day(facts, candidate, earliest, now, today, blocks)
        because += rolled
    else:
        due_on = earliest
    if silence is not None:
        return Wait(changes_at, step, None, (*because, silence))
    if facts.is_pre_due(candidate.trigger) and facts.is_overdue(due_on):
        return Wait(changes_at, step, None, (*because, Reason(Because.LAPSES)))
    acts_at = facts.runs_at(step, due_on)
    if acts_at <= now and not blocks:
        if step.is_automatic and obstacle is None:
            return Send(step, due_on, because, occurrence=facts.occurrence(step))
        return OpenTodo(step, due_on, because, obstacle, occurrence=facts.occurrence(step))
    if changes_at is None or acts_at < changes_at:
        return Wait(acts_at, step, due_on, because)
    return _announce(facts, changes_at)


def _wait_for_person(
    facts: Facts, step: Step, changes_at: datetime | None, today: date, blocks: tuple[Reason, ...]
) -> Wait:
    """Wait while a to-do is open; one that is snoozed comes back into sight on its day (rule 4.7)."""
    snoozed_until = facts.snoozed.get(step.id)
    if snoozed_until is None or snoozed_until <= today:
        return Wait(changes_at, step, None, (*blocks, Reason(Because.TODO_OPEN)))
    back_at = facts.calendar.start_of(snoozed_until)
    until = back_at if changes_at is None else min(back_at, changes_at)
    return Wait(until, step, None, (*blocks, Reason(Because.TODO_OPEN), Reason(Because.SNOOZED, snoozed_until)))


def _announce(facts: Facts, changes_at: datetime) -> Wait:
    """Wait for a step to expire, and name what really runs next: what will be next then (rule 2.12)."""
    then = decide(facts, changes_at)
    assert isinstance(then, Wait | Send | OpenTodo), "what supersedes a step is itself pending"
    return Wait(changes_at, then.step, then.due_on, then.because)


def _silence(facts: Facts, step: Step) -> Reason | None:
    """Return why this very step must not run although the collection is not blocked (rules 3.7 and 3.8)."""
    if facts.invoice.is_hidden and step.channel.is_written:
        return Reason(Because.HIDDEN)
    if step.is_automatic and not facts.sends_automatically:
        return Reason(Because.SENDING_OFF)
    return None


def _floors(facts: Facts, blocks: tuple[Reason, ...]) -> list[Reason]:
    """Return what keeps a step from running before a day: entry, minimum contact delay, the end of a block."""
    floors = [_entered(facts.entered_on)]
    if facts.last_contact_on is not None and facts.cadence is not None:
        # Even a delay of 0 keeps two contacts of one collection on different days (rule 1.5).
        delay_days = max(facts.cadence.contact_delay_days_min, 1)
        floors.append(_contact_delay(facts.last_contact_on, delay_days, "after"))
    if facts.customer_contact_on is not None and facts.cadence is not None:
        delay_days = facts.cadence.contact_delay_days_min
        after = "after the customer's last contact on"
        floors.append(_contact_delay(facts.customer_contact_on, delay_days, after))
    floors.extend(block for block in blocks if block.day is not None)
    return floors


# Reasons are values, and a whole book has the same few thousand of them over and over.
@lru_cache(maxsize=4096)
def _entered(on: date) -> Reason:
    return Reason(Because.ENTRY, on)


@lru_cache(maxsize=4096)
def _contact_delay(contact_on: date, delay_days: int, after: str) -> Reason:
    detail = f"{delay_days} days {after} {contact_on:%a %Y-%m-%d}"
    return Reason(Because.CONTACT_DELAY, contact_on + timedelta(days=delay_days), detail)


@lru_cache(maxsize=4096)
def _triggered(trigger: date, anchor: Anchor, offset_days: int) -> Reason:
    unit = "day" if abs(offset_days) == 1 else "days"
    return Reason(Because.TRIGGER, trigger, f"{anchor.value.replace('_', ' ')} {offset_days:+d} {unit}")


def _repeated(facts: Facts, step: Step, trigger: date) -> Reason:
    """Return the reason for the day of a repetition (rule 2.13)."""
    assert step.repeat is not None
    detail = Phrase(
        "repetition {number} of {limit}, every {days} days",
        number=facts.occurrence(step) - 1,
        limit=step.repeat.limit,
        days=step.repeat.every_days,
    )
    return Reason(Because.TRIGGER, trigger, detail)


def _earliest(facts: Facts, candidate: Triggered, blocks: tuple[Reason, ...]) -> tuple[date, tuple[Reason, ...]]:
    """Return the first day the step may run, before business days, with the reasons that set it (rule 2.7)."""
    step = candidate.step
    if facts.occurrence(step) > 1:
        reasons = (_repeated(facts, step, candidate.trigger),)
    else:
        reasons = (_triggered(candidate.trigger, step.anchor, step.offset_days),)
    floors = _floors(facts, blocks)
    earliest = max(candidate.trigger, *[floor.day for floor in floors if floor.day is not None])
    if earliest == candidate.trigger:
        return earliest, reasons
    return earliest, (*reasons, *[floor for floor in floors if floor.day == earliest])


def _contact_day(
    facts: Facts, candidate: Triggered, earliest: date, now: datetime, today: date, blocks: tuple[Reason, ...]
) -> tuple[date, tuple[Reason, ...]]:
    """Return the business day on which an automatic step goes out, from `earliest` on (rules 2.1, 2.7 and 2.9)."""
    calendar = facts.calendar
    open_on, closed = _first_open_day(facts, now, today)
    start = max(earliest, open_on)
    because = closed if start > earliest else ()
    day = calendar.next_business_day(start)
    if day == start:
        if not closed and day > earliest and day == calendar.next_business_day(earliest):
            # On the very day the reason is still the weekend before it, and not that today is today.
            because = (_not_a_business_day(day, earliest),)
        return day, because
    if facts.is_pre_due(candidate.trigger) and facts.is_overdue(day):
        before = calendar.business_day_before(start)
        floors = [floor.day for floor in _floors(facts, blocks) if floor.day is not None]
        if before >= max(open_on, *floors):
            return before, (*because, Reason(Because.BEFORE_DUE_DATE, before))
    return day, (*because, _not_a_business_day(day, start))


@lru_cache(maxsize=4096)
def _not_a_business_day(day: date, start: date) -> Reason:
    return Reason(Because.BUSINESS_DAY, day, Phrase("{day:%a %Y-%m-%d} is none", day=start))


def _first_open_day(facts: Facts, now: datetime, today: date) -> tuple[date, tuple[Reason, ...]]:
    """Return today while messages may still go out today, else tomorrow and why.

    A run that comes late catches up within the send hours (rule 2.1). What a person released after today's
    send time waits for the next one, so that a slip of the hand can be taken back (rule 3.1).
    """
    calendar = facts.calendar
    if now >= calendar.closes_at(today):
        return today + ONE_DAY, (Reason(Because.SEND_HOURS, today + ONE_DAY),)
    released_at = facts.released_at
    if released_at is not None and released_at > calendar.sends_at(today, facts.invoice.id):
        return today + ONE_DAY, (Reason(Because.RESUMED_TODAY, today + ONE_DAY),)
    return today, ()
