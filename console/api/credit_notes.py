"""Credit notes: `/v1/credit-notes`."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from console.api.batches import BatchResult, Became, carry_out
from console.api.calls import Change, ChangeOne, Changing, ReadList, ReadOne
from console.api.documented import batching, changing, listing, reading, upserting
from console.api.guard import GuardedRoute
from console.api.parameters import (
    LIMIT_DEFAULT,
    CreditNoteInPath,
    Cursor,
    IdentifierParameter,
    Limit,
    page_of,
    place_in,
    place_of,
)
from console.api.settlement_shapes import (
    AllocateBody,
    CreditNote,
    CreditNoteBatch,
    CreditNoteBody,
    CreditNoteList,
    CreditNoteResource,
    EndBody,
    UnallocateBody,
    credit_note_shown,
)
from db.engine import Session
from db.operations.refusal import Refused
from db.operations.settlement.settlements import take_credit_note, take_credit_notes
from db.operations.settlement.stated import Taken
from db.queries.customers import customer_id_of
from db.queries.settlements import credit_note_page
from intake.joined_desk import JoinedDesk

router = APIRouter(prefix="/v1/credit-notes", tags=["credit notes"], route_class=GuardedRoute)
READ, WRITE = "credit_notes:read", "credit_notes:write"


@router.get("", **listing(READ, CreditNoteList, "listCreditNotes"))
async def list_credit_notes(
    call: ReadList,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
    customer: Annotated[IdentifierParameter, Query(description="Those of a customer.")] = None,
) -> Response:
    """List the credit notes, the newest first."""

    def page(session: Session) -> CreditNoteList:
        customer_id = None if customer is None else customer_id_of(session, customer)
        if customer is not None and customer_id is None:
            return CreditNoteList(items=[], next_cursor=None)
        before_id = None if cursor is None else place_of(cursor)
        views = credit_note_page(session, limit + 1, before_id, customer_id)
        listed, more = page_of(views, limit)
        return CreditNoteList(items=[credit_note_shown(view) for view in listed], next_cursor=more)

    return await call.page(page)


@router.get("/{external_id}", **reading(READ, CreditNote, "getCreditNote"))
async def get_credit_note(external_id: CreditNoteInPath, call: ReadOne) -> Response:
    """Return a credit note with what it settles."""
    return await call.one(CreditNoteResource(external_id).show, f"credit note {external_id!r}")


@router.put("/{external_id}", **upserting(WRITE, CreditNote, "putCreditNote"))
async def put_credit_note(external_id: CreditNoteInPath, body: CreditNoteBody, call: ChangeOne) -> Response:
    """Book a credit note, or bring it to what you state; the same statement again changes nothing."""
    stated = body.stated(external_id)

    def take(desk: JoinedDesk) -> bool:
        return take_credit_note(desk.session, stated, desk.change()).outcome != "unchanged"

    place = place_in("credit-notes", external_id)
    return await call.to(CreditNoteResource(external_id), take, place)


@router.post("/batch", **batching(WRITE, BatchResult, "putCreditNotes"))
async def put_credit_notes(body: CreditNoteBatch, call: Change) -> Response:
    """State up to 1,000 credit notes. Each counts by itself, and what the ledger refuses holds up no other."""
    stated = [item.stated(item.external_id) for item in body.items]

    def take(desk: JoinedDesk) -> list[Became | Refused]:
        taken = take_credit_notes(desk.session, stated, desk.change())
        return [one if isinstance(one, Refused) else one.outcome for one in taken]

    return await carry_out(call, [item.external_id for item in body.items], take)


@router.post("/{external_id}/allocate", **changing(WRITE, CreditNote, "allocateCreditNote"))
async def allocate(external_id: CreditNoteInPath, body: AllocateBody, call: ChangeOne) -> Response:
    """Let what is left of it settle further invoices."""
    to = body.stated
    return await _ordered(
        call, external_id, lambda desk: desk.allocate_credit_note(external_id, to, body.automatic)
    )


@router.post("/{external_id}/unallocate", **changing(WRITE, CreditNote, "unallocateCreditNote"))
async def unallocate(external_id: CreditNoteInPath, body: UnallocateBody, call: ChangeOne) -> Response:
    """Take it off invoices."""
    return await _ordered(call, external_id, lambda desk: desk.unallocate_credit_note(external_id, body.invoices))


@router.post("/{external_id}/void", **changing(WRITE, CreditNote, "voidCreditNote"))
async def void(external_id: CreditNoteInPath, body: EndBody, call: ChangeOne) -> Response:
    """Make the credit note void; what it settled is outstanding again."""
    return await _ordered(call, external_id, lambda desk: desk.void_credit_note(external_id, body.on))


async def _ordered(call: Changing, external_id: str, order: Callable[[JoinedDesk], Taken]) -> Response:
    return await call.of(CreditNoteResource(external_id), order, f"credit note {external_id!r}")
