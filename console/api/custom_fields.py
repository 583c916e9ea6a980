"""The organization's own fields: `/v1/custom-fields`."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import Field, StringConstraints

from console.api.calls import ChangeOne, ReadList, ReadOne, Reply
from console.api.documented import deleting, listing, reading, upserting
from console.api.fields import Body, Name, ShortLine, Shown
from console.api.guard import GuardedRoute
from console.api.parameters import place_in
from console.api.problems import Problem
from db.engine import Session
from db.operations.arrival.custom_fields import StatedField, delete_field, put_field
from db.operations.cadences import one_editor_at_a_time
from db.queries.custom_fields import FieldLine, field_lines
from intake.joined_desk import JoinedDesk

router = APIRouter(prefix="/v1/custom-fields", tags=["custom fields"], route_class=GuardedRoute)
EntityName = Literal["customer", "invoice"]
FieldType = Literal["text", "number", "date", "boolean", "select"]
OPTIONS_MAX = 200
KeyInPath = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,63}$"), Path(examples=["plan"])]


class CustomField(Shown):
    """A field of customers or of invoices."""

    entity: EntityName
    key: str
    type: FieldType
    label: str
    options: list[str]


class CustomFieldList(Shown):
    """All fields, by entity and key."""

    items: list[CustomField]


class CustomFieldBody(Body):
    """A field: its type, which never changes, what people call it, and the values that a select may have."""

    type: FieldType
    label: Name
    options: Annotated[list[ShortLine], Field(max_length=OPTIONS_MAX, default_factory=list)]


@dataclass(frozen=True, slots=True)
class FieldResource:
    """A field, be it there or not. All fields are locked together: rules name them."""

    entity: EntityName
    key: str

    def lock(self, session: Session) -> bool:
        """Lock it."""
        one_editor_at_a_time(session)
        return self.show(session) is not None

    def show(self, session: Session) -> CustomField | None:
        """Return what it looks like."""
        lines = (line for line in field_lines(session) if (line.entity, line.key) == (self.entity, self.key))
        return next(map(shown, lines), None)


def shown(line: FieldLine) -> CustomField:
    """Return a field as it is answered."""
    return CustomField(
        entity=line.entity, key=line.key, type=line.type, label=line.label, options=list(line.options)
    )


@router.get("", **listing("custom_fields:read", CustomFieldList, "listCustomFields"))
async def list_fields(call: ReadList) -> Response:
    """List the fields; there are few."""
    return await call.page(lambda session: CustomFieldList(items=list(map(shown, field_lines(session)))))


@router.get("/{entity}/{key}", **reading("custom_fields:read", CustomField, "getCustomField"))
async def get_field(entity: EntityName, key: KeyInPath, call: ReadOne) -> Response:
    """Return a field."""
    return await call.one(FieldResource(entity, key).show, f"custom field {key!r} of {entity}s")


@router.put("/{entity}/{key}", **upserting("custom_fields:write", CustomField, "putCustomField"))
async def put(entity: EntityName, key: KeyInPath, body: CustomFieldBody, call: ChangeOne) -> Response:
    """Define a field, or bring it to what you state. An option in use does not go."""
    stated = StatedField(entity, key, body.type, body.label, tuple(body.options))

    def take(desk: JoinedDesk) -> bool:
        return put_field(desk.session, stated)

    return await call.to(FieldResource(entity, key), take, place_in("custom-fields", entity, key))


@router.delete("/{entity}/{key}", **deleting("custom_fields:write", "deleteCustomField"))
async def delete(entity: EntityName, key: KeyInPath, call: ChangeOne) -> Response:
    """Delete a field with all its values; no rule may name it."""
    field = FieldResource(entity, key)

    def change(desk: JoinedDesk) -> Reply:
        if not field.lock(desk.session):
            raise Problem("not-found", f"there is no custom field {key!r} of {entity}s")
        call.require_match(desk.session, field)
        delete_field(desk.session, entity, key)
        return Reply(204, b"")

    return await call.carry_out(change)
