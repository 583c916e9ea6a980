"""Payments and credit notes as they are shown: in lists, one with what it settles, and what an order did to it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from console.connections.environment import environment
from console.connections.ledger import Ledger, open_ledger
from console.connections.processes import pass_on
from console.failure import ASKED_WRONGLY, Failure
from console.options.settlement_options import Listed, Towards
from console.orders.clerk import clerk
from console.terminal.printing import out, say, say_json
from console.terminal.tables import row, table_of
from console.views.amounts import money, plain
from db.engine import Session, transaction
from db.operations.refusal import Refused
from db.operations.settlement.stated import Allocation, Automatic, Taken
from db.queries.customers import customer_id_of
from db.queries.settlements import (
    CreditNoteView,
    PaymentView,
    credit_note_id_of,
    credit_note_page,
    credit_note_view,
    payment_id_of,
    payment_page,
    payment_view,
)
from intake.commands import Desk, Told

View = PaymentView | CreditNoteView


@dataclass(frozen=True, slots=True)
class Kind:
    """Payments or credit notes: what they are called, and how they are found."""

    name: str
    id_of: Callable[[Session, str], int | None]
    view: Callable[[Session, int], View | None]
    page: Callable[[Session, int, int | None, int | None], Sequence[View]]


PAYMENT = Kind("payment", payment_id_of, payment_view, payment_page)
CREDIT_NOTE = Kind("credit note", credit_note_id_of, credit_note_view, credit_note_page)


def read_allocations(towards: Towards) -> tuple[Allocation, ...]:
    """Return where money is to go, each written as `INV-1` or `INV-1=250.00`. Raises Failure."""
    from console.options.arguments import read_amount

    allocations = []
    for one in towards.to:
        invoice, mark, amount = one.rpartition("=")
        try:
            allocations.append(Allocation(invoice, read_amount(amount)) if mark else Allocation(one))
        except ValueError as error:
            raise Failure(f"--to {one}: {error}", ASKED_WRONGLY) from error
    return tuple(allocations)


def automatic(towards: Towards, otherwise: Automatic = Automatic.NONE) -> Automatic:
    """Return where the rest goes."""
    return Automatic.OLDEST if towards.oldest else otherwise


def carry_out(order: Callable[[Desk], Taken], done: str, kind: Kind, as_json: bool) -> int:
    """Change the ledger, tell the processes, and show what the payment or the credit note settles now.

    Raises Failure.
    """
    with open_ledger() as ledger:
        try:
            taken = order(Desk(ledger.engine, clerk()))
        except Refused as refusal:
            raise Failure(str(refusal), ASKED_WRONGLY) from refusal
        why_not = asyncio.run(pass_on(ledger, environment(), Told(taken.owed_ids)))
        with transaction(ledger.engine) as session:
            view = kind.view(session, taken.id)
    assert view is not None, "it was written a moment ago"
    changed = taken.outcome != "unchanged"
    if as_json:
        told = {"changed": changed, "told": why_not is None, "not_told_because": why_not}
        say_json(view_data(view) | told)
        return 0
    say(out(), f"{_named(view)}: {done if changed else 'nothing changed'}.")
    _say_allocations(view)
    if why_not is not None:
        say(out(), f"The processes will be told later; nothing is lost ({why_not}).", "yellow")
    return 0


def show(name: str, kind: Kind, as_json: bool) -> int:
    """Show a payment or a credit note. Raises Failure."""
    with open_ledger() as ledger, transaction(ledger.engine) as session:
        id_ = kind.id_of(session, name)
        view = None if id_ is None else kind.view(session, id_)
    if view is None:
        raise Failure(f"there is no {kind.name} {name!r}", ASKED_WRONGLY)
    if as_json:
        say_json(view_data(view))
        return 0
    say(out(), f"{_named(view)}: {money(_amount(view), view.currency)} of {_day(view)}, {view.customer_name}")
    heading, text = ("Reference", view.reference) if isinstance(view, PaymentView) else ("Number", view.number)
    if text:
        say(out(), f"{heading}: {text}")
    if _ended(view):
        say(out(), f"{_ended(view).capitalize()}.")
    _say_allocations(view)
    return 0


def print_page(kind: Kind, listed: Listed, as_json: bool) -> int:
    """Print a page of payments or credit notes, the newest first. Raises Failure."""
    with open_ledger() as ledger:
        page = _page(ledger, kind, listed)
    if as_json:
        ends_at = page[-1].id if len(page) == listed.limit else None
        say_json({f"{kind.name.replace(' ', '_')}s": [view_data(one) for one in page], "next": ends_at})
        return 0
    if not page:
        say(out(), "There is nothing to list.")
        return 0
    table = table_of(kind.name, "day", "customer", "amount", "unallocated", "")
    for one in page:
        amounts = money(_amount(one), one.currency), plain(one.unallocated, one.currency)
        row(table, _named(one), _day(one), one.customer, *amounts, _ended(one))
    out().print(table)
    if len(page) == listed.limit:
        say(out(), f"There may be more: --after {page[-1].id} lists what follows.", "dim")
    return 0


def view_data(view: View) -> dict[str, Any]:
    """Return a payment or a credit note as data."""
    amounts = {
        name: plain(value, view.currency)
        for name, value in asdict(view).items()
        if name in ("amount", "total", "unallocated")
    }
    allocations = [
        {"invoice": one.invoice, "amount": plain(one.amount, view.currency)} for one in view.allocations
    ]
    return {**asdict(view), **amounts, "allocations": allocations}


def _page(ledger: Ledger, kind: Kind, listed: Listed) -> Sequence[View]:
    with transaction(ledger.engine) as session:
        customer_id = None if listed.customer is None else customer_id_of(session, listed.customer)
        if listed.customer is not None and customer_id is None:
            raise Failure(f"there is no customer {listed.customer!r}", ASKED_WRONGLY)
        return kind.page(session, listed.limit, listed.after, customer_id)


def _named(view: View) -> str:
    return view.external_id or str(view.id)


def _amount(view: View) -> Any:
    return view.amount if isinstance(view, PaymentView) else view.total


def _day(view: View) -> Any:
    return view.received_on if isinstance(view, PaymentView) else view.issued_on


def _ended(view: View) -> str:
    if isinstance(view, PaymentView):
        return f"reversed on {view.reversed_on}" if view.reversed_on else ""
    return f"void since {view.voided_on}" if view.voided_on else ""


def _say_allocations(view: View) -> None:
    for one in view.allocations:
        say(out(), f"  {one.invoice}: {money(one.amount, view.currency)}")
    if view.unallocated > 0:
        say(out(), f"  unallocated: {money(view.unallocated, view.currency)}")
