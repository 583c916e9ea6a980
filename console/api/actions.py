"""Actions: what was done and what waits to be done, `/v1/actions`."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field, StringConstraints

from console.api.calls import ChangeOne, Changing, ReadList, ReadOne
from console.api.documented import changing, listing, reading
from console.api.fields import Body, Day, Name, Said, Shown, schema_of
from console.api.guard import GuardedRoute
from console.api.orders import EndingBody, SnoozeBody
from console.api.parameters import (
    LIMIT_DEFAULT,
    IdentifierParameter,
    IdInPath,
    Limit,
    NameParameter,
    cursor_at,
    place_of,
)
from db.engine import LedgerUnavailable, Session
from db.operations.record_locks import lock_invoice_of_action
from db.operations.refusal import Refused
from db.queries.customers import customer_id_of
from db.queries.invoice_records import invoice_record
from db.queries.todos import (
    ActionFilter,
    ActionLine,
    Page,
    Place,
    action_line,
    action_page,
    cadence_id_of,
    owners_of,
)
from intake.joined_desk import JoinedDesk
from intake.todo_orders import TodosTold

router = APIRouter(prefix="/v1/actions", tags=["actions"], route_class=GuardedRoute)
WRITE = "actions:write"
ChannelName = Literal["email", "sms", "letter", "call", "task"]
ActionState = Literal["sending", "open", "done", "ignored", "expired", "canceled"]
ActionKind = Literal["step", "reply", "message", "parked"]
ListOrder = Literal["due", "newest"]
# A day and an id: where the page before ended.
PlaceText = Annotated[str, StringConstraints(pattern="^[0-9a-z]{1,4}-[0-9a-z]{1,12}$")]
PlaceCursor = Annotated[
    PlaceText | None,
    schema_of(PlaceText),
    Query(description="The `next_cursor` of the page before; without it, the first page."),
]
DayParameter = Annotated[Day | None, schema_of(Day)]


class Action(Shown):
    """An occurrence of a step, or of work beside the steps. An open one with a manual execution is a to-do.

    `invoice` is the number of the invoice, and `listed_on` the due date, or the day until which it is put off.
    """

    id: int
    kind: str = Field(examples=["step"])
    invoice: str
    customer: str
    customer_name: str
    outstanding: Said
    currency: str
    cadence: str
    step: str
    occurrence: int
    channel: str
    execution: str
    state: str = Field(examples=["open"])
    owner: str | None
    due_on: date
    snoozed_until: date | None
    listed_on: date
    obstacle: str | None
    outcome: str | None
    approved_by: str | None
    ended_at: datetime | None
    ended_by: str | None


class ActionList(Shown):
    """A page of actions."""

    items: list[Action]
    next_cursor: str | None


class AssignBody(Body):
    """Who is to do it: the e-mail address of a user, or the name of a group."""

    owner: Name


@dataclass(frozen=True, slots=True)
class ActionResource:
    """An action; it is locked with its invoice."""

    id: int

    def lock(self, session: Session) -> bool:
        """Lock it."""
        return lock_invoice_of_action(session, self.id)

    def show(self, session: Session) -> Action | None:
        """Return what it looks like."""
        line = action_line(session, self.id)
        return None if line is None else shown(line)


def shown(line: ActionLine) -> Action:
    """Return an action as it is answered."""
    said: dict[str, Any] = asdict(line)
    return Action(**{name: said[name] for name in Action.model_fields})


@router.get("", **listing("actions:read", ActionList, "listActions"))
async def list_actions(
    call: ReadList,
    limit: Limit = LIMIT_DEFAULT,
    cursor: PlaceCursor = None,
    order: Annotated[ListOrder, Query(description="What is due first, or the newest first.")] = "due",
    owner: Annotated[
        NameParameter, Query(description="Those of a user, and of their groups; or of a group.")
    ] = None,
    customer: Annotated[IdentifierParameter, Query(description="Those of a customer.")] = None,
    cadence: Annotated[NameParameter, Query(description="Those under a cadence.")] = None,
    invoice: Annotated[IdentifierParameter, Query(description="Those of an invoice, by its external id.")] = None,
    channel: Annotated[list[ChannelName] | None, schema_of(list[ChannelName]), Query()] = None,
    state: Annotated[list[ActionState] | None, schema_of(list[ActionState]), Query()] = None,
    kind: Annotated[list[ActionKind] | None, schema_of(list[ActionKind]), Query()] = None,
    listed_from: Annotated[DayParameter, Query(description="The first day that is listed.")] = None,
    listed_to: Annotated[DayParameter, Query(description="The last day that is listed.")] = None,
) -> Response:
    """List the actions; `state=open` are the to-dos."""

    def page(session: Session) -> ActionList:
        ids: dict[str, int | None] = {}
        if customer is not None:
            ids["customer_id"] = customer_id_of(session, customer)
        if cadence is not None:
            ids["cadence_id"] = cadence_id_of(session, cadence)
        if invoice is not None:
            record = invoice_record(session, invoice)
            ids["invoice_id"] = None if record is None else record.id
        if None in ids.values():
            return ActionList(items=[], next_cursor=None)
        chosen = ActionFilter(
            **ids,
            owners=() if owner is None else owners_of(session, owner),
            channels=tuple(channel or ()),
            states=tuple(state or ()),
            kinds=tuple(kind or ()),
            listed_from=listed_from,
            listed_to=listed_to,
        )
        return _page(action_page(session, chosen, limit, _place(cursor), order))

    return await call.page(page)


@router.get("/{id}", **reading("actions:read", Action, "getAction"))
async def get_action(action_id: IdInPath, call: ReadOne) -> Response:
    """Return an action."""
    return await call.one(ActionResource(action_id).show, f"action {action_id}")


@router.post("/{id}/complete", **changing(WRITE, Action, "completeAction"))
async def complete(action_id: IdInPath, body: EndingBody, call: ChangeOne) -> Response:
    """End a to-do with an outcome. The first one to do it wins."""
    return await _ordered(call, action_id, lambda desk: desk.complete_todos([action_id], body.ending))


@router.post("/{id}/ignore", **changing(WRITE, Action, "ignoreAction", body=False))
async def ignore(action_id: IdInPath, call: ChangeOne) -> Response:
    """Leave a to-do undone: its collection goes on with the next step, and nobody was contacted."""
    return await _ordered(
        call, action_id, lambda desk: desk.complete_todos([action_id], EndingBody(outcome="ignored").ending)
    )


@router.post("/{id}/snooze", **changing(WRITE, Action, "snoozeAction"))
async def snooze(action_id: IdInPath, body: SnoozeBody, call: ChangeOne) -> Response:
    """Put a to-do off until a day."""
    return await _ordered(call, action_id, lambda desk: desk.snooze_todos([action_id], body.until))


@router.post("/{id}/reassign", **changing(WRITE, Action, "reassignAction"))
async def reassign(action_id: IdInPath, body: AssignBody, call: ChangeOne) -> Response:
    """Give a to-do to a user or a group."""
    return await _ordered(call, action_id, lambda desk: desk.assign_todos([action_id], body.owner))


@router.post("/{id}/send", **changing(WRITE, Action, "sendAction", body=False))
async def send(action_id: IdInPath, call: ChangeOne) -> Response:
    """Let the message of a to-do go out, which completes it."""
    return await _ordered(call, action_id, lambda desk: desk.send_todos([action_id]))


async def _ordered(call: Changing, action_id: int, order: Callable[[JoinedDesk], TodosTold]) -> Response:
    def work(desk: JoinedDesk) -> None:
        (result,) = order(desk).results
        if not result.is_tried:
            raise LedgerUnavailable(result.because)
        if result.because is not None:
            raise Refused(result.because)

    return await call.of(ActionResource(action_id), work, f"action {action_id}")


def _page(page: Page) -> ActionList:
    ends_at = page.ends_at
    more = (
        None if ends_at is None else f"{cursor_at(ends_at.listed_on.toordinal())}-{cursor_at(ends_at.action_id)}"
    )
    return ActionList(items=[shown(line) for line in page.lines], next_cursor=more)


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    day, _, action_id = cursor.partition("-")
    return Place(date.fromordinal(max(1, place_of(day))), place_of(action_id))
