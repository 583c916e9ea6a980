"""Reads what a page of new invoices needs to be planned without being read back: their customers and cadences.

What is made of it is what `open_collections` would read (tests/db/test_invoice_pages.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from db.queries.cadences import STEPS, cadence_from
from db.queries.collections import NO_RECIPIENT, NO_SENDER, OpenCollection, contact_of_customer, obstacle_at
from db.queries.senders import BLOCKED_SENDERS, NONE_BLOCKED, blocked_from
from db.queries.settings import SETTINGS, Settings, settings_from
from dunning.cadence import Cadence, Channel
from dunning.facts import Facts, Hold, HoldKind, Invoice

# Bounded by the ids; subselects go by ix_holds_customer_id, ix_invoices_customer_id and uq_contacts_email.
_CUSTOMERS = text(f"""
SELECT cu.id, cu.external_id, COALESCE(cu.payment_term_days, o.payment_term_days) AS payment_term_days,
       {SETTINGS} AS settings, {BLOCKED_SENDERS} AS blocked_senders,
       {contact_of_customer("cu.id", "0", "0")},
       (SELECT jsonb_agg(jsonb_build_array(h.kind, h.until_on) ORDER BY h.id) FROM holds h
         WHERE h.customer_id = cu.id AND h.ended_at IS NULL) AS holds,
       (SELECT max(h.ended_at) FROM holds h
         WHERE h.customer_id = cu.id AND h.ended_by <> 'duewell') AS released_at,
       {obstacle_at("cu.id")} AS obstacle
  FROM customers cu JOIN organization o ON o.id = 1
 WHERE cu.id = ANY(:ids)
""")  # noqa: S608  # constants
_CADENCES = text(f"""
SELECT c.id, c.name, v.id AS version_id, v.logic, v.contact_delay_days_min, {STEPS} AS steps
  FROM cadences c JOIN cadence_versions v ON v.cadence_id = c.id AND v.state = 'published'
 WHERE c.id = ANY(:ids)
   -- Kept from being deleted meanwhile, as by `enter`.
   FOR KEY SHARE OF v
""")  # noqa: S608  # a constant


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds for all new invoices of a customer."""

    id: int
    external_id: str
    payment_term_days: int | None
    settings: Settings
    holds: tuple[Hold, ...]
    released_at: datetime | None
    obstacles: Mapping[Channel, str]
    blocked_senders: Mapping[str | None, str]
    contact_on: date | None
    is_being_contacted: bool

    def due_on(self, issued_on: date, stated: date | None) -> date | None:
        """Return the day the invoice is due: as stated, or by the payment term, if there is one."""
        if stated is not None or self.payment_term_days is None:
            return stated
        return issued_on + timedelta(days=self.payment_term_days)


@dataclass(frozen=True, slots=True)
class InForce:
    """A cadence and its version in force."""

    id: int
    version_id: int
    cadence: Cadence


def circumstances_of(session: Session, customer_ids: Sequence[int]) -> dict[int, Circumstances]:
    """Return the circumstances of the customers, by id."""
    rows = session.execute(_CUSTOMERS, {"ids": list(customer_ids), "no_recipient": NO_RECIPIENT})
    return {row.id: _circumstances(row) for row in rows}


def cadences_in_force(session: Session, cadence_ids: Sequence[int]) -> dict[int, InForce]:
    """Return the cadences in their versions in force, by id; one that was retired is left out."""
    rows = session.execute(_CADENCES, {"ids": list(cadence_ids)})
    return {
        row.id: InForce(
            row.id, row.version_id, cadence_from(row.name, row.logic, row.contact_delay_days_min, row.steps)
        )
        for row in rows
    }


def new_collection(
    id_: int, invoice: Invoice, of: Circumstances, under: InForce, entered_on: date, holds: tuple[Hold, ...]
) -> OpenCollection:
    """Return the collection of a new invoice, which `holds` has beside those of its customer."""
    settings = of.settings
    facts = Facts(
        invoice=invoice,
        cadence=under.cadence,
        calendar=settings.calendar,
        entered_on=entered_on,
        holds=(*holds, *of.holds),
        released_at=of.released_at,
        obstacles=of.obstacles,
        blocked_senders=of.blocked_senders,
        sends_automatically=settings.sends_automatically,
        tolerance=settings.tolerance,
        customer_contact_on=of.contact_on,
        hold_days=settings.hold_days,
    )
    return OpenCollection(
        id=id_,
        invoice_id=invoice.id,
        cadence_id=under.id,
        version_id=under.version_id,
        published_version_id=under.version_id,
        cycle=1,
        state="active",
        customer_id=of.id,
        customer_external_id=of.external_id,
        total=invoice.outstanding + invoice.settled,
        todo_owner=settings.todo_owner,
        is_parked=False,
        merges_same_day=settings.merges_same_day,
        delays_customer=settings.delays_customer,
        customer_is_being_contacted=of.is_being_contacted,
        facts=facts,
    )


def _circumstances(row: Row[Any]) -> Circumstances:
    return Circumstances(
        id=row.id,
        external_id=row.external_id,
        payment_term_days=row.payment_term_days,
        settings=settings_from(row.settings),
        holds=tuple(
            Hold(HoldKind(kind), None if until is None else date.fromisoformat(until), of_customer=True)
            for kind, until in row.holds or ()
        ),
        released_at=row.released_at,
        obstacles=NO_SENDER if row.obstacle is None else {**NO_SENDER, Channel.EMAIL: row.obstacle},
        blocked_senders=NONE_BLOCKED if row.blocked_senders is None else blocked_from(row.blocked_senders),
        contact_on=row.customer_contact_on,
        is_being_contacted=row.customer_is_being_contacted,
    )
