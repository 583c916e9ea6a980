"""Violations of when: blocked, too early, at a wrong hour or day, too close, too many, never."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

from tests.exactly_once.blocking import Blocking
from tests.exactly_once.contacts import Contact, Part
from tests.exactly_once.evidence import Collection, Evidence, Invoice, Rules, Step
from tests.exactly_once.violations import Kind, Violation

# An attempt reads its clock, then claims: at most so much later, on a machine that is busy.
CLAIM_SLACK = timedelta(seconds=5)
_SETTLED = ("done", "ignored", "expired", "skipped", "canceled")


def blocked(evidence: Evidence, all_contacts: list[Contact]) -> Iterator[Violation]:
    """Yield contacts that something stood against when they were claimed."""
    blocking = Blocking(evidence)
    for contact in all_contacts:
        for part in contact.parts:
            for kind, seen in blocking.reasons(part.invoice, contact.claimed_at).items():
                yield Violation(kind, part.invoice.number, f"claimed at {contact.claimed_at}, {seen}")


def at_a_wrong_time(evidence: Evidence, all_contacts: list[Contact]) -> Iterator[Violation]:
    """Yield contacts outside the send hours, on no business day, or before the day of their step."""
    rules = evidence.ledger.rules
    for contact in all_contacts:
        about, seen = contact.handover.message_id, f"claimed at {contact.claimed_at.astimezone(rules.zone)}"
        latest = (contact.claimed_at - CLAIM_SLACK).astimezone(rules.zone).time()
        if contact.claimed_at.astimezone(rules.zone).time() < rules.send_time or latest >= rules.send_until:
            yield Violation(Kind.OUTSIDE_HOURS, about, seen)
        if not rules.is_business_day(contact.day):
            yield Violation(Kind.NO_BUSINESS_DAY, about, seen)
        for part in contact.parts:
            earliest = _earliest(part, rules)
            if earliest is not None and contact.day < earliest:
                yield Violation(Kind.BEFORE_ITS_DATE, part.invoice.number, f"{seen}, not before {earliest}")


def too_close(evidence: Evidence, all_contacts: list[Contact]) -> Iterator[Violation]:
    """Yield contacts of an invoice that are closer to the one before than the minimum contact delay."""
    by_invoice: dict[int, dict[str, tuple[Contact, Part]]] = {}
    for contact in all_contacts:
        for part in contact.parts:
            # A repeat is the same contact once more, and `twice` judges it.
            by_invoice.setdefault(part.invoice.id, {}).setdefault(contact.handover.message_id, (contact, part))
    for of_invoice in by_invoice.values():
        in_order = sorted(of_invoice.values(), key=lambda one: one[0].claimed_at)
        for (before, _), (after, part) in pairwise(in_order):
            delay_days = max(part.collection.delay_days, 1)
            if (after.day - before.day).days < delay_days:
                seen = f"{before.day} and {after.day}, {delay_days} days apart at least"
                yield Violation(Kind.TOO_CLOSE, part.invoice.number, seen)


def over_the_throttle(evidence: Evidence, all_contacts: list[Contact]) -> Iterator[Violation]:
    """Yield senders of whom more messages were taken over in some minute, or on some day, than they may send."""
    for sender in evidence.ledger.senders:
        moments = sorted(one.handover.begun_at for one in all_contacts if one.handover.sender == sender.email)
        of_day = Counter(evidence.ledger.rules.day(moment) for moment in moments)
        for counted, at_most, length in (
            (_in_a_minute(moments), sender.minute_max, "minute"),
            (max(of_day.values(), default=0), sender.day_max, "day"),
        ):
            if at_most is not None and counted > at_most:
                seen = f"{counted} messages in a {length}, {at_most} at most"
                yield Violation(Kind.OVER_THE_THROTTLE, sender.email, seen)


def lost(evidence: Evidence) -> Iterator[Violation]:
    """Yield collections whose next step should have gone out by the end of the run, and did not."""
    blocking = Blocking(evidence)
    with_todo = {action.collection_id for action in evidence.ledger.actions if action.state == "open"}
    for collection in evidence.ledger.collections:
        invoice = evidence.invoice[collection.invoice_id]
        if not collection.is_open or collection.logic != "standard" or collection.id in with_todo:
            continue
        if blocking.reasons(invoice, evidence.until) or blocking.was_released_on_the_day(invoice, evidence.until):
            continue
        due_on = _due_on(collection, invoice, evidence.ledger.rules, evidence.until)
        if due_on is not None and _is_over(due_on, evidence.ledger.rules, evidence.until):
            yield Violation(Kind.LOST, invoice.number, f"due on {due_on}")


def _trigger(step: Step, invoice: Invoice) -> date | None:
    anchor = invoice.due_on if step.anchor == "due_date" else invoice.issued_on
    return None if anchor is None else anchor + timedelta(days=step.offset_days)


def _earliest(part: Part, rules: Rules) -> date | None:
    """Return the first day on which the step may go out, None if it has no date or is no step of the cadence."""
    step = part.collection.step(part.action.step_id)
    trigger = None if step is None else _trigger(step, part.invoice)
    if trigger is None:
        return None
    if part.invoice.due_on is not None and trigger <= part.invoice.due_on:
        # It rolls back to the business day before if it would be carried past the due date (rule 2.9).
        while not rules.is_business_day(trigger):
            trigger -= timedelta(days=1)
    return max(trigger, part.collection.entered_on)


def _due_on(collection: Collection, invoice: Invoice, rules: Rules, at: datetime) -> date | None:
    """Return the day of the next step if that is an automatic email; reckoned afresh from rules 2.4, 2.5, 2.7."""
    today, dated = rules.day(at), []
    for step in collection.steps:
        trigger = _trigger(step, invoice)
        has_expired = trigger is not None and invoice.due_on is not None and trigger <= invoice.due_on < today
        if trigger is not None and not has_expired and collection.statuses.get(step.id) not in _SETTLED:
            dated.append((trigger, step.position, step))
    if not dated:
        return None
    trigger, _, step = min(dated)
    if (step.execution, step.channel) != ("automatic", "email"):
        return None
    days = [trigger, collection.entered_on]
    if collection.last_contact_on is not None:
        days.append(collection.last_contact_on + timedelta(days=max(collection.delay_days, 1)))
    due_on = max(days)
    while not rules.is_business_day(due_on):
        due_on += timedelta(days=1)
    return due_on


def _is_over(due_on: date, rules: Rules, at: datetime) -> bool:
    """Say whether everything that goes out on the day should be out by now."""
    by = datetime.combine(due_on, rules.send_time, rules.zone) + timedelta(minutes=rules.jitter_minutes)
    return by <= at


def _in_a_minute(moments: Sequence[datetime]) -> int:
    """Return how many of the moments, which are in order, lie within the busiest minute."""
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= timedelta(minutes=1):
            first += 1
        most = max(most, last - first + 1)
    return most
