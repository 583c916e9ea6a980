"""Orders about the fields that an organization adds to customers and invoices."""

import re
from collections.abc import Sequence

from db.operations.arrival.custom_fields import FieldType, StatedField, delete_field, put_field
from db.operations.refusal import Refused
from db.queries.custom_fields import Entity
from intake.clerk_orders import Clerk
from intake.problems import Wrong
from intake.typed_text import typed_line
from phrase import phrase

LABEL_CHARACTERS_MAX = 200
OPTION_CHARACTERS_MAX = 64
OPTIONS_MAX = 200
_KEY = re.compile("[a-z][a-z0-9_]{0,63}")


class FieldOrders(Clerk):
    """What a person may order about custom fields."""

    __slots__ = ()

    def put_field(
        self, entity: Entity, key: str, type_: FieldType, label: str | None, options: Sequence[str]
    ) -> bool:
        """Define a field, or bring it to what is stated; without a label it is called by its key. Raises Refused.

        Says whether anything changed.
        """
        if not _KEY.fullmatch(key):
            raise Refused("{key!r} is no key; expected small letters, digits and _, such as plan", key=key)
        if len(options) > OPTIONS_MAX:
            raise Refused("a field has at most {most} options", most=OPTIONS_MAX)
        sound = _line(key if label is None else label, LABEL_CHARACTERS_MAX)
        values = tuple(_line(option, OPTION_CHARACTERS_MAX) for option in options)
        with self._transaction() as session:
            return put_field(session, StatedField(entity, key, type_, sound, values))

    def delete_field(self, entity: Entity, key: str) -> None:
        """Delete a field with all its values. Raises Refused."""
        with self._transaction() as session:
            delete_field(session, entity, key)


def _line(text: str, characters_max: int) -> str:
    read = typed_line(text)
    if isinstance(read, Wrong):
        raise Refused(
            "{text!r} is {wrong}; expected {expected}",
            text=text,
            wrong=phrase(read.wrong),
            expected=phrase(read.expected),
        )
    if not 0 < len(read) <= characters_max:
        raise Refused("{text!r} has to have 1 to {most} characters", text=text, most=characters_max)
    return read
