"""What all pages of the settings share: the list of them, and forms that know what they were filled in upon."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import Any

from starlette.responses import Response

from console.api.etags import etag_of
from console.web.navigation import Entry
from console.web.visit import Visit
from console.web.words import N_
from db.operations.refusal import Refused
from db.queries.access import Role

SETTINGS_PATH = "/settings"
SECTIONS = (
    Entry("/settings/organization", N_("Organization"), Role.ADMIN),
    Entry("/settings/calendar", N_("Calendar and sending"), Role.ADMIN),
    Entry("/settings/senders", N_("Senders"), Role.ADMIN),
    Entry("/settings/users", N_("Users"), Role.OWNER),
    Entry("/settings/groups", N_("Groups"), Role.ADMIN),
    Entry("/settings/api-keys", N_("API keys"), Role.ADMIN),
    Entry("/settings/webhooks", N_("Webhooks"), Role.ADMIN),
)


class Outdated(Refused):
    """What the form was filled in upon is not so any more."""


def show(visit: Visit, template: str, *, problem: Refused | str | None = None, **values: Any) -> Response:
    """Answer with a page of the settings; with a problem, if what was sent could not be done."""
    status = 200 if problem is None else 409 if isinstance(problem, Outdated) else 422
    return visit.page(
        f"settings/{template}.html",
        status=status,
        sections=[section for section in SECTIONS if visit.user.role.may_act_as(section.role)],
        problem=None if problem is None else str(problem),
        **values,
    )


def version_of(*facts: object) -> str:
    """Return the tag of what a form shows, which the form brings back."""
    plain = [asdict(fact) if is_dataclass(fact) and not isinstance(fact, type) else fact for fact in facts]
    return etag_of(json.dumps(plain, default=str, sort_keys=True).encode()).strip('"')


def require_version(visit: Visit, given: str, *facts: object) -> None:
    """Refuse a form if the facts, under lock, are not those that it was filled in upon. Raises Outdated."""
    if given != version_of(*facts):
        raise Outdated(
            visit.text(
                "Somebody else changed this meanwhile, and your change was not made. "
                "This is how it is now; change it again if it is still needed."
            )
        )


@contextmanager
def refused() -> Iterator[list[Refused]]:
    """Keep why the work within was refused, for the page to say it."""
    kept: list[Refused] = []
    try:
        yield kept
    except Refused as refusal:
        kept.append(refusal)
