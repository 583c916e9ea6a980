"""Customers: `/v1/customers`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from console.api.batches import BatchResult, Items, carry_out
from console.api.calls import Change, ChangeOne, Changing, ReadList, ReadOne
from console.api.custom import CustomShown, CustomStated, custom_shown
from console.api.documented import batching, changing, listing, reading, upserting
from console.api.fields import Body, Identifier, Locale, Name, Shown
from console.api.guard import GuardedRoute
from console.api.orders import PauseBody
from console.api.parameters import LIMIT_DEFAULT, Cursor, CustomerInPath, Limit, page_of, place_in, place_of
from db.engine import Session
from db.operations.record_locks import lock_customer_record
from db.queries.customer_records import CustomerRecord, customer_record, customer_records
from intake.cells import TERM_DAYS_MAX
from intake.clerk_orders import Told
from intake.joined_desk import JoinedDesk
from intake.statements import CustomerStatement, state_customer, state_customers

router = APIRouter(prefix="/v1", tags=["customers"], route_class=GuardedRoute)
TermDays = Annotated[int, Field(ge=0, le=TERM_DAYS_MAX, description="Days from issue to due date.")]


class PauseShown(Shown):
    """A pause. Without `until` it lasts until it is ended; with it, that is the first active day."""

    until: date | None
    reason: str | None
    by: str


class Customer(Shown):
    """A customer."""

    external_id: str
    name: str
    locale: str | None
    payment_term_days: int | None
    pause: PauseShown | None
    custom: CustomShown
    created_at: datetime


class CustomerPage(Shown):
    """A page of customers, in the order in which they came."""

    items: list[Customer]
    next_cursor: str | None


class CustomerBody(Body):
    """A customer as you state it. What is null or missing is left as it is, and a new customer needs a name."""

    name: Name
    locale: Locale | None = None
    payment_term_days: TermDays | None = None
    custom: CustomStated | None = None


@dataclass(frozen=True, slots=True)
class CustomerResource:
    """A customer, be it there or not."""

    external_id: str

    def lock(self, session: Session) -> bool:
        """Lock it."""
        return lock_customer_record(session, self.external_id) is not None

    def show(self, session: Session) -> Customer | None:
        """Return what it looks like."""
        record = customer_record(session, self.external_id)
        return None if record is None else shown(record)


def shown(record: CustomerRecord) -> Customer:
    """Return a customer as it is answered."""
    pause = record.pause
    return Customer(
        external_id=record.external_id,
        name=record.name,
        locale=record.locale,
        payment_term_days=record.payment_term_days,
        pause=None if pause is None else PauseShown(until=pause.until, reason=pause.reason, by=pause.by),
        custom=custom_shown(record.custom),
        created_at=record.created_at,
    )


def statement(external_id: str, body: CustomerBody) -> CustomerStatement:
    """Return what is stated of a customer."""
    return CustomerStatement(external_id, body.name, body.locale, body.payment_term_days, body.custom or {})


@router.get("/customers", **listing("customers:read", CustomerPage, "listCustomers"))
async def list_customers(call: ReadList, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None) -> Response:
    """List the customers."""

    def page(session: Session) -> CustomerPage:
        records = customer_records(session, place_of(cursor), limit + 1)
        listed, more = page_of(records, limit)
        return CustomerPage(items=[shown(record) for record in listed], next_cursor=more)

    return await call.page(page)


@router.get("/customers/{external_id}", **reading("customers:read", Customer, "getCustomer"))
async def get_customer(external_id: CustomerInPath, call: ReadOne) -> Response:
    """Return a customer."""
    return await call.one(CustomerResource(external_id).show, f"customer {external_id!r}")


@router.put("/customers/{external_id}", **upserting("customers:write", Customer, "putCustomer"))
async def put_customer(external_id: CustomerInPath, body: CustomerBody, call: ChangeOne) -> Response:
    """Create a customer, or bring it to what you state; the same statement again changes nothing."""

    def take(desk: JoinedDesk) -> bool:
        return state_customer(desk, statement(external_id, body)) != "unchanged"

    return await call.to(CustomerResource(external_id), take, place_in("customers", external_id))


class CustomerItem(CustomerBody):
    """A customer in a batch."""

    external_id: Identifier


class CustomerBatch(Body):
    """Up to 1,000 customers."""

    items: Items[CustomerItem]


@router.post("/customers/batch", **batching("customers:write", BatchResult, "putCustomers"))
async def put_customers(body: CustomerBatch, call: Change) -> Response:
    """State up to 1,000 customers. Each counts by itself, and what the ledger refuses holds up no other."""
    stated = [statement(item.external_id, item) for item in body.items]
    return await carry_out(call, [one.external_id for one in stated], lambda desk: state_customers(desk, stated))


async def _about(call: Changing, external_id: str, order: Callable[[JoinedDesk], Told]) -> Response:
    customer = CustomerResource(external_id)

    return await call.of(customer, order, f"customer {external_id!r}")


@router.post("/customers/{external_id}/pause", **changing("collections:write", Customer, "pauseCustomer"))
async def pause(external_id: CustomerInPath, body: PauseBody, call: ChangeOne) -> Response:
    """Stop contact about all invoices of the customer, later ones too, until a day or until it is resumed."""
    return await _about(call, external_id, lambda desk: desk.pause_customer(external_id, body.until, body.reason))


@router.post(
    "/customers/{external_id}/resume", **changing("collections:write", Customer, "resumeCustomer", body=False)
)
async def resume(external_id: CustomerInPath, call: ChangeOne) -> Response:
    """End the customer's pause."""
    return await _about(call, external_id, lambda desk: desk.resume_customer(external_id))
