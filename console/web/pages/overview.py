"""The overview: what is owed, at risk and to come, and what cadences achieve, as they were counted last."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import Query
from starlette.background import BackgroundTask
from starlette.responses import Response

from console.web.addresses import address_of
from console.web.definitions import DEFINITIONS
from console.web.guard import needs, page_router
from console.web.overview_charts import Drawn, aging_of, coming_of, effects_of
from console.web.overview_lists import path_of_figure
from console.web.visit import Visit, Visiting
from console.web.words import N_
from db.engine import transaction
from db.queries.access import Role
from db.queries.figures.keys import Figure
from db.queries.figures.overview import PARTS, Overview, Part, overview
from db.queries.figures.promises import PromiseChoice, PromisePlace, promise_page
from db.queries.lists.choice import Risk

PATH: Final = "/overview"
PROMISES: Final = f"{PATH}/promises"
DEFINED: Final = f"{PATH}/definitions"
PAGE_PROMISES: Final = 50
RISK_NAMES: Final = {
    Risk.OLD: N_("more than 60 days overdue"),
    Risk.DISPUTED: N_("disputed"),
    Risk.BROKEN_PROMISE: N_("promise broken"),
    Risk.BLOCKED: N_("blocked"),
}
Currency = Annotated[str, Query(pattern="^([A-Z]{3})?$")]
Day = date | Literal[""]
router = page_router()


@router.get(PATH, **needs(Role.MEMBER))
def show_overview(visit: Visiting, seen: Annotated[str | None, Query(max_length=200)] = None) -> Response:
    """Show the figures that there are; old ones are counted anew meanwhile, and htmx asks until they are there.

    For a page that stays open workers count often enough: it shows what they counted.
    """
    now, reader = visit.now, visit.reader
    today = now.astimezone(reader.time_zone).date()
    with transaction(visit.web.engine) as session:
        found = overview(session)
    stale, state = found.stale(now, today) if visit.seen is None else (), _state(found)
    response: Response
    if visit.is_partial and seen == state and stale:
        response = Response(status_code=204)
    else:
        response = visit.page(
            "overview/overview.html",
            part="overview/figures.html",
            found=found,
            **_drawn(visit, found),
            taken=min((taken.at for taken in found.taken.values()), default=None),
            again=address_of(PATH, {"seen": state}) if stale else None,
            list_of=path_of_figure,
            promises_of=path_of_promises,
            risks=RISK_NAMES,
            Figure=Figure,
        )
    if stale:
        response.background = BackgroundTask(visit.web.counting.count, visit.web.engine, now, today)
    return response


@router.get(DEFINED, **needs(Role.MEMBER))
def show_definitions(visit: Visiting) -> Response:
    """Show what the figures mean."""
    return visit.page("overview/definitions.html", definitions=DEFINITIONS)


@router.get(PROMISES, **needs(Role.MEMBER))
def list_promises(
    visit: Visiting,
    currency: Currency = "",
    first: Day = "",
    last: Day = "",
    after_day: Day = "",
    after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
) -> Response:
    """List the promises to pay that stand, the next day first."""
    chosen = PromiseChoice(currency or None, first or None, last or None)
    place = PromisePlace(after_day, after) if after_day else None
    with transaction(visit.web.engine) as session:
        lines, further = promise_page(session, chosen, PAGE_PROMISES, place)
    here = path_of_promises(chosen)
    return visit.page(
        "overview/promises.html",
        part="overview/promise_rows.html",
        lines=lines,
        chosen=chosen,
        everything=path_of_promises(PromiseChoice()) if chosen != PromiseChoice() else None,
        first_page=here if place is not None else None,
        further=None
        if further is None
        else path_of_promises(chosen, after_day=further.promised_for, after=further.promise_id),
    )


def path_of_promises(chosen: PromiseChoice, **onward: object) -> str:
    """Return where the promises are listed."""
    asked = {"currency": chosen.currency, "first": chosen.first, "last": chosen.last, **onward}
    return address_of(PROMISES, {key: value for key, value in asked.items() if value is not None})


def _drawn(visit: Visit, found: Overview) -> dict[str, Any]:
    """Return the charts, which stay the same until their figures are counted anew."""
    reader, balances, coming, effects = visit.reader, found.balances, found.coming_days, found.effects

    def once(name: str, part: Part, draw: Callable[[], Drawn]) -> Drawn:
        return visit.web.drawn.get((name, found.taken[part], reader), draw)

    return {
        "aging": None if balances is None else once("aging", "balances", lambda: aging_of(balances.aging, reader)),
        "coming": None if coming is None else once("coming", "coming days", lambda: coming_of(coming, reader)),
        "effects": None
        if effects is None
        else once("effects", "effectiveness", lambda: effects_of(effects.steps, reader)),
    }


def _state(found: Overview) -> str:
    """Return a word for which figures these are."""
    return ".".join(
        str(int(found.taken[part].at.timestamp() * 1000)) if part in found.taken else "none" for part in PARTS
    )
