"""Payments: `/v1/payments`."""

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
    Cursor,
    IdentifierParameter,
    Limit,
    PaymentInPath,
    page_of,
    place_in,
    place_of,
)
from console.api.settlement_shapes import (
    AllocateBody,
    EndBody,
    Payment,
    PaymentBatch,
    PaymentBody,
    PaymentList,
    PaymentResource,
    UnallocateBody,
    payment_shown,
)
from db.engine import Session
from db.operations.refusal import Refused
from db.operations.settlement.settlements import take_payment, take_payments
from db.operations.settlement.stated import Taken
from db.queries.customers import customer_id_of
from db.queries.settlements import payment_page
from intake.joined_desk import JoinedDesk

router = APIRouter(prefix="/v1/payments", tags=["payments"], route_class=GuardedRoute)
READ, WRITE = "payments:read", "payments:write"
# Where it came from, as the ledger keeps it.
SOURCE = "api"


@router.get("", **listing(READ, PaymentList, "listPayments"))
async def list_payments(
    call: ReadList,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
    customer: Annotated[IdentifierParameter, Query(description="Those of a customer.")] = None,
) -> Response:
    """List the payments, the newest first."""

    def page(session: Session) -> PaymentList:
        customer_id = None if customer is None else customer_id_of(session, customer)
        if customer is not None and customer_id is None:
            return PaymentList(items=[], next_cursor=None)
        before_id = None if cursor is None else place_of(cursor)
        views = payment_page(session, limit + 1, before_id, customer_id)
        listed, more = page_of(views, limit)
        return PaymentList(items=[payment_shown(view) for view in listed], next_cursor=more)

    return await call.page(page)


@router.get("/{external_id}", **reading(READ, Payment, "getPayment"))
async def get_payment(external_id: PaymentInPath, call: ReadOne) -> Response:
    """Return a payment with what it settles."""
    return await call.one(PaymentResource(external_id).show, f"payment {external_id!r}")


@router.put("/{external_id}", **upserting(WRITE, Payment, "putPayment"))
async def put_payment(external_id: PaymentInPath, body: PaymentBody, call: ChangeOne) -> Response:
    """Book a payment, or bring it to what you state; the same statement again changes nothing."""
    stated = body.stated(external_id)

    def take(desk: JoinedDesk) -> bool:
        return take_payment(desk.session, stated, desk.change(), SOURCE).outcome != "unchanged"

    place = place_in("payments", external_id)
    return await call.to(PaymentResource(external_id, by_id=False), take, place)


@router.post("/batch", **batching(WRITE, BatchResult, "putPayments"))
async def put_payments(body: PaymentBatch, call: Change) -> Response:
    """State up to 1,000 payments. Each counts by itself, and what the ledger refuses holds up no other."""
    stated = [item.stated(item.external_id) for item in body.items]

    def take(desk: JoinedDesk) -> list[Became | Refused]:
        taken = take_payments(desk.session, stated, desk.change(), SOURCE)
        return [one if isinstance(one, Refused) else one.outcome for one in taken]

    return await carry_out(call, [item.external_id for item in body.items], take)


@router.post("/{external_id}/allocate", **changing(WRITE, Payment, "allocatePayment"))
async def allocate(external_id: PaymentInPath, body: AllocateBody, call: ChangeOne) -> Response:
    """Let what is left of it settle further invoices."""
    to = body.stated
    return await _ordered(call, external_id, lambda desk: desk.allocate_payment(external_id, to, body.automatic))


@router.post("/{external_id}/unallocate", **changing(WRITE, Payment, "unallocatePayment"))
async def unallocate(external_id: PaymentInPath, body: UnallocateBody, call: ChangeOne) -> Response:
    """Take it off invoices."""
    return await _ordered(call, external_id, lambda desk: desk.unallocate_payment(external_id, body.invoices))


@router.post("/{external_id}/reverse", **changing(WRITE, Payment, "reversePayment"))
async def reverse(external_id: PaymentInPath, body: EndBody, call: ChangeOne) -> Response:
    """Take the whole payment back; what it settled is outstanding again."""
    return await _ordered(call, external_id, lambda desk: desk.reverse_payment(external_id, body.on))


async def _ordered(call: Changing, external_id: str, order: Callable[[JoinedDesk], Taken]) -> Response:
    return await call.of(PaymentResource(external_id), order, f"payment {external_id!r}")
