"""The commands that change what happens to one invoice."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from console.arguments import Amount, Day

if TYPE_CHECKING:
    from intake.commands import Desk, Told

# Spelled out for --help, which cannot wait for the ledger's modules; a test compares both.
Outcome = Literal[
    "done", "reached", "no-answer", "voicemail", "promised", "disputed", "wrong-number", "ignored"
]


def pause(
    invoice: str, /, *, until: Day | None = None, reason: str | None = None, json: bool = False
) -> int:
    """Stop contact about an invoice until a day, or until it is resumed.

    Parameters
    ----------
    invoice
        The invoice's number.
    until
        The first day on which contact may go on, as YYYY-MM-DD; without it the pause lasts until `resume`.
    reason
        Why, for whoever looks at the invoice later.
    json
        Print one JSON document.
    """
    ends = "until it is resumed" if until is None else f"until {until}"
    return _carry_out(invoice, f"paused {ends}", lambda desk: desk.pause(invoice, until, reason), json)


def resume(invoice: str, /, *, json: bool = False) -> int:
    """End the pause of an invoice; what fell due meanwhile happens next.

    Parameters
    ----------
    invoice
        The invoice's number.
    json
        Print one JSON document.
    """
    return _carry_out(invoice, "resumed", lambda desk: desk.resume(invoice), json)


def reassign(invoice: str, cadence: str, /, *, json: bool = False) -> int:
    """Put an invoice under another cadence, or under none.

    Parameters
    ----------
    invoice
        The invoice's number.
    cadence
        The name of a published cadence; `none` ends the follow-up.
    json
        Print one JSON document.
    """
    name = None if cadence.strip().lower() in ("", "none") else cadence
    done = "no cadence follows it up any more" if name is None else f"put under the cadence {name}"
    return _carry_out(invoice, done, lambda desk: desk.reassign(invoice, name), json)


def pay(invoice: str, amount: Amount, /, *, json: bool = False) -> int:
    """Book a payment on an invoice, in the invoice's currency.

    Parameters
    ----------
    invoice
        The invoice's number.
    amount
        Plain digits with '.' before the decimals, such as 1250.50.
    json
        Print one JSON document.
    """

    def book(desk: "Desk") -> "Told":
        from console.amounts import is_too_exact
        from db.engine import transaction
        from db.operations.refusal import Refused
        from db.queries.invoices import invoice_view

        with transaction(desk.engine) as session:
            view = invoice_view(session, invoice, timeline_entries=0)
        if view is not None and is_too_exact(amount, view.currency):
            raise Refused(f"{amount} has more decimals than {view.currency}")
        return desk.pay(invoice, amount)

    return _carry_out(invoice, f"payment of {amount} booked", book, json)


def complete(
    invoice: str, step: str | None = None, /, *, outcome: Outcome = "done", json: bool = False
) -> int:
    """End an open to-do of an invoice.

    Parameters
    ----------
    invoice
        The invoice's number.
    step
        The step whose to-do it is; without it the oldest open one.
    outcome
        How it went; `ignored` goes on to the next step and does not count as a contact.
    json
        Print one JSON document.
    """
    done = f"to-do{f' {step}' if step else ''} ended as {outcome}"
    return _carry_out(
        invoice, done, lambda desk: desk.complete(invoice, step, outcome.replace("-", " ")), json
    )


def _carry_out(number: str, done: str, order: "Callable[[Desk], Told]", as_json: bool) -> int:
    """Change the ledger, tell the process, and say what happened and what comes next."""
    import asyncio

    from console.clerk import clerk
    from console.environment import environment
    from console.failure import ASKED_WRONGLY, Failure
    from console.invoices import read_invoice
    from console.ledger import open_ledger
    from console.printing import out, say, say_json
    from console.processes import pass_on
    from db.operations.refusal import Refused
    from intake.commands import Desk

    with open_ledger() as ledger:
        try:
            told = order(Desk(ledger.engine, clerk()))
        except Refused as refusal:
            about = "" if number in str(refusal) else f"{number}: "
            raise Failure(f"{about}{refusal}", ASKED_WRONGLY) from refusal
        changed = told.owed_id is not None
        why_not = asyncio.run(pass_on(ledger, environment(), told))
        after = read_invoice(ledger, number)
    if as_json:
        say_json(
            {
                "invoice": number,
                "changed": changed,
                "done": done if changed else None,
                "next": after.following,
                "outstanding": after.outstanding,
                "currency": after.view.currency,
                "told": why_not is None,
                "not_told_because": why_not,
            }
        )
        return 0
    console = out()
    say(console, f"{number}: {done if changed else 'nothing changed, it is so already'}.")
    say(console, f"Next: {after.following}")
    if why_not is not None:
        say(console, f"The process will be told when Temporal is back; nothing is lost ({why_not}).", "yellow")
    return 0
