"""What rules can ask of an invoice: its fields, what kind each is, and the values of those that have few.

**Status.** A draft, a void, a written off and a paid invoice is just that; paid means that no more than the
tolerance is outstanding (rule 3.2). Any other is not due, due (today) or overdue (from the day after, rule 1.2),
and *beside that* disputed while a dispute is open: a dispute says nothing about the date, and an invoice should
not change its cadence and back because its customer asks a question. Without a due date it is not due.

**Aging** is that of money still to be collected: a paid, draft, void or written off invoice has none.

**Payment date** is the day of the latest payment that was not reversed; **paid** is all that settles the invoice,
credit notes too. **Due date** is the derived one where the invoice has none (rule 1.1). **Cadence** is that of the
open collection. Text fields that hold nothing but spaces are empty.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic import Field as Limit

KEY_LENGTH_MAX = 100


class Kind(StrEnum):
    """What a field holds, which decides about the operators it takes."""

    TEXT = "text"
    CHOICE = "choice"
    DATE = "date"
    AMOUNT = "amount"


class Field(StrEnum):
    """A field that every invoice has, in the words of the text form."""

    CUSTOMER = "customer"
    STATUS = "status"
    DUE_DATE = "due date"
    ISSUE_DATE = "issue date"
    PAYMENT_DATE = "payment date"
    OUTSTANDING = "outstanding"
    PAID = "paid"
    TOTAL = "total"
    AGING = "aging"
    CURRENCY = "currency"
    CADENCE = "cadence"
    VISIBILITY = "visibility"
    NUMBER = "number"
    PO_NUMBER = "PO number"


class Status(StrEnum):
    """What an invoice is, today."""

    NOT_DUE = "not due"
    DUE = "due"
    OVERDUE = "overdue"
    DISPUTED = "disputed"
    PAID = "paid"
    DRAFT = "draft"
    WRITTEN_OFF = "written off"
    VOID = "void"


class Aging(StrEnum):
    """For how many days it is overdue."""

    NOT_DUE = "not due"
    TO_30 = "1-30"
    TO_60 = "31-60"
    TO_90 = "61-90"
    ABOVE_90 = "91+"


class Visibility(StrEnum):
    """Whether the invoice is hidden (section 3 of the rules)."""

    VISIBLE = "visible"
    HIDDEN = "hidden"


def is_plain(text: str) -> bool:
    """Say whether the text is one line that can be stored: no control characters, no halves of others."""
    return not any(one < " " or "\x7f" <= one <= "\x9f" or "\ud800" <= one <= "\udfff" for one in text)


def _plain(text: str) -> str:
    if not is_plain(text):
        raise ValueError("there are control characters in it")
    return text


Plain = Annotated[str, AfterValidator(_plain)]
CustomType = Literal["text", "number", "date", "boolean", "select"]


class CustomField(BaseModel):
    """A field that the organization added. Where its value is of another type, it is empty.

    Text and select are of one type so far.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entity: Literal["customer", "invoice"]
    key: Annotated[Plain, Limit(min_length=1, max_length=KEY_LENGTH_MAX)]
    type: CustomType

    def __str__(self) -> str:
        return f"{self.entity}.custom.{self.key}"


AnyField = Field | CustomField

_KINDS: Final = {
    Field.DUE_DATE: Kind.DATE,
    Field.ISSUE_DATE: Kind.DATE,
    Field.PAYMENT_DATE: Kind.DATE,
    Field.OUTSTANDING: Kind.AMOUNT,
    Field.PAID: Kind.AMOUNT,
    Field.TOTAL: Kind.AMOUNT,
    Field.CADENCE: Kind.TEXT,
    Field.NUMBER: Kind.TEXT,
    Field.PO_NUMBER: Kind.TEXT,
}
_CUSTOM_KINDS: Final[dict[CustomType, Kind]] = {
    "text": Kind.TEXT,
    "number": Kind.AMOUNT,
    "date": Kind.DATE,
    "boolean": Kind.CHOICE,
    "select": Kind.CHOICE,
}
_CHOICES: Final[dict[Field, tuple[str, ...]]] = {
    Field.STATUS: tuple(Status),
    Field.AGING: tuple(Aging),
    Field.VISIBILITY: tuple(Visibility),
}
BOOLEANS: Final = ("true", "false")


def kind_of(field: AnyField) -> Kind:
    """Return what the field holds."""
    return _CUSTOM_KINDS[field.type] if isinstance(field, CustomField) else _KINDS.get(field, Kind.CHOICE)


def choices_of(field: AnyField) -> tuple[str, ...] | None:
    """Return the values that the field can have, None if only the ledger knows them."""
    if isinstance(field, CustomField):
        return BOOLEANS if field.type == "boolean" else None
    return _CHOICES.get(field)
