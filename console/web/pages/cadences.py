"""Cadences: which there are, one of them with its versions, a new one, the default one, and the end of one."""

from typing import Annotated

from fastapi import Form, Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web import cadence_words
from console.web.cadence_form import form_of, stated_by
from console.web.cadence_line import TERM_DAYS, TERMS_DAYS, line_of
from console.web.guard import needs, page_router
from console.web.visit import Visit, Visiting
from db.engine import Session, transaction
from db.operations import cadences
from db.operations.cadences import Basis
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.catalogue import (
    NUMBER_MAX,
    Version,
    cadence_ids,
    cadence_line,
    cadence_lines,
    cadence_name,
    history_of,
    newest_version,
    numbered_version,
    version_of,
)
from db.queries.jobs import JobView, job_page, job_view
from intake.cadence_file import STANDARD, read_cadence
from intake.cadence_orders import read_stated
from intake.cadence_warnings import turned_steps
from intake.documents import Misplaced
from intake.jobs.publish import Publish

PATH = "/cadences"
VERSIONS = 10
JOBS_LOOKED_AT = 50
Number = Annotated[int | None, Query(ge=1, le=NUMBER_MAX)]
Term = Annotated[int, Query(ge=0, le=365)]
router = page_router()


@router.get(PATH, **needs(Role.MEMBER))
def list_cadences(visit: Visiting) -> Response:
    """List the cadences."""
    with transaction(visit.web.engine) as session:
        lines, ids = cadence_lines(session), cadence_ids(session)
    return visit.page("cadences/list.html", lines=lines, ids=ids, is_admin=is_admin(visit))


