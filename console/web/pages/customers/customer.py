"""One customer: what it owes, its invoices and people, what was written to it, and how late it pays."""

from collections.abc import Callable
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form, Path, Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console.api.customers import shown as as_the_api_has_it
from console.api.etags import etag_of
from console.web.guard import needs, page_router
from console.web.pages.customers.customers import PATH
from console.web.pages.invoices import words
from console.web.pages.invoices.axis import kept_reasons
from console.web.pages.invoices.filters import path_of_list
from console.web.pages.invoices.orders import CHANGED_MEANWHILE, ChangedMeanwhile
from console.web.visit import Visit, Visiting
from console.web.words import N_
from console.web.work import VisitorsDesk
from db.engine import transaction
from db.operations.record_locks import lock_customer_record
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.balances import balances_of
from db.queries.calendar import local_date
from db.queries.customer_records import CustomerRecord, contact_records, customer_record, customer_record_of
from db.queries.figures.payment_delay import payment_delay
from db.queries.lists.choice import InvoiceChoice
from db.queries.lists.customer_messages import message_page
from db.queries.lists.invoices import invoice_page
from db.queries.lists.orders import Order
from db.queries.lists.plans import by_indexes
from db.queries.timelines import BIGINT_MAX
from db.queries.todos import Place
from intake.clerk_orders import Told

INVOICES = 25
MESSAGES = 25
Id = Annotated[int, Path(ge=1, le=BIGINT_MAX)]
Version = Annotated[str, Form(max_length=100)]
router = page_router()
_ONE = f"{PATH}/{{customer_id:int}}"


@router.get(_ONE, **needs(Role.MEMBER))
def customer_page(
    visit: Visiting,
    customer_id: Id,
    before: date | None = None,
    before_id: Annotated[int | None, Query(ge=1, le=BIGINT_MAX)] = None,
) -> Response:
    """Show the customer."""
    place = None if before is None or before_id is None else Place(before, before_id)
    return _show(visit, customer_id, place)


@router.post(f"{_ONE}/pause", **needs(Role.MEMBER))
def pause(
    visit: Visiting,
    customer_id: Id,
    version: Version,
    until: Annotated[date | None, Form()] = None,
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Stop contact about all invoices of the customer."""
    why = reason.strip() or None
    return _order(
        visit,
        customer_id,
        version,
        "customer paused",
        lambda desk, number: desk.pause_customer(number, until, why),
        N_("The customer is paused: nothing goes out about any of its invoices, later ones included."),
    )


@router.post(f"{_ONE}/resume", **needs(Role.MEMBER))
def resume(visit: Visiting, customer_id: Id, version: Version) -> Response:
    """End the customer's pause."""
    return _order(
        visit,
        customer_id,
        version,
        "customer resumed",
        lambda desk, number: desk.resume_customer(number),
        N_("The customer is resumed."),
    )


def version_of(record: CustomerRecord) -> str:
    """Return the customer's entity tag, that of the API."""
    return etag_of(as_the_api_has_it(record).model_dump_json().encode()).strip('"')


def _order(
    visit: Visit, customer_id: int, version: str, verb: str, order: Callable[[VisitorsDesk, str], Told], done: str
) -> Response:
    try:
        with visit.work() as work:
            record = customer_record_of(work.session, customer_id)
            if record is None:
                raise HTTPException(404)
            lock_customer_record(work.session, record.external_id)
            record = customer_record(work.session, record.external_id)
            if record is None or version_of(record) != version:
                raise ChangedMeanwhile
            if work.tell(order(work.desk, record.external_id)):
                work.note(verb, "customer", record.external_id)
            else:
                work.nothing_changed()
    except ChangedMeanwhile:
        return _show(visit, customer_id, problem=visit.text(CHANGED_MEANWHILE), status=409)
    except Refused as refusal:
        return _show(visit, customer_id, problem=refusal.said, status=422)
    return visit.go(f"{PATH}/{customer_id}", said=visit.text(done))


def _show(
    visit: Visit, customer_id: int, after: Place | None = None, *, problem: str | None = None, status: int = 200
) -> Response:
    with transaction(visit.web.engine) as session:
        record = customer_record_of(session, customer_id)
        if record is None:
            raise HTTPException(404)
        by_indexes(session)
        today = local_date(session, visit.now)
        balances = balances_of(session, customer_id, today)
        contacts = contact_records(session, customer_id)
        delay = payment_delay(session, customer_id, today)
        unpaid = InvoiceChoice(customer_id=customer_id)
        invoices = invoice_page(session, unpaid, today, INVOICES, Order.DUE)
        messages = message_page(session, customer_id, MESSAGES, after)
    older = None
    if messages.ends_at is not None:
        place = {"before": messages.ends_at.listed_on.isoformat(), "before_id": messages.ends_at.action_id}
        older = f"{PATH}/{customer_id}?{urlencode(place)}"
    return visit.page(
        "customers/customer.html",
        part="customers/messages.html",
        status=status,
        customer=record,
        version=version_of(record),
        balances=balances,
        contacts=contacts,
        delay=delay,
        invoices=invoices,
        reasons={line.id: kept_reasons(visit.reader, line.because) for line in invoices.lines},
        unpaid_path=path_of_list(unpaid),
        paid_path=path_of_list(delay.listed),
        messages=messages.lines,
        older=older,
        newest=None if after is None else f"{PATH}/{customer_id}",
        today=today,
        problem=problem,
        words=words,
    )
