"""Columns: what each kind of file may say, by the names that the documentation gives."""

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

FileKind = Literal["customers", "invoices", "payments", "credit notes"]
FILE_KINDS: Final[tuple[FileKind, ...]] = get_args(FileKind)

Holds = Literal["text", "date", "amount", "number", "boolean", "select"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column. What it holds decides whether a format has to be known to read it."""

    name: str
    is_required: bool = False
    holds: Holds = "text"
    options: tuple[str, ...] = ()

    @property
    def has_dates(self) -> bool:
        """Say whether a format of dates is needed to read it."""
        return self.holds == "date"

    @property
    def has_numbers(self) -> bool:
        """Say whether marks of decimals and thousands are needed to read it."""
        return self.holds in ("amount", "number")


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field that the organization added, and what it holds; a select has options."""

    holds: Literal["text", "number", "date", "boolean", "select"]
    options: tuple[str, ...] = ()


# The fields by their columns: `custom.KEY`, in an invoice file also `customer.custom.KEY`.
CustomFields = dict[str, CustomField]

_CUSTOMER = (Column("customer_id", is_required=True), Column("customer_name", is_required=True))
_CONTACT = tuple(
    map(
        Column, ("email", "contact_first_name", "contact_last_name", "contact_role", "locale", "payment_term_days")
    )
)

_COLUMNS: dict[FileKind, tuple[Column, ...]] = {
    "customers": (*_CUSTOMER, *_CONTACT),
    "invoices": (
        Column("invoice_number", is_required=True),
        *_CUSTOMER,
        Column("issue_date", is_required=True, holds="date"),
        Column("currency", is_required=True),
        Column("total", is_required=True, holds="amount"),
        Column("due_date", holds="date"),
        Column("paid", holds="amount"),
        Column("outstanding", holds="amount"),
        Column("status"),
        Column("po_number"),
        Column("external_id"),
        *_CONTACT,
    ),
    "payments": (
        Column("payment_date", is_required=True, holds="date"),
        Column("currency", is_required=True),
        Column("amount", is_required=True, holds="amount"),
        Column("payment_id"),
        Column("invoice_number"),
        Column("customer_id"),
        Column("reference"),
        Column("reversal_date", holds="date"),
    ),
    "credit notes": (
        Column("credit_note_number", is_required=True),
        Column("issue_date", is_required=True, holds="date"),
        Column("currency", is_required=True),
        Column("total", is_required=True, holds="amount"),
        Column("invoice_number"),
        Column("customer_id"),
        Column("external_id"),
    ),
}

# What a record is known by to people, the first of them that it has.
IDENTIFYING = ("payment_id", "credit_note_number", "invoice_number", "external_id", "customer_id")

_CUSTOM_PREFIXES: dict[FileKind, tuple[str, ...]] = {
    "customers": ("custom.",),
    "invoices": ("custom.", "customer.custom."),
    "payments": (),
    "credit notes": (),
}
_CUSTOM = re.compile(r"\s*((?:customer\.)?custom\.)\s*([^\s.](?:[^.]{0,62}[^\s.])?)\s*", re.IGNORECASE)


def columns_of(kind: FileKind) -> tuple[Column, ...]:
    """Return the columns of a kind of file, the required ones first, but for custom fields."""
    return _COLUMNS[kind]


def column_of(kind: FileKind, name: str, fields: CustomFields | None = None) -> Column | None:
    """Return the column of that very name. A custom field whose type is not known is read as text."""
    for column in _COLUMNS[kind]:
        if column.name == name:
            return column
    if custom_name(kind, name) != name:
        return None
    if fields is None:
        return Column(name)
    field = fields.get(name)
    return None if field is None else Column(name, holds=field.holds, options=field.options)


def custom_name(kind: FileKind, written: str) -> str | None:
    """Return the name of the custom field that a header means: `custom.KEY`, the key with _ for spaces."""
    found = _CUSTOM.fullmatch(written)
    if found is None or (prefix := found[1].lower()) not in _CUSTOM_PREFIXES[kind]:
        return None
    return prefix + re.sub(r"[\s-]+", "_", found[2]).lower()
