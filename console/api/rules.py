"""Smart rules: `/v1/rules`, and how they stand to an invoice."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from console.api.calls import Change, ChangeOne, Changing, ReadList, ReadOne, Reply, shown_as
from console.api.documented import changing, creating, deleting, listing, reading
from console.api.fields import Body, Name, Note, Shown
from console.api.guard import GuardedRoute
from console.api.parameters import InvoiceInPath, RuleInPath, place_in
from console.api.problems import Problem
from console.views.rule_data import explained_data, rule_data
from db.engine import Session
from db.operations.cadences import one_editor_at_a_time
from db.operations.rules.smart_rules import AT_BOTTOM, Place
from db.queries.calendar import local_date
from db.queries.invoice_records import invoice_record
from db.queries.rule_standings import explained
from db.queries.smart_rules import RuleLine, rule_lines, rule_named
from intake.joined_desk import JoinedDesk

router = APIRouter(prefix="/v1", tags=["rules"], route_class=GuardedRoute)
WRITE = "rules:write"
RuleText = Annotated[
    Note, Field(examples=["status is overdue and outstanding > 5000 EUR then assign Standard"], max_length=5000)
]


class Rule(Shown):
    """A rule in its place, 1 at the top: in its readable form, and as it is kept."""

    name: str
    position: int
    is_active: bool
    text: str
    definition: dict[str, Any]
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str


class RuleList(Shown):
    """All rules, from the top."""

    items: list[Rule]


class Activated(Shown):
    """A rule that is active, and the job that applies it to what is there already, if that was ordered."""

    rule: Rule
    job: int | None


class ConditionShown(Shown):
    """One condition of a rule: what it asks, and what is the case."""

    field: str
    expected: str
    actual: str
    is_met: bool


class RuleStanding(Shown):
    """How a rule stands to an invoice."""

    name: str
    text: str
    place: str = Field(examples=["wins"])
    shadowed_by: str | None
    conditions: list[ConditionShown]


class Explanation(Shown):
    """How all rules stand to an invoice today, and which decided last. A user's choice keeps rules away."""

    invoice: str
    as_of: date
    is_collectable: bool
    decided_by: dict[str, str]
    locked_at: datetime | None
    locked_by: str | None
    rules: list[RuleStanding]


class PlaceBody(Body):
    """Where a rule goes: to the top or to the bottom, or before or after another one, which is `of`."""

    where: Literal["top", "bottom", "before", "after"]
    of: Name | None = None

    @property
    def place(self) -> Place:
        """Return it as the ledger's operations know it. Raises Problem."""
        if (self.where in ("before", "after")) != (self.of is not None):
            raise Problem("refused", "before and after need another rule in `of`, and top and bottom none")
        return Place(self.where, self.of)


class NewRuleBody(Body):
    """A rule in its readable form. Without a name it is called by what it does."""

    text: RuleText
    name: Name | None = None
    place: PlaceBody | None = None
    is_active: bool = False


class EditBody(Body):
    """What is to be different. With `notifies` an active rule tells of what it matches already."""

    text: RuleText | None = None
    name: Name | None = None
    notifies: bool = False


class ActivateBody(Body):
    """Whether the rule is applied to what is there already, and whether people are told of that."""

    applies: bool = False
    notifies: bool = False


@dataclass(frozen=True, slots=True)
class RuleResource:
    """A rule, be it there or not. All rules are locked together: they have an order."""

    name: str

    def lock(self, session: Session) -> bool:
        """Lock it."""
        one_editor_at_a_time(session)
        return rule_named(session, self.name) is not None

    def show(self, session: Session) -> Rule | None:
        """Return what it looks like."""
        line = rule_named(session, self.name)
        return None if line is None else shown(line)

    def require(self, call: Changing, session: Session) -> None:
        """Lock it. Raises Problem if it is not there, or not what If-Match says."""
        if not self.lock(session):
            raise Problem("not-found", f"there is no rule {self.name!r}")
        call.require_match(session, self)


