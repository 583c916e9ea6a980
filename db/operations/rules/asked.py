"""Asks the smart rules in the transaction that changes an invoice, and carries out what they say (section 7).

Whatever changes a fact that rules can ask about ends with `settle_by_rules` in place of `settle`. Planning and
sending do not: they change no such fact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.operations.admission import current_case
from db.operations.change import Change, Noted, note, note_many
from db.operations.cycles import stop
from db.operations.entering import enter, find_published_cadence
from db.operations.rules.records import Standing, read_standings, write_first_outcomes, write_outcomes
from db.operations.settle import Settled, settle, settle_locked
from db.queries.collections import Case, open_collections
from db.queries.rule_facts import invoice_facts
from db.queries.smart_rules import active_rules
from db.tables.invoices import Invoice
from dunning.decision import Close
from rules.facts import InvoiceFacts
from rules.fields import AnyField, Field
from rules.index import Event, RuleIndex
from rules.outcomes import NOTHING_RECORDED, Outcome, evaluate
from rules.rule import Assign, Rule, Show

# How many invoices of a customer are asked about at once.
PAGE_INVOICES = 500
_BY_DUE_DATE = (Field.DUE_DATE, Field.STATUS, Field.AGING)


def ask_rules(session: Session, invoice_ids: Sequence[int], event: Event, change: Change) -> Mapping[int, Outcome]:
    """Ask the active rules about the invoices, record and log what follows, and return it by invoice.

    The caller holds the locks, carries out what is applied, and settles. Nothing is returned where there are no
    rules. The statements are as many for one invoice as for a page.
    """
    index = active_rules(session)
    if not index.rules or not invoice_ids:
        return {}
    before = read_standings(session, invoice_ids)
    facts = invoice_facts(session, invoice_ids, change.on)
    # In the order of the invoices, and so is the log.
    facts = {id_: facts[id_] for id_ in sorted(facts)}
    outcomes = _asked(index, before, facts, event, change)
    write_outcomes(session, index, before, outcomes, event, change)
    return outcomes


def ask_about_new(session: Session, facts: Mapping[int, InvoiceFacts], change: Change) -> Mapping[int, Outcome]:
    """Do the same for invoices that were written just now, with these facts: nothing is recorded of them yet."""
    index = active_rules(session)
    if not index.rules:
        return {}
    outcomes = _asked(index, dict.fromkeys(facts, Standing(NOTHING_RECORDED, False)), facts, Event.CREATED, change)
    write_first_outcomes(session, index, outcomes, change)
    return outcomes


def _asked(
    index: RuleIndex,
    before: Mapping[int, Standing],
    facts: Mapping[int, InvoiceFacts],
    event: Event,
    change: Change,
) -> Mapping[int, Outcome]:
    return {
        id_: evaluate(
            index,
            one,
            before[id_].recorded,
            event,
            change.event_id or str(uuid4()),
            is_locked=before[id_].is_locked,
        )
        for id_, one in facts.items()
    }


def settle_by_rules(
    session: Session, invoice_id: int, change: Change, event: Event = Event.UPDATED
) -> Settled | None:
    """Ask the rules about the invoice, do what they say, and settle it. The caller holds the lock."""
    outcomes = ask_rules(session, [invoice_id], event, change)
    for outcome in outcomes.values():
        carry_out(session, invoice_id, outcome, change)
    settled = settle(session, invoice_id, change)
    if outcomes and settled is not None:
        _ask_about_closed(session, [settled], change)
    return settled


def settle_page_by_rules(
    session: Session, invoice_ids: Sequence[int], change: Change, event: Event = Event.UPDATED
) -> list[int]:
    """Ask the rules about the invoices and do what they say; return those that they changed, settled.

    The caller holds the locks, and owes the processes of those a signal.
    """
    outcomes = ask_rules(session, invoice_ids, event, change)
    changed = [id_ for id_, outcome in outcomes.items() if carry_out(session, id_, outcome, change)]
    if changed:
        _ask_about_closed(session, settle_locked(session, open_collections(session, changed), change), change)
    return changed


def _ask_about_closed(session: Session, settled: Sequence[Settled], change: Change) -> None:
    """Ask once more about invoices that are under no cadence any more, which is something that rules ask about."""
    if Field.CADENCE not in active_rules(session).fields:
        return
    closed = [one.collection.invoice_id for one in settled if isinstance(one.decision, Close)]
    for id_, outcome in ask_rules(session, closed, Event.UPDATED, change).items():
        carry_out(session, id_, outcome, change)


def settle_customers_by_rules(
    session: Session, customer_ids: Sequence[int], but_invoice_id: int | None, change: Change
) -> list[int]:
    """Ask the rules about the customers' invoices, all but one, because something of their customers changed.

    Does what they say, and returns the invoices that they changed. Locks all of them, by ix_invoices_customer_id;
    nothing is done where no rule asks for what is a customer's.
    """
    if not any(is_of_customer(field) for field in active_rules(session).fields):
        return []
    of_customers = select(Invoice.id).where(Invoice.customer_id.in_(customer_ids)).order_by(Invoice.id)
    ids = [id_ for id_ in session.scalars(of_customers.with_for_update()) if id_ != but_invoice_id]
    pages = (ids[start : start + PAGE_INVOICES] for start in range(0, len(ids), PAGE_INVOICES))
    return [id_ for page in pages for id_ in settle_page_by_rules(session, page, change)]


def is_of_customer(field: AnyField) -> bool:
    """Say whether the field may change with the customer: its own ones, and what its payment term decides."""
    return field in _BY_DUE_DATE if isinstance(field, Field) else field.entity == "customer"


def carry_out(session: Session, invoice_id: int, outcome: Outcome, change: Change) -> bool:
    """Do what the rules decided, the last word in each slot, and say whether that changed anything.

    The caller settles.
    """
    if not outcome.applied:
        return False
    case = current_case(session, invoice_id, change)
    assigns = [rule for rule in outcome.applied if isinstance(rule.definition.action, Assign)]
    shows = [rule for rule in outcome.applied if isinstance(rule.definition.action, Show)]
    is_shown = bool(shows) and _set_hidden(session, invoice_id, case, outcome.facts.is_hidden, shows[-1], change)
    is_assigned = bool(assigns) and _assign(session, invoice_id, case, assigns[-1], change)
    return is_shown or is_assigned


def by_rule(change: Change, rule: Rule) -> Change:
    """Return the change as one that the rule makes, as part of what caused it."""
    return replace(change, by=f"rule {rule.name}", event_id=None)


def missing(invoice_ids: Sequence[int], rule: Rule) -> list[Noted]:
    """Return the entries that say that the cadence which the rule assigns is not there.

    It is not deleted while an active rule assigns it; whatever happened, a payment must be booked all the same.
    """
    assert isinstance(rule.definition.action, Assign)
    data = {"rule": rule.name, "because": f"there is no published cadence {rule.definition.action.cadence}"}
    return [(id_, None, "rule not carried out", data) for id_ in invoice_ids]


def _set_hidden(
    session: Session, invoice_id: int, case: Case, is_hidden: bool, rule: Rule, change: Change
) -> bool:
    if case.facts.invoice.is_hidden == is_hidden:
        return False
    note(session, by_rule(change, rule), "hidden" if is_hidden else "shown", invoice_id, rule=rule.name)
    statement = update(Invoice).where(Invoice.id == invoice_id).values(is_hidden=is_hidden)
    session.execute(statement.execution_options(synchronize_session=False))
    return True


def _assign(session: Session, invoice_id: int, case: Case, rule: Rule, change: Change) -> bool:
    assert isinstance(rule.definition.action, Assign)
    name, current = rule.definition.action.cadence, case.collection
    ruled = by_rule(change, rule)
    if name is None:
        if current is None:
            return False
        note(session, ruled, "reassigned", invoice_id, rule=rule.name)
        stop(session, case, ruled, because="reassigned")
        return True
    cadence_id = find_published_cadence(session, name)
    if cadence_id is None:
        note_many(session, ruled, missing([invoice_id], rule))
        return False
    if current is not None and case.is_open and current.cadence_id == cadence_id:
        return False
    note(session, ruled, "reassigned", invoice_id, cadence=name, rule=rule.name)
    stop(session, case, ruled, because="reassigned")
    enter(session, invoice_id, cadence_id, case.facts.last_contact_on, ruled)
    return True
