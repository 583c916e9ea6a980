"""The commands about an invoice itself: its money, its due date, its state, and whether its customer sees it."""

from console.options.arguments import Amount, Day


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
    from console.orders.order import Order, carry_out
    from console.views.amounts import money
    from console.views.invoices import Shown

    def done(after: Shown) -> str:
        currency = after.view.currency
        return f"payment of {money(amount, currency)} booked, {after.outstanding} {currency} outstanding"

    return carry_out(invoice, Order(lambda desk: desk.pay(invoice, amount), done), json)


def reverse(invoice: str, amount: Amount, /, *, json: bool = False) -> int:
    """Take back so much of what was paid on an invoice, the newest payments first.

    Parameters
    ----------
    invoice
        The invoice's number.
    amount
        Plain digits with '.' before the decimals, such as 1250.50.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out
    from console.views.amounts import money
    from console.views.invoices import Shown

    def done(after: Shown) -> str:
        currency = after.view.currency
        return f"{money(amount, currency)} reversed, {after.outstanding} {currency} outstanding"

    return carry_out(invoice, Order(lambda desk: desk.reverse(invoice, amount), done), json)


def due_date(invoice: str, date: Day, /, *, reason: str | None = None, json: bool = False) -> int:
    """Let an invoice fall due on another day; far enough later, its cadence begins anew.

    Parameters
    ----------
    invoice
        The invoice's number.
    date
        The new due date, as YYYY-MM-DD.
    reason
        Why, for whoever looks at the invoice later.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out

    done = f"due on {date}"
    return carry_out(
        invoice, Order(lambda desk: desk.change_due_date(invoice, date, reason), lambda _: done), json
    )


def hide(invoice: str, /, *, json: bool = False) -> int:
    """Keep messages about an invoice from its customer; calls and tasks go on.

    Parameters
    ----------
    invoice
        The invoice's number.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out

    same = "nothing changed, it is hidden already"
    return carry_out(
        invoice, Order(lambda desk: desk.hide(invoice), lambda _: "hidden from its customer", same), json
    )


def show(invoice: str, /, *, json: bool = False) -> int:
    """Take back that an invoice is hidden from its customer.

    Parameters
    ----------
    invoice
        The invoice's number.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out

    same = "nothing changed, it is not hidden"
    return carry_out(
        invoice, Order(lambda desk: desk.show(invoice), lambda _: "shown to its customer again", same), json
    )


def write_off(invoice: str, /, *, reason: str | None = None, json: bool = False) -> int:
    """Write an invoice off: its collection ends.

    Parameters
    ----------
    invoice
        The invoice's number.
    reason
        Why, for whoever looks at the invoice later.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out

    same = "nothing changed, it is written off already"
    return carry_out(
        invoice, Order(lambda desk: desk.write_off(invoice, reason), lambda _: "written off", same), json
    )


def void(invoice: str, /, *, reason: str | None = None, json: bool = False) -> int:
    """Make an invoice void: its collection ends.

    Parameters
    ----------
    invoice
        The invoice's number.
    reason
        Why, for whoever looks at the invoice later.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out

    same = "nothing changed, it is void already"
    return carry_out(invoice, Order(lambda desk: desk.void(invoice, reason), lambda _: "void", same), json)


def reinstate(invoice: str, /, *, reason: str | None = None, json: bool = False) -> int:
    """Take back that an invoice was written off or void; its collection goes on where it was.

    Parameters
    ----------
    invoice
        The invoice's number.
    reason
        Why, for whoever looks at the invoice later.
    json
        Print one JSON document.
    """
    from console.orders.order import Order, carry_out

    return carry_out(invoice, Order(lambda desk: desk.reinstate(invoice, reason), lambda _: "reinstated"), json)