@router.get(f"{PATH}/new", **needs(Role.ADMIN))
def ask_for_new(visit: Visiting, like: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Ask for the name of a new cadence, and what it begins as."""
    return _ask(visit, "", like)


@router.post(f"{PATH}/new", **needs(Role.ADMIN))
def make_new(
    visit: Visiting,
    name: Annotated[str, Form(max_length=200)] = "",
    like: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Draft a new cadence as a copy of another one, or of the one that is shipped."""
    name = name.strip()
    try:
        with visit.work() as work:
            cadences.one_editor_at_a_time(work.session)
            if name in cadence_ids(work.session):
                raise Refused("There is a cadence of this name already.")
            model = newest_version(work.session, like) if like else None
            cadence = read_cadence(STANDARD) if model is None else model.cadence
            stated = read_stated(work.session, stated_by(form_of(cadence), name))
            number = cadences.draft(work.session, stated, basis=Basis(None))
            work.note("cadence drafted", "cadence", name, version=number)
            cadence_id = cadence_ids(work.session)[name]
    except Refused as refusal:
        return _ask(visit, name, like, refusal.said)
    except Misplaced as misplaced:
        return _ask(visit, name, like, str(misplaced))
    return visit.go(f"{PATH}/{cadence_id}/edit", said=visit.text("The draft is there. Nothing is sent by it."))


@router.get(f"{PATH}/{{cadence_id}}", **needs(Role.MEMBER))
def show_cadence(
    visit: Visiting,
    cadence_id: int,
    version: Number = None,
    before: Number = None,
    term: Term = TERM_DAYS,
    job: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
) -> Response:
    """Show a cadence: its steps on a line, what may not be meant, and what its versions changed."""
    with transaction(visit.web.engine) as session:
        name = named(session, cadence_id)
        line = cadence_line(session, cadence_id)
        shown = _version(session, name, version)
        found = history_of(session, cadence_id, VERSIONS + 2, before or NUMBER_MAX)
        progress = _job(session, name, job)
    return visit.page(
        "cadences/show.html",
        cadence_id=cadence_id,
        name=name,
        about=line,
        shown=shown,
        line=line_of(shown.cadence, term),
        terms=TERMS_DAYS,
        when=_when(visit),
        repeats=lambda step: cadence_words.repeats(visit, step),
        warnings=[cadence_words.turned_words(visit, one) for one in turned_steps(shown.cadence)],
        history=_history(visit, found),
        newest=f"{PATH}/{cadence_id}" if before is not None else None,
        older=f"{PATH}/{cadence_id}?before={found[VERSIONS - 1].number}" if len(found) > VERSIONS else None,
        job=progress,
        is_admin=is_admin(visit),
    )


@router.get(f"{PATH}/{{cadence_id}}/jobs/{{job_id}}", **needs(Role.MEMBER))
def show_progress(visit: Visiting, cadence_id: int, job_id: int) -> Response:
    """Show how far a published version has come; a page of its own where htmx does not ask."""
    with transaction(visit.web.engine) as session:
        found = _job(session, named(session, cadence_id), job_id)
    if found is None or found.id != job_id:
        raise HTTPException(404)
    if not visit.is_partial:
        return visit.go(f"{PATH}/{cadence_id}?job={job_id}")
    return visit.page("cadences/progress.html", part="cadences/progress.html", job=found, cadence_id=cadence_id)


@router.post(f"{PATH}/{{cadence_id}}/default", **needs(Role.ADMIN))
def make_default(visit: Visiting, cadence_id: int, default: Annotated[str, Form()] = "yes") -> Response:
    """Put new invoices under the cadence, or under none."""
    with visit.work() as work:
        name = named(work.session, cadence_id)
        if not cadences.set_default(work.session, name if default == "yes" else None):
            work.nothing_changed()
        else:
            work.note("default cadence changed", "cadence", name, default=default == "yes")
    if default == "yes":
        said = visit.text("New invoices are put under %(name)s now.", name=name)
    else:
        said = visit.text("New invoices are put under no cadence now.")
    return visit.go(f"{PATH}/{cadence_id}", said=said)


@router.post(f"{PATH}/{{cadence_id}}/delete", **needs(Role.ADMIN))
def delete(visit: Visiting, cadence_id: int) -> Response:
    """Delete the cadence, or retire one that has a history."""
    with visit.work() as work:
        name = named(work.session, cadence_id)
        is_gone = cadences.delete_cadence(work.session, name)
        work.note("cadence deleted" if is_gone else "cadence retired", "cadence", name)
    if is_gone:
        return visit.go(PATH, said=visit.text("%(name)s is deleted.", name=name))
    return visit.go(PATH, said=visit.text("%(name)s is retired; its history stays.", name=name))


def named(session: Session, cadence_id: int) -> str:
    """Return the name of the cadence. Raises HTTPException if there is none of that id."""
    name = cadence_name(session, cadence_id) if 0 < cadence_id < 2**63 else None
    if name is None:
        raise HTTPException(404)
    return name


def is_admin(visit: Visit) -> bool:
    """Say whether the visitor may change cadences and texts."""
    return visit.user.role.may_act_as(Role.ADMIN)


def _when(visit: Visit) -> object:
    return lambda step: cadence_words.when(visit, step)


def _ask(visit: Visit, name: str, like: str, problem: str | None = None) -> Response:
    with transaction(visit.web.engine) as session:
        known = list(cadence_ids(session))
    status = 200 if problem is None else 422
    return visit.page("cadences/new.html", status=status, name=name, like=like, known=known, problem=problem)


def _version(session: Session, name: str, number: int | None) -> Version:
    if number is None:
        found = version_of(session, name, "published") or newest_version(session, name)
    else:
        found = numbered_version(session, name, number)
    if found is None:
        raise HTTPException(404)
    return found


def _history(visit: Visit, found: list[Version]) -> list[tuple[Version, list[cadence_words.Difference]]]:
    told = []
    for index, version in enumerate(found[:VERSIONS]):
        before = found[index + 1].cadence if index + 1 < len(found) else None
        told.append((version, cadence_words.differences(visit, before, version.cadence)))
    return told


def _job(session: Session, name: str, job_id: int | None) -> JobView | None:
    """Return the job that is asked for, else the one under way that brings the cadence to its collections."""
    if job_id is not None:
        found = job_view(session, job_id) if 0 < job_id < 2**63 else None
        return found if found is not None and _is_of(found, name) else None
    running = job_page(session, JOBS_LOOKED_AT, only_running=True)
    return next((one for one in running if _is_of(one, name)), None)


def _is_of(job: JobView, name: str) -> bool:
    return job.kind == Publish.name and job.order.get("cadence") == name
