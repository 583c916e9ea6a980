"""`duewell payment`: payments that may settle several invoices."""

from datetime import date
from typing import Annotated

from cyclopts import App, Parameter

from console.options.arguments import Amount, Day
from console.options.settlement_options import NEWEST, NOWHERE, Listed, Towards

payment = App(name="payment", help="Book payments of customers, and say which invoices they settle.", sort_key=7)
_ID = Parameter(name="--id")


@payment.command(sort_key=1)
def add(
    customer: str,
    amount: Amount,
    currency: str,
    /,
    *,
    towards: Towards = NOWHERE,
    on: Day | None = None,
    reference: str | None = None,
    payment_id: Annotated[str | None, _ID] = None,
    json: bool = False,
) -> int:
    """Book a payment of a customer; what is not allocated stays with the customer.

    Parameters
    ----------
    customer
        The customer's number.
    amount
        Plain digits with '.' before the decimals, such as 1250.50.
    currency
        The ISO 4217 code, such as EUR.
    on
        The day on which it was received, if not today.
    reference
        What the payer wrote; without --to it settles the invoices whose numbers stand there.
    payment_id
        What identifies the payment: said again with the same id, it is the same payment.
    json
        Print one JSON document.
    """
    from console.orders.settlement_lines import PAYMENT, automatic, carry_out, read_allocations
    from db.operations.settlement.stated import Automatic, StatedPayment

    allocations = read_allocations(towards)

    def stated(today: date) -> StatedPayment:
        return StatedPayment(
            external_id=payment_id,
            customer_id=customer,
            currency=currency.upper(),
            amount=amount,
            received_on=on or today,
            reference=reference,
            allocations=allocations,
            automatic=automatic(towards, Automatic.REFERENCE),
        )

    return carry_out(lambda desk: desk.add_payment(stated), "booked", PAYMENT, json)


@payment.command(name="list", sort_key=2)
def list_payments(*, listed: Listed = NEWEST, json: bool = False) -> int:
    """List payments, the newest first.

    Parameters
    ----------
    json
        Print one JSON document: the payments, and where the next page begins.
    """
    from console.orders.settlement_lines import PAYMENT, print_page

    return print_page(PAYMENT, listed, json)


@payment.command(sort_key=3)
def show(name: str, /, *, json: bool = False) -> int:
    """Show a payment and what it settles.

    Parameters
    ----------
    name
        Its id, or its number as the list shows it.
    json
        Print one JSON document.
    """
    from console.orders.settlement_lines import PAYMENT
    from console.orders.settlement_lines import show as show_one

    return show_one(name, PAYMENT, json)


@payment.command(sort_key=4)
def allocate(name: str, /, *, towards: Towards = NOWHERE, json: bool = False) -> int:
    """Let what is left of a payment settle further invoices.

    Parameters
    ----------
    name
        Its id, or its number as the list shows it.
    json
        Print one JSON document.
    """
    from console.orders.settlement_lines import PAYMENT, automatic, carry_out, read_allocations

    allocations, rest = read_allocations(towards), automatic(towards)
    return carry_out(lambda desk: desk.allocate_payment(name, allocations, rest), "allocated", PAYMENT, json)


@payment.command(sort_key=5)
def unallocate(name: str, /, *invoices: str, json: bool = False) -> int:
    """Take a payment off invoices; it stays with its customer.

    Parameters
    ----------
    name
        Its id, or its number as the list shows it.
    invoices
        The invoices' numbers; without any it comes off all.
    json
        Print one JSON document.
    """
    from console.orders.settlement_lines import PAYMENT, carry_out

    return carry_out(lambda desk: desk.unallocate_payment(name, invoices), "taken off", PAYMENT, json)


@payment.command(sort_key=6)
def reverse(name: str, /, *, on: Day | None = None, json: bool = False) -> int:
    """Take a whole payment back: what it settled is outstanding again.

    Parameters
    ----------
    name
        Its id, or its number as the list shows it.
    on
        The day on which it was taken back, if not today.
    json
        Print one JSON document.
    """
    from console.orders.settlement_lines import PAYMENT, carry_out

    return carry_out(lambda desk: desk.reverse_payment(name, on), "reversed", PAYMENT, json)
