"""What people order about one invoice at its page: each order is one form, carried out by the Desk."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Form
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.pages.invoices.page import PATH, Id, path_of_invoice, show_invoice
from console.web.pages.invoices.reading import version_of
from console.web.visit import Visit, Visiting
from console.web.words import N_
from console.web.work import VisitorsDesk
from db.operations.refusal import Refused
from db.operations.settle import lock_invoice
from db.queries.access import Role
from db.queries.invoice_records import invoice_record_of
from dunning.cadence import Channel
from dunning.events import Resolution
from intake.clerk_orders import Told

Version = Annotated[str, Form(max_length=100)]
Day = Annotated[date, Form()]
DayOrNone = Annotated[date | None, Form()]
Text = Annotated[str, Form(max_length=1000)]
Name = Annotated[str, Form(max_length=200)]
router = page_router()
ONE = f"{PATH}/{{invoice_id:int}}"
CHANGED_MEANWHILE = N_(
    "Somebody, or the invoice's own process, changed it while you were looking at it. Nothing of yours was done:"
    " look at it again, and order it once more if it still makes sense."
)


class ChangedMeanwhile(Exception):
    """The invoice is another than the one that was seen."""


def ordered(
    visit: Visit,
    invoice_id: int,
    version: str,
    name: str,
    verb: str,
    order: Callable[[VisitorsDesk, str], Told],
    said: str,
    again: Callable[[str, int], Response] | None = None,
    **details: object,
) -> Response:
    """Carry out an order about the invoice that was seen, and show it again; else say why nothing was done.

    `again` shows what was filled in with that reason and a status, in place of the invoice.
    """
    try:
        with visit.work() as work:
            lock_invoice(work.session, invoice_id)
            record = invoice_record_of(work.session, invoice_id)
            if record is None:
                raise HTTPException(404)
            if version_of(record) != version:
                raise ChangedMeanwhile
            if work.tell(order(work.desk, record.number)):
                work.note(verb, "invoice", record.number, **details)
            else:
                work.nothing_changed()
    except ChangedMeanwhile:
        if again is not None:
            return again(visit.text(CHANGED_MEANWHILE), 409)
        return show_invoice(visit, invoice_id, problem=visit.text(CHANGED_MEANWHILE), status=409)
    except Refused as refusal:
        if again is not None:
            return again(refusal.said, 422)
        return show_invoice(visit, invoice_id, problem=refusal.said, opened=name, status=422)
    return visit.go(path_of_invoice(invoice_id), said=visit.text(said))


@router.post(f"{ONE}/pause", **needs(Role.MEMBER))
def pause(
    visit: Visiting, invoice_id: Id, version: Version, until: DayOrNone = None, reason: Text = ""
) -> Response:
    """Stop contact until a day, or until it is resumed."""
    why = reason.strip() or None
    return ordered(
        visit,
        invoice_id,
        version,
        "pause",
        N_("invoice paused"),
        lambda desk, number: desk.pause(number, until, why),
        N_("The invoice is paused."),
        until=until and until.isoformat(),
        reason=why,
    )


@router.post(f"{ONE}/resume", **needs(Role.MEMBER))
def resume(visit: Visiting, invoice_id: Id, version: Version) -> Response:
    """End the pause."""
    return ordered(
        visit,
        invoice_id,
        version,
        "resume",
        N_("invoice resumed"),
        lambda desk, number: desk.resume(number),
        N_("The invoice is resumed."),
    )


@router.post(f"{ONE}/reassign", **needs(Role.MEMBER))
def reassign(visit: Visiting, invoice_id: Id, version: Version, cadence: Name = "") -> Response:
    """Put the invoice under another cadence, or none."""
    return ordered(
        visit,
        invoice_id,
        version,
        "reassign",
        N_("invoice reassigned"),
        lambda desk, number: desk.reassign(number, cadence or None),
        N_("The cadence is assigned; smart rules leave it alone from now on."),
        cadence=cadence or "–",
    )


@router.post(f"{ONE}/release", **needs(Role.MEMBER))
def release(visit: Visiting, invoice_id: Id, version: Version) -> Response:
    """Let smart rules manage the cadence again."""
    return ordered(
        visit,
        invoice_id,
        version,
        "release",
        N_("invoice released to rules"),
        lambda desk, number: desk.release_to_rules(number),
        N_("Smart rules manage the cadence again."),
    )


@router.post(f"{ONE}/restart", **needs(Role.MEMBER))
def restart(visit: Visiting, invoice_id: Id, version: Version) -> Response:
    """Begin the cadence anew."""
    return ordered(
        visit,
        invoice_id,
        version,
        "restart",
        N_("cadence restarted"),
        lambda desk, number: desk.restart(number),
        N_("The cadence begins anew."),
    )


@router.post(f"{ONE}/promise", **needs(Role.MEMBER))
def promise(
    visit: Visiting,
    invoice_id: Id,
    version: Version,
    promised_for: Day,
    amount: Annotated[Decimal | None, Form(gt=0, max_digits=19, decimal_places=4)] = None,
) -> Response:
    """Note a promise to pay."""
    return ordered(
        visit,
        invoice_id,
        version,
        "promise",
        N_("promise noted"),
        lambda desk, number: desk.promise(number, promised_for, amount),
        N_("The promise is noted; nothing goes out before its day and the days of grace are over."),
        None,
        **{"promised for": promised_for.isoformat()},
        amount=None if amount is None else str(amount),
    )


@router.post(f"{ONE}/payment-in-flight", **needs(Role.MEMBER))
def payment_in_flight(visit: Visiting, invoice_id: Id, version: Version, until: Day) -> Response:
    """Note that a payment is on its way."""
    return ordered(
        visit,
        invoice_id,
        version,
        "payment-in-flight",
        N_("payment in flight noted"),
        lambda desk, number: desk.announce_payment(number, until),
        N_("Contact is held while the payment is on its way."),
        until=until.isoformat(),
    )


@router.post(f"{ONE}/dispute", **needs(Role.MEMBER))
def dispute(visit: Visiting, invoice_id: Id, version: Version, reason: Text = "") -> Response:
    """Hold the invoice until its dispute is resolved."""
    why = reason.strip() or None
    return ordered(
        visit,
        invoice_id,
        version,
        "dispute",
        N_("dispute opened"),
        lambda desk, number: desk.dispute(number, why),
        N_("The dispute is open; nothing goes out until it is resolved."),
        reason=why,
    )


@router.post(f"{ONE}/resolve", **needs(Role.MEMBER))
def resolve(
    visit: Visiting, invoice_id: Id, version: Version, then: Annotated[Resolution, Form()] = Resolution.RESUME
) -> Response:
    """End the dispute."""
    return ordered(
        visit,
        invoice_id,
        version,
        "resolve",
        N_("dispute ended"),
        lambda desk, number: desk.resolve(number, then),
        N_("The dispute is resolved."),
        then=then.value,
    )


@router.post(f"{ONE}/hide", **needs(Role.MEMBER))
def hide(visit: Visiting, invoice_id: Id, version: Version) -> Response:
    """Keep the customer from what is written about the invoice."""
    return ordered(
        visit,
        invoice_id,
        version,
        "hide",
        N_("invoice hidden"),
        lambda desk, number: desk.hide(number),
        N_("The invoice is hidden: nothing is written to the customer about it."),
    )


@router.post(f"{ONE}/show", **needs(Role.MEMBER))
def show(visit: Visiting, invoice_id: Id, version: Version) -> Response:
    """Take back that it is hidden."""
    return ordered(
        visit,
        invoice_id,
        version,
        "show",
        N_("invoice shown"),
        lambda desk, number: desk.show(number),
        N_("The invoice is shown to its customer again."),
    )


@router.post(f"{ONE}/contact", **needs(Role.MEMBER))
def contact(
    visit: Visiting,
    invoice_id: Id,
    version: Version,
    channel: Annotated[Channel, Form()],
    step: Name = "",
    note: Text = "",
) -> Response:
    """Log a contact that was made outside the cadence, perhaps in place of a step."""
    return ordered(
        visit,
        invoice_id,
        version,
        "contact",
        N_("contact logged"),
        lambda desk, number: desk.contact(number, channel, step or None, note.strip() or None),
        N_("The contact is logged, and the minimum contact delay counts from it."),
        channel=channel.value,
        step=step or None,
    )


@router.post(f"{ONE}/snooze", **needs(Role.MEMBER))
def snooze(visit: Visiting, invoice_id: Id, version: Version, step: Name, until: Day) -> Response:
    """Put the open to-do of a step off."""
    return ordered(
        visit,
        invoice_id,
        version,
        "snooze",
        N_("to-do snoozed"),
        lambda desk, number: desk.snooze(number, step, until),
        N_("The to-do is put off."),
        step=step,
        until=until.isoformat(),
    )
