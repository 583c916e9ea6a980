"""The commands that change what happens to one invoice."""

from typing import Literal

from console.arguments import Amount, Day

# Spelled out for --help, which cannot wait for the ledger's modules; a test compares both.
Outcome = Literal["done", "reached", "no-answer", "voicemail", "promised", "disputed", "wrong-number", "ignored"]


def pause(invoice: str, /, *, until: Day | None = None, reason: str | None = None, json: bool = False) -> int:
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
    from console.order import Order, carry_out

    done = "paused until it is resumed" if until is None else f"paused until {until}"
    return carry_out(invoice, Order(lambda desk: desk.pause(invoice, until, reason), lambda _: done), json)


def resume(invoice: str, /, *, json: bool = False) -> int:
    """End the pause of an invoice; what fell due meanwhile happens next.

    Parameters
    ----------
    invoice
        The invoice's number.
    json
        Print one JSON document.
    """
    from console.order import Order, carry_out

    return carry_out(invoice, Order(lambda desk: desk.resume(invoice), lambda _: "resumed"), json)


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
    from console.order import Order, carry_out

    name = None if cadence.strip().lower() in ("", "none") else cadence
    done, same = f"put under the cadence {name}", f"nothing changed, it is under the cadence {name} already"
    if name is None:
        done, same = "no cadence follows it up any more", "nothing changed, no cadence follows it up"
    return carry_out(invoice, Order(lambda desk: desk.reassign(invoice, name), lambda _: done, same), json)


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
    from console.order import carry_out, payment

    return carry_out(invoice, payment(invoice, amount), json)


def complete(invoice: str, step: str | None = None, /, *, outcome: Outcome = "done", json: bool = False) -> int:
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
    from console.order import Order, carry_out

    done = f"to-do{f' {step}' if step else ''} ended as {outcome}"
    spoken = outcome.replace("-", " ")
    return carry_out(invoice, Order(lambda desk: desk.complete(invoice, step, spoken), lambda _: done), json)
