"""Looks up what the filters of a list name, and writes places in lists."""

from collections.abc import Sequence
from datetime import date, timedelta

from console.failure import ASKED_WRONGLY, Failure
from console.options.arguments import read_day
from console.options.todo_filter import Which
from db.engine import Session
from db.operations.refusal import Refused
from db.operations.todos import require_owner
from db.queries.customers import customer_id_of
from db.queries.invoices import invoice_id_of
from db.queries.todos import ActionFilter, Place, cadence_id_of, owners_of


def chosen(
    session: Session, which: Which, states: Sequence[str] = (), last_day: date | None = None
) -> ActionFilter:
    """Return the filter with names looked up; nothing that comes into sight after `last_day` is listed.

    Raises Refused for names that nobody bears: a list that a slip has emptied looks like work that is done.
    """
    customer_id = None if which.customer is None else customer_id_of(session, which.customer)
    if which.customer is not None and customer_id is None:
        raise Refused("there is no customer {customer!r}", customer=which.customer)
    invoice_id = None if which.invoice is None else invoice_id_of(session, which.invoice)
    if which.invoice is not None and invoice_id is None:
        raise Refused("there is no invoice {number!r}", number=which.invoice)
    cadence_id = None if which.cadence is None else cadence_id_of(session, which.cadence)
    if which.cadence is not None and cadence_id is None:
        raise Refused("there is no cadence {cadence!r}", cadence=which.cadence)
    last = None if which.due_before is None else which.due_before - timedelta(days=1)
    return ActionFilter(
        owners=() if which.owner is None else owners_of(session, require_owner(session, which.owner)),
        cadence_id=cadence_id,
        customer_id=customer_id,
        invoice_id=invoice_id,
        channels=() if which.channel is None else (which.channel,),
        states=tuple(states),
        kinds=() if which.kind is None else (which.kind,),
        listed_from=None if which.due_after is None else which.due_after + timedelta(days=1),
        listed_to=min((day for day in (last, last_day) if day is not None), default=None),
    )


def written_place(place: Place) -> str:
    """Return where a page ends, as --after takes it."""
    return f"{place.listed_on.isoformat()}/{place.action_id}"


def read_place(text: str) -> Place:
    """Return the place that `written_place` wrote. Raises Failure."""
    day, _, action_id = text.partition("/")
    try:
        return Place(read_day(day), int(action_id))
    except ValueError as error:
        raise Failure(
            f"{text!r} is no place in a list; the page before ends with one, such as 2026-06-30/123", ASKED_WRONGLY
        ) from error
