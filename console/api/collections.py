"""Orders about the collection of an invoice: `/v1/invoices/{external_id}/pause` and so on."""

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import Response

from console.api.calls import ChangeOne, Changing
from console.api.documented import changing
from console.api.guard import GuardedRoute
from console.api.invoices import Invoice, InvoiceResource
from console.api.orders import (
    AnnounceBody,
    CompleteBody,
    DisputeBody,
    DueDateBody,
    MessageBody,
    PauseBody,
    PromiseBody,
    ReassignBody,
    ResolveBody,
    SnoozeStepBody,
)
from console.api.parameters import InvoiceInPath
from intake.clerk_orders import Told
from intake.joined_desk import JoinedDesk

router = APIRouter(prefix="/v1/invoices/{external_id}", tags=["collections"], route_class=GuardedRoute)
WRITE = "collections:write"


async def _ordered(call: Changing, external_id: str, order: Callable[[JoinedDesk, str], Told]) -> Response:
    """Carry out an order about an invoice, and answer what it looks like then."""
    invoice = InvoiceResource(external_id)

    return await call.of(invoice, lambda desk: order(desk, invoice.number(desk.session)), invoice.name)


@router.post("/pause", **changing(WRITE, Invoice, "pauseInvoice"))
async def pause(external_id: InvoiceInPath, body: PauseBody, call: ChangeOne) -> Response:
    """Stop contact about the invoice until a day, or until it is resumed."""
    return await _ordered(call, external_id, lambda desk, number: desk.pause(number, body.until, body.reason))


@router.post("/resume", **changing(WRITE, Invoice, "resumeInvoice", body=False))
async def resume(external_id: InvoiceInPath, call: ChangeOne) -> Response:
    """End the invoice's pause."""
    return await _ordered(call, external_id, lambda desk, number: desk.resume(number))


@router.post("/reassign", **changing(WRITE, Invoice, "reassignInvoice"))
async def reassign(external_id: InvoiceInPath, body: ReassignBody, call: ChangeOne) -> Response:
    """Put the invoice under another cadence, or none; rules leave it alone from then on."""
    return await _ordered(call, external_id, lambda desk, number: desk.reassign(number, body.cadence))


@router.post("/release-to-rules", **changing(WRITE, Invoice, "releaseInvoiceToRules", body=False))
async def release_to_rules(external_id: InvoiceInPath, call: ChangeOne) -> Response:
    """Let rules manage the invoice's cadence again, and ask them at once; where none matches it stays."""
    return await _ordered(call, external_id, lambda desk, number: desk.release_to_rules(number))


@router.post("/restart", **changing(WRITE, Invoice, "restartInvoice", body=False))
async def restart(external_id: InvoiceInPath, call: ChangeOne) -> Response:
    """Begin the invoice's cadence anew."""
    return await _ordered(call, external_id, lambda desk, number: desk.restart(number))


@router.post("/dispute", **changing(WRITE, Invoice, "disputeInvoice"))
async def dispute(external_id: InvoiceInPath, body: DisputeBody, call: ChangeOne) -> Response:
    """Hold the invoice until its dispute is resolved."""
    return await _ordered(call, external_id, lambda desk, number: desk.dispute(number, body.reason))


@router.post("/resolve", **changing(WRITE, Invoice, "resolveDispute"))
async def resolve(external_id: InvoiceInPath, body: ResolveBody, call: ChangeOne) -> Response:
    """End the invoice's dispute."""
    return await _ordered(call, external_id, lambda desk, number: desk.resolve(number, body.then))


@router.post("/promise", **changing(WRITE, Invoice, "promisePayment"))
async def promise(external_id: InvoiceInPath, body: PromiseBody, call: ChangeOne) -> Response:
    """Note that the customer promised to pay by a day."""
    return await _ordered(
        call, external_id, lambda desk, number: desk.promise(number, body.promised_for, body.amount)
    )


@router.post("/announce-payment", **changing(WRITE, Invoice, "announcePayment"))
async def announce_payment(external_id: InvoiceInPath, body: AnnounceBody, call: ChangeOne) -> Response:
    """Hold the invoice while a payment is on its way."""
    return await _ordered(call, external_id, lambda desk, number: desk.announce_payment(number, body.until))


@router.post("/complete", **changing(WRITE, Invoice, "completeStep"))
async def complete(external_id: InvoiceInPath, body: CompleteBody, call: ChangeOne) -> Response:
    """End the invoice's open to-do with an outcome."""
    return await _ordered(call, external_id, lambda desk, number: desk.complete(number, body.step, body.ending))


@router.post("/snooze", **changing(WRITE, Invoice, "snoozeStep"))
async def snooze(external_id: InvoiceInPath, body: SnoozeStepBody, call: ChangeOne) -> Response:
    """Put the open to-do of a step off until a day."""
    return await _ordered(call, external_id, lambda desk, number: desk.snooze(number, body.step, body.until))


@router.post("/message", **changing(WRITE, Invoice, "writeMessage"))
async def write(external_id: InvoiceInPath, body: MessageBody, call: ChangeOne) -> Response:
    """Write to the customer outside the cadence: the invoice's process sends the message, once.

    It counts as a contact, and may be used as a step that is to come, which is done by it.
    """
    return await _ordered(call, external_id, lambda desk, number: desk.write(number, body.wish))


@router.post("/due-date", **changing("invoices:write", Invoice, "changeDueDate"))
async def change_due_date(external_id: InvoiceInPath, body: DueDateBody, call: ChangeOne) -> Response:
    """Let the invoice fall due on another day."""
    return await _ordered(call, external_id, lambda desk, number: desk.change_due_date(number, body.due_on))


@router.post("/hide", **changing(WRITE, Invoice, "hideInvoice", body=False))
async def hide(external_id: InvoiceInPath, call: ChangeOne) -> Response:
    """Keep what is written about the invoice from its customer."""
    return await _ordered(call, external_id, lambda desk, number: desk.hide(number))


@router.post("/show", **changing(WRITE, Invoice, "showInvoice", body=False))
async def show(external_id: InvoiceInPath, call: ChangeOne) -> Response:
    """Take back that the invoice is hidden."""
    return await _ordered(call, external_id, lambda desk, number: desk.show(number))


@router.post("/write-off", **changing("invoices:write", Invoice, "writeOffInvoice", body=False))
async def write_off(external_id: InvoiceInPath, call: ChangeOne) -> Response:
    """Write the invoice off, which ends its collection."""
    return await _ordered(call, external_id, lambda desk, number: desk.write_off(number))


@router.post("/void", **changing("invoices:write", Invoice, "voidInvoice", body=False))
async def void(external_id: InvoiceInPath, call: ChangeOne) -> Response:
    """Make the invoice void, which ends its collection."""
    return await _ordered(call, external_id, lambda desk, number: desk.void(number))


@router.post("/reinstate", **changing("invoices:write", Invoice, "reinstateInvoice", body=False))
async def reinstate(external_id: InvoiceInPath, call: ChangeOne) -> Response:
    """Take back that the invoice was written off or void."""
    return await _ordered(call, external_id, lambda desk, number: desk.reinstate(number))
