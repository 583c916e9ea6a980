"""`duewell bulk`: the same for all invoices that match, and for all to-dos."""

from cyclopts import App

from console.commands.bulk_todos import todos
from console.options.arguments import Day
from console.options.invoice_filter import UNFILTERED, Which
from console.options.manner import AS_USUAL, Manner

bulk = App(
    name="bulk",
    help="Do the same to all invoices that match, due, not due and disputed alike, or to all to-dos, by a job "
    "(duewell job).",
    sort_key=9,
)
bulk.command(todos)


@bulk.command(sort_key=1)
def assign(cadence: str, /, *, which: Which = UNFILTERED, manner: Manner = AS_USUAL) -> int:
    """Put all invoices that match under another cadence, or under none; rules then leave them alone.

    Parameters
    ----------
    cadence
        The name of a published cadence; `none` for none.
    """
    from console.orders.bulk_orders import carry_out
    from intake.jobs.invoice_kinds import AssignOrder

    name = None if cadence.strip().lower() == "none" else cadence
    return carry_out(
        "bulk assign", lambda conditions: AssignOrder(conditions=conditions, cadence=name), which, manner
    )


@bulk.command(sort_key=2)
def pause(
    *,
    until: Day | None = None,
    reason: str | None = None,
    which: Which = UNFILTERED,
    manner: Manner = AS_USUAL,
) -> int:
    """Stop contact about all invoices that match, until a day, or until they are resumed.

    Parameters
    ----------
    until
        The first day on which contact may go on, as YYYY-MM-DD; without it the pauses last until `resume`.
    reason
        Why, for whoever looks at the invoices later.
    """
    from console.orders.bulk_orders import carry_out
    from intake.jobs.invoice_kinds import PauseOrder

    return carry_out(
        "bulk pause",
        lambda conditions: PauseOrder(conditions=conditions, until=until, reason=reason),
        which,
        manner,
    )


@bulk.command(sort_key=3)
def resume(*, which: Which = UNFILTERED, manner: Manner = AS_USUAL) -> int:
    """End the pauses of all invoices that match; what fell due meanwhile happens next."""
    return _plain("bulk resume", which, manner)


@bulk.command(sort_key=4)
def hide(*, which: Which = UNFILTERED, manner: Manner = AS_USUAL) -> int:
    """Keep what is written about all invoices that match from their customers."""
    return _plain("bulk hide", which, manner)


@bulk.command(sort_key=5)
def show(*, which: Which = UNFILTERED, manner: Manner = AS_USUAL) -> int:
    """Take back that invoices are hidden, for all that match."""
    return _plain("bulk show", which, manner)


@bulk.command(sort_key=6)
def release(*, which: Which = UNFILTERED, manner: Manner = AS_USUAL) -> int:
    """Let smart rules manage the cadences of all invoices that match again, and ask the rules at once."""
    return _plain("bulk release", which, manner)


def _plain(kind: str, which: Which, manner: Manner) -> int:
    from console.orders.bulk_orders import carry_out
    from intake.jobs.over_invoices import OverInvoices

    return carry_out(kind, lambda conditions: OverInvoices(conditions=conditions), which, manner)
