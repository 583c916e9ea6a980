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
    """Yield contacts that something stood against: against one of their invoices, when they were written.

    What may have been delivered is repeated to the byte as long as it is due for the invoice that carries it.
    """
    blocking = Blocking(evidence)
    for contact in all_contacts:
        carrying = [
            (part.invoice, contact.claimed_at)
            for part in contact.parts
            if contact.message is not None and part.action.id == contact.message.action_id
        ]
        for invoice, at in {*carrying, *((named, contact.written_at) for named in contact.named)}:
            for kind, seen in blocking.reasons(invoice, at).items():
                yield Violation(kind, invoice.number, f"claimed at {at}, {seen}")


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
    """Yield contacts of an invoice, and of a customer where the rules say so, that are closer than the delay."""
    delays_customer = evidence.ledger.rules.delays_customer
    followed: dict[tuple[str, int], dict[str, tuple[Contact, Part]]] = {}
    for contact in all_contacts:
        for part in contact.parts:
            whose = [("invoice", part.invoice.id)]
            whose += [("customer", part.invoice.customer_id)] if delays_customer else []
            for one in whose:
                # A repeat is the same contact once more, and `twice` judges it.
                followed.setdefault(one, {}).setdefault(contact.handover.message_id, (contact, part))
    for (of, _), of_one in followed.items():
        in_order = sorted(of_one.values(), key=lambda one: one[0].claimed_at)
        for (before, other), (after, part) in pairwise(in_order):
            # Two invoices of a customer may share a day where the delay is none (rule 2.14).
            delay_days = max(part.collection.delay_days, 1 if of == "invoice" else 0)
            if (after.day - before.day).days < delay_days:
                seen = f"{other.invoice.number} {before.day}, {after.day}, {delay_days} days apart at least"
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
        step = _next_step(collection, invoice, evidence)
        if step is None or _has_no_turn(step, evidence):
            continue
        due_on = _due_on(step, collection, invoice, evidence)
        if _is_over(due_on, evidence.ledger.rules, evidence.until):
            yield Violation(Kind.LOST, invoice.number, f"{step.id} due on {due_on}")


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


def _next_step(collection: Collection, invoice: Invoice, evidence: Evidence) -> Step | None:
    """Return the next step if that is an automatic email; reckoned afresh from rules 2.4 and 2.5."""
    today, dated = evidence.ledger.rules.day(evidence.until), []
    for step in collection.steps:
        trigger = _trigger(step, invoice)
        has_expired = trigger is not None and invoice.due_on is not None and trigger <= invoice.due_on < today
        if trigger is not None and not has_expired and collection.statuses.get(step.id) not in _SETTLED:
            dated.append((trigger, step.position, step))
    if not dated:
        return None
    _, _, step = min(dated)
    return step if (step.execution, step.channel) == ("automatic", "email") else None


def _has_no_turn(step: Step, evidence: Evidence) -> bool:
    """Say whether the step waits for another day of its sender (rule 8.4)."""
    today = evidence.ledger.rules.day(evidence.until)
    full_until = (one.full_until for one in evidence.ledger.senders if one.email == step.sender)
    return any(day is not None and today <= day for day in full_until)


def _due_on(step: Step, collection: Collection, invoice: Invoice, evidence: Evidence) -> date:
    """Return the day of the step; reckoned afresh from rules 2.7 and 2.14."""
    rules = evidence.ledger.rules
    trigger = _trigger(step, invoice)
    assert trigger is not None
    contacted = [collection.last_contact_on]
    if rules.delays_customer:
        contacted += evidence.contact_days_of[invoice.customer_id]
    delay = timedelta(days=max(collection.delay_days, 1))
    due_on = max(trigger, collection.entered_on, *(day + delay for day in contacted if day is not None))
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
