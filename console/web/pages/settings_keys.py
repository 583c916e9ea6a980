"""Settings: the keys of programs that use the REST API."""

from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import Form
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.settings_frame import refused, show
from console.web.visit import Visit, Visiting
from db.engine import transaction
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.api_keys import key_lines
from intake.api_keys import RESOURCES, SCOPES

PATH = "/settings/api-keys"
Text = Annotated[str, Form(max_length=400)]
Scopes = Annotated[list[str], Form(default_factory=list, max_length=100)]
router = page_router()


@router.get(PATH, **needs(Role.ADMIN))
def keys(visit: Visiting) -> Response:
    """List the keys."""
    return _show(visit)


@router.post(PATH, **needs(Role.ADMIN))
def make_key(visit: Visiting, name: Text, scopes: Scopes, expires: Text = "") -> Response:
    """Make a key and show it, this once: no other page and no other request will."""
    token = None
    with refused() as why, visit.work() as work:
        token = work.desk.make_api_key(name, scopes, _moment(visit, expires))
    if why:
        return _show(visit, problem=why[0], given={"name": name, "scopes": scopes, "expires": expires})
    return _show(visit, token=token, named=name.strip())


@router.post(f"{PATH}/revoke", **needs(Role.ADMIN))
def revoke_key(visit: Visiting, name: Text) -> Response:
    """End a key at once."""
    with refused() as why, visit.work() as work:
        if not work.desk.revoke_api_key(name):
            work.nothing_changed()
    if why:
        return _show(visit, problem=why[0])
    return visit.go(PATH, said=visit.text("The key %(name)s is revoked.", name=name))


def _moment(visit: Visit, text: str) -> datetime | None:
    """Return when the day begins, by the organization's clock. Raises Refused."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        return datetime.combine(day, time(), visit.user.time_zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused("This is no day: {text}", text=text) from error


def _show(
    visit: Visit,
    problem: Refused | None = None,
    given: dict[str, str | list[str]] | None = None,
    token: str | None = None,
    named: str = "",
) -> Response:
    with transaction(visit.web.engine) as session:
        lines = key_lines(session)
    now = visit.now
    return show(
        visit,
        "api_keys",
        problem=problem,
        keys=sorted(lines, key=lambda line: not line.is_valid(now)),
        now=now,
        resources=RESOURCES,
        all_scopes=SCOPES,
        given=given or {"name": "", "scopes": [], "expires": ""},
        token=token,
        named=named,
    )
