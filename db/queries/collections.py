"""Reads the open collection of an invoice as the facts that a decision is made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.cadences import STEPS, cadence_from
from db.queries.senders import BLOCKED_SENDERS, NONE_BLOCKED, blocked_from
from db.queries.settings import SETTINGS, Settings, settings_from
from db.statement import Statement
from db.tables.collections import OPEN_STATES
from dunning.cadence import Channel
from dunning.facts import Facts, Hold, HoldKind, Invoice, InvoiceState, Run, StepStatus
from dunning.writing import MESSAGE
from phrase import N_, Phrase, phrase

NO_RECIPIENT = N_("the customer has no e-mail address that can be written to")
# E-mail is the only channel with a sender so far; the others become to-dos (rule 4.4).
NO_SENDER: Mapping[Channel, str] = {
    channel: Phrase("no sender for {channel} is configured", channel=phrase(channel.value))
    for channel in (Channel.SMS, Channel.LETTER)
}


@dataclass(frozen=True, slots=True)
class Written:
    """A message that a person wrote and that is about to go out: the how-manieth, and as which step."""

    occurrence: int
    as_step: str | None


@dataclass(frozen=True, slots=True)
class OpenCollection:
    """An open collection: its ids, what it is called, and its facts.

    The facts are reckoned by the version of the cadence that the collection was last settled by; where that is
    not the published one any more, settling adopts the new one (rule 6.3). Under a cadence that was retired the
    version stays. `delays_customer` says that the minimum contact delay is kept for the whole customer (rule
    2.14), and `customer_is_being_contacted` that a message about others of its invoices is on its way then: it is
    handed over or may have been delivered, and no contact is recorded yet. `approved` are the steps whose message
    a person has approved in their to-do, with the occurrence of that; `written` is a message beside the steps that
    is to go out (rule 4.8).
    """

    id: int
    invoice_id: int
    cadence_id: int
    version_id: int
    published_version_id: int
    cycle: int
    state: str
    customer_id: int
    customer_external_id: str
    total: Decimal
    todo_owner: str
    is_parked: bool
    merges_same_day: bool
    delays_customer: bool
    customer_is_being_contacted: bool
    facts: Facts
    approved: Mapping[str, int] = field(default_factory=dict)
    written: Written | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """How an invoice stands, whether it is being collected or not.

    `collection` is the open one, or else the one that was closed last as paid, void or written off and may be
    reopened; None where no cadence follows the invoice up. The facts are those of it.
    """

    facts: Facts
    collection: OpenCollection | None

    @classmethod
    def of(cls, collection: OpenCollection) -> "Case":
        """Return the case of a collection."""
        return cls(collection.facts, collection)

    @property
    def is_open(self) -> bool:
        """Say whether the collection runs."""
        return self.collection is not None and self.collection.state in OPEN_STATES


def contact_of_customer(customer: str, but_invoice: str, collection: str) -> str:
    """Return what others of the customer's invoices mean for one, under the delay for customers (rule 2.14)."""
    return f"""
       CASE o.contact_delay_scope WHEN 'customer' THEN GREATEST(
       (SELECT max(GREATEST(c2.last_contact_on, i2.contacted_on))
          FROM invoices i2 LEFT JOIN collections c2 ON c2.invoice_id = i2.id
         WHERE i2.customer_id = {customer} AND i2.id <> {but_invoice}),
       (SELECT max((m4.handed_at AT TIME ZONE o.time_zone)::date)
          FROM invoices i4
          JOIN collections c4 ON c4.invoice_id = i4.id
          JOIN actions a4 ON a4.collection_id = c4.id
          JOIN messages m4 ON m4.action_id = a4.id AND m4.unanswered > 0 AND m4.state IN ('failed', 'withdrawn')
         WHERE i4.customer_id = {customer} AND i4.id <> {but_invoice}
           AND NOT EXISTS (SELECT FROM actions o4
                            WHERE o4.collection_id = {collection} AND o4.merged_into = a4.id)))
       END AS customer_contact_on,
       CASE o.contact_delay_scope WHEN 'customer' THEN EXISTS
       (SELECT FROM invoices i3
          JOIN collections c3 ON c3.invoice_id = i3.id
          JOIN actions a3 ON a3.collection_id = c3.id AND a3.state = 'sending'
          JOIN messages m3 ON m3.action_id = COALESCE(a3.merged_into, a3.id)
         WHERE i3.customer_id = {customer} AND i3.id <> {but_invoice}
           AND (m3.state = 'sending' OR (m3.state = 'deferred' AND m3.unanswered > 0))
           AND NOT EXISTS (SELECT FROM actions o3 WHERE o3.collection_id = {collection} AND o3.state = 'sending'
                              AND COALESCE(o3.merged_into, o3.id) = COALESCE(a3.merged_into, a3.id)))
       ELSE false END AS customer_is_being_contacted"""  # noqa: S608  # names of columns


