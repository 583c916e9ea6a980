"""The aging balance: what is outstanding, by currency and by how long it is overdue."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from db.queries.figures.keys import Figure
from db.queries.lists.choice import InvoiceChoice
from db.queries.rule_rows import rule_rows
from db.tables.invoices import Invoice
from rules.fields import Aging, Field


@dataclass(frozen=True, slots=True)
class AgedAmount:
    """What is outstanding in one currency and one bucket, and on how many invoices."""

    definition: ClassVar[Figure] = Figure.AGING
    currency: str
    bucket: Aging
    count: int
    outstanding: Decimal

    @property
    def listed(self) -> InvoiceChoice:
        """Return the list that it is the sum of."""
        return InvoiceChoice(currency=self.currency, aging=(self.bucket,))


@dataclass(frozen=True, slots=True)
class AgingBalance:
    """What is outstanding in one currency: every bucket, the youngest first, also those with nothing in them."""

    definition: ClassVar[Figure] = Figure.AGING
    currency: str
    amounts: tuple[AgedAmount, ...]

    @property
    def outstanding(self) -> Decimal:
        """What is outstanding in all."""
        return sum((amount.outstanding for amount in self.amounts), Decimal(0))

    @property
    def overdue(self) -> Decimal:
        """What is outstanding and overdue."""
        return self.outstanding - self.not_due

    @property
    def not_due(self) -> Decimal:
        """What is outstanding and not overdue."""
        return self.amounts[0].outstanding

    @property
    def count(self) -> int:
        """On how many invoices something is outstanding."""
        return sum(amount.count for amount in self.amounts)

    @property
    def listed(self) -> InvoiceChoice:
        """Return the list that it is the sum of."""
        return InvoiceChoice(currency=self.currency, aging=tuple(Aging))


def aging_balances(session: Session, today: date) -> tuple[AgingBalance, ...]:
    """Return the aging balance of each currency on the local day.

    An invoice counts while it is open and more than the tolerance is outstanding (rule 3.2), hidden ones too: the
    buckets are those of smart rules. One without a due date and without a term is not due. Money of a customer
    that settles nothing yet is not taken off. Reads all unsettled invoices once (ix_invoices_unsettled).
    """
    is_unsettled = and_(Invoice.state == "open", Invoice.settled < Invoice.total)
    rows = rule_rows((Field.AGING, Field.OUTSTANDING), today, is_unsettled)
    aging, outstanding = rows.columns[Field.AGING], rows.columns[Field.OUTSTANDING]
    statement = (
        select(rows.currency.label("currency"), aging.label("aging"), func.count(), func.sum(outstanding))
        .where(rows.is_collectable)
        .group_by(rows.currency, aging)
    )
    found: dict[str, dict[Aging, tuple[int, Decimal]]] = {}
    for currency, bucket, count, amount in session.execute(statement):
        found.setdefault(currency, {})[Aging(bucket)] = (count, amount)
    return tuple(_balance(currency, amounts) for currency, amounts in sorted(found.items()))


def _balance(currency: str, found: Mapping[Aging, tuple[int, Decimal]]) -> AgingBalance:
    nothing = (0, Decimal(0))
    return AgingBalance(currency, tuple(AgedAmount(currency, one, *found.get(one, nothing)) for one in Aging))
