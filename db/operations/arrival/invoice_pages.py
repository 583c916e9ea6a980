"""Takes in pages of invoices: what is new is written all at once, what is unchanged is seen at once.

The ledger is afterwards as if `take_invoice` had taken one after the other: first those that there are, then the
customers of the new ones, then the new ones (docs/decisions/0019).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from db.engine import part
from db.operations.arrival.custom_values import differing_values
from db.operations.arrival.customers import IncomingParty, create_parties, says_nothing_new, take_party
from db.operations.arrival.incoming_invoice import Chosen, IncomingInvoice, statement_of
from db.operations.arrival.invoices import Outcome, identified, take_and_tell, tell_other_invoices
from db.operations.arrival.new_invoices import create_invoices
from db.operations.change import Change
from db.operations.refusal import Refused
from db.queries.custom_fields import Values, custom_values
from db.queries.parties import KnownCustomer, known_customers

# By uq_invoices_external_id and uq_invoices_number; bounded by the page.
_KNOWN = text("""
SELECT i.id, i.external_id, i.number, i.currency, i.stated, cu.external_id AS customer_id
  FROM invoices i JOIN customers cu ON cu.id = i.customer_id
 WHERE i.external_id = ANY(:external_ids) OR i.number = ANY(:numbers)
""")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one statement: None if the ledger contradicts it; and what changed, or why it was refused."""

    outcome: Outcome | None
    said: str | None = None


UNCHANGED, CREATED = Taken(Outcome.UNCHANGED), Taken(Outcome.CREATED)


def take_invoices(
    session: Session,
    page: Sequence[IncomingInvoice],
    change: Change,
    chosen: Chosen | None = None,
    differing_max: int | None = None,
) -> list[Taken]:
    """Bring the ledger to what the page states, and return what became of each statement, in their order.

    `chosen` says under which cadence new ones go. What is refused leaves nothing behind. Behind `differing_max`
    statements that change something the page ends: those after it are not taken, and have no answer.
    """
    taken: list[Taken | None] = [None] * len(page)
    differing, new, again = _compared(session, page, taken)
    slow = sorted((*differing, *again))
    if differing_max is not None and len(slow) > differing_max:
        end = slow[differing_max]
        page, taken = page[:end], taken[:end]
        differing, new, again = ([place for place in places if place < end] for places in (differing, new, again))
    for place in differing:
        taken[place] = _one(session, page[place], change, chosen)
    if new:
        customers = _take_parties(session, [page[place] for place in new], change)
        create_invoices(
            session, [(customers[page[place].customer_id], page[place]) for place in new], change, chosen
        )
        for place in new:
            taken[place] = CREATED
    for place in again:
        taken[place] = _one(session, page[place], change, chosen)
    return [one for one in taken if one is not None]


def _one(session: Session, incoming: IncomingInvoice, change: Change, chosen: Chosen | None) -> Taken:
    try:
        with part(session):
            outcome, told = take_and_tell(session, incoming, change, chosen)
            return Taken(outcome, "; ".join(told) or None)
    except Refused as refusal:
        return Taken(None, refusal.said)


def _compared(
    session: Session, page: Sequence[IncomingInvoice], taken: list[Taken | None]
) -> tuple[list[int], list[int], list[int]]:
    """Note what is unchanged or refused; return the places of those that differ, are new, or are stated again."""
    ledger = _Ledger(session, page)
    differing, new, again = [], [], []
    seen: set[tuple[str, str]] = set()
    # Customers whom the ledger will know otherwise by the time later statements are taken in.
    restated: set[str] = set()
    for place, incoming in enumerate(page):
        keys = {("id", incoming.external_id), ("number", incoming.shown_number)}
        if keys & seen:
            again.append(place)
            continue
        seen |= keys
        try:
            known = ledger.invoice(incoming)
        except Refused as refusal:
            taken[place] = Taken(None, refusal.said)
            continue
        if known is None:
            new.append(place)
        elif incoming.customer_id not in restated and ledger.has_all(known, incoming):
            taken[place] = UNCHANGED
        else:
            differing.append(place)
            if incoming.customer_id not in restated and not ledger.has_party(incoming):
                restated.add(incoming.customer_id)
    return differing, new, again


class _Ledger:
    """What the ledger has of the invoices and customers of a page."""

    def __init__(self, session: Session, page: Sequence[IncomingInvoice]) -> None:
        parameters = {
            "external_ids": [one.external_id for one in page],
            "numbers": [one.shown_number for one in page],
        }
        rows = session.execute(_KNOWN, parameters).all()
        self._by_external_id = {row.external_id: row for row in rows}
        self._by_number = {row.number: row for row in rows}
        self._values: dict[int, dict[str, Any]] = {}
        self._customers: dict[str, KnownCustomer] = {}
        if rows:
            if any(one.custom for one in page):
                self._values = custom_values(session, "invoice", [row.id for row in rows])
            custom = any(one.customer_custom for one in page)
            self._customers = known_customers(session, {row.customer_id for row in rows}, custom=custom)

    def invoice(self, incoming: IncomingInvoice) -> Row[Any] | None:
        """Return the invoice that is stated, if there is one. Raises Refused if it is two."""
        by_id = self._by_external_id.get(incoming.external_id)
        by_number = self._by_number.get(incoming.shown_number)
        found = identified(
            incoming,
            None if by_id is None else by_id.id,
            None if by_number is None else (by_number.id, by_number.external_id),
        )
        return None if found is None else by_id or by_number

    def has_all(self, known: Row[Any], incoming: IncomingInvoice) -> bool:
        """Say whether the statement says nothing that the ledger does not have already."""
        values: Values = self._values.get(known.id, {})
        return (
            known.stated == statement_of(incoming)
            and known.currency == incoming.currency
            and incoming.number in (None, known.number)
            and (incoming.number is None or known.external_id == incoming.external_id)
            and known.customer_id == incoming.customer_id
            and not differing_values(incoming.custom, values)
            and self.has_party(incoming)
        )

    def has_party(self, incoming: IncomingInvoice) -> bool:
        """Say whether the statement says nothing new of its customer."""
        customer = self._customers.get(incoming.customer_id)
        return customer is not None and says_nothing_new(incoming.party, customer)


def _take_parties(session: Session, new: Sequence[IncomingInvoice], change: Change) -> dict[str, int]:
    """Bring the customers of new invoices to what is stated of them; return their ids by external id."""
    parties = list(dict.fromkeys(one.party for one in new))
    custom = any(party.custom for party in parties)
    known = known_customers(session, {party.customer_id for party in parties}, custom=custom)
    ids = {external_id: one.id for external_id, one in known.items()}
    ids |= create_parties(session, [party for party in parties if party.customer_id not in known])
    of_known: dict[str, list[IncomingParty]] = {}
    for party in parties:
        if party.customer_id in known:
            of_known.setdefault(party.customer_id, []).append(party)
    changed = []
    for external_id, stated in of_known.items():
        if all(says_nothing_new(party, known[external_id]) for party in stated):
            continue
        # Several make room for each other, as where an address moves to another role: once with the customer, and
        # once more with its invoices.
        for party in stated if len(stated) == 1 else [*stated, *stated]:
            customer_id, is_changed = take_party(session, party)
            if is_changed:
                changed.append(customer_id)
    if changed:
        tell_other_invoices(session, changed, None, change)
    return ids
