"""Puts invoices under a cadence that are new, or become due for collection for the first time (rule 5.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, any_, insert, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from db.operations.change import Change, Noted, note_all
from db.operations.entering import default_cadence, find_published_cadences, published_version_id
from db.operations.rules.asked import ask_about_new, ask_rules, by_rule, missing, settle_page_by_rules
from db.queries.smart_rules import active_rules
from db.tables.collections import Collection
from db.tables.invoices import Invoice
from db.tables.organization import Organization
from dunning.facts import InvoiceState
from rules.facts import InvoiceFacts
from rules.fields import Field
from rules.index import Event
from rules.outcomes import Outcome
from rules.rule import Assign, Rule, Show, Slot


@dataclass(frozen=True, slots=True)
class First:
    """The first cadence of some invoices, and as whose change they come under it: a rule's, or the default's."""

    cadence_id: int
    invoice_ids: Sequence[int]
    change: Change


@dataclass(frozen=True, slots=True)
class Begun:
    """How invoices begin. `by_default` are those under the default cadence, `hidden` those that a rule hid."""

    firsts: Sequence[First]
    by_default: Sequence[int]
    hidden: frozenset[int]

    @property
    def invoice_ids(self) -> list[int]:
        """Return all invoices that are put under a cadence."""
        return sorted(id_ for first in self.firsts for id_ in first.invoice_ids)


def enter_first(session: Session, invoice_ids: Sequence[int], change: Change) -> list[int]:
    """Put new invoices under the cadence that rules say, or else the default one; return those that are under one.

    Their facts are written, none ever was under a cadence, and the caller holds their locks and settles.
    """
    begun = begin(session, invoice_ids, change)
    for first in begun.firsts:
        version_id = published_version_id(session, first.cadence_id)
        values = {"cadence_id": first.cadence_id, "version_id": version_id, "state": "active"}
        values |= {"entered_on": change.on, "assigned_by": first.change.by}
        session.execute(insert(Collection), [{"invoice_id": id_, **values} for id_ in first.invoice_ids])
    see_default(session, begun, change)
    return begun.invoice_ids


def begin(
    session: Session, invoice_ids: Sequence[int], change: Change, facts: Mapping[int, InvoiceFacts] | None = None
) -> Begun:
    """Ask the rules about new invoices, hide what they hide, and say which cadences they begin under.

    Invoices with nothing to collect begin under none, and so do those whose cadence somebody chose. The statements
    are as many for one invoice as for a page; the caller opens the collections, and calls `see_default`. `facts`
    are those of the ledger, for a caller that knows them already.
    """
    if facts is None:
        outcomes = ask_rules(session, invoice_ids, Event.CREATED, change)
    else:
        outcomes = ask_about_new(session, facts, change)
    hidden = _hide(session, outcomes, change)
    assigning: dict[int, tuple[Rule, list[int]]] = {}
    for id_, outcome in outcomes.items():
        applied = [rule for rule in outcome.applied if isinstance(rule.definition.action, Assign)]
        if applied:
            assigning.setdefault(applied[-1].id, (applied[-1], []))[1].append(id_)
    firsts, noted = _assign(session, list(assigning.values()), change)
    ruled = {id_ for _, ids in assigning.values() for id_ in ids}
    ruled |= {id_ for id_, outcome in outcomes.items() if Slot.CADENCE in outcome.recorded.winners}
    by_default = _collectable(session, [id_ for id_ in invoice_ids if id_ not in ruled])
    default = default_cadence(session) if by_default else None
    if default is not None:
        default_id, name = default
        firsts.append(First(default_id, by_default, change))
        noted.append((change, started(by_default, name)))
    note_all(session, noted)
    return Begun(firsts, by_default if default is not None else (), hidden)


def see_default(session: Session, begun: Begun, change: Change) -> frozenset[int]:
    """Ask rules about the default cadence that invoices are under now, if any asks about cadences.

    Those that they change are settled, and returned. Nothing may have been planned under the default cadence yet.
    """
    if not begun.by_default or Field.CADENCE not in active_rules(session).fields:
        return frozenset()
    return frozenset(settle_page_by_rules(session, begun.by_default, change))


def started(invoice_ids: Sequence[int], cadence: str, rule: str | None = None) -> list[Noted]:
    """Return the entries of invoices that are under a cadence for the first time, by a rule or without one."""
    data = {"cadence": cadence, "rule": rule}
    return [(id_, None, "collection started", data) for id_ in invoice_ids]


def _assign(
    session: Session, assigning: Sequence[tuple[Rule, Sequence[int]]], change: Change
) -> tuple[list[First], list[tuple[Change, list[Noted]]]]:
    """Return the first cadences that the rules assign, and what is noted of all that they assign, or do not."""
    names = {rule.id: _cadence_of(rule) for rule, _ in assigning}
    published = find_published_cadences(session, [name for name in names.values() if name is not None])
    firsts, noted = [], list[tuple[Change, list[Noted]]]()
    for rule, ids in assigning:
        name, ruled = names[rule.id], by_rule(change, rule)
        if name is not None and name not in published:
            noted.append((ruled, missing(ids, rule)))
            continue
        if name is None:
            data = {"rule": rule.name}
            noted.append((ruled, [(id_, None, "reassigned", data) for id_ in ids]))
            continue
        noted.append((ruled, started(ids, name, rule.name)))
        firsts.append(First(published[name], ids, ruled))
    return firsts, noted


def _cadence_of(rule: Rule) -> str | None:
    assert isinstance(rule.definition.action, Assign)
    return rule.definition.action.cadence


def _hide(session: Session, outcomes: Mapping[int, Outcome], change: Change) -> frozenset[int]:
    hidden: dict[int, tuple[Rule, list[int]]] = {}
    for id_, outcome in outcomes.items():
        shows = [rule for rule in outcome.applied if isinstance(rule.definition.action, Show)]
        if shows and outcome.facts.is_hidden:
            hidden.setdefault(shows[-1].id, (shows[-1], []))[1].append(id_)
    noted = []
    for rule, ids in hidden.values():
        statement = update(Invoice).where(_is_one_of(ids)).values(is_hidden=True)
        session.execute(statement.execution_options(synchronize_session=False))
        data = {"rule": rule.name}
        noted.append((by_rule(change, rule), [(id_, None, "hidden", data) for id_ in ids]))
    note_all(session, noted)
    return frozenset(id_ for _, ids in hidden.values() for id_ in ids)


def _collectable(session: Session, invoice_ids: Sequence[int]) -> list[int]:
    if not invoice_ids:
        return []
    tolerance = select(Organization.tolerance).scalar_subquery()
    is_owed = Invoice.state == InvoiceState.OPEN, Invoice.outstanding > tolerance
    found = select(Invoice.id).where(_is_one_of(invoice_ids), *is_owed, Invoice.cadence_locked_at.is_(None))
    return list(session.scalars(found.order_by(Invoice.id)))


def _is_one_of(invoice_ids: Sequence[int]) -> ColumnElement[bool]:
    # As one array: a page has thousands, and each of them as a parameter costs more than what is asked of it.
    return Invoice.id == any_(literal(list(invoice_ids), ARRAY(Invoice.id.type)))