def obstacle_at(customer: str) -> str:
    """Return why nobody at the customer can be written to, if so."""
    return f"""
       (SELECT COALESCE(max(k.unreachable_because) FILTER (WHERE k.email IS NOT NULL), :no_recipient)
          FROM contacts k WHERE k.customer_id = {customer}
        HAVING count(*) FILTER (WHERE k.email IS NOT NULL AND k.unreachable_because IS NULL) = 0)
"""  # noqa: S608  # the name of a column


# One statement for one invoice and for a thousand: the caller's ids bound it, and every join and subselect
# goes by a primary key, uq_collections_open, uq_cadence_versions_published, ix_holds_invoice_id,
# ix_holds_customer_id or the key of step_statuses and actions.
_SELECT = f"""
SELECT i.id AS invoice_id, i.number, i.issued_on, i.due_on, i.outstanding, i.currency, i.total,
       i.state AS invoice_state, i.is_hidden, i.customer_id, cu.external_id AS customer_external_id,
       COALESCE(cu.payment_term_days, o.payment_term_days) AS payment_term_days,
       i.settled, c.id, c.cadence_id, c.version_id, c.cycle, c.state, c.entered_on,
       GREATEST(c.last_contact_on, i.contacted_on) AS last_contact_on,
       ca.name AS cadence_name, v.logic, v.contact_delay_days_min, v.steps,
       COALESCE(p.id, c.version_id) AS published_version_id,
       {SETTINGS} AS settings, {BLOCKED_SENDERS} AS blocked_senders,
       {contact_of_customer("i.customer_id", "i.id", "c.id")},
       COALESCE((SELECT n.stage = 'blocked' FROM next_actions n WHERE n.collection_id = c.id), false) AS is_parked,
       (SELECT jsonb_object_agg(t.step_id, jsonb_build_array(t.status, t.occurrence, t.ran_on))
          FROM step_statuses t
         WHERE t.collection_id = c.id) AS statuses,
       (SELECT jsonb_agg(jsonb_build_array(a.step_id, a.mends, a.snoozed_until)) FROM actions a
         WHERE a.collection_id = c.id AND a.state = 'open' AND (a.mends OR a.snoozed_until IS NOT NULL)) AS todos,
       (SELECT jsonb_object_agg(a.step_id, jsonb_build_array(a.occurrence, a.as_step)) FROM actions a
         WHERE a.collection_id = c.id AND a.approved_by IS NOT NULL AND a.state IN ('open', 'sending')
       ) AS approved,
       (SELECT jsonb_agg(jsonb_build_array(h.kind, h.until_on, h.customer_id IS NOT NULL)) FROM holds h
         WHERE (h.invoice_id = i.id OR h.customer_id = i.customer_id) AND h.ended_at IS NULL) AS holds,
       (SELECT max(h.ended_at) FROM holds h
         WHERE (h.invoice_id = i.id OR h.customer_id = i.customer_id) AND h.ended_by <> 'duewell') AS released_at,
       {obstacle_at("i.customer_id")} AS obstacle
"""  # noqa: S608  # SETTINGS is a constant
# A page has a few versions many times each, and the server remembers their steps.
_VERSION = f"""
  LEFT JOIN LATERAL (SELECT v.logic, v.contact_delay_days_min, {STEPS} AS steps
                       FROM cadence_versions v WHERE v.id = c.version_id) v ON true
  LEFT JOIN cadence_versions p ON p.cadence_id = c.cadence_id AND p.state = 'published'
 JOIN organization o ON o.id = 1
"""  # noqa: S608  # STEPS is a constant
_OPEN_COLLECTIONS = Statement(f"""{_SELECT}
  FROM collections c
  JOIN invoices i ON i.id = c.invoice_id
  JOIN customers cu ON cu.id = i.customer_id
  JOIN cadences ca ON ca.id = c.cadence_id {_VERSION}
 WHERE c.invoice_id = ANY(:invoice_ids) AND c.state IN ('active', 'exhausted')
 ORDER BY c.invoice_id
""")
# The same of one invoice, with its collection even if that is closed, and without one once it was stopped.
_CASE = text(f"""{_SELECT}
  FROM invoices i
  JOIN customers cu ON cu.id = i.customer_id
  LEFT JOIN LATERAL (SELECT * FROM collections cl WHERE cl.invoice_id = i.id AND cl.state <> 'restarted'
                      ORDER BY cl.closed_at DESC NULLS FIRST, cl.id DESC LIMIT 1) c ON c.state <> 'stopped'
  LEFT JOIN cadences ca ON ca.id = c.cadence_id {_VERSION}
 WHERE i.id = :invoice_id
""")  # noqa: S608  # _SELECT is a constant
_LAST_CONTACT = text("""
SELECT GREATEST(i.contacted_on, (SELECT max(c.last_contact_on) FROM collections c WHERE c.invoice_id = i.id))
  FROM invoices i WHERE i.id = :invoice_id
""")


