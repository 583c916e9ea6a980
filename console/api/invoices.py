"""Invoices: `/v1/invoices`."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from console.api.batches import BatchResult, Items, carry_out
from console.api.calls import Change, ChangeOne, ReadList, ReadOne
from console.api.custom import CustomShown, CustomStated, custom_shown
from console.api.documented import batching, listing, reading, upserting
from console.api.fields import (
    Amount,
    Body,
    Currency,
    Day,
    Identifier,
    Name,
    PositiveAmount,
    Said,
    ShortLine,
    Shown,
    line,
)
from console.api.guard import GuardedRoute
from console.api.parameters import (
    LIMIT_DEFAULT,
    Cursor,
    IdentifierParameter,
    InvoiceInPath,
    Limit,
    page_of,
    place_in,
    place_of,
)
from db.engine import Session
from db.operations.record_locks import lock_invoice_record
from db.queries.invoice_records import InvoiceFilter, InvoiceRecord, invoice_record, invoice_records
from dunning.facts import InvoiceState
from intake.joined_desk import JoinedDesk
from intake.statements import LINK_CHARACTERS_MAX, InvoiceStatement, state_invoice, state_invoices

router = APIRouter(prefix="/v1", tags=["invoices"], route_class=GuardedRoute)
_LINKS = ("pay_link", "view_link")
LinkText = Annotated[str, *line(LINK_CHARACTERS_MAX, examples=["https://pay.helios.example/INV-2026-017"])]


class HoldShown(Shown):
    """Something that stops contact. Without `until` it lasts until it is ended."""

    kind: str = Field(examples=["pause"])
    of_customer: bool
    until: date | None
    reason: str | None
    by: str


class CollectionShown(Shown):
    """The invoice under its cadence, and what is next: when, and why not sooner."""

    cadence: str
    cycle: int
    state: str = Field(examples=["active"])
    entered_on: date
    last_contact_on: date | None
    assigned_by: str
    stage: str | None
    step: str | None
    channel: str | None
    acts_at: datetime | None
    sentence: str | None
    because: list[dict[str, Any]] | None


class Invoice(Shown):
    """An invoice. `collection` is the one that runs, or the last one."""

    external_id: str
    number: str
    customer: str
    po_number: str | None
    issued_on: date
    due_on: date | None
    currency: str
    total: Said
    settled: Said
    outstanding: Said
    state: str = Field(examples=["open"])
    is_hidden: bool
    cadence_locked_by: str | None
    pay_link: str | None
    view_link: str | None
    collection: CollectionShown | None
    holds: list[HoldShown]
    custom: CustomShown
    created_at: datetime


class InvoicePage(Shown):
    """A page of invoices, in the order in which they came."""

    items: list[Invoice]
    next_cursor: str | None


class InvoiceBody(Body):
    """An invoice as the accounts have it, whole.

    `paid` is what they have booked on it so far, and `is_disputed` whether they know of a dispute: where either is
    null or missing, what they stated before goes on. A customer that is new needs `customer_name`.
    """

    customer: Identifier
    customer_name: Name | None = None
    number: Identifier | None = Field(
        None, description="What people know it by; the external id, if it is missing."
    )
    issued_on: Day
    due_on: Day | None = Field(None, description="Without it, the payment term says.")
    currency: Currency
    total: PositiveAmount
    paid: Amount | None = None
    state: Annotated[InvoiceState, Field(strict=False)] = InvoiceState.OPEN
    is_disputed: bool | None = None
    po_number: ShortLine | None = None
    custom: CustomStated | None = None
    pay_link: LinkText | None = Field(
        None, description="Where its customer pays it. Null is none; if it is missing, what is there stays."
    )
    view_link: LinkText | None = Field(
        None, description="Where its customer sees it. Null is none; if it is missing, what is there stays."
    )


@dataclass(frozen=True, slots=True)
class InvoiceResource:
    """An invoice, be it there or not."""

    external_id: str

    def lock(self, session: Session) -> bool:
        """Lock it."""
        return lock_invoice_record(session, self.external_id) is not None

    def show(self, session: Session) -> Invoice | None:
        """Return what it looks like."""
        record = invoice_record(session, self.external_id)
        return None if record is None else shown(record)

    def number(self, session: Session) -> str:
        """Return its number; it is there and locked."""
        locked = lock_invoice_record(session, self.external_id)
        assert locked is not None, "it was locked a moment ago"
        return locked[1]

    @property
    def name(self) -> str:
        """Return what it is called when it is missing."""
        return f"invoice {self.external_id!r}"


def shown(record: InvoiceRecord) -> Invoice:
    """Return an invoice as it is answered."""
    own = ("id", "collection", "holds", "custom")
    collection = record.collection
    return Invoice(
        **{name: getattr(record, name) for name in InvoiceRecord.__slots__ if name not in own},
        collection=None if collection is None else CollectionShown(**asdict(collection)),
        holds=[HoldShown(**asdict(hold)) for hold in record.holds],
        custom=custom_shown(record.custom),
    )


def statement(external_id: str, body: InvoiceBody) -> InvoiceStatement:
    """Return what is stated of an invoice."""
    said = {name: getattr(body, name) for name in InvoiceBody.model_fields if name not in ("custom", *_LINKS)}
    links = {name: getattr(body, name) for name in _LINKS if name in body.model_fields_set}
    return InvoiceStatement(external_id=external_id, custom=body.custom or {}, links=links, **said)


@router.get("/invoices", **listing("invoices:read", InvoicePage, "listInvoices"))
async def list_invoices(
    call: ReadList,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
    customer: Annotated[IdentifierParameter, Query(description="Those of a customer.")] = None,
    number: Annotated[IdentifierParameter, Query(description="The one with this number.")] = None,
    unsettled: Annotated[bool, Query(description="Only those that are open with something outstanding.")] = False,
) -> Response:
    """List the invoices."""
    chosen = InvoiceFilter(customer, number, unsettled)

    def page(session: Session) -> InvoicePage:
        records = invoice_records(session, chosen, place_of(cursor), limit + 1)
        listed, more = page_of(records, limit)
        return InvoicePage(items=[shown(record) for record in listed], next_cursor=more)

    return await call.page(page)


@router.get("/invoices/{external_id}", **reading("invoices:read", Invoice, "getInvoice"))
async def get_invoice(external_id: InvoiceInPath, call: ReadOne) -> Response:
    """Return an invoice with its collection and what holds it."""
    invoice = InvoiceResource(external_id)
    return await call.one(invoice.show, invoice.name)


@router.put("/invoices/{external_id}", **upserting("invoices:write", Invoice, "putInvoice"))
async def put_invoice(external_id: InvoiceInPath, body: InvoiceBody, call: ChangeOne) -> Response:
    """Create an invoice, or bring it to what you state; the same statement again changes nothing.

    Smart rules and the default cadence see to a new one, and its process starts.
    """

    def take(desk: JoinedDesk) -> bool:
        return state_invoice(desk, statement(external_id, body)) != "unchanged"

    return await call.to(InvoiceResource(external_id), take, place_in("invoices", external_id))


class InvoiceItem(InvoiceBody):
    """An invoice in a batch."""

    external_id: Identifier


class InvoiceBatch(Body):
    """Up to 1,000 invoices."""

    items: Items[InvoiceItem]


@router.post("/invoices/batch", **batching("invoices:write", BatchResult, "putInvoices"))
async def put_invoices(body: InvoiceBatch, call: Change) -> Response:
    """State up to 1,000 invoices. Each counts by itself, and what the ledger refuses holds up no other."""
    stated = [statement(item.external_id, item) for item in body.items]
    return await carry_out(call, [one.external_id for one in stated], lambda desk: state_invoices(desk, stated))
