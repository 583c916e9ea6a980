"""`duewell address`: whom a customer's messages go to, and what makes a dead address good again."""

from cyclopts import App

address = App(
    name="address", help="See whom a customer's messages go to, and mend addresses that came back.", sort_key=6
)


@address.command(name="list", sort_key=1)
def list_addresses(customer: str, /, *, json: bool = False) -> int:
    """List the addresses of a customer, and why nobody writes to one.

    Parameters
    ----------
    customer
        The customer's number.
    json
        Print one JSON document: a list of objects.
    """
    from dataclasses import asdict

    from console.connections.ledger import open_ledger
    from console.failure import ASKED_WRONGLY, Failure
    from console.terminal.printing import out, say_json
    from console.terminal.tables import row, table_of
    from db.engine import transaction
    from db.queries.customers import contact_lines, customer_id_of

    with open_ledger() as ledger, transaction(ledger.engine) as session:
        customer_id = customer_id_of(session, customer)
        if customer_id is None:
            raise Failure(f"there is no customer {customer!r}", ASKED_WRONGLY)
        lines = contact_lines(session, customer_id)
    if json:
        say_json([asdict(line) for line in lines])
        return 0
    table = table_of("address", "name", "role", "not written to because")
    for line in lines:
        role = line.role if not line.is_main or line.role == "main" else f"{line.role}, main"
        row(table, line.email or "–", line.name, role, line.unreachable_because)
    out().print(table)
    return 0


@address.command(sort_key=2)
def mend(
    customer: str, email: str, /, *, to: str | None = None, reason: str | None = None, json: bool = False
) -> int:
    """Write to an address again that came back or complained, or to another one instead.

    Parameters
    ----------
    customer
        The customer's number.
    email
        The address, as `duewell address list` shows it.
    to
        Another address that takes its place.
    reason
        Why, for whoever looks at the invoices later.
    json
        Print one JSON document.
    """
    from console.orders.order import carry_out_for_customer

    done = f"{email} is written to again" if to is None else f"{to} is written to instead of {email}"
    return carry_out_for_customer(
        customer, lambda desk: desk.mend_address(customer, email, to, reason), done, json
    )
