"""Orders about many to-dos at once: `POST /v1/bulk/todos`."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from console.api.actions import WRITE, ActionKind, ChannelName
from console.api.bulk import FORETOLD_MAX, Impact
from console.api.calls import Change, Reply, shown_as
from console.api.documented import ordering
from console.api.fields import Body, Day, Identifier, Name, Note, Shown
from console.api.guard import GuardedRoute
from console.api.jobs import Job, JobResource
from console.api.parameters import place_in
from console.api.problems import Problem
from console.api.service import Service
from db.engine import Engine, Session, transaction
from db.queries.calendar import local_date
from db.queries.customers import customer_id_of
from db.queries.todos import ActionFilter, cadence_id_of, owners_of
from db.queries.worklist import Worth, work_ids
from intake.job_orders import todo_work_of
from intake.jobs.over_todos import TODOS_MAX, OverTodos
from intake.jobs.todo_kinds import EndOrder, HandOnOrder, SnoozeOrder
from intake.jobs.todos_foretold import foretell_todos
from intake.joined_desk import JoinedDesk

router = APIRouter(prefix="/v1/bulk", tags=["actions"], route_class=GuardedRoute)
TodoWorkKind = Literal["complete to-dos", "ignore to-dos", "send to-dos", "snooze to-dos", "assign to-dos"]
IDS_MAX = 10_000
Outcome = Literal["done", "reached", "no answer", "voicemail", "wrong number"]
# Beyond this, programs that read JSON take numbers for others.
Id = Annotated[int, Field(ge=1, le=2**53 - 1, strict=True)]
# What kinds are told beside the to-dos: what they need, and what they may be told.
_NEEDS = {"snooze to-dos": "until", "assign to-dos": "owner"}
_MAY = {"complete to-dos": {"outcome", "note"}, "ignore to-dos": {"note"}}
_TOLD = ("until", "owner", "outcome", "note")


class TodoFilter(Body):
    """Which open to-dos, as `GET /v1/actions` lists them; those that are put off only with a later `listed_to`."""

    owner: Name | None = None
    customer: Identifier | None = None
    cadence: Name | None = None
    channel: list[ChannelName] = Field(default_factory=list, max_length=5)
    kind: list[ActionKind] = Field(default_factory=list, max_length=4)
    listed_from: Day | None = None
    listed_to: Day | None = None

    @property
    def written(self) -> str:
        """Return the filter for whoever reads later what was ordered."""
        stated = self.model_dump(mode="json", exclude_defaults=True)
        values = {name: ", ".join(said) if isinstance(said, list) else said for name, said in stated.items()}
        return ", ".join(f"{name.replace('_', ' ')} {said}" for name, said in values.items()) or "all that are due"

    def ids(self, session: Session, now: datetime) -> list[int]:
        """Return the to-dos that match now. Raises Problem."""
        today = local_date(session, now)
        named: dict[str, int | None] = {}
        if self.customer is not None:
            named["customer_id"] = customer_id_of(session, self.customer)
        if self.cadence is not None:
            named["cadence_id"] = cadence_id_of(session, self.cadence)
        if None in named.values():
            return []
        chosen = ActionFilter(
            **named,
            owners=() if self.owner is None else owners_of(session, self.owner),
            channels=tuple(dict.fromkeys(self.channel)),
            states=("open",),
            kinds=tuple(dict.fromkeys(self.kind)),
            listed_from=self.listed_from,
            listed_to=self.listed_to or today,
        )
        found = work_ids(session, chosen, Worth(), today, TODOS_MAX + 1)
        if len(found) > TODOS_MAX:
            raise Problem("refused", f"more than {TODOS_MAX} to-dos match; choose fewer")
        return found


class BulkTodosBody(Body):
    """The same for many to-dos, and for these alone: those with these `ids`, or all that match `where` now.

    `snooze to-dos` needs `until`, and `assign to-dos` the new `owner`; `outcome` and `note` are of completing,
    `note` of ignoring too. An empty `where` is met by all to-dos that are due.
    """

    kind: TodoWorkKind
    ids: Annotated[list[Id], Field(min_length=1, max_length=IDS_MAX)] | None = None
    where: TodoFilter | None = None
    until: Day | None = None
    owner: Name | None = None
    outcome: Outcome | None = None
    note: Note | None = None
    dry_run: bool = False

    def order(self) -> OverTodos:
        """Return it as jobs keep it. Raises Problem."""
        if (self.ids is None) == (self.where is None):
            raise Problem("refused", "say which to-dos by ids, or by where")
        told, needed = {name for name in _TOLD if getattr(self, name) is not None}, _NEEDS.get(self.kind)
        if needed is not None and needed not in told:
            raise Problem("refused", f"{self.kind} needs {needed}")
        strange = told - _MAY.get(self.kind, {needed})
        if strange:
            raise Problem("refused", f"{', '.join(sorted(strange))}: not of {self.kind}")
        where = "" if self.where is None else self.where.written
        if self.until is not None:
            return SnoozeOrder(where=where, until=self.until)
        if self.owner is not None:
            return HandOnOrder(where=where, owner=self.owner)
        if self.kind == "send to-dos":
            return OverTodos(where=where)
        outcome = "ignored" if self.kind == "ignore to-dos" else self.outcome or "done"
        return EndOrder(where=where, outcome=outcome, text=self.note)

    def chosen(self, session: Session, now: datetime) -> list[int]:
        """Return the to-dos that it is about. Raises Problem."""
        return self.where.ids(session, now) if self.where is not None else sorted(set(self.ids or ()))


class LeftAlone(Shown):
    """Why some to-dos would be left as they are, and how many."""

    because: str
    count: int


class TodosDryRun(Shown):
    """What the work would do: so many to-dos match, and what becomes of the first `foretold` was worked out.

    `contacts` of those that would be done have a channel by which customers are contacted.
    """

    kind: str
    where: str
    matching: int
    foretold: int
    done: int
    unchanged: int
    contacts: int
    refused: list[LeftAlone]
    impact: Impact


@router.post("/todos", **ordering(WRITE, Job, TodosDryRun, "orderTodoWork"))
async def order_todo_work(body: BulkTodosBody, call: Change) -> Response:
    """Do the same to many to-dos by a job, which `GET /v1/jobs/{id}` follows; each has a result of its own.

    With `dry_run` nothing is ordered or kept: the answer says what it would do.
    """
    if body.dry_run:
        service: Service = call.request.app.state.service
        said = await service.run(lambda: _foretold(service.engine, body))
        return Reply(200, said.model_dump_json().encode()).response

    def change(desk: JoinedDesk) -> Reply:
        order, ids = body.order(), body.chosen(desk.session, datetime.now(UTC))
        job_id = desk.open_over_todos(body.kind, order, ids)
        reply = shown_as(JobResource(job_id).show(desk.session))
        return Reply(202, reply.body, {**reply.headers, "Location": place_in("jobs", str(job_id))})

    return await call.carry_out(change)


def _foretold(engine: Engine, body: BulkTodosBody) -> TodosDryRun:
    now, order = datetime.now(UTC), body.order()
    with transaction(engine) as session:
        ids = body.chosen(session, now)
    said = foretell_todos(engine, todo_work_of(body.kind), order, ids, now, at_most=FORETOLD_MAX)
    impact = asdict(said.impact)
    return TodosDryRun(
        kind=body.kind,
        where=order.where,
        matching=said.matching,
        foretold=said.worked_out,
        done=said.done,
        unchanged=said.unchanged,
        contacts=said.contacts,
        refused=[LeftAlone(because=str(because), count=count) for because, count in said.refused.most_common()],
        impact=Impact(**{name: impact[name] for name in Impact.model_fields}),
    )
