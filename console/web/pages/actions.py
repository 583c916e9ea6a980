"""Actions: To-do and All, with what is opened beside the list."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.pages.action_filter import (
    AGES,
    ALL,
    ANYBODY,
    CHANNELS,
    COMING,
    LATER,
    MINE,
    STATES,
    TODOS,
    ActionId,
    Asked,
    AskedAll,
    AskedTodo,
    written,
)
from console.web.pages.action_pane import Pane, read_pane
from console.web.view_bar import view_bar
from console.web.visit import Visit, Visiting
from db.engine import Session, transaction
from db.operations.messages.drafts import Draft
from db.queries.access import Role
from db.queries.cadences import cadence_names
from db.queries.calendar import local_date
from db.queries.coming import ComingPage, coming_page
from db.queries.people import owner_names
from db.queries.todos import ActionFilter
from db.queries.worklist import SCANNED_MAX, Count, WorkPage, count_work, work_page

PAGE_LINES = 50
Back = Annotated[str, Query(max_length=2000)]
router = page_router()


@router.get(TODOS, **needs(Role.MEMBER))
def todo_list(visit: Visiting, asked: AskedTodo) -> Response:
    """Show what is to be done."""
    return show(visit, asked)


@router.get(ALL, **needs(Role.MEMBER))
def all_actions(visit: Visiting, asked: AskedAll) -> Response:
    """Show what was done, what is to be done, and what comes."""
    return show(visit, asked)


@router.get("/actions/{action_id}", **needs(Role.MEMBER))
def one_action(visit: Visiting, action_id: ActionId) -> Response:
    """Show an action beside the list."""
    return visit.go(Asked("all").path(open=action_id))


@router.get("/actions/{action_id}/pane", **needs(Role.MEMBER))
def pane_alone(visit: Visiting, action_id: ActionId, back: Back = TODOS) -> Response:
    """Show an action as a part of the page."""
    asked = replace(Asked.of_path(back), open=str(action_id))
    if not visit.is_partial:
        return visit.go(asked.path())
    with transaction(visit.web.engine) as session:
        today = local_date(session, visit.now)
        pane = _pane(visit, session, asked, today)
        owners = owner_names(session)
    values = _of_pane(asked, pane, today)
    return visit.page("actions/page.html", part="actions/pane.html", owners=owners, **values)


def show(
    visit: Visit,
    asked: Asked,
    *,
    problem: str | None = None,
    typed: Draft | None = None,
    status: int | None = None,
) -> Response:
    """Show a list; with the problem that somebody met, and the message that they typed meanwhile."""
    with transaction(visit.web.engine) as session:
        today = local_date(session, visit.now)
        chosen = asked.chosen(session, visit.user.email, today)
        page = _page(session, asked, chosen, today)
        counts = {view: _count(visit, session, asked, view, today, page) for view in ("todo", "all")}
        pane = _pane(visit, session, asked, today)
        owners, cadences = owner_names(session), cadence_names(session)
        bar = view_bar(session, visit, "actions", asked.list_path, (TODOS, ALL))
    matching = counts[asked.view]
    return visit.page(
        "actions/page.html",
        part="actions/work.html",
        status=status or (409 if problem is not None else 200),
        page=page,
        counts=counts,
        matching=matching,
        tabs=_tabs(asked),
        bar=bar,
        owners=owners,
        cadences=cadences,
        channels=CHANNELS,
        states=STATES,
        ages=AGES,
        MINE=MINE,
        ANYBODY=ANYBODY,
        COMING=COMING,
        LATER=LATER,
        SCANNED_MAX=SCANNED_MAX,
        is_unknown=chosen is None,
        newest=asked.path(after="", open="") if asked.after else None,
        older=asked.path(after=written(page.ends_at), open="") if page.ends_at is not None else None,
        **_of_pane(asked, pane, today, problem, typed),
    )


def _of_pane(
    asked: Asked, pane: Pane | None, today: date, problem: str | None = None, typed: Draft | None = None
) -> dict[str, Any]:
    values: dict[str, Any] = {
        "asked": asked,
        "pane": pane,
        "today": today,
        "tomorrow": today + timedelta(days=1),
        "problem": problem,
        "typed": typed,
    }
    return values | {"back": asked.path(open="")}


def _page(session: Session, asked: Asked, chosen: ActionFilter | None, today: date) -> WorkPage | ComingPage:
    if chosen is None:
        return WorkPage((), None)
    if asked.is_coming:
        return coming_page(session, chosen, asked.worth, today, PAGE_LINES, asked.coming_place)
    return work_page(session, chosen, asked.worth, today, PAGE_LINES, asked.order, asked.place)


def _count(
    visit: Visit, session: Session, asked: Asked, view: str, today: date, page: WorkPage | ComingPage
) -> Count | None:
    """Return how many the list of a tab has, by the filters that both have.

    Plans are not counted, nor is the other list where that would take as long as the page itself.
    """
    is_own = view == asked.view
    of_tab = asked if is_own else _tab(asked, view)
    if of_tab.is_coming or (not is_own and not of_tab.worth.is_everything):
        return None
    # With a filter on the invoices the page has often looked at just what would be counted.
    if is_own and not of_tab.worth.is_everything and isinstance(page, WorkPage) and page.count is not None:
        return page.count
    chosen = of_tab.chosen(session, visit.user.email, today)
    return Count(0, True) if chosen is None else count_work(session, chosen, of_tab.worth, today)


def _tab(asked: Asked, view: str) -> Asked:
    return replace(asked, view="all" if view == "all" else "todo", status="", sort="", after="", open="")


def _tabs(asked: Asked) -> dict[str, str]:
    return {view: _tab(asked, view).path() for view in ("todo", "all")}


def _pane(visit: Visit, session: Session, asked: Asked, today: date) -> Pane | None:
    if asked.open_id is None:
        return None
    pane = read_pane(session, asked.open_id, visit.now, today)
    if pane is None:
        raise HTTPException(404)
    return pane
