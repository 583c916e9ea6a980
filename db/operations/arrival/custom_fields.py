"""Defines the fields that an organization adds to customers and invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from db.operations.cadences import one_editor_at_a_time
from db.operations.refusal import Refused
from db.operations.rules.smart_rules import rules_changed
from db.queries.custom_fields import FIELDS_MAX, Entity
from db.queries.smart_rules import rules_that_name
from db.tables.custom_fields import CustomField, CustomValue
from phrase import phrase

FieldType = Literal["text", "number", "date", "boolean", "select"]
# No index leads to the values of a field: taking an option or a field away is rare, and looks at all values once.
_HAS_OPTION = text("SELECT 1 FROM custom_values WHERE field_id = :field_id AND text_value = :option LIMIT 1")


@dataclass(frozen=True, slots=True)
class StatedField:
    """A field as it is to be; `options` are the values of a select."""

    entity: Entity
    key: str
    type: FieldType
    label: str
    options: tuple[str, ...] = ()


def put_field(session: Session, stated: StatedField) -> bool:
    """Define the field, or bring it to what is stated; say whether anything changed.

    Its type never changes, and an option goes once no value has it and no rule names it. Raises Refused.
    """
    if (stated.type == "select") != bool(stated.options):
        raise Refused("a select has options, and no other field does")
    if len(set(stated.options)) < len(stated.options):
        raise Refused("each option stands once")
    one_editor_at_a_time(session)
    field = _field(session, stated.entity, stated.key)
    if field is None:
        if len(session.scalars(select(CustomField.id)).all()) >= FIELDS_MAX:
            raise Refused("there are {most} fields already", most=FIELDS_MAX)
        values = {"entity": stated.entity, "key": stated.key, "type": stated.type, "label": stated.label}
        session.execute(insert(CustomField).values(**values, options=list(stated.options)))
        rules_changed(session)
        return True
    if field.type != stated.type:
        raise Refused(
            "{key} is a {type} field; a type never changes, so take another key",
            key=stated.key,
            type=phrase(field.type),
        )
    if (field.label, field.options) == (stated.label, list(stated.options)):
        return False
    _require_unused(session, field, [option for option in field.options if option not in stated.options])
    changed = update(CustomField).where(CustomField.id == field.id)
    session.execute(changed.values(label=stated.label, options=list(stated.options)))
    rules_changed(session)
    return True


def delete_field(session: Session, entity: Entity, key: str) -> None:
    """Delete the field with all its values. Raises Refused if there is none, or if a rule names it."""
    one_editor_at_a_time(session)
    field = _field(session, entity, key)
    if field is None:
        raise Refused("there is no custom field {key!r} of {entity}s", key=key, entity=phrase(entity))
    naming = rules_that_name(session, field.entity, field.key)
    if naming:
        raise Refused("the rule {rule} names {key}; edit or delete it first", rule=naming[0], key=key)
    session.execute(delete(CustomValue).where(CustomValue.field_id == field.id))
    session.execute(delete(CustomField).where(CustomField.id == field.id))
    rules_changed(session)


def _require_unused(session: Session, field: CustomField, options: Sequence[str]) -> None:
    for option in options:
        if session.execute(_HAS_OPTION, {"field_id": field.id, "option": option}).first() is not None:
            raise Refused(
                "{option} is the value of a {entity}; an option in use does not go",
                option=option,
                entity=phrase(field.entity),
            )
    if options and (naming := rules_that_name(session, field.entity, field.key)):
        raise Refused(
            "the rule {rule} names {key}; edit or delete it before options go", rule=naming[0], key=field.key
        )


def _field(session: Session, entity: str, key: str) -> CustomField | None:
    statement = select(CustomField).where(CustomField.entity == entity, CustomField.key == key)
    return session.scalar(statement.with_for_update().execution_options(populate_existing=True))
