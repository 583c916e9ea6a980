"""Reads invoices whole, as programs see them, with their collection and what holds them: one, or page by page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from db.queries.custom_fields import Values, custom_values


@dataclass(frozen=True, slots=True)
class CollectionRecord:
    """The open collection of an invoice, or the last one, and what it waits for and why."""

    cadence: str
    cycle: int
    state: str
    entered_on: date
    last_contact_on: date | None
    assigned_by: str
    stage: str | None
    step: str | None
    channel: str | None
    acts_at: datetime | None
    sentence: str | None
    because: list[dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class HoldRecord:
    """What holds an invoice, its own hold or its customer's."""

    kind: str
    of_customer: bool
    until: date | None
    reason: str | None
    by: str


@dataclass(frozen=True, slots=True)
class InvoiceRecord:
    """An invoice."""

    id: int
    external_id: str
    number: str
    customer: str
    po_number: str | None
    issued_on: date
    due_on: date | None
    currency: str
    total: Decimal
    settled: Decimal
    outstanding: Decimal
    state: str
    is_hidden: bool
    cadence_locked_by: str | None
    pay_link: str | None
    view_link: str | None
    created_at: datetime
    collection: CollectionRecord | None
    holds: tuple[HoldRecord, ...]
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """Which invoices to list; None does not filter. `customer` is an external id."""

    customer: str | None = None
    number: str | None = None
    is_unsettled: bool = False


# Every join goes by a key, and the page bounds them: uq_collections_… of the invoice, ix_holds_invoice_id,
# ix_holds_customer_id.
_INVOICE = """
SELECT i.id, i.external_id, i.number, cu.external_id AS customer, i.po_number, i.issued_on, i.due_on, i.currency,
       i.total, i.settled, i.outstanding, i.state, i.is_hidden, i.cadence_locked_by, i.pay_link, i.view_link,
       i.created_at, c.id AS collection_id, ca.name AS cadence, c.cycle, c.state AS collection_state, c.entered_on,
       c.last_contact_on, c.assigned_by, n.stage, n.step_id, n.channel, n.acts_at, n.sentence, n.because,
       (SELECT jsonb_agg(jsonb_build_array(h.kind, h.customer_id IS NOT NULL, h.until_on, h.reason, h.started_by)
                         ORDER BY h.id)
          FROM holds h
         WHERE (h.invoice_id = i.id OR h.customer_id = i.customer_id) AND h.ended_at IS NULL) AS holds
  FROM invoices i
  JOIN customers cu ON cu.id = i.customer_id
  LEFT JOIN LATERAL (SELECT * FROM collections cl WHERE cl.invoice_id = i.id AND cl.state <> 'restarted'
                      ORDER BY cl.closed_at DESC NULLS FIRST, cl.id DESC LIMIT 1) c ON true
  LEFT JOIN cadences ca ON ca.id = c.cadence_id
  LEFT JOIN next_actions n ON n.collection_id = c.id AND c.closed_at IS NULL
"""
_ONE = text(f"{_INVOICE} WHERE i.external_id = :external_id")  # a constant
_BY_ID = text(f"{_INVOICE} WHERE i.id = :id")  # a constant

_STATED = text("""
SELECT t.external_id, i.external_id AS known_as, i.stated
  FROM unnest(CAST(:external_ids AS text[]), CAST(:numbers AS text[])) AS t(external_id, number)
  JOIN invoices i ON i.external_id = t.external_id OR i.number = t.number
 ORDER BY i.external_id = t.external_id
""")


def invoice_record(session: Session, external_id: str) -> InvoiceRecord | None:
    """Return the invoice, or None if there is none (uq_invoices_external_id)."""
    return next(iter(_records(session, session.execute(_ONE, {"external_id": external_id}).all())), None)


def invoice_record_of(session: Session, invoice_id: int) -> InvoiceRecord | None:
    """Return the invoice with the id, or None if there is none (the primary key)."""
    return next(iter(_records(session, session.execute(_BY_ID, {"id": invoice_id}).all())), None)


def invoice_id_named(session: Session, external_id: str) -> int | None:
    """Return the invoice's id, or None if there is none (uq_invoices_external_id)."""
    named = text("SELECT id FROM invoices WHERE external_id = :name")
    found: int | None = session.scalar(named, {"name": external_id})
    return found


def invoice_records(session: Session, chosen: InvoiceFilter, after_id: int, limit: int) -> list[InvoiceRecord]:
    """Return a page of the invoices, in order of their ids.

    By the primary key, ix_invoices_unsettled, uq_invoices_number, or ix_invoices_customer_id.
    """
    conditions = ["i.id > :after_id"]
    parameters: dict[str, str | int] = {"after_id": after_id, "limit": limit}
    if chosen.customer is not None:
        conditions.append("i.customer_id = (SELECT id FROM customers WHERE external_id = :customer)")
        parameters |= {"customer": chosen.customer}
    if chosen.number is not None:
        conditions.append("i.number = :number")
        parameters |= {"number": chosen.number}
    if chosen.is_unsettled:
        conditions.append("i.state = 'open' AND i.settled < i.total")
    # Only constants are put in here.
    statement = f"{_INVOICE} WHERE {' AND '.join(conditions)} ORDER BY i.id LIMIT :limit"
    return _records(session, session.execute(text(statement), parameters).all())


@dataclass(frozen=True, slots=True)
class StatedBefore:
    """What the accounts stated last of an invoice, and the external id that it has."""

    known_as: str
    stated: dict[str, Any]


def stated_before(session: Session, names: Sequence[tuple[str, str]]) -> dict[str, StatedBefore]:
    """Return what is known of invoices, by the external ids asked for; each is named by that and by its number.

    What is not known is left out (uq_invoices_external_id, uq_invoices_number).
    """
    named = {"external_ids": [name[0] for name in names], "numbers": [name[1] for name in names]}
    # The one with this external id comes last, and counts.
    rows = session.execute(_STATED, named)
    return {row.external_id: StatedBefore(row.known_as, row.stated) for row in rows}


def _records(session: Session, rows: Sequence[Row[Any]]) -> list[InvoiceRecord]:
    values = custom_values(session, "invoice", [row.id for row in rows])
    return [_record(row, values.get(row.id, {})) for row in rows]


def _record(row: Row[Any], custom: Values) -> InvoiceRecord:
    names = (
        "id external_id number customer po_number issued_on due_on currency total settled outstanding state"
        " is_hidden cadence_locked_by pay_link view_link created_at"
    )
    return InvoiceRecord(
        **{name: row._mapping[name] for name in names.split()},
        collection=None if row.collection_id is None else _collection(row),
        holds=tuple(
            HoldRecord(kind, of_customer, None if until is None else date.fromisoformat(until), reason, by)
            for kind, of_customer, until, reason, by in row.holds or ()
        ),
        custom=custom,
    )


def _collection(row: Row[Any]) -> CollectionRecord:
    return CollectionRecord(
        cadence=row.cadence,
        cycle=row.cycle,
        state=row.collection_state,
        entered_on=row.entered_on,
        last_contact_on=row.last_contact_on,
        assigned_by=row.assigned_by,
        stage=row.stage,
        step=row.step_id,
        channel=row.channel,
        acts_at=row.acts_at,
        sentence=row.sentence,
        because=row.because,
    )
