"""Decides what became of promises to pay, wherever a collection is settled (rule 3.5)."""

from dataclasses import replace
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.operations.change import SYSTEM, Change, note
from db.tables.collections import Promise
from dunning.facts import Facts, HoldKind
from dunning.holds import promise_held_until, standing
from dunning.money import Money


def open_promise(session: Session, invoice_id: int) -> Promise | None:
    """Return the invoice's promise that is not decided yet (uq_promises_open)."""
    return session.scalar(select(Promise).where(Promise.invoice_id == invoice_id, Promise.outcome == "open"))


def decide_promise(session: Session, invoice_id: int, facts: Facts, change: Change) -> None:
    """Say of the invoice's open promise, if there is one and it is time, that it was kept or not."""
    promise = open_promise(session, invoice_id)
    if promise is None:
        return
    paid = promise.outstanding_before - facts.invoice.outstanding
    if facts.is_settled or (promise.amount is not None and paid >= promise.amount):
        outcome = "kept"
    elif _waited_for_until(promise, facts) > change.on:
        return
    else:
        outcome = "partially kept" if paid > 0 else "broken"
    end_promise(session, promise, outcome, change)
    # Whoever happened to look on that day did not break it.
    note(
        session,
        replace(change, by=SYSTEM),
        f"promise {outcome}",
        invoice_id,
        promised_for=promise.promised_for.isoformat(),
        paid=str(Money(paid, facts.invoice.currency)),
    )


def end_promise(session: Session, promise: Promise, outcome: str, change: Change) -> None:
    """Write what became of the promise."""
    session.execute(update(Promise).where(Promise.id == promise.id).values(outcome=outcome, decided_at=change.at))


def _waited_for_until(promise: Promise, facts: Facts) -> date:
    """Return the day on which its hold ends: as it was reckoned when the promise was made."""
    hold = standing(facts.holds, HoldKind.PROMISE)
    until = None if hold is None else hold.until
    return until or promise_held_until(promise.promised_for, facts.hold_days)
