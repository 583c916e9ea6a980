"""The clock of smart rules: tells them once of each invoice that became overdue, or older by a bucket (section 7).

Everything is reckoned in the organization's local days, so that daylight saving, midnights that do not exist and
days without a worker need no thought: the clock stands at a day, and is moved to today.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select, true, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.operations.change import Change
from db.operations.outbox import owe_many
from db.operations.rules.asked import settle_page_by_rules
from db.queries.smart_rules import active_rules
from db.tables.customers import Customer
from db.tables.invoices import Invoice
from db.tables.organization import Organization
from rules.conditions import DayWithin
from rules.fields import Field
from rules.rule import Rule

# Days since the due date at which status or aging change: due, overdue, and each bucket.
AGES: Final = frozenset((0, 1, 31, 61, 91))


@dataclass(frozen=True, slots=True)
class Turned:
    """A page of the clock: the day it is moved to, whom rules were asked about, and whether that was the last.

    `failed` could not be asked about, with what went wrong; they are not raised again.
    """

    to: date
    invoice_ids: Sequence[int]
    is_over: bool
    failed: Mapping[int, Exception]


def turn_page(session: Session, change: Change, limit: int) -> Turned | None:
    """Raise the next invoices that time changed until the change's day, in order of their ids.

    None if there is nothing to do, or somebody else is at it. How far the clock is, is written in the transaction
    of the page, so that each invoice is raised once, whoever is killed when. A ledger whose clock never ran begins
    today, with nothing raised.
    """
    clock = Organization.rules_clock_on, Organization.rules_clock_to, Organization.rules_clock_after
    row = session.execute(select(*clock).with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    if row.rules_clock_on is None:
        _set(session, rules_clock_on=change.on)
        return None
    # What is on its way is finished first, though another midnight may have passed since.
    to = row.rules_clock_to or change.on
    if to <= row.rules_clock_on:
        return None
    after_id = 0 if row.rules_clock_to is None else row.rules_clock_after
    ids = crossing_ids(session, row.rules_clock_on, to, after_id, limit)
    failed = _raise(session, ids, change)
    is_over = len(ids) < limit
    if is_over:
        _set(session, rules_clock_on=to, rules_clock_to=None, rules_clock_after=0)
    else:
        _set(session, rules_clock_to=to, rules_clock_after=ids[-1])
    return Turned(to, ids, is_over, failed)


def _raise(session: Session, ids: Sequence[int], change: Change) -> Mapping[int, Exception]:
    """Ask the rules about the invoices as updated; one of which that cannot be decided holds up no other."""
    session.execute(select(Invoice.id).where(Invoice.id.in_(ids)).order_by(Invoice.id).with_for_update())
    try:
        with session.begin_nested():
            _ask(session, ids, change)
    except OperationalError:
        raise
    except Exception as error:
        if len(ids) == 1:
            return {ids[0]: error}
        return {id_: why for each in ids for id_, why in _raise(session, [each], change).items()}
    return {}


def _ask(session: Session, ids: Sequence[int], change: Change) -> None:
    changed = settle_page_by_rules(session, ids, change)
    owe_many(session, changed, "invoice_changed", {"by": change.by})


def crossing_ids(session: Session, after: date, to: date, after_id: int, limit: int) -> Sequence[int]:
    """Return the next invoices with money to collect that reached an age that counts, after one day up to another.

    By ix_invoices_due_on, those without a due date too, or for many days at once by ix_invoices_unsettled.
    """
    term = func.coalesce(Customer.payment_term_days, Organization.payment_term_days)
    first, last = after + timedelta(days=1), to
    ages = sorted(AGES | ages_asked_for(active_rules(session).rules))

    def crosses(due_on: ColumnElement[Any]) -> ColumnElement[bool]:
        days = timedelta(days=1)
        return or_(*(due_on.between(first - age * days, last - age * days) for age in ages))

    derived: ColumnElement[Any] = Invoice.issued_on + term
    without = (
        select(Invoice.id)
        .join(Customer, Customer.id == Invoice.customer_id)
        .join(Organization, true())
        .where(Invoice.due_on.is_(None), crosses(derived))
    )
    with_day = select(Invoice.id).where(crosses(Invoice.due_on.expression))
    unsettled = and_(Invoice.state == "open", Invoice.settled < Invoice.total, Invoice.id > after_id)
    pages = [one.where(unsettled).order_by(Invoice.id).limit(limit).subquery() for one in (with_day, without)]
    found = {id_ for page in pages for id_ in session.scalars(select(page.c.id))}
    return sorted(found)[:limit]


def ages_asked_for(rules: Iterable[Rule]) -> frozenset[int]:
    """Return the days since the due date at which `due date in last or next n days` begins or ceases to hold."""
    asked: set[int] = set()
    for rule in rules:
        for condition in rule.definition.conditions:
            if isinstance(condition, DayWithin) and condition.field is Field.DUE_DATE:
                asked |= {-condition.days, 1} if condition.direction == "next" else {0, condition.days + 1}
    return frozenset(asked)


def _set(session: Session, **values: date | int | None) -> None:
    session.execute(update(Organization).values(**values))
