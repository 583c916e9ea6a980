"""One invoice: what is owed, what comes next and why, what may be ordered, and its whole life on one axis."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path, Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.pages.invoices import words
from console.web.pages.invoices.axis import coming_of, expired_words, kept_reasons, past_of
from console.web.pages.invoices.reading import read_invoice
from console.web.visit import Visit, Visiting
from db.engine import transaction
from db.operations.todos import outcomes_of
from db.queries.access import Role
from db.queries.invoices import invoice_id_of
from db.queries.timelines import BIGINT_MAX
from dunning.cadence import Channel
from dunning.decision import Close, Exhaust, Wait
from rules.written import written
from workflows.client import workflow_id

PATH = "/invoices"
Id = Annotated[int, Path(ge=1, le=BIGINT_MAX)]
Before = Annotated[int | None, Query(ge=1, le=BIGINT_MAX)]
router = page_router()


@router.get("/invoice", **needs(Role.MEMBER))
def invoice_numbered(visit: Visiting, number: Annotated[str, Query(max_length=200)]) -> Response:
    """Lead to the invoice with a number."""
    with transaction(visit.web.engine) as session:
        # No text of PostgreSQL holds it.
        invoice_id = None if "\0" in number else invoice_id_of(session, number)
    if invoice_id is None:
        raise HTTPException(404)
    return visit.go(path_of_invoice(invoice_id))


@router.get(f"{PATH}/{{invoice_id:int}}", **needs(Role.MEMBER))
def invoice_page(visit: Visiting, invoice_id: Id, before: Before = None) -> Response:
    """Show the invoice."""
    return show_invoice(visit, invoice_id, before)


def path_of_invoice(invoice_id: int) -> str:
    """Return where the invoice is shown."""
    return f"{PATH}/{invoice_id}"


def show_invoice(
    visit: Visit,
    invoice_id: int,
    before: int | None = None,
    *,
    problem: str | None = None,
    opened: str | None = None,
    status: int = 200,
) -> Response:
    """Show the invoice; after an order that was not carried out with the reason, and the order's form open.

    Raises HTTPException for one that is not there.
    """
    shown = read_invoice(visit.web.engine, invoice_id, visit.now, before, visit.user.role)
    if shown is None:
        raise HTTPException(404)
    reader, record, ahead = visit.reader, shown.record, shown.ahead
    collection = record.collection
    is_open = shown.standing is not None and shown.standing.is_open
    older = shown.past.older
    path = path_of_invoice(record.id)
    return visit.page(
        "invoices/invoice.html",
        part="invoices/axis.html",
        status=status,
        shown=shown,
        invoice=record,
        customer=shown.customer,
        collection=collection if is_open else None,
        standing=shown.standing if is_open else None,
        reasons=kept_reasons(reader, collection.because) if collection is not None and is_open else [],
        coming=coming_of(reader, ahead) if ahead is not None else [],
        never=expired_words(reader, ahead.ahead.expired) if ahead is not None else (),
        ends=_end_of(ahead.ahead.rests) if ahead is not None else None,
        past=past_of(reader, shown.past.entries, shown.past.messages, shown.past.replies),
        on_their_way=[one for one in shown.past.messages if one.state in ("sending", "deferred")],
        older=f"{path}?{urlencode({'before': older})}" if older is not None else None,
        newest=path if before is not None else None,
        rules=[(standing, written(standing.rule.definition)) for standing in shown.rules.standings],
        rule_names={standing.rule.id: standing.rule.name for standing in shown.rules.standings},
        outcomes={
            todo.id: outcomes_of(todo.kind, Channel(todo.channel))
            for todo in (shown.standing.todos if shown.standing is not None else ())
        },
        process=workflow_id(record.id),
        process_page=visit.web.process_page(workflow_id(record.id)),
        problem=problem,
        opened=opened,
        channels=[channel for channel in Channel if channel.is_contact],
        words=words,
    )


def _end_of(rests: Wait | Exhaust | Close) -> str:
    """Return in a word how what is ahead ends."""
    match rests:
        case Exhaust():
            return "exhausted"
        case Close():
            return "closed"
        case Wait(until=None):
            return "held"
        case _:
            return "waiting"