def open_collection(session: Session, invoice_id: int) -> OpenCollection | None:
    """Return the invoice's open collection, or None if it has none. Lock the invoice first to act on it."""
    return next(iter(open_collections(session, [invoice_id])), None)


def open_collections(session: Session, invoice_ids: Sequence[int]) -> list[OpenCollection]:
    """Return the open collections of the invoices, by invoice id; those without one are left out."""
    rows = _OPEN_COLLECTIONS.all(session, invoice_ids=list(invoice_ids), no_recipient=NO_RECIPIENT)
    return [_collection(row) for row in rows]


def case_of(session: Session, invoice_id: int) -> Case:
    """Return the invoice's case, whether it is being collected or not. Lock the invoice first to act on it.

    Raises sqlalchemy.exc.NoResultFound if there is no such invoice.
    """
    row = session.execute(_CASE, {"invoice_id": invoice_id, "no_recipient": NO_RECIPIENT}).one()
    if row.id is not None:
        return Case.of(_collection(row))
    contacted_on = session.scalar(_LAST_CONTACT, {"invoice_id": invoice_id})
    return Case(replace(_facts(row, settings_from(row.settings)), last_contact_on=contacted_on), None)


def _collection(row: Any) -> OpenCollection:
    settings = settings_from(row.settings)
    approved = row.approved or {}
    return OpenCollection(
        id=row.id,
        invoice_id=row.invoice_id,
        cadence_id=row.cadence_id,
        version_id=row.version_id,
        published_version_id=row.published_version_id,
        cycle=row.cycle,
        state=row.state,
        customer_id=row.customer_id,
        customer_external_id=row.customer_external_id,
        total=row.total,
        todo_owner=settings.todo_owner,
        is_parked=row.is_parked,
        merges_same_day=settings.merges_same_day,
        delays_customer=settings.delays_customer,
        customer_is_being_contacted=row.customer_is_being_contacted,
        facts=_facts(row, settings),
        approved={step_id: occurrence for step_id, (occurrence, _) in approved.items()},
        written=Written(*approved[MESSAGE]) if MESSAGE in approved else None,
    )


def _facts(row: Any, settings: Settings) -> Facts:
    due_on = row.due_on
    if due_on is None and row.payment_term_days is not None:
        due_on = row.issued_on + timedelta(days=row.payment_term_days)
    holds = tuple(
        Hold(HoldKind(kind), None if until is None else date.fromisoformat(until), of_customer)
        for kind, until, of_customer in row.holds or ()
    )
    statuses, todos = row.statuses or {}, row.todos or ()
    return Facts(
        invoice=Invoice(
            id=row.invoice_id,
            number=row.number,
            issued_on=row.issued_on,
            due_on=due_on,
            outstanding=row.outstanding,
            currency=row.currency,
            state=InvoiceState(row.invoice_state),
            is_hidden=row.is_hidden,
            settled=row.settled,
        ),
        cadence=None
        if row.id is None
        else cadence_from(row.cadence_name, row.logic, row.contact_delay_days_min, row.steps),
        calendar=settings.calendar,
        # Of a collection only, as is the cycle; what goes without one is never planned.
        entered_on=row.entered_on or row.issued_on,
        last_contact_on=row.last_contact_on,
        # A canceled to-do leaves a pending row, for its occurrence and its last run; pending is no status.
        statuses={
            step_id: StepStatus(status)
            for step_id, (status, _, _) in statuses.items()
            if status != StepStatus.PENDING
        },
        handed_over=frozenset(step_id for step_id, mends, _ in todos if mends),
        holds=holds,
        released_at=row.released_at,
        obstacles=NO_SENDER if row.obstacle is None else {**NO_SENDER, Channel.EMAIL: row.obstacle},
        blocked_senders=NONE_BLOCKED if row.blocked_senders is None else blocked_from(row.blocked_senders),
        sends_automatically=settings.sends_automatically,
        tolerance=settings.tolerance,
        cycle=row.cycle or 1,
        runs={step_id: _run(*values) for step_id, values in statuses.items() if values[2] is not None},
        snoozed={step_id: date.fromisoformat(until) for step_id, _, until in todos if until is not None},
        customer_contact_on=row.customer_contact_on,
        hold_days=settings.hold_days,
    )


def _run(status: str, occurrence: int, ran_on: str) -> Run:
    """Return the latest run; while a step that repeats is open again, that is the one before."""
    return Run(occurrence if StepStatus(status).is_run else occurrence - 1, date.fromisoformat(ran_on))
