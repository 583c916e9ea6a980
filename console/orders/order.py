"""Carries an order about one invoice out: the ledger first, then the process, then what comes next."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from console.connections.environment import environment
from console.connections.ledger import Ledger, open_ledger
from console.connections.processes import pass_on
from console.failure import ASKED_WRONGLY, Failure
from console.orders.clerk import clerk
from console.terminal.printing import out, say, say_json
from console.views.invoices import Shown, read_invoice
from db.operations.refusal import Refused
from intake.commands import Desk, Told


@dataclass(frozen=True, slots=True)
class Order:
    """What to do about an invoice, and how to say that it was done, or that it was so already."""

    carry_out: Callable[[Desk], Told]
    done: Callable[[Shown], str]
    unchanged: str = "nothing changed"


def carry_out(number: str, order: Order, as_json: bool) -> int:
    """Change the ledger, tell the process, and say what happened and what comes next. Raises Failure."""
    with open_ledger() as ledger:
        told = _ordered(ledger, number, order.carry_out)
        why_not = asyncio.run(pass_on(ledger, environment(), told))
        after = read_invoice(ledger.engine, number)
    _say(after, order, told.changed, why_not, as_json)
    return 0


def carry_out_for_customer(customer: str, order: Callable[[Desk], Told], done: str, as_json: bool) -> int:
    """Change the ledger, tell the processes of the customer's invoices, and say what happened. Raises Failure."""
    with open_ledger() as ledger:
        told = _ordered(ledger, customer, order)
        why_not = asyncio.run(pass_on(ledger, environment(), told))
    count = len(told.owed_ids)
    if as_json:
        said = {
            "customer": customer,
            "changed": told.changed,
            "done": done,
            "invoices": count,
            "told": why_not is None,
            "not_told_because": why_not,
        }
        say_json(said)
        return 0
    say(out(), f"{customer}: {done}; {count} {'invoice is' if count == 1 else 'invoices are'} being followed up.")
    _say_not_told(why_not)
    return 0


def _ordered(ledger: Ledger, name: str, order: Callable[[Desk], Told]) -> Told:
    try:
        return order(Desk(ledger.engine, clerk()))
    except Refused as refusal:
        about = "" if name in str(refusal) else f"{name}: "
        raise Failure(f"{about}{refusal}", ASKED_WRONGLY) from refusal


def _say(after: Shown, order: Order, changed: bool, why_not: str | None, as_json: bool) -> None:
    number = after.view.number
    done = order.done(after) if changed else order.unchanged
    if as_json:
        said = {
            "invoice": number,
            "changed": changed,
            "done": done,
            "next": after.following,
            "outstanding": after.outstanding,
            "currency": after.view.currency,
            "told": why_not is None,
            "not_told_because": why_not,
        }
        say_json(said)
        return
    console = out()
    say(console, f"{number}: {done}.")
    say(console, f"Next: {after.following}")
    _say_not_told(why_not)


def _say_not_told(why_not: str | None) -> None:
    if why_not is not None:
        say(out(), f"The process will be told later; nothing is lost ({why_not}).", "yellow")
