"""Settings: who works here, with which role, and by which first password. For owners alone."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Form
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.settings_frame import refused, require_version, show, version_of
from console.web.visit import Visit, Visiting
from db.engine import Session, transaction
from db.operations.record_locks import lock_user
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.people import UserLine, user_lines
from intake.passwords import CHARACTERS_MIN

PATH = "/settings/users"
Text = Annotated[str, Form(max_length=4000)]
Password = Annotated[str, Form(max_length=1000)]
router = page_router()


@router.get(PATH, **needs(Role.OWNER))
def users(visit: Visiting) -> Response:
    """List the users."""
    return _show_all(visit)


@router.post(PATH, **needs(Role.OWNER))
def add_user(
    visit: Visiting,
    email: Text,
    name: Text,
    role: Text = "member",
    phone: Text = "",
    password: Password = "",
) -> Response:
    """Add a user, with a role and, if one is given, a first password."""
    with refused() as why, visit.work() as work:
        work.desk.add_user(email, name, phone or None, None)
        work.desk.set_role(email, role)
        if password:
            work.desk.set_password(email, password)
    if why:
        given = {"email": email, "name": name, "role": role, "phone": phone}
        return _show_all(visit, problem=why[0], given=given)
    return visit.go(PATH, said=visit.text("%(name)s is a user now.", name=name.strip()))


@router.get(f"{PATH}/{{email:path}}", **needs(Role.OWNER))
def user(visit: Visiting, email: str) -> Response:
    """Show a user."""
    return _show_one(visit, email)


@router.post(f"{PATH}/change", **needs(Role.OWNER))
def change_user(
    visit: Visiting, email: Text, version: Text, name: Text, phone: Text = "", signature: Text = ""
) -> Response:
    """Change name, phone and signature."""
    with refused() as why, visit.work() as work:
        _require(visit, work.session, email, version)
        if not work.desk.change_user(email, name, phone, signature):
            work.nothing_changed()
    if why:
        return _show_one(visit, email, problem=why[0])
    return visit.go(_at(email), said=visit.text("%(name)s is saved.", name=name.strip()))


@router.post(f"{PATH}/role", **needs(Role.OWNER))
def change_role(visit: Visiting, email: Text, version: Text, role: Text) -> Response:
    """Give another role; the last owner stays one."""
    with refused() as why, visit.work() as work:
        _require(visit, work.session, email, version)
        if not work.desk.set_role(email, role):
            work.nothing_changed()
    if why:
        return _show_one(visit, email, problem=why[0])
    if email == visit.user.email and role != Role.OWNER:
        return visit.go("/", said=visit.text("The role is changed."))
    return visit.go(_at(email), said=visit.text("The role is changed."))


@router.post(f"{PATH}/password", **needs(Role.OWNER))
def set_password(visit: Visiting, email: Text, password: Password) -> Response:
    """Set a password; the user is signed out everywhere."""
    own = visit.user.session_id if email == visit.user.email else None
    with refused() as why, visit.work() as work:
        work.desk.set_password(email, password, stays_session_id=own)
    if why:
        return _show_one(visit, email, problem=why[0])
    return visit.go(_at(email), said=visit.text("The password is set, and the user is signed out everywhere."))


@router.post(f"{PATH}/deactivate", **needs(Role.OWNER))
def deactivate_user(visit: Visiting, email: Text) -> Response:
    """Let a user have no part any more."""
    left = 0
    with refused() as why, visit.work() as work:
        left = work.desk.deactivate_user(email)
    if why:
        return _show_one(visit, email, problem=why[0])
    said = visit.text("%(email)s is inactive now.", email=email)
    if left:
        still = visit.text(
            "Open to-dos that are still theirs: %(count)s. Assign them to somebody else.", count=left
        )
        said = f"{said} {still}"
    return visit.go(PATH, said=said)


def _show_all(visit: Visit, problem: Refused | None = None, given: dict[str, str] | None = None) -> Response:
    with transaction(visit.web.engine) as session:
        lines = user_lines(session)
    return show(
        visit,
        "users",
        problem=problem,
        users=sorted(lines, key=lambda line: not line.is_active),
        roles=tuple(reversed(Role)),
        given=given or {"email": "", "name": "", "role": Role.MEMBER.value, "phone": ""},
        characters_min=CHARACTERS_MIN,
        at=_at,
    )


def _show_one(visit: Visit, email: str, problem: Refused | None = None) -> Response:
    with transaction(visit.web.engine) as session:
        line = _user(session, email)
    return show(
        visit,
        "user",
        problem=problem,
        one=line,
        version=_version(line),
        roles=tuple(reversed(Role)),
        characters_min=CHARACTERS_MIN,
    )


def _require(visit: Visit, session: Session, email: str, version: str) -> None:
    lock_user(session, email)
    require_version(visit, version, *_facts(_user(session, email)))


def _user(session: Session, email: str) -> UserLine:
    found = [line for line in user_lines(session) if line.email == email]
    if not found:
        raise HTTPException(404)
    return found[0]


def _version(line: UserLine) -> str:
    return version_of(*_facts(line))


def _facts(line: UserLine) -> tuple[object, ...]:
    """Return what the forms of a user show; what is theirs to do changes by itself."""
    return line.email, line.name, line.phone, line.signature, line.role, line.is_active


def _at(email: str) -> str:
    return f"{PATH}/{quote(email, safe='@+')}"
