"""Reads a page of money and of the invoices that it may settle, all under their locks.

The order of locks: first the money of the customers, then the invoices, ascending (docs/decisions/0020). Who holds
both knows all that settles these invoices: who changes that without the first lock does so on an invoice that the
money is on, and waits for the second.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.operations.settlement.kinds import PAYMENTS, PERSON, Kind

# So many locks at most, however many customers a page has; a lock is a customer's, and of those who share it.
_CUSTOMER_LOCKS = 509
_SPACE_OF_MONEY = 2015
# More invoices than this are not settled by one amount of their own accord.
OLDEST_MAX = 1_000

_LOCK_MONEY = text(f"""
SELECT pg_advisory_xact_lock({_SPACE_OF_MONEY}, lock)
  FROM (SELECT DISTINCT (id % {_CUSTOMER_LOCKS})::int AS lock FROM unnest(CAST(:ids AS bigint[])) id
         ORDER BY 1 OFFSET 0) locks
""")  # noqa: S608  # constants
# By uq_invoices_number and uq_invoices_external_id.
_NAMED = text("""
SELECT number AS name, id, customer_id FROM invoices WHERE number = ANY(:names)
 UNION ALL
SELECT e.external_id, e.id, e.customer_id FROM invoices e
 WHERE e.external_id = ANY(:names) AND NOT EXISTS (SELECT FROM invoices n WHERE n.number = e.external_id)
""")
_CUSTOMERS = text("SELECT external_id, id FROM customers WHERE external_id = ANY(:names)")
# By ix_invoices_customer_id: what a customer owes in a currency, the longest due first, as far as it reaches.
_OLDEST = text(f"""
SELECT id FROM (
  SELECT i.id, i.due, sum(i.outstanding) OVER (ORDER BY i.due, i.id) - i.outstanding AS before
    FROM (SELECT i.id, i.outstanding,
                 COALESCE(i.due_on, i.issued_on + COALESCE(c.payment_term_days, o.payment_term_days, 0)) AS due
            FROM invoices i JOIN customers c ON c.id = i.customer_id JOIN organization o ON o.id = 1
           WHERE i.customer_id = :customer_id AND i.currency = :currency AND i.state = 'open'
             AND i.settled < i.total) i) sums
 WHERE before < :amount ORDER BY due, id LIMIT {OLDEST_MAX}
""")  # noqa: S608  # a constant
_LOCK_INVOICES = text("""
SELECT i.id, i.number, i.customer_id, i.currency, i.state, i.outstanding,
       COALESCE(i.due_on, i.issued_on + COALESCE(c.payment_term_days, o.payment_term_days, 0)) AS due_on
  FROM invoices i JOIN customers c ON c.id = i.customer_id JOIN organization o ON o.id = 1
 WHERE i.id = ANY(:ids) ORDER BY i.id FOR UPDATE OF i
""")
# What the column `paid` stated, and no payment of the accounts stands for yet.
_UNNAMED = text("""
SELECT a.invoice_id, sum(a.amount) AS amount FROM payment_allocations a JOIN payments p ON p.id = a.payment_id
 WHERE a.invoice_id = ANY(:ids) AND p.source = 'import' AND p.external_id IS NULL AND p.reversed_on IS NULL
 GROUP BY a.invoice_id
