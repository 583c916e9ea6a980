"""Cadences: `/v1/cadences`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field, StringConstraints

from console.api.calls import ChangeOne, ReadList, ReadOne, Reply, shown_as
from console.api.documented import changing, deleting, listing, reading, upserting
from console.api.fields import Address, Body, Role, ShortLine, Shown
from console.api.guard import GuardedRoute
from console.api.parameters import CadenceInPath, place_in
from console.api.problems import Problem
from db.engine import Session
from db.operations.cadences import delete_cadence, one_editor_at_a_time, set_default
from db.queries.catalogue import CadenceLine, Version, cadence_lines, version_of
from dunning.cadence import (
    CONTACT_DELAY_DAYS_DEFAULT,
    CONTACT_DELAY_DAYS_MAX,
    REPEAT_EVERY_DAYS_MAX,
    REPEAT_LIMIT_MAX,
    Anchor,
    Channel,
    Execution,
    Logic,
    Step,
)
from intake.cadence_orders import publish_draft, state_draft
from intake.joined_desk import JoinedDesk
from intake.stated_cadence import OFFSET_DAYS_MAX, PEOPLE_MAX, STEPS_MAX

router = APIRouter(prefix="/v1/cadences", tags=["cadences"], route_class=GuardedRoute)
WRITE = "cadences:write"
StepId = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$", strict=True)]


class Repeat(Body):
    """How often the last step runs again."""

    every: Annotated[int, Field(ge=1, le=REPEAT_EVERY_DAYS_MAX, description="Days between the times.")]
    limit: Annotated[int, Field(ge=1, le=REPEAT_LIMIT_MAX, description="How many more times.")]


class StepBody(Body):
    """One line of a cadence, as in its file. Without `execution` it is automatic wherever its channel can be."""

    id: StepId
    anchor: Annotated[Anchor, Field(strict=False)]
    offset: Annotated[int, Field(ge=-OFFSET_DAYS_MAX, le=OFFSET_DAYS_MAX)]
    channel: Annotated[Channel, Field(strict=False)]
    execution: Annotated[Execution, Field(strict=False)] | None = None
    template: ShortLine | None = None
    never_supersede: bool = False
    repeat: Repeat | None = None
    name: ShortLine | None = None
    responsible: Annotated[list[ShortLine], Field(default_factory=list, max_length=PEOPLE_MAX)]
    sender: Address | None = None
    recipients: Annotated[list[Role], Field(default_factory=list, max_length=PEOPLE_MAX)]
    cc: Annotated[list[Address], Field(default_factory=list, max_length=PEOPLE_MAX)]
    bcc: Annotated[list[Address], Field(default_factory=list, max_length=PEOPLE_MAX)]


class DraftBody(Body):
    """What a cadence is to be from its next version on."""

    logic: Annotated[Logic, Field(strict=False)] = Logic.STANDARD
    minimum_contact_delay: Annotated[int, Field(ge=0, le=CONTACT_DELAY_DAYS_MAX)] = CONTACT_DELAY_DAYS_DEFAULT
    steps: Annotated[list[StepBody], Field(min_length=1, max_length=STEPS_MAX)]


class PublishBody(Body):
    """Whether new invoices are put under the cadence too."""

    default: bool = False


class StepShown(Shown):
    """One line of a cadence."""

    id: str
    anchor: str
    offset: int
    channel: str
    execution: str
    template: str | None
    never_supersede: bool
    repeat: Repeat | None
    name: str | None
    responsible: list[str]
    sender: str | None
    recipients: list[str]
    cc: list[str]
    bcc: list[str]


class VersionShown(Shown):
    """A version of a cadence."""

    version: int
    published_at: datetime | None
    published_by: str | None
    logic: str
    minimum_contact_delay: int
    steps: list[StepShown]


class Cadence(Shown):
    """A cadence: what is in force, and what is drafted."""

    name: str
    is_default: bool
    published: VersionShown | None
    draft: VersionShown | None


class CadenceListed(Shown):
    """A cadence in the list, with the numbers of its versions and how many open collections are under it."""

    name: str
    is_default: bool
    published: int | None
    draft: int | None
    collections: int


class CadenceList(Shown):
    """All cadences by name, retired ones too."""

    items: list[CadenceListed]


class Published(Shown):
    """A cadence after its draft was put in force, and the job that brings it to its collections."""

    cadence: Cadence
    job: int


@dataclass(frozen=True, slots=True)
class CadenceResource:
    """A cadence, be it there or not. All cadences are locked together."""

    name: str

    def lock(self, session: Session) -> bool:
        """Lock it."""
        one_editor_at_a_time(session)
        return _line(session, self.name) is not None

    def show(self, session: Session) -> Cadence | None:
        """Return what it looks like."""
        line = _line(session, self.name)
        if line is None:
            return None
        return Cadence(
            name=line.name,
            is_default=line.is_default,
            published=_shown(version_of(session, self.name, "published")),
            draft=_shown(version_of(session, self.name, "draft")),
        )


@router.get("", **listing("cadences:read", CadenceList, "listCadences"))
async def list_cadences(call: ReadList) -> Response:
    """List the cadences; there are few."""

    def cadences(session: Session) -> CadenceList:
        lines = cadence_lines(session)
        names = CadenceListed.model_fields
        return CadenceList(items=[CadenceListed(**{name: getattr(one, name) for name in names}) for one in lines])

    return await call.page(cadences)


@router.get("/{name}", **reading("cadences:read", Cadence, "getCadence"))
async def get_cadence(name: CadenceInPath, call: ReadOne) -> Response:
    """Return a cadence with its published version and its draft."""
    return await call.one(CadenceResource(name).show, f"cadence {name!r}")


@router.put("/{name}/draft", **upserting(WRITE, Cadence, "putDraft"))
async def put_draft(name: CadenceInPath, body: DraftBody, call: ChangeOne) -> Response:
    """Keep the draft of the next version of a cadence, which may be a new one, until it is published."""
    stated: dict[str, Any] = {"name": name, **body.model_dump(mode="json")}

    def take(desk: JoinedDesk) -> bool:
        before = version_of(desk.session, name, "draft")
        state_draft(desk.session, stated)
        after = version_of(desk.session, name, "draft")
        return before is None or after is None or before.id != after.id

    return await call.to(CadenceResource(name), take, place_in("cadences", name))


@router.post("/{name}/publish", **changing(WRITE, Published, "publishDraft"))
async def publish(name: CadenceInPath, body: PublishBody, call: ChangeOne) -> Response:
    """Put the draft of a cadence in force, once its texts and senders are found to be there.

    A job brings it to the collections under it. With If-Match nothing is published that you have not seen.
    """
    cadence = CadenceResource(name)

    def change(desk: JoinedDesk) -> Reply:
        if not cadence.lock(desk.session):
            raise Problem("not-found", f"there is no cadence {name!r}")
        call.require_match(desk.session, cadence)
        switched = publish_draft(desk.session, name, body.default, desk.by)
        shown = cadence.show(desk.session)
        assert shown is not None, "it was published a moment ago"
        return shown_as(Published(cadence=shown, job=switched.job_id))

    return await call.carry_out(change)


@router.post("/{name}/default", **changing(WRITE, Cadence, "makeDefault", body=False))
async def make_default(name: CadenceInPath, call: ChangeOne) -> Response:
    """Put new invoices under a cadence. Invoices that are there stay where they are."""
    return await call.of(CadenceResource(name), lambda desk: set_default(desk.session, name), f"cadence {name!r}")


@router.delete("/{name}", **deleting(WRITE, "deleteCadence"))
async def delete(name: CadenceInPath, call: ChangeOne) -> Response:
    """Delete a cadence that no collection is under; one that was ever in use is retired, with its history."""
    cadence = CadenceResource(name)

    def change(desk: JoinedDesk) -> Reply:
        if not cadence.lock(desk.session):
            raise Problem("not-found", f"there is no cadence {name!r}")
        call.require_match(desk.session, cadence)
        delete_cadence(desk.session, name)
        return Reply(204, b"")

    return await call.carry_out(change)


def _line(session: Session, name: str) -> CadenceLine | None:
    return next((line for line in cadence_lines(session) if line.name == name), None)


def _shown(version: Version | None) -> VersionShown | None:
    if version is None:
        return None
    return VersionShown(
        version=version.number,
        published_at=version.published_at,
        published_by=version.published_by,
        logic=version.cadence.logic.value,
        minimum_contact_delay=version.cadence.contact_delay_days_min,
        steps=[_step(step) for step in version.cadence.steps],
    )


def _step(step: Step) -> StepShown:
    repeat = step.repeat
    return StepShown(
        id=step.id,
        anchor=step.anchor.value,
        offset=step.offset_days,
        channel=step.channel.value,
        execution=step.execution.value,
        template=step.template,
        never_supersede=step.never_supersede,
        repeat=None if repeat is None else Repeat(every=repeat.every_days, limit=repeat.limit),
        name=step.name,
        responsible=list(step.responsible),
        sender=step.sender,
        recipients=list(step.recipients),
        cc=list(step.cc),
        bcc=list(step.bcc),
    )
