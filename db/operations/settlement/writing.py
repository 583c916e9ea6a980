"""Writes a page of payments or credit notes: what is new, what changed, and where it goes now."""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.operations.arrival.copying import copy_in
from db.operations.settlement.kinds import PAYMENTS, Kind
from db.operations.settlement.under_lock import Source
from db.tables.invoices import Payment, PaymentAllocation

# What the column `paid` booked on the invoice, the newest first (ix_payment_allocations_invoice_id).
_UNNAMED = text("""
SELECT p.id, a.id AS allocation_id, a.amount, p.amount AS whole
  FROM payment_allocations a JOIN payments p ON p.id = a.payment_id
 WHERE a.invoice_id = :invoice_id AND p.source = 'import' AND p.external_id IS NULL AND p.reversed_on IS NULL
 ORDER BY p.id DESC
""")


def write_sources(
    session: Session, kind: Kind, before: Mapping[int, Source], after: Mapping[int, Source], source: str
) -> None:
    """Bring the tables from `before` to `after`. New ones came in by `source`."""
    created = [one for id_, one in after.items() if id_ not in before]
    own = ["source"] if kind is PAYMENTS else []
    columns = [
        "id",
        "external_id",
        "customer_id",
        "currency",
        *kind.columns.values(),
        "unallocated",
        "stated",
        *own,
    ]
    rows = (
        (
            one.id,
            one.external_id,
            one.customer_id,
            one.currency,
            one.amount,
            one.on,
            one.ended_on,
            one.text,
            one.unallocated,
            json.dumps(one.stated),
            *([source] if own else []),
        )
        for one in created
    )
    copy_in(session, kind.row, columns, rows)
    changed = [one for id_, one in after.items() if id_ in before and _values(one) != _values(before[id_])]
    if changed:
        sets = ", ".join(f"{column} = :{name}" for name, column in kind.columns.items())
        sets += ", unallocated = :unallocated, stated = CAST(:stated AS jsonb)"
        statement = text(f"UPDATE {kind.table} SET {sets} WHERE id = :id")  # noqa: S608  # constants alone
        session.execute(statement, [_values(one) for one in changed])
    _write_allocations(session, kind, before, after.values())


def _values(one: Source) -> dict[str, object]:
    return {
        "id": one.id,
        "amount": one.amount,
        "on": one.on,
        "ended_on": one.ended_on,
        "text": one.text,
        "unallocated": one.unallocated,
        "stated": json.dumps(one.stated, sort_keys=True),
    }


def _write_allocations(
    session: Session, kind: Kind, before: Mapping[int, Source], after: Iterable[Source]
) -> None:
    added: list[tuple[int, int, Decimal]] = []
    changed: list[dict[str, object]] = []
    removed: list[dict[str, object]] = []
    for one in after:
        had = before[one.id].allocations if one.id in before else {}
        for invoice_id, amount in one.allocations.items():
            if invoice_id not in had:
                added.append((one.id, invoice_id, amount))
            elif had[invoice_id] != amount:
                changed.append({"source": one.id, "invoice": invoice_id, "amount": amount})
        removed += [{"source": one.id, "invoice": id_} for id_ in had if id_ not in one.allocations]
    of_pair = f"WHERE {kind.key} = :source AND invoice_id = :invoice"
    if removed:
        session.execute(text(f"DELETE FROM {kind.allocations} {of_pair}"), removed)  # noqa: S608
    if changed:
        session.execute(text(f"UPDATE {kind.allocations} SET amount = :amount {of_pair}"), changed)  # noqa: S608
    copy_in(session, kind.allocation, (kind.key, "invoice_id", "amount"), added)


def shrink_unnamed(session: Session, parts: Sequence[tuple[int, Decimal]]) -> None:
    """Take so much off what the column `paid` booked on each of the invoices: payments stand for it now.

    Nothing is lost with such a booking: it said that something was paid, and not what.
    """
    for invoice_id, amount in parts:
        left = amount
        for row in session.execute(_UNNAMED, {"invoice_id": invoice_id}).all():
            part = min(left, row.amount)
            if part <= 0:
                break
            left -= part
            _shrink(session, PaymentAllocation.__tablename__, row.allocation_id, row.amount - part)
            _shrink(session, Payment.__tablename__, row.id, row.whole - part)
        assert left == 0, f"invoice {invoice_id} has not {amount} of unnamed payments"


def _shrink(session: Session, table: str, id_: int, amount: Decimal) -> None:
    if amount > 0:
        session.execute(text(f"UPDATE {table} SET amount = :amount WHERE id = :id"), {"amount": amount, "id": id_})  # noqa: S608
    else:
        session.execute(text(f"DELETE FROM {table} WHERE id = :id"), {"id": id_})  # noqa: S608
