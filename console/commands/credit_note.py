"""`duewell credit-note`: credits given to customers, and the invoices that they settle."""

from datetime import date
from typing import Annotated

from cyclopts import App, Parameter

from console.options.arguments import Amount, Day
from console.options.settlement_options import NEWEST, NOWHERE, Listed, Towards

credit_note = App(name="credit-note", help="Book credit notes, and say which invoices they settle.", sort_key=7)
_ID = Parameter(name="--id")


@credit_note.command(sort_key=1)
def add(
    customer: str,
    number: str,
    total: Amount,
    currency: str,
    /,
    *,
    towards: Towards = NOWHERE,
    on: Day | None = None,
    note_id: Annotated[str | None, _ID] = None,
    json: bool = False,
) -> int:
    """Book a credit note of a customer; what is not allocated stays with the customer.

    Parameters
    ----------
    customer
        The customer's number.
    number
        The credit note's number.
    total
        Plain digits with '.' before the decimals, such as 1250.50.
    currency
        The ISO 4217 code, such as EUR.
    on
        The day on which it was issued, if not today.
    note_id
        What identifies it, if not its number: said again with the same id, it is the same credit note.
    json
        Print one JSON document.
    """
    from console.orders.settlement_lines import CREDIT_NOTE, automatic, carry_out, read_allocations
    from db.operations.settlement.stated import StatedCreditNote

    allocations = read_allocations(towards)

    def stated(today: date) -> StatedCreditNote:
        return StatedCreditNote(
            external_id=note_id or number,
            number=number,
            customer_id=customer,
            currency=currency.upper(),
            total=total,
            issued_on=on or today,
            allocations=allocations,
            automatic=automatic(towards),
        )

    return carry_out(lambda desk: desk.add_credit_note(stated), "booked", CREDIT_NOTE, json)


@credit_note.command(name="list", sort_key=2)
def list_credit_notes(*, listed: Listed = NEWEST, json: bool = False) -> int:
    """List credit notes, the newest first.

    Parameters
    ----------
    json
        Print one JSON document: the credit notes, and where the next page begins.
    """
    from console.orders.settlement_lines import CREDIT_NOTE, print_page

    return print_page(CREDIT_NOTE, listed, json)


@credit_note.command(sort_key=3)
def show(name: str, /, *, json: bool = False) -> int:
    """Show a credit note and what it settles.

    Parameters
    ----------
    name
        Its id, which is its number unless another was given.
    json
        Print one JSON document.
    """
    from console.orders.settlement_lines import CREDIT_NOTE
    from console.orders.settlement_lines import show as show_one

    return show_one(name, CREDIT_NOTE, json)


@credit_note.command(sort_key=4)
def allocate(name: str, /, *, towards: Towards = NOWHERE, json: bool = False) -> int:
    """Let what is left of a credit note settle further invoices.

    Parameters
    ----------
    name
        Its id, which is its number unless another was given.
    json
        Print one JSON document.
    """
    from console.orders.settlement_lines import CREDIT_NOTE, automatic, carry_out, read_allocations

    allocations, rest = read_allocations(towards), automatic(towards)
    return carry_out(
        lambda desk: desk.allocate_credit_note(name, allocations, rest), "allocated", CREDIT_NOTE, json
    )


@credit_note.command(sort_key=5)
def unallocate(name: str, /, *invoices: str, json: bool = False) -> int:
    """Take a credit note off invoices; it stays with its customer.

    Parameters
    ----------
    name
        Its id, which is its number unless another was given.
    invoices
        The invoices' numbers; without any it comes off all.
    json
        Print one JSON document.
    """
    from console.orders.settlement_lines import CREDIT_NOTE, carry_out

    return carry_out(lambda desk: desk.unallocate_credit_note(name, invoices), "taken off", CREDIT_NOTE, json)


@credit_note.command(sort_key=6)
def void(name: str, /, *, on: Day | None = None, json: bool = False) -> int:
    """Make a credit note void: what it settled is outstanding again.

    Parameters
    ----------
    name
        Its id, which is its number unless another was given.
    on
        The day since which it is void, if not today.
    json
        Print one JSON document.
    """
    from console.orders.settlement_lines import CREDIT_NOTE, carry_out

    return carry_out(lambda desk: desk.void_credit_note(name, on), "void", CREDIT_NOTE, json)
