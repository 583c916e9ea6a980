"""One order about many to-dos: those that are ticked, or all that the list has.

What fits on a page of the list is carried out at once, with a result for each.
More is shown first, and done by a job.
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Form
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.pages.action_filter import TODOS, Asked
from console.web.pages.action_jobs import Doing, show_preview
from console.web.pages.action_orders import KIND
from console.web.pages.actions import PAGE_LINES, show
from console.web.visit import Visit, Visiting
from console.web.work import Work
from db.engine import transaction
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.calendar import local_date
from db.queries.todos import action_line
from db.queries.worklist import work_ids
from intake.jobs.over_todos import TODOS_MAX, OverTodos
from intake.jobs.todo_kinds import EndOrder, HandOnOrder, SnoozeOrder
from intake.todo_orders import TodoResult, TodosTold

AT_ONCE_MAX = PAGE_LINES
router = page_router()
Ids = Annotated[list[int] | None, Form()]


@router.post("/actions/bulk", **needs(Role.MEMBER))
def bulk(
    visit: Visiting,
    do: Annotated[str, Form(max_length=20)],
    ids: Ids = None,
    everything: Annotated[str, Form(max_length=10)] = "",
    expected: Annotated[int | None, Form(ge=0, le=10**6)] = None,
    until: Annotated[str, Form(max_length=40)] = "",
    owner: Annotated[str, Form(max_length=400)] = "",
    back: Annotated[str, Form(max_length=2000)] = TODOS,
) -> Response:
    """Carry the order out for each to-do by itself and show what came of each; or show what it would do to many.

    `expected` is how many the person was told that the list has; None if nobody counted them all.
    """
    asked = Asked.of_path(back)
    if asked.view != "todo":
        raise HTTPException(422)
    doing = Doing(do, until, owner)
    order = doing.order(asked.written(visit.user.email) if everything else "")
    if order is None:
        problem = visit.text("Choose the day or the owner that goes with it.")
        return show(visit, asked, problem=problem)
    found = _matching(visit, asked) if everything else sorted(set(ids or ()))
    if len(found) > TODOS_MAX or any(not 0 < one < 2**63 for one in found):
        raise HTTPException(422)
    if len(found) > AT_ONCE_MAX or (found and everything and expected is None):
        return _previewed(visit, asked, doing, order, found)
    if everything and len(found) != expected:
        said = visit.text("Meanwhile other to-dos match. Nothing was done: look at the list again.")
        return show(visit, asked, problem=said)
    if not found:
        return show(visit, asked, problem=visit.text("Tick the to-dos that it is about."))
    return _show_results(visit, asked, _carry_out(visit, found, order, doing.verb))


def _previewed(visit: Visit, asked: Asked, doing: Doing, order: OverTodos, found: Sequence[int]) -> Response:
    try:
        return show_preview(visit, asked, doing, order, found)
    except Refused as refusal:
        return show(visit, asked, problem=visit.said(refusal))


def _matching(visit: Visit, asked: Asked) -> list[int]:
    with transaction(visit.web.engine) as session:
        today = local_date(session, visit.now)
        chosen = asked.chosen(session, visit.user.email, today)
        return [] if chosen is None else work_ids(session, chosen, asked.worth, today, TODOS_MAX + 1)


def _show_results(visit: Visit, asked: Asked, results: Sequence[TodoResult]) -> Response:
    failed = [one for one in results if not one.is_done]
    with transaction(visit.web.engine) as session:
        lines = {one.id: action_line(session, one.id) for one in failed}
    return visit.page(
        "actions/bulk_done.html",
        status=409 if len(failed) == len(results) else 200,
        done=len(results) - len(failed),
        total=len(results),
        failed=failed,
        lines=lines,
        back=asked.path(open="", after=""),
    )


def _carry_out(visit: Visit, ids: Sequence[int], order: OverTodos, verb: str) -> list[TodoResult]:
    results: list[TodoResult] = []
    for one in ids:
        # Each in a transaction of its own: who held one invoice and waited for the next could wait for ever.
        with visit.work() as work:
            told = _ordered(work, [one], order)
            (result,) = told.results
            work.note_if(result.is_done, verb, KIND, str(one))
            work.tell(told.told)
        results.append(result)
    return results


def _ordered(work: Work, ids: Sequence[int], order: OverTodos) -> TodosTold:
    match order:
        case EndOrder():
            return work.desk.complete_todos(ids, order.ending)
        case SnoozeOrder(until=until):
            return work.desk.snooze_todos(ids, until)
        case HandOnOrder(owner=owner):
            return work.desk.assign_todos(ids, owner)
        case _:
            return work.desk.send_todos(ids)
