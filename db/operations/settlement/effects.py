"""What money does to the invoices that it settles, or settles no more: holds, reopened collections, signals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from db.operations.change import SYSTEM, Change, note_many, note_once
from db.operations.holds import end_holds, put_hold
from db.operations.outbox import LOOK_AGAIN
from db.operations.promise_outcomes import decide_promise
from db.operations.reopening import reopen
from db.operations.rules.asked import settle_page_by_rules
from db.operations.settle import settle_locked
from db.operations.settlement.payments import resettle_many
from db.queries.collections import case_of, open_collections
from db.tables.collections import Promise
from db.tables.journal import OutboxEntry
from db.tables.organization import Organization
from dunning.decision import Close
from dunning.facts import Facts, HoldKind
from dunning.holds import partial_payment_held_until, reversal_held_until, standing
from dunning.money import Money


@dataclass(slots=True)
class Effect:
    """What a page does to one invoice: entries of its timeline, what it was paid, what was taken off it.

    `paid_on` is the latest day on which some of that was received.
    """

    outstanding_before: Decimal
    entries: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    paid: Decimal = Decimal(0)
    taken_off: Decimal = Decimal(0)
    paid_on: date | None = None


def follow(session: Session, effects: Mapping[int, Effect], change: Change) -> list[int]:
    """Let the invoices follow what was written of payments and credit notes; return those that are not as before.

    The caller holds their locks, and owes their processes a signal.
    """
    ids = sorted(effects)
    _note(session, ids, effects, change)
    outstanding = resettle_many(session, ids)
    tolerance = session.scalars(select(Organization.tolerance)).one()
    # What was on its way has arrived (rule 3.10).
    end_holds(session, [id_ for id_ in ids if effects[id_].paid], HoldKind.PAYMENT_IN_FLIGHT, change, by=SYSTEM)
    for id_, owed in sorted(outstanding.items()):
        effect = effects[id_]
        if effect.taken_off:
            _reopen(session, id_, effect, change)
        if effect.paid and owed > tolerance:
            _hold(session, id_, effect, change)
    # Rules may ask for the day of a payment too, which may be another one though the amounts are the same.
    ruled = settle_page_by_rules(session, ids, change)
    moved = sorted({*outstanding, *ruled})
    if moved:
        _settle(session, moved, change)
    return moved


def owe_each(session: Session, invoice_ids: Sequence[int], change: Change) -> dict[int, int]:
    """Let the processes of the invoices look again; return what is owed to each, by invoice.

    What a job owes goes out at the rate of bulk work.
    """
    rows = [
        {
            "invoice_id": id_,
            "signal": LOOK_AGAIN,
            "payload": {"by": change.by},
            "is_bulk": change.job_id is not None,
        }
        for id_ in invoice_ids
    ]
    if not rows:
        return {}
    owed = session.execute(insert(OutboxEntry).returning(OutboxEntry.invoice_id, OutboxEntry.id), rows)
    return {row.invoice_id: row.id for row in owed}


def _note(session: Session, ids: Sequence[int], effects: Mapping[int, Effect], change: Change) -> None:
    entries = [(id_, None, kind, data) for id_ in ids for kind, data in effects[id_].entries]
    if entries and change.event_id is not None:
        (id_, _, kind, data), *entries = entries
        note_once(session, change, kind, id_, **data)
    note_many(session, change, entries)


def _hold(session: Session, invoice_id: int, effect: Effect, change: Change) -> None:
    """Hold contact for some days after a partial payment, from the day on which it was received (rule 3.3)."""
    facts = case_of(session, invoice_id).facts
    until = partial_payment_held_until(min(effect.paid_on or change.on, change.on), facts.hold_days)
    if until > change.on and not _is_held_longer(facts, until):
        reason = str(Money(effect.paid, facts.invoice.currency))
        put_hold(session, invoice_id, HoldKind.PARTIAL_PAYMENT, until, reason, change)


def _is_held_longer(facts: Facts, until: date) -> bool:
    hold = standing(facts.holds, HoldKind.PARTIAL_PAYMENT)
    return hold is not None and (hold.until is None or hold.until >= until)


def _reopen(session: Session, invoice_id: int, effect: Effect, change: Change) -> None:
    """Follow up again what is owed again, after some days of grace (rule 3.12)."""
    reopened = reopen(session, invoice_id, change)
    case = case_of(session, invoice_id)
    was_settled = effect.outstanding_before <= case.facts.tolerance
    if was_settled and not case.facts.is_settled and (reopened or case.collection is not None):
        until = reversal_held_until(change.on, case.facts.hold_days)
        reason = str(Money(effect.taken_off, case.facts.invoice.currency))
        put_hold(session, invoice_id, HoldKind.REVERSAL, until, reason, change)


def _settle(session: Session, ids: Sequence[int], change: Change) -> None:
    settled = settle_locked(session, open_collections(session, ids), change)
    closed = [one.collection.invoice_id for one in settled if isinstance(one.decision, Close)]
    if closed:
        # That it is under no cadence any more is something that rules can ask about.
        settle_page_by_rules(session, closed, change)
    # Promises are also made of invoices that no cadence follows up.
    is_promised = select(Promise.invoice_id).where(Promise.invoice_id.in_(ids), Promise.outcome == "open")
    followed = {one.collection.invoice_id for one in settled}
    for id_ in session.scalars(is_promised).all():
        if id_ not in followed:
            decide_promise(session, id_, case_of(session, id_).facts, change)
