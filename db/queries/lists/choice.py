"""What can be asked of a list of invoices: the one filter that pages, totals and the links of figures share."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from rules.fields import Aging

State = Literal["unsettled", "paid", "draft", "void", "written_off", "any"]
Execution = Literal["automatic", "manual"]


class Risk(StrEnum):
    """Why money may not come."""

    OLD = "more than 60 days overdue"
    DISPUTED = "disputed"
    BROKEN_PROMISE = "promise broken"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class InvoiceChoice:
    """Which invoices to list; what is empty or None does not filter. Conditions AND, values within one OR.

    `unsettled` invoices are open with something outstanding, `paid` ones open without. `words` are the beginning
    or the end of a number, or part of a customer's name, in capitals or not. `owners` have an open to-do of it.
    `next_from` and `next_to` are days of the next step, `channels` and `execution` what that step is.
    `has_cadence` says whether a cadence follows the invoice up now. Amounts are of what is outstanding.
    """

    state: State = "unsettled"
    stages: tuple[str, ...] = ()
    cadence_id: int | None = None
    has_cadence: bool | None = None
    customer_id: int | None = None
    currency: str | None = None
    outstanding_min: Decimal | None = None
    outstanding_max: Decimal | None = None
    aging: tuple[Aging, ...] = ()
    words: str | None = None
    owners: tuple[str, ...] = ()
    is_hidden: bool | None = None
    risks: tuple[Risk, ...] = ()
    next_from: date | None = None
    next_to: date | None = None
    channels: tuple[str, ...] = ()
    execution: Execution | None = None

    @property
    def is_everything(self) -> bool:
        """Say whether nothing is asked but the state."""
        return self == InvoiceChoice(state=self.state)

    def of(self, state: State) -> "InvoiceChoice":
        """Return the same choice among invoices of another state."""
        return replace(self, state=state)
