"""What an organization's rules can name beyond the fields of every invoice: its custom fields."""

from collections.abc import Iterator
from dataclasses import dataclass

from rules.conditions import ChoiceCondition
from rules.fields import CustomField
from rules.folding import fold
from rules.rule import Definition


@dataclass(frozen=True, slots=True)
class DefinedField:
    """A custom field as it is defined; `options` are the values of a select, in Unicode NFC."""

    field: CustomField
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The custom fields that there are."""

    defined: tuple[DefinedField, ...] = ()

    def named(self, entity: str, key: str) -> DefinedField | None:
        """Return the field with this key, or the only one that differs from it in upper and lower case."""
        of_entity = [one for one in self.defined if one.field.entity == entity]
        exact = [one for one in of_entity if one.field.key == key]
        alike = exact or [one for one in of_entity if fold(one.field.key) == fold(key)]
        return alike[0] if len(alike) == 1 else None

    def keys(self, entity: str) -> list[str]:
        """Return the keys of an entity's fields."""
        return sorted(one.field.key for one in self.defined if one.field.entity == entity)


def objections(definition: Definition, catalogue: Catalogue) -> Iterator[str]:
    """Say what of the rule the organization does not have, or no longer has as it was."""
    for condition in definition.conditions:
        field = condition.field
        if not isinstance(field, CustomField):
            continue
        defined = next(
            (one for one in catalogue.defined if (one.field.entity, one.field.key) == (field.entity, field.key)),
            None,
        )
        if defined is None:
            yield f"there is no field {field}"
        elif defined.field.type != field.type:
            yield f"{field} is a {defined.field.type} field, not a {field.type} field"
        elif isinstance(condition, ChoiceCondition) and field.type == "select":
            unknown = [value for value in condition.values if value not in defined.options]
            if unknown:
                yield f"{field} is never {unknown[0]!r}, but one of {', '.join(defined.options)}"
