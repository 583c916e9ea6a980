"""The commands that stop contact for a while, and those that end that."""

from typing import Literal

from console.options.arguments import Amount, Day

# Spelled out for --help, which cannot wait for the core's modules; a test compares both.
Then = Literal["resume", "restart", "stop"]


def pause(
    invoice: str | None = None,
    /,
    *,
    customer: str | None = None,
    until: Day | None = None,
    reason: str | None = None,
    json: bool = False,
) -> int:
    """Stop contact about an invoice, or all of a customer's, until a day, or until it is resumed.

    Parameters
    ----------
    invoice
        The invoice's number.
    customer
        Instead of an invoice: the number of a customer, all of whose invoices are paused, later ones too.
    until
        The first day on which contact may go on, as YYYY-MM-DD; without it the pause lasts until `resume`.
    reason
        Why, for whoever looks at the invoice later.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out, carry_out_for_customer

    done = "paused until it is resumed" if until is None else f"paused until {until}"
    if customer is not None and invoice is None:
        return carry_out_for_customer(
            customer, lambda desk: desk.pause_customer(customer, until, reason), done, json
        )
    number = _one_of(invoice, customer)
    return carry_out(number, Order(lambda desk: desk.pause(number, until, reason), lambda _: done), json)


def resume(invoice: str | None = None, /, *, customer: str | None = None, json: bool = False) -> int:
    """End the pause of an invoice, or of a customer; what fell due meanwhile happens next.

    Parameters
    ----------
    invoice
        The invoice's number.
    customer
        Instead of an invoice: the number of a customer whose pause ends; an invoice's own pause stays.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out, carry_out_for_customer

    if customer is not None and invoice is None:
        return carry_out_for_customer(customer, lambda desk: desk.resume_customer(customer), "resumed", json)
    number = _one_of(invoice, customer)
    return carry_out(number, Order(lambda desk: desk.resume(number), lambda _: "resumed"), json)


def dispute(invoice: str, /, *, reason: str | None = None, json: bool = False) -> int:
    """Stop contact about an invoice that its customer disputes, until the dispute is resolved.

    Parameters
    ----------
    invoice
        The invoice's number.
    reason
        What is disputed, for whoever looks at the invoice later.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out

    return carry_out(invoice, Order(lambda desk: desk.dispute(invoice, reason), lambda _: "disputed"), json)


def resolve(invoice: str, /, *, then: Then = "resume", json: bool = False) -> int:
    """End the dispute of an invoice.

    Parameters
    ----------
    invoice
        The invoice's number.
    then
        What follows: the cadence goes on (`resume`), begins anew (`restart`), or ends (`stop`).
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out
    from dunning.events import Resolution

    follows = {
        "resume": "the cadence goes on",
        "restart": "the cadence begins anew",
        "stop": "no cadence follows it up any more",
    }
    done = f"dispute resolved, {follows[then]}"
    return carry_out(invoice, Order(lambda desk: desk.resolve(invoice, Resolution(then)), lambda _: done), json)


def promise(invoice: str, date: Day, /, *, amount: Amount | None = None, json: bool = False) -> int:
    """Note that the customer promised to pay by a day; contact stops until then and some days of grace.

    Parameters
    ----------
    invoice
        The invoice's number.
    date
        The day by which it was promised, as YYYY-MM-DD.
    amount
        How much was promised, if not all that is outstanding.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out
    from console.views.amounts import money
    from console.views.invoices import Shown

    def done(after: Shown) -> str:
        what = "payment" if amount is None else money(amount, after.view.currency)
        return f"{what} promised for {date}"

    return carry_out(invoice, Order(lambda desk: desk.promise(invoice, date, amount), done), json)


def payment_in_flight(invoice: str, /, *, until: Day, json: bool = False) -> int:
    """Stop contact while a payment is on its way: until one is booked, or until a day.

    Parameters
    ----------
    invoice
        The invoice's number.
    until
        The first day on which contact may go on if nothing has arrived, as YYYY-MM-DD.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out

    done = f"a payment is expected before {until}"
    return carry_out(invoice, Order(lambda desk: desk.announce_payment(invoice, until), lambda _: done), json)


def _one_of(invoice: str | None, customer: str | None) -> str:
    from console.failure import ASKED_WRONGLY, Failure

    if invoice is None or customer is not None:
        raise Failure("name either an invoice, or a customer by --customer", ASKED_WRONGLY)
    return invoice
