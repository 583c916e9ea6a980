"""Takes promises to pay (rule 3.5)."""

from datetime import date
from decimal import Decimal

from sqlalchemy import insert
from sqlalchemy.orm import Session

from db.operations.admission import admit
from db.operations.change import Change, note, note_once
from db.operations.holds import put_hold
from db.operations.promise_outcomes import end_promise, open_promise
from db.operations.settle import settle
from db.operations.settlement.amounts import require_amount
from db.tables.collections import Promise
from dunning.events import Promised
from dunning.facts import HoldKind
from dunning.holds import promise_held_until
from dunning.money import Money
from phrase import Phrase


def promise(session: Session, invoice_id: int, promised_for: date, amount: Decimal | None, change: Change) -> None:
    """Hold the invoice until the promised day and the days of grace; `amount` None means all that is outstanding.

    Takes the place of the promise that stands. Raises Refused for a day in the past, an amount that is not
    outstanding, or an invoice that has nothing to collect.
    """
    case = admit(session, invoice_id, Promised(change.at, promised_for), change)
    if case is None:
        return
    invoice = case.facts.invoice
    if amount is not None:
        require_amount(
            amount,
            Phrase("a promise"),
            Money(invoice.outstanding, invoice.currency),
            Phrase("outstanding"),
        )
    shown = None if amount is None else str(Money(amount, invoice.currency))
    note_once(session, change, "promised", invoice_id, promised_for=promised_for.isoformat(), amount=shown)
    before = open_promise(session, invoice_id)
    if before is not None:
        end_promise(session, before, "replaced", change)
        note(session, change, "promise replaced", invoice_id, promised_for=before.promised_for.isoformat())
    session.execute(
        insert(Promise).values(
            invoice_id=invoice_id,
            promised_for=promised_for,
            amount=amount,
            outstanding_before=invoice.outstanding,
            made_at=change.at,
            made_by=change.by,
        )
    )
    until = promise_held_until(promised_for, case.facts.hold_days)
    put_hold(session, invoice_id, HoldKind.PROMISE, until, shown, change)
    settle(session, invoice_id, change)