def shown(line: RuleLine) -> Rule:
    """Return a rule as it is answered."""
    return Rule(**rule_data(line))


@router.get("/rules", **listing("rules:read", RuleList, "listRules"))
async def list_rules(call: ReadList) -> Response:
    """List the rules from the top; there are a thousand at most."""
    return await call.page(lambda session: RuleList(items=list(map(shown, rule_lines(session)))))


@router.get("/rules/{name}", **reading("rules:read", Rule, "getRule"))
async def get_rule(name: RuleInPath, call: ReadOne) -> Response:
    """Return a rule."""
    return await call.one(RuleResource(name).show, f"rule {name!r}")


@router.post("/rules", **creating(WRITE, Rule, "addRule"))
async def add_rule(body: NewRuleBody, call: Change) -> Response:
    """Add a rule. It decides from now on if it is active; to apply it to what is there, activate it."""
    place = AT_BOTTOM if body.place is None else body.place.place

    def change(desk: JoinedDesk) -> Reply:
        told = desk.add_rule(body.text, body.name, place, is_active=body.is_active)
        reply = shown_as(shown(told.line))
        return Reply(201, reply.body, {**reply.headers, "Location": place_in("rules", told.line.rule.name)})

    return await call.carry_out(change)


@router.patch("/rules/{name}", **changing(WRITE, Rule, "editRule"))
async def edit_rule(name: RuleInPath, body: EditBody, call: ChangeOne) -> Response:
    """Let a rule say something else from now on, or be called something else."""

    def change(desk: JoinedDesk) -> Reply:
        RuleResource(name).require(call, desk.session)
        return shown_as(shown(desk.edit_rule(name, body.text, body.name, notifies=body.notifies).line))

    return await call.carry_out(change)


@router.post("/rules/{name}/move", **changing(WRITE, Rule, "moveRule"))
async def move_rule(name: RuleInPath, body: PlaceBody, call: ChangeOne) -> Response:
    """Put a rule in another place: of those that match, the highest decides."""
    place = body.place
    return await call.of(RuleResource(name), lambda desk: desk.move_rule(name, place), f"rule {name!r}")


@router.post("/rules/{name}/activate", **changing(WRITE, Activated, "activateRule"))
async def activate_rule(name: RuleInPath, body: ActivateBody, call: ChangeOne) -> Response:
    """Let a rule decide from now on; with `applies` a job applies it to all invoices that it matches."""

    def change(desk: JoinedDesk) -> Reply:
        RuleResource(name).require(call, desk.session)
        told = desk.activate_rule(name, applies=body.applies, notifies=body.notifies)
        return shown_as(Activated(rule=shown(told.line), job=told.job_id))

    return await call.carry_out(change)


@router.post("/rules/{name}/deactivate", **changing(WRITE, Rule, "deactivateRule", body=False))
async def deactivate_rule(name: RuleInPath, call: ChangeOne) -> Response:
    """Let a rule decide nothing any more; what it did stays."""
    return await call.of(RuleResource(name), lambda desk: desk.deactivate_rule(name), f"rule {name!r}")


@router.delete("/rules/{name}", **deleting(WRITE, "deleteRule"))
async def delete_rule(name: RuleInPath, call: ChangeOne) -> Response:
    """Delete a rule; what it did stays."""

    def change(desk: JoinedDesk) -> Reply:
        RuleResource(name).require(call, desk.session)
        desk.delete_rule(name)
        return Reply(204, b"")

    return await call.carry_out(change)


@router.get("/invoices/{external_id}/rules", **reading("rules:read", Explanation, "explainRules"))
async def explain(external_id: InvoiceInPath, call: ReadOne) -> Response:
    """Say how each rule stands to an invoice today, condition by condition."""

    def show(session: Session) -> Explanation | None:
        record = invoice_record(session, external_id)
        if record is None:
            return None
        return Explanation(**explained_data(explained(session, record.id, local_date(session, datetime.now(UTC)))))

    return await call.one(show, f"invoice {external_id!r}")
