"""Orders of bulk work: `POST /v1/jobs`."""

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from console.api.calls import Change, Reply, shown_as
from console.api.documented import ordering
from console.api.fields import Body, Day, LongLine, Name, Note, Shown
from console.api.guard import GuardedRoute
from console.api.jobs import Job, JobResource
from console.api.parameters import place_in
from console.api.problems import Problem
from console.api.service import Service
from db.engine import Engine, Session, transaction
from intake.job_orders import conditions_stated, conditions_written, work_of
from intake.jobs.foretold import foretell
from intake.jobs.invoice_kinds import AssignOrder, PauseOrder
from intake.jobs.over_invoices import OverInvoices
from intake.joined_desk import JoinedDesk
from rules.written import written_conditions

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=GuardedRoute)
BulkKind = Literal["bulk assign", "bulk pause", "bulk resume", "bulk hide", "bulk show", "bulk release"]
# So many are worked out before the order is given: about a second of work.
FORETOLD_MAX = 500


class Impact(Shown):
    """What is another then, up to and with the next business day."""

    next_actions_changed: int
    todos_opened: int
    todos_canceled: int
    messages_added: int
    messages_until: date | None
    undecidable: int


class DryRun(Shown):
    """What the work would do: so many invoices match, and what becomes of the first `foretold` was worked out."""

    kind: str
    where: str
    matching: int
    foretold: int
    changed: int
    unchanged: int
    refused: int
    impact: Impact


class BulkBody(Body):
    """The same for all invoices that meet conditions, and for these alone.

    They are a text as in rules, in `where`, or stated as rules keep them, in `conditions`, where an empty list is
    met by every invoice. `bulk assign` needs a cadence, or null for none; `until` and `reason` are of a pause.
    """

    kind: BulkKind
    where: Annotated[Note | None, Field(examples=["status is overdue and outstanding > 5000 EUR"])] = None
    conditions: list[dict[str, Any]] | None = None
    cadence: Name | None = None
    until: Day | None = None
    reason: LongLine | None = None
    dry_run: bool = False

    def order(self, session: Session) -> OverInvoices:
        """Return it as jobs keep it. Raises Problem and Refused."""
        if (self.where is None) == (self.conditions is None):
            raise Problem("refused", "say which invoices by where, or by conditions")
        if (self.kind == "bulk assign") != ("cadence" in self.model_fields_set):
            raise Problem("refused", "bulk assign needs a cadence, or null for none, and nothing else has one")
        if self.kind != "bulk pause" and not (self.until is None and self.reason is None):
            raise Problem("refused", "until and reason are those of bulk pause")
        if self.where is not None:
            conditions = conditions_written(session, self.where)
        else:
            conditions = conditions_stated(session, self.conditions or [])
        match self.kind:
            case "bulk assign":
                return AssignOrder(conditions=conditions, cadence=self.cadence)
            case "bulk pause":
                return PauseOrder(conditions=conditions, until=self.until, reason=self.reason)
            case _:
                return OverInvoices(conditions=conditions)


@router.post("", **ordering("jobs:write", Job, DryRun, "orderBulkWork"))
async def order_bulk_work(body: BulkBody, call: Change) -> Response:
    """Do the same to many invoices by a job, which `GET /v1/jobs/{id}` follows.

    With `dry_run` nothing is ordered or kept: the answer says what would change.
    """
    if body.dry_run:
        service: Service = call.request.app.state.service
        said = await service.run(lambda: _foretold(service.engine, body))
        return Reply(200, said.model_dump_json().encode()).response

    def change(desk: JoinedDesk) -> Reply:
        job_id = desk.open_bulk(body.kind, body.order(desk.session))
        reply = shown_as(JobResource(job_id).show(desk.session))
        return Reply(202, reply.body, {**reply.headers, "Location": place_in("jobs", str(job_id))})

    return await call.carry_out(change)


def _foretold(engine: Engine, body: BulkBody) -> DryRun:
    with transaction(engine) as session:
        order = body.order(session)
    said = foretell(engine, work_of(body.kind), order, datetime.now(UTC), at_most=FORETOLD_MAX)
    impact = asdict(said.impact)
    return DryRun(
        kind=body.kind,
        where=written_conditions(order.conditions),
        matching=said.matching,
        foretold=said.worked_out,
        changed=said.changed,
        unchanged=said.unchanged,
        refused=said.refused,
        impact=Impact(**{name: impact[name] for name in Impact.model_fields}),
    )
