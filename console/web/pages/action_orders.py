"""Working off one to-do: each order is carried out on the version that was read, and the next to-do follows."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Form
from starlette.exceptions import HTTPException
from starlette.responses import Response

from activities.drafts import draft_text
from console.web.guard import needs, page_router
from console.web.pages.action_filter import TODOS, ActionId, Asked
from console.web.pages.action_pane import changed_draft, laid_out_of, version_of
from console.web.pages.actions import show
from console.web.visit import Visit, Visiting
from console.web.words import N_
from console.web.work import Work
from db.engine import LedgerUnavailable, transaction
from db.operations.messages.drafts import Draft, draft_of
from db.operations.record_locks import lock_invoice_of_action
from db.operations.refusal import Refused
from db.operations.todos import Ending
from db.queries.access import Role
from db.queries.calendar import local_date
from db.queries.todos import ActionLine, action_line
from db.queries.worklist import WorkPlace, value_of, work_page
from intake.todo_orders import TodosTold

VERBS = (
    N_("to-do completed"),
    N_("to-do ignored"),
    N_("to-do snoozed"),
    N_("to-do assigned"),
    N_("message edited"),
    N_("message sent"),
)
KIND = N_("to-do")
DETAILS = (N_("outcome"), N_("until"), N_("owner"))
_TEXT_CHARACTERS_MAX = 60_000
_NEXT_LINES = 10
Back = Annotated[str, Form(max_length=2000)]
Version = Annotated[str, Form(max_length=100)]
router = page_router()


class Stale(Exception):
    """Somebody changed the to-do after it was read; nothing was done. The text is for the second person."""


@router.post("/actions/{action_id}/complete", **needs(Role.MEMBER))
def complete(
    visit: Visiting,
    action_id: ActionId,
    version: Version,
    outcome: Annotated[str, Form(max_length=40)] = "done",
    promised_for: Annotated[str, Form(max_length=40)] = "",
    amount: Annotated[str, Form(max_length=40)] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
    back: Back = TODOS,
) -> Response:
    """End the to-do with an outcome."""
    # The fields of a promise are there whatever was chosen.
    promised = outcome == "promised"
    _require_text(note)
    if promised and not promised_for:
        problem = visit.text("A promise to pay needs the day for which it was made.")
        return show(visit, _opened(Asked.of_path(back), action_id), problem=problem)
    ending = Ending(
        outcome,
        _day(promised_for) if promised and promised_for else None,
        _amount(amount) if promised and amount else None,
        note.strip() or None,
    )
    verb = "to-do ignored" if outcome == "ignored" else "to-do completed"

    def order(work: Work) -> TodosTold:
        return work.desk.complete_todos([action_id], ending)

    said = visit.text("Ignored.") if outcome == "ignored" else visit.text("Done.")
    return _ordered(visit, action_id, version, back, order, verb, said, outcome=outcome)


@router.post("/actions/{action_id}/snooze", **needs(Role.MEMBER))
def snooze(
    visit: Visiting,
    action_id: ActionId,
    version: Version,
    until: Annotated[str, Form(max_length=40)],
    back: Back = TODOS,
) -> Response:
    """Put the to-do off until a day."""
    day = _day(until)

    def order(work: Work) -> TodosTold:
        return work.desk.snooze_todos([action_id], day)

    said = visit.text("Put off until %(day)s.", day=visit.reader.day(day))
    return _ordered(visit, action_id, version, back, order, "to-do snoozed", said, until=day.isoformat())


@router.post("/actions/{action_id}/assign", **needs(Role.MEMBER))
def assign(
    visit: Visiting,
    action_id: ActionId,
    version: Version,
    owner: Annotated[str, Form(max_length=400)],
    back: Back = TODOS,
) -> Response:
    """Give the to-do to a user or a group."""
    _require_text(owner)

    def order(work: Work) -> TodosTold:
        return work.desk.assign_todos([action_id], owner)

    said = visit.text("Handed on to %(owner)s.", owner=owner)
    return _ordered(visit, action_id, version, back, order, "to-do assigned", said, owner=owner)


@router.post("/actions/{action_id}/message", **needs(Role.MEMBER))
def message(
    visit: Visiting,
    action_id: ActionId,
    version: Version,
    subject: Annotated[str, Form(max_length=1000)] = "",
    body: Annotated[str, Form(max_length=_TEXT_CHARACTERS_MAX)] = "",
    do: Annotated[str, Form(max_length=20)] = "save",
    back: Back = TODOS,
) -> Response:
    """Keep what somebody made of the message, and send it if they said so."""
    typed = Draft(subject, body)
    if do != "send":

        def save(work: Work) -> TodosTold:
            return work.desk.edit_todo(action_id, typed)

        said = visit.text("The message is saved.")
        return _ordered(visit, action_id, version, back, save, "message edited", said, typed=typed, stays=True)

    def send(work: Work) -> TodosTold:
        line = action_line(work.session, action_id)
        assert line is not None, "it is locked"
        was = draft_text(work.session, line, draft_of(work.session, action_id), visit.now)
        changed = changed_draft(was, subject, body)
        if changed != Draft(None, None):
            _require_done(work.desk.edit_todo(action_id, changed))
        return work.desk.send_todos([action_id])

    said = visit.text("The message goes out.")
    return _ordered(visit, action_id, version, back, send, "message sent", said, typed=typed)


@router.post("/actions/preview", **needs(Role.MEMBER))
def preview(visit: Visiting, body: Annotated[str, Form(max_length=_TEXT_CHARACTERS_MAX)] = "") -> Response:
    """Show what a text looks like as a message."""
    laid_out = laid_out_of(body)
    return visit.page("actions/preview.html", part="actions/preview.html", laid_out=laid_out)


def _ordered(
    visit: Visit,
    action_id: int,
    version: str,
    back: str,
    order: Callable[[Work], TodosTold],
    verb: str,
    said: str,
    *,
    typed: Draft | None = None,
    stays: bool = False,
    **details: str,
) -> Response:
    """Carry an order out under the version that was read, and lead to the next to-do."""
    asked = Asked.of_path(back)
    try:
        with visit.work() as work:
            line = _locked(visit, work, action_id, version)
            told = order(work)
            _require_done(told)
            work.tell(told.told)
            work.note(verb, KIND, f"{action_id} ({line.invoice})", **details)
    except (Refused, Stale) as refusal:
        return show(visit, _opened(asked, action_id), problem=visit.said(refusal), typed=typed)
    following: int | None = action_id if stays else _following(visit, asked, line)
    said = f"{line.invoice}, {line.customer_name}: {said}"
    return visit.go(asked.path(open="" if following is None else following), said=said)


def _locked(visit: Visit, work: Work, action_id: int, version: str) -> ActionLine:
    """Lock the to-do and return it as it was read. Raises Stale."""
    if not lock_invoice_of_action(work.session, action_id):
        raise HTTPException(404)
    line = action_line(work.session, action_id)
    assert line is not None, "it is locked"
    if line.state != "open":
        raise Stale(_how_it_ended(visit, line))
    if version_of(line, draft_of(work.session, action_id)) != version:
        raise Stale(
            visit.text(
                "Somebody changed this to-do, or its invoice, after you opened it. Nothing of yours was carried "
                "out and nothing was overwritten: look at it as it is now, and decide again."
            )
        )
    return line


def _how_it_ended(visit: Visit, line: ActionLine) -> str:
    if line.state in ("done", "ignored") and line.ended_at is not None:
        return visit.text(
            "Somebody was faster: %(who)s ended this to-do on %(when)s (%(outcome)s). Nothing of yours was "
            "carried out.",
            who=line.ended_by,
            when=visit.reader.moment(line.ended_at, "short"),
            outcome=visit.text(line.outcome or line.state),
        )
    return visit.text(
        "This to-do is not open any more (%(state)s). Nothing of yours was carried out.",
        state=visit.text(line.state),
    )


def _require_done(told: TodosTold) -> None:
    (result,) = told.results
    if not result.is_tried:
        raise LedgerUnavailable(result.because)
    if result.because is not None:
        raise Refused(result.because)


def _following(visit: Visit, asked: Asked, line: ActionLine) -> int | None:
    """Return the to-do behind the one that is done, else the first of the list."""
    if asked.view != "todo":
        return line.id
    with transaction(visit.web.engine) as session:
        today = local_date(session, visit.now)
        chosen = asked.chosen(session, visit.user.email, today)
        if chosen is None:
            return None
        behind = WorkPlace(line.place, value_of(line) if asked.order == "value" else None)
        for place in (behind, None):
            page = work_page(session, chosen, asked.worth, today, _NEXT_LINES, asked.order, place)
            for one in page.lines:
                if one.id != line.id and one.approved_by is None:
                    return one.id
    return None


def _opened(asked: Asked, action_id: int) -> Asked:
    return Asked.of_path(asked.path(open=action_id))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise HTTPException(422) from error


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except ArithmeticError as error:
        raise HTTPException(422) from error
    if not amount.is_finite() or amount.adjusted() > 14 or int(amount.as_tuple().exponent) < -6:
        raise HTTPException(422)
    return amount


def _require_text(text: str) -> None:
    if not all(one.isprintable() or one in "\r\n\t" for one in text):
        raise HTTPException(422)
