"""The commands about the steps of an invoice's cadence, and about which cadence it is."""

from typing import Literal

from console.options.arguments import Amount, Day

# Spelled out for --help, which cannot wait for the ledger's modules; a test compares both.
Outcome = Literal["done", "reached", "no-answer", "voicemail", "promised", "disputed", "wrong-number", "ignored"]
ContactChannel = Literal["email", "sms", "letter", "call"]


def complete(
    invoice: str,
    step: str | None = None,
    /,
    *,
    outcome: Outcome = "done",
    promised_for: Day | None = None,
    amount: Amount | None = None,
    note: str | None = None,
    json: bool = False,
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
    promised_for
        With `--outcome promised`: the day by which payment was promised, as YYYY-MM-DD.
    amount
        With `--outcome promised`: how much was promised, if not all that is outstanding.
    note
        What was said, for whoever looks at the invoice later; with `--outcome disputed` the reason.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out
    from db.operations.todos import Ending

    done = f"to-do{f' {step}' if step else ''} ended as {outcome}"
    ending = Ending(outcome.replace("-", " "), promised_for, amount, note)
    return carry_out(invoice, Order(lambda desk: desk.complete(invoice, step, ending), lambda _: done), json)


def snooze(invoice: str, step: str, until: Day, /, *, json: bool = False) -> int:
    """Put an open to-do out of sight until a day; it stays open meanwhile.

    Parameters
    ----------
    invoice
        The invoice's number.
    step
        The step whose to-do it is.
    until
        The day on which it comes back, as YYYY-MM-DD.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out

    done = f"to-do {step} put off until {until}"
    return carry_out(invoice, Order(lambda desk: desk.snooze(invoice, step, until), lambda _: done), json)


def contact(
    invoice: str,
    channel: ContactChannel,
    /,
    *,
    as_step: str | None = None,
    note: str | None = None,
    json: bool = False,
) -> int:
    """Log that somebody wrote to or called the customer about an invoice outside its cadence.

    Parameters
    ----------
    invoice
        The invoice's number.
    channel
        How.
    as_step
        A step that is done by it, so that the cadence goes on after it.
    note
        What was said, for whoever looks at the invoice later.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out
    from dunning.cadence import Channel

    done = f"contact by {channel} logged" + (f" as step {as_step}" if as_step else "")
    return carry_out(
        invoice,
        Order(lambda desk: desk.contact(invoice, Channel(channel), as_step, note), lambda _: done),
        json,
    )


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
    from console.orders.order import Order, carry_out

    name = None if cadence.strip().lower() in ("", "none") else cadence
    done, same = f"put under the cadence {name}", f"nothing changed, it is under the cadence {name} already"
    if name is None:
        done, same = "no cadence follows it up any more", "nothing changed, no cadence follows it up"
    return carry_out(invoice, Order(lambda desk: desk.reassign(invoice, name), lambda _: done, same), json)


def release_to_rules(invoice: str, /, *, json: bool = False) -> int:
    """Let smart rules choose the cadence of an invoice again, after somebody did; they are asked at once.

    Parameters
    ----------
    invoice
        The invoice's number.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out

    done, same = "rules manage its cadence again", "nothing changed, rules manage its cadence"
    return carry_out(invoice, Order(lambda desk: desk.release_to_rules(invoice), lambda _: done, same), json)


def restart(invoice: str, /, *, json: bool = False) -> int:
    """Begin the cadence of an invoice anew: every step is pending again.

    Parameters
    ----------
    invoice
        The invoice's number.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out

    done = "the cadence begins anew"
    return carry_out(invoice, Order(lambda desk: desk.restart(invoice), lambda _: done), json)
