"""The audit log: who did what, when, and from where."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.visit import Visiting
from db.engine import transaction
from db.queries.access import Role
from db.queries.audit import audit_actors, audit_page, audit_verbs

PATH = "/audit"
PAGE_ENTRIES = 50
Cursor = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
Name = Annotated[str, Query(max_length=400)]
router = page_router()


@router.get(PATH, **needs(Role.ADMIN))
def audit_log(visit: Visiting, who: Name = "", what: Name = "", before: Cursor = None) -> Response:
    """Show what was done, the newest first."""
    with transaction(visit.web.engine) as session:
        found = audit_page(session, PAGE_ENTRIES + 1, before_id=before, actor=who, verb=what)
        actors, verbs = audit_actors(session), audit_verbs(session)
    entries = found[:PAGE_ENTRIES]
    chosen = {key: value for key, value in (("who", who), ("what", what)) if value}
    return visit.page(
        "pages/audit.html",
        part="pages/audit_entries.html",
        entries=entries,
        who=who,
        what=what,
        actors=actors,
        verbs=verbs,
        is_filtered=bool(chosen),
        newest=_address(chosen) if before is not None else None,
        older=_address({**chosen, "before": str(entries[-1].id)}) if len(found) > PAGE_ENTRIES else None,
    )


def _address(chosen: dict[str, str]) -> str:
    return f"{PATH}?{urlencode(chosen)}" if chosen else PATH
