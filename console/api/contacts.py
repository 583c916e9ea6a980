"""The people at a customer: `/v1/customers/{external_id}/contacts`."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response

from console.api.calls import ChangeOne, ReadList, ReadOne
from console.api.documented import listing, reading, upserting
from console.api.fields import Address, Body, Locale, Name, Role, Shown
from console.api.guard import GuardedRoute
from console.api.parameters import CustomerInPath, IdentifierInPath, place_in
from console.api.problems import Problem
from db.engine import Session
from db.operations.arrival.contacts import StatedContact
from db.operations.record_locks import lock_customer_record
from db.queries.customer_records import ContactRecord, contact_records
from db.queries.customers import customer_id_of
from intake.joined_desk import JoinedDesk
from intake.statements import state_contact

router = APIRouter(prefix="/v1/customers/{customer}/contacts", tags=["customers"], route_class=GuardedRoute)


class Contact(Shown):
    """A person at a customer. `unreachable_because` says why the address is not written to, if it is not."""

    external_id: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    role: str
    is_main: bool
    locale: str | None
    unreachable_because: str | None


class ContactList(Shown):
    """The people at a customer, the oldest first; those that came in files have no external id."""

    items: list[Contact]


class ContactBody(Body):
    """A person at a customer, whole: what is null or missing is not there."""

    first_name: Name | None = None
    last_name: Name | None = None
    email: Address | None = None
    role: Role = "main"
    is_main: bool | None = None
    locale: Locale | None = None


@dataclass(frozen=True, slots=True)
class ContactResource:
    """A contact, be it there or not. It is locked with its customer, which must be there."""

    customer: str
    external_id: str

    def lock(self, session: Session) -> bool:
        """Lock it."""
        if lock_customer_record(session, self.customer) is None:
            raise _no_customer(self.customer)
        return self.show(session) is not None

    def show(self, session: Session) -> Contact | None:
        """Return what it looks like."""
        for record in contact_records(session, _customer_id(session, self.customer)):
            if record.external_id == self.external_id:
                return shown(record)
        return None


def shown(record: ContactRecord) -> Contact:
    """Return a contact as it is answered."""
    return Contact(**{name: getattr(record, name) for name in Contact.model_fields})


@router.get("", **listing("customers:read", ContactList, "listContacts", "not-found"))
async def list_contacts(customer: CustomerInPath, call: ReadList) -> Response:
    """List the people at a customer."""

    def contacts(session: Session) -> ContactList:
        records = contact_records(session, _customer_id(session, customer))
        return ContactList(items=[shown(record) for record in records])

    return await call.page(contacts)


@router.get("/{external_id}", **reading("customers:read", Contact, "getContact"))
async def get_contact(customer: CustomerInPath, external_id: IdentifierInPath, call: ReadOne) -> Response:
    """Return a person at a customer."""
    contact = ContactResource(customer, external_id)
    return await call.one(contact.show, f"contact {external_id!r} of {customer!r}")


@router.put("/{external_id}", **upserting("customers:write", Contact, "putContact", "not-found"))
async def put_contact(
    customer: CustomerInPath, external_id: IdentifierInPath, body: ContactBody, call: ChangeOne
) -> Response:
    """Create a person at a customer, or bring them to what you state.

    A contact of the same address that came in a file becomes this one. Messages that waited for an address go out.
    """
    is_main = body.role == "main" if body.is_main is None else body.is_main
    said = {name: getattr(body, name) for name in ("first_name", "last_name", "email", "role", "locale")}
    stated = StatedContact(external_id=external_id, is_main=is_main, **said)

    def take(desk: JoinedDesk) -> bool:
        return state_contact(desk, customer, stated)

    place = place_in("customers", customer, "contacts", external_id)
    return await call.to(ContactResource(customer, external_id), take, place)


def _customer_id(session: Session, customer: str) -> int:
    customer_id = customer_id_of(session, customer)
    if customer_id is None:
        raise _no_customer(customer)
    return customer_id


def _no_customer(customer: str) -> Problem:
    return Problem("not-found", f"there is no customer {customer!r}")
