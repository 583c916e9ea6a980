"""Settings: groups of people who share their to-dos."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Form
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.settings_frame import refused, require_version, show, version_of
from console.web.visit import Visit, Visiting
from db.engine import Session, transaction
from db.operations.record_locks import lock_group
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.people import GroupLine, group_lines, user_lines

PATH = "/settings/groups"
Text = Annotated[str, Form(max_length=400)]
Members = Annotated[list[str], Form(default_factory=list, max_length=2000)]
router = page_router()


@router.get(PATH, **needs(Role.ADMIN))
def groups(visit: Visiting) -> Response:
    """List the groups."""
    return _show_all(visit)


@router.post(PATH, **needs(Role.ADMIN))
def add_group(visit: Visiting, name: Text, members: Members) -> Response:
    """Add a group."""
    with refused() as why, visit.work() as work:
        work.desk.add_group(name, members)
    if why:
        return _show_all(visit, problem=why[0], name=name, chosen=members)
    return visit.go(PATH, said=visit.text("The group %(name)s is added.", name=name.strip()))


@router.get(f"{PATH}/{{name:path}}", **needs(Role.ADMIN))
def group(visit: Visiting, name: str) -> Response:
    """Show a group."""
    return _show_one(visit, name)


@router.post(f"{PATH}/members", **needs(Role.ADMIN))
def change_members(visit: Visiting, name: Text, version: Text, members: Members) -> Response:
    """Let the group have these members."""
    with refused() as why, visit.work() as work:
        lock_group(work.session, name)
        line = _group(work.session, name)
        require_version(visit, version, line.name, line.members)
        joined = sorted(set(members) - set(line.members))
        left = sorted(set(line.members) - set(members))
        if not work.desk.change_members(name, joined, left):
            work.nothing_changed()
    if why:
        return _show_one(visit, name, problem=why[0])
    return visit.go(_at(name), said=visit.text("The members are saved."))


@router.post(f"{PATH}/delete", **needs(Role.ADMIN))
def delete_group(visit: Visiting, name: Text) -> Response:
    """Delete a group that nothing is of."""
    with refused() as why, visit.work() as work:
        work.desk.delete_group(name)
    if why:
        return _show_one(visit, name, problem=why[0])
    return visit.go(PATH, said=visit.text("The group %(name)s is deleted.", name=name))


def _show_all(
    visit: Visit, problem: Refused | None = None, name: str = "", chosen: list[str] | None = None
) -> Response:
    with transaction(visit.web.engine) as session:
        lines, users = group_lines(session), user_lines(session)
    return show(
        visit,
        "groups",
        problem=problem,
        groups=lines,
        users=[user for user in users if user.is_active],
        names={user.email: user.name for user in users},
        name=name,
        chosen=chosen or [],
        at=_at,
    )


def _show_one(visit: Visit, name: str, problem: Refused | None = None) -> Response:
    with transaction(visit.web.engine) as session:
        line, users = _group(session, name), user_lines(session)
    return show(
        visit,
        "group",
        problem=problem,
        one=line,
        version=version_of(line.name, line.members),
        users=[user for user in users if user.is_active],
    )


def _group(session: Session, name: str) -> GroupLine:
    found = [line for line in group_lines(session) if line.name == name]
    if not found:
        raise HTTPException(404)
    return found[0]


def _at(name: str) -> str:
    return f"{PATH}/{quote(name, safe='')}"
