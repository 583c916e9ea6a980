"""Everything about one invoice, read at one moment: what is owed, what is next and why, what may be ordered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from console.api.etags import etag_of
from console.api.invoices import shown as as_the_api_has_it
from console.failure import Failure
from console.views.book_ahead import DAYS_AHEAD, Question
from console.views.invoice_ahead import InvoiceAhead, read_ahead
from db.engine import Engine, Session, transaction
from db.queries.access import Role
from db.queries.calendar import local_date
from db.queries.catalogue import published_names
from db.queries.collections import case_of
from db.queries.customer_records import CustomerRecord, customer_record
from db.queries.incoming import InboxLine, inbox_page
from db.queries.invoice_messages import InvoiceMessage, messages_about
from db.queries.invoice_records import InvoiceRecord, invoice_record_of
from db.queries.lists.plans import planned_once
from db.queries.rule_standings import Explained, explained
from db.queries.standing import Standing, standing_of
from db.queries.timelines import TimelineEntryLine, timeline_page
from db.queries.under import hold_still
from db.tables.collections import OPEN_STATES
from dunning.cadence import Channel
from dunning.events import (
    Contacted,
    Disputed,
    DisputeResolved,
    Event,
    Paused,
    PaymentAnnounced,
    Promised,
    Reassigned,
    Restarted,
    Resumed,
)
from dunning.facts import Facts
from dunning.objections import objection
from dunning.writing import what_stops_message

ENTRIES = 25
# Who works on invoices does not decide whether they are owed.
DECIDES = Role.ADMIN
DECISIONS = frozenset({"write-off", "void", "reinstate"})
REPLIES_MAX = 100


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a timeline; `older` is the id to go on before, None at its beginning."""

    entries: Sequence[TimelineEntryLine]
    older: int | None
    messages: Sequence[InvoiceMessage]
    replies: Sequence[InboxLine]


@dataclass(frozen=True, slots=True)
class InvoiceShown:
    """An invoice as its page shows it. `version` changes with whatever can be seen of the invoice.

    `ahead` is None where no collection is open, `unplanned` says why nothing can be planned where it is; `orders`
    are those that make sense now.
    """

    record: InvoiceRecord
    version: str
    customer: CustomerRecord
    today: date
    facts: Facts
    standing: Standing | None
    ahead: InvoiceAhead | None
    unplanned: str | None
    rules: Explained
    cadences: Sequence[str]
    orders: frozenset[str]
    past: Page

    @property
    def days_overdue(self) -> int:
        """Return for how many days something has been due; 0 before that, and when nothing is outstanding."""
        due_on = self.facts.invoice.due_on
        if due_on is None or self.facts.is_settled or self.record.state != "open":
            return 0
        return max(0, (self.today - due_on).days)


def read_invoice(
    engine: Engine, invoice_id: int, now: datetime, before_id: int | None, role: Role
) -> InvoiceShown | None:
    """Return the invoice as somebody with the role sees it, None if there is none.

    Its timeline is that before an entry. Raises LedgerUnavailable.
    """
    with transaction(engine) as session:
        hold_still(session)
        planned_once(session)
        record = invoice_record_of(session, invoice_id)
        if record is None:
            return None
        customer = customer_record(session, record.customer)
        assert customer is not None, "an invoice has a customer"
        today = local_date(session, now)
        facts = case_of(session, invoice_id).facts
        ahead, unplanned = None, None
        try:
            ahead = read_ahead(session, invoice_id, Question(now, today, today + timedelta(days=DAYS_AHEAD), 0))
        except Failure as failure:
            unplanned = str(failure)
        return InvoiceShown(
            record=record,
            version=version_of(record),
            customer=customer,
            today=today,
            facts=facts,
            standing=standing_of(session, invoice_id),
            ahead=ahead,
            unplanned=unplanned,
            rules=explained(session, invoice_id, today),
            cadences=published_names(session),
            orders=orders_for(record, facts, now, today) - refused_to(role),
            past=read_past(session, record, before_id),
        )


def read_past(session: Session, record: InvoiceRecord, before_id: int | None) -> Page:
    """Return what happened to the invoice before an entry of its timeline, or up to now."""
    found = timeline_page(session, record.id, ENTRIES + 1, before_id)
    return Page(
        entries=found[:ENTRIES],
        older=found[ENTRIES - 1].id if len(found) > ENTRIES else None,
        messages=messages_about(session, record.id),
        replies=inbox_page(session, REPLIES_MAX, invoice=record.number),
    )


def version_of(record: InvoiceRecord) -> str:
    """Return the invoice's entity tag, that of the API: whoever orders something says what they had seen."""
    return etag_of(as_the_api_has_it(record).model_dump_json().encode()).strip('"')


def orders_for(record: InvoiceRecord, facts: Facts, now: datetime, today: date) -> frozenset[str]:
    """Return the orders that the ledger would not refuse for what the invoice is."""
    events: dict[str, Event] = {
        "pause": Paused(now),
        "resume": Resumed(now),
        "promise": Promised(now, today),
        "payment-in-flight": PaymentAnnounced(now, today + timedelta(days=1)),
        "dispute": Disputed(now),
        "resolve": DisputeResolved(now),
        "contact": Contacted(now, Channel.CALL),
        "reassign": Reassigned(now, None),
        "restart": Restarted(now),
    }
    possible = {name for name, event in events.items() if objection(facts, event) is None}
    if record.state in ("open", "draft"):
        possible.add("show" if facts.invoice.is_hidden else "hide")
    if record.cadence_locked_by is not None:
        possible.add("release")
    # Whose process sends it, and as whose step: see the page for writing.
    is_followed = record.collection is not None and record.collection.state in OPEN_STATES
    if is_followed and what_stops_message(facts, None, today) is None:
        possible.add("write")
    return frozenset(possible | _about_owing(record))


def refused_to(role: Role) -> frozenset[str]:
    """Return the orders that are not for somebody with the role."""
    return frozenset() if role.may_act_as(DECIDES) else DECISIONS


def _about_owing(record: InvoiceRecord) -> set[str]:
    if record.state in ("void", "written_off"):
        return {"reinstate"}
    if record.outstanding <= 0:
        return {"void"}
    return {"void", "write-off", "due-date"}
