"""One order about many to-dos: those that are ticked, or all that the list has; with a result for each."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated

from fastapi import Form
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.pages.action_filter import TODO, Asked
from console.web.pages.action_orders import KIND
from console.web.pages.actions import BULK_MAX, show
from console.web.visit import Visit, Visiting
from console.web.work import Work
from db.engine import transaction
from db.operations.todos import Ending
from db.queries.access import Role
from db.queries.calendar import local_date
from db.queries.todos import action_line
from db.queries.worklist import count_work, work_page
from intake.todo_orders import TodoResult, TodosTold

# So many are committed together: locks are held for a moment, and processes are told of several at once.
_TOGETHER = 20
router = page_router()
Ids = Annotated[list[int] | None, Form()]


@router.post("/actions/bulk", **needs(Role.MEMBER))
def bulk(
    visit: Visiting,
    do: Annotated[str, Form(max_length=20)],
    ids: Ids = None,
    everything: Annotated[str, Form(max_length=10)] = "",
    expected: Annotated[int, Form(ge=0, le=10**6)] = 0,
    until: Annotated[str, Form(max_length=40)] = "",
    owner: Annotated[str, Form(max_length=400)] = "",
    back: Annotated[str, Form(max_length=2000)] = TODO,
) -> Response:
    """Carry the order out for each to-do by itself, and show what came of each."""
    asked = Asked.of_path(back)
    if asked.view != "todo":
        raise HTTPException(422)
    verb, order = _order(do, until, owner)
    if order is None:
        problem = visit.text("Choose the day or the owner that goes with it.")
        return show(visit, asked, problem=problem)
    if everything:
        found = _matching(visit, asked, expected)
        if found is None:
            said = visit.text("Meanwhile other to-dos match. Nothing was done: look at the list again.")
            return show(visit, asked, problem=said)
    else:
        found = list(dict.fromkeys(ids or ()))
    if not found:
        return show(visit, asked, problem=visit.text("Tick the to-dos that it is about."))
    if len(found) > BULK_MAX or any(not 0 < one < 2**63 for one in found):
        raise HTTPException(422)
    results = _carry_out(visit, found, order, verb)
    failed = [one for one in results if not one.is_done]
    with transaction(visit.web.engine) as session:
        lines = {one.id: action_line(session, one.id) for one in failed}
    return visit.page(
        "actions/bulk_done.html",
        status=200 if not failed else 409 if len(failed) == len(results) else 200,
        done=len(results) - len(failed),
        total=len(results),
        failed=failed,
        lines=lines,
        back=asked.path(open="", after=""),
    )


def _order(do: str, until: str, owner: str) -> tuple[str, Callable[[Work, Sequence[int]], TodosTold] | None]:
    """Return what the audit log calls the order, and the order; None if it lacks its day or owner."""
    match do:
        case "done":
            return "to-do completed", lambda work, ids: work.desk.complete_todos(ids, Ending("done"))
        case "ignored":
            return "to-do ignored", lambda work, ids: work.desk.complete_todos(ids, Ending("ignored"))
        case "send":
            return "message sent", lambda work, ids: work.desk.send_todos(ids)
        case "snooze":
            try:
                day = date.fromisoformat(until)
            except ValueError:
                return "to-do snoozed", None
            return "to-do snoozed", lambda work, ids: work.desk.snooze_todos(ids, day)
        case "assign":
            if not (owner and owner.isprintable()):
                return "to-do assigned", None
            return "to-do assigned", lambda work, ids: work.desk.assign_todos(ids, owner)
    raise HTTPException(422)


def _matching(visit: Visit, asked: Asked, expected: int) -> list[int] | None:
    """Return the first to-dos of the list, None if there are not as many as the person was told."""
    with transaction(visit.web.engine) as session:
        today = local_date(session, visit.now)
        chosen = asked.chosen(session, visit.user.email, today)
        if chosen is None or count_work(session, chosen, asked.worth, today).number != expected:
            return None
        page = work_page(session, chosen, asked.worth, today, BULK_MAX, asked.order)
    return [line.id for line in page.lines]


def _carry_out(
    visit: Visit, ids: Sequence[int], order: Callable[[Work, Sequence[int]], TodosTold], verb: str
) -> list[TodoResult]:
    results: list[TodoResult] = []
    for start in range(0, len(ids), _TOGETHER):
        with visit.work() as work:
            told = order(work, ids[start : start + _TOGETHER])
            for one in told.results:
                if one.is_done:
                    work.note(verb, KIND, str(one.id))
            if not work.tell(told.told):
                work.nothing_changed()
        results += told.results
    return results
