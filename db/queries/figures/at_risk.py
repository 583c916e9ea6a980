"""What is at risk: outstanding money that may not come, by currency and by why."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.figures.keys import Figure
from db.queries.lists.choice import InvoiceChoice, Risk
from db.queries.lists.conditions import RISKS, UNSETTLED


@dataclass(frozen=True, slots=True)
class RiskAmount:
    """What is outstanding on the invoices of one currency that one risk is about."""

    definition: ClassVar[Figure] = Figure.AT_RISK
    currency: str
    risk: Risk
    count: int
    outstanding: Decimal

    @property
    def listed(self) -> InvoiceChoice:
        """Return the list that it is the sum of."""
        return InvoiceChoice(currency=self.currency, risks=(self.risk,))


@dataclass(frozen=True, slots=True)
class AtRisk:
    """What is at risk in one currency, each invoice once; `amounts` count one under each of its risks."""

    definition: ClassVar[Figure] = Figure.AT_RISK
    currency: str
    count: int
    outstanding: Decimal
    amounts: tuple[RiskAmount, ...]

    @property
    def listed(self) -> InvoiceChoice:
        """Return the list that it is the sum of."""
        return InvoiceChoice(currency=self.currency, risks=tuple(Risk))


_FLAGS: Final = {risk: f"risk_{number}" for number, risk in enumerate(Risk)}
_BY_RISK = ", ".join(
    f"count(*) FILTER (WHERE {flag}) AS {flag}_count,"
    f" COALESCE(sum(outstanding) FILTER (WHERE {flag}), 0) AS {flag}_outstanding"
    for flag in _FLAGS.values()
)
_FLAGGED = ", ".join(f"({RISKS[risk]}) AS {flag}" for risk, flag in _FLAGS.items())
_AT_RISK = text(f"""
SELECT currency, count(*) AS invoices, sum(outstanding) AS outstanding, {_BY_RISK}
  FROM (SELECT i.currency, i.outstanding, {_FLAGGED}
          FROM invoices i JOIN customers cu ON cu.id = i.customer_id JOIN organization o ON o.id = 1
         WHERE {UNSETTLED} AND i.outstanding > o.tolerance) flagged
 WHERE {" OR ".join(_FLAGS.values())}
 GROUP BY currency ORDER BY currency
""")  # noqa: S608  # constants alone


def at_risk(session: Session, today: date) -> tuple[AtRisk, ...]:
    """Return what is at risk in each currency on the local day.

    An invoice is at risk while more than the tolerance is outstanding on it, and it is more than 60 days overdue,
    or disputed, or the last promise to pay it was broken, or its collection is blocked because it cannot be
    planned. Reads all unsettled invoices once.
    """
    return tuple(
        AtRisk(
            row.currency,
            row.invoices,
            row.outstanding,
            tuple(
                RiskAmount(row.currency, risk, row._mapping[f"{flag}_count"], row._mapping[f"{flag}_outstanding"])
                for risk, flag in _FLAGS.items()
            ),
        )
        for row in session.execute(_AT_RISK, {"today": today})
    )
