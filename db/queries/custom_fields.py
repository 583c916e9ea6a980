"""Reads the fields that an organization added, and the values that customers and invoices have in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

Entity = Literal["customer", "invoice"]
Value = str | Decimal | date | bool
Values = Mapping[str, Value]

FIELDS_MAX = 1_000
_FIELDS = text(
    "SELECT id, entity, key, type, options, label FROM custom_fields ORDER BY entity, key LIMIT :fields_max"
)
# By uq_custom_values_customer or uq_custom_values_invoice; bounded by the ids.
_VALUES = """
SELECT v.{owner}_id AS owner_id, f.key, v.text_value, v.number_value, v.date_value, v.boolean_value
  FROM custom_values v JOIN custom_fields f ON f.id = v.field_id WHERE v.{owner}_id = ANY(:ids)
"""
_VALUES_OF: dict[Entity, Any] = {
    "customer": text(_VALUES.format(owner="customer")),
    "invoice": text(_VALUES.format(owner="invoice")),
}


@dataclass(frozen=True, slots=True)
class FieldKnown:
    """A field, its type, and the values that a select may have."""

    id: int
    entity: Entity
    key: str
    type: Literal["text", "number", "date", "boolean", "select"]
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldLine(FieldKnown):
    """A field as lists show it."""

    label: str


def field_lines(session: Session) -> list[FieldLine]:
    """Return all fields with what people call them, by entity and key."""
    rows = session.execute(_FIELDS, {"fields_max": FIELDS_MAX})
    return [FieldLine(row.id, row.entity, row.key, row.type, tuple(row.options), row.label) for row in rows]


def custom_fields(session: Session) -> dict[tuple[Entity, str], FieldKnown]:
    """Return the fields by entity and key."""
    return {
        (row.entity, row.key): FieldKnown(row.id, row.entity, row.key, row.type, tuple(row.options))
        for row in session.execute(_FIELDS, {"fields_max": FIELDS_MAX})
    }


def custom_values(session: Session, entity: Entity, ids: Sequence[int]) -> dict[int, dict[str, Value]]:
    """Return the values of these customers or invoices by id and key; who has none is left out."""
    found: dict[int, dict[str, Value]] = {}
    for row in session.execute(_VALUES_OF[entity], {"ids": list(ids)}):
        values = (row.text_value, row.number_value, row.date_value, row.boolean_value)
        found.setdefault(row.owner_id, {})[row.key] = next(value for value in values if value is not None)
    return found
