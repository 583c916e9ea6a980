"""Writes the values that customers and invoices have in the organization's own fields."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.arrival.copying import copy_in
from db.queries.custom_fields import Entity, FieldKnown, Value, custom_fields, custom_values
from db.tables.custom_fields import CustomValue

# What was stated of fields, by key; None empties one.
Stated = Sequence[tuple[str, Value | None]]
_COLUMNS = ("text_value", "number_value", "date_value", "boolean_value")
_COLUMN_OF = {"number": "number_value", "date": "date_value", "boolean": "boolean_value"}


def differing_values(stated: Stated, known: Mapping[str, Value]) -> dict[str, tuple[Value | None, Value | None]]:
    """Return what would change, by key: the value before and after."""
    return {key: (known.get(key), value) for key, value in stated if known.get(key) != value}


def take_values(
    session: Session, entity: Entity, owner_id: int, stated: Stated
) -> dict[str, tuple[Value | None, Value | None]]:
    """Bring the values of a customer or an invoice to what was stated, and return what changed.

    Raises KeyError for a field that is not defined.
    """
    if not stated:
        return {}
    differing = differing_values(stated, custom_values(session, entity, [owner_id]).get(owner_id, {}))
    if not differing:
        return {}
    fields = custom_fields(session)
    owner = CustomValue.customer_id if entity == "customer" else CustomValue.invoice_id
    for key, (before, value) in differing.items():
        field = fields[entity, key]
        if before is not None:
            session.execute(delete(CustomValue).where(owner == owner_id, CustomValue.field_id == field.id))
        if value is not None:
            session.execute(insert(CustomValue).values(**_row(field, owner_id, value)))
    return differing


def copy_values(session: Session, entity: Entity, stated: Iterable[tuple[int, Stated]]) -> None:
    """Write the values of customers or invoices that have none yet. Raises KeyError for an unknown field."""
    stated = [(owner_id, values) for owner_id, values in stated if values]
    if not stated:
        return
    fields = custom_fields(session)
    columns = ("field_id", "entity", "type", f"{entity}_id", *_COLUMNS)
    rows = []
    for owner_id, values in stated:
        for key, value in values:
            if value is not None:
                row = _row(fields[entity, key], owner_id, value)
                rows.append([row.get(column) for column in columns])
    copy_in(session, CustomValue, columns, rows)


def _row(field: FieldKnown, owner_id: int, value: Value) -> dict[str, object]:
    return {
        "field_id": field.id,
        "entity": field.entity,
        "type": field.type,
        f"{field.entity}_id": owner_id,
        _COLUMN_OF.get(field.type, "text_value"): value,
    }