""")


@dataclass(slots=True)
class Target:
    """An invoice that money may go to. `unnamed` is what is stated as paid on it, and not by what payment."""

    id: int
    number: str
    customer_id: int
    currency: str
    state: str
    outstanding: Decimal
    due_on: date
    unnamed: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Source:
    """A payment or a credit note: what it is, and how much of it is on which invoice.

    `stated` is what was stated of it last: its amount, its day, its end and its text; `named` has what was to go
    to which invoice, None for as much as possible, and `led_to` what that came to.
    """

    id: int
    external_id: str | None
    customer_id: int
    currency: str
    amount: Decimal
    on: date
    ended_on: date | None
    text: str | None
    allocations: Mapping[int, Decimal] = field(default_factory=dict)
    stated: Mapping[str, Any] = field(default_factory=dict)
    # Whether it may be what the column `paid` stated: a person's own booking stands beside that.
    explains_paid: bool = False

    @property
    def counts(self) -> bool:
        """Say whether what is allocated settles anything."""
        return self.ended_on is None

    @property
    def unallocated(self) -> Decimal:
        """How much of it could still settle something."""
        return Decimal(0) if not self.counts else self.amount - sum(self.allocations.values(), Decimal(0))

    @property
    def called(self) -> str:
        """Its external id, or else its number in the ledger."""
        return self.external_id or str(self.id)


def lock_money(session: Session, customer_ids: Iterable[int]) -> None:
    """Wait until nobody else moves money of these customers; until the transaction ends, nobody will."""
    session.execute(_LOCK_MONEY, {"ids": sorted(set(customer_ids))})


def customers_called(session: Session, external_ids: Iterable[str]) -> dict[str, int]:
    """Return the ids of the customers with these external ids."""
    return {row.external_id: row.id for row in session.execute(_CUSTOMERS, {"names": sorted(set(external_ids))})}


def invoices_called(session: Session, names: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the invoices with these numbers, or else these external ids: their ids and their customers'."""
    found = session.execute(_NAMED, {"names": sorted(set(names))})
    return {row.name: (row.id, row.customer_id) for row in found}


def oldest_of(session: Session, customer_id: int, currency: str, amount: Decimal) -> Sequence[int]:
    """Return the customer's invoices that are due longest, so many as the amount reaches for."""
    values = {"customer_id": customer_id, "currency": currency, "amount": amount}
    return session.scalars(_OLDEST, values).all()


def lock_targets(session: Session, invoice_ids: Iterable[int]) -> dict[int, Target]:
    """Lock the invoices, ascending, and return how they stand."""
    ids = sorted(set(invoice_ids))
    if not ids:
        return {}
    targets = {row.id: Target(**row._mapping) for row in session.execute(_LOCK_INVOICES, {"ids": ids})}
    for row in session.execute(_UNNAMED, {"ids": ids}):
        targets[row.invoice_id].unnamed = row.amount
    return targets


def invoices_under(session: Session, kind: Kind, ids: Sequence[int]) -> Sequence[int]:
    """Return the invoices that these payments or credit notes are on."""
    statement = text(f"SELECT invoice_id FROM {kind.allocations} WHERE {kind.key} = ANY(:ids)")  # noqa: S608
    return session.scalars(statement, {"ids": list(ids)}).all()


def ids_called(session: Session, kind: Kind, external_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the payments or credit notes with these external ids: their ids and their customers'."""
    statement = text(f"SELECT external_id, id, customer_id FROM {kind.table} WHERE external_id = ANY(:names)")  # noqa: S608
    found = session.execute(statement, {"names": sorted(set(external_ids))})
    return {row.external_id: (row.id, row.customer_id) for row in found}


def sources_of(session: Session, kind: Kind, ids: Sequence[int]) -> dict[int, Source]:
    """Return these payments or credit notes with their allocations. The caller holds all locks."""
    if not ids:
        return {}
    columns = ", ".join(f"s.{column} AS {name}" for name, column in kind.columns.items())
    explains_paid = f"s.source <> '{PERSON}'" if kind is PAYMENTS else "false"
    statement = text(f"""
        SELECT s.id, s.external_id, s.customer_id, s.currency, {columns}, s.stated,
               {explains_paid} AS explains_paid,
               COALESCE((SELECT json_object_agg(a.invoice_id, CAST(a.amount AS text) ORDER BY a.id)
                           FROM {kind.allocations} a WHERE a.{kind.key} = s.id), '{{}}') AS allocations
          FROM {kind.table} s WHERE s.id = ANY(:ids)
    """)  # noqa: S608  # names of tables and columns
    found = {}
    for row in session.execute(statement, {"ids": list(ids)}):
        values = dict(row._mapping)
        values["allocations"] = {int(id_): Decimal(amount) for id_, amount in row.allocations.items()}
        found[row.id] = Source(**values)
    return found
