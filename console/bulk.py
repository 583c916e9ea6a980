"""`duewell bulk`: the same for all invoices that match."""

from typing import Annotated

from cyclopts import App, Parameter

from console.arguments import Day
from console.invoice_filter import UNFILTERED, Which

bulk = App(
    name="bulk",
    help="Do the same to all invoices that match, due, not due and disputed alike, by a job (duewell job).",
    sort_key=9,
)
Follow = Annotated[bool, Parameter(negative="--no-follow", show_default=lambda _: "--follow")]


@bulk.command(sort_key=1)
def assign(
    cadence: str,
    /,
    *,
    which: Which = UNFILTERED,
    dry_run: bool = False,
    yes: bool = False,
    follow: Follow = True,
    json: bool = False,
) -> int:
    """Put all invoices that match under another cadence, or under none; rules then leave them alone.

    Parameters
    ----------
    cadence
        The name of a published cadence; `none` for none.
    dry_run
        Only show what it would change, and what that would send by the end of the next business day.
    yes
        Do not ask, and do not work out beforehand what it changes.
    follow
        Show how far it is until it is done; with --no-follow only order it.
    json
        Print one JSON document.
    """
    from console.bulk_orders import Manner, carry_out
    from intake.jobs.invoice_kinds import AssignOrder

    name = None if cadence.strip().lower() == "none" else cadence
    return carry_out(
        "bulk assign",
        lambda conditions: AssignOrder(conditions=conditions, cadence=name),
        which,
        Manner(dry_run, yes, follow, json),
    )


@bulk.command(sort_key=2)
def pause(
    *,
    until: Day | None = None,
    reason: str | None = None,
    which: Which = UNFILTERED,
    dry_run: bool = False,
    yes: bool = False,
    follow: Follow = True,
    json: bool = False,
) -> int:
    """Stop contact about all invoices that match, until a day, or until they are resumed.

    Parameters
    ----------
    until
        The first day on which contact may go on, as YYYY-MM-DD; without it the pauses last until `resume`.
    reason
        Why, for whoever looks at the invoices later.
    dry_run
        Only show what it would change, and what that would send by the end of the next business day.
    yes
        Do not ask, and do not work out beforehand what it changes.
    follow
        Show how far it is until it is done; with --no-follow only order it.
    json
        Print one JSON document.
    """
    from console.bulk_orders import Manner, carry_out
    from intake.jobs.invoice_kinds import PauseOrder

    return carry_out(
        "bulk pause",
        lambda conditions: PauseOrder(conditions=conditions, until=until, reason=reason),
        which,
        Manner(dry_run, yes, follow, json),
    )


def _plain(kind: str, which: Which, dry_run: bool, yes: bool, follow: bool, json: bool) -> int:
    from console.bulk_orders import Manner, carry_out
    from intake.jobs.over_invoices import OverInvoices

    return carry_out(
        kind, lambda conditions: OverInvoices(conditions=conditions), which, Manner(dry_run, yes, follow, json)
    )


@bulk.command(sort_key=3)
def resume(
    *,
    which: Which = UNFILTERED,
    dry_run: bool = False,
    yes: bool = False,
    follow: Follow = True,
    json: bool = False,
) -> int:
    """End the pauses of all invoices that match; what fell due meanwhile happens next.

    Parameters
    ----------
    dry_run
        Only show what it would change, and what that would send by the end of the next business day.
    yes
        Do not ask, and do not work out beforehand what it changes.
    follow
        Show how far it is until it is done; with --no-follow only order it.
    json
        Print one JSON document.
    """
    return _plain("bulk resume", which, dry_run, yes, follow, json)


@bulk.command(sort_key=4)
def hide(
    *,
    which: Which = UNFILTERED,
    dry_run: bool = False,
    yes: bool = False,
    follow: Follow = True,
    json: bool = False,
) -> int:
    """Keep what is written about all invoices that match from their customers.

    Parameters
    ----------
    dry_run
        Only show what it would change, and what that would send by the end of the next business day.
    yes
        Do not ask, and do not work out beforehand what it changes.
    follow
        Show how far it is until it is done; with --no-follow only order it.
    json
        Print one JSON document.
    """
    return _plain("bulk hide", which, dry_run, yes, follow, json)


@bulk.command(sort_key=6)
def release(
    *,
    which: Which = UNFILTERED,
    dry_run: bool = False,
    yes: bool = False,
    follow: Follow = True,
    json: bool = False,
) -> int:
    """Let smart rules manage the cadences of all invoices that match again, and ask the rules at once.

    Parameters
    ----------
    dry_run
        Only show what it would change, and what that would send by the end of the next business day.
    yes
        Do not ask, and do not work out beforehand what it changes.
    follow
        Show how far it is until it is done; with --no-follow only order it.
    json
        Print one JSON document.
    """
    return _plain("bulk release", which, dry_run, yes, follow, json)


@bulk.command(sort_key=5)
def show(
    *,
    which: Which = UNFILTERED,
    dry_run: bool = False,
    yes: bool = False,
    follow: Follow = True,
    json: bool = False,
) -> int:
    """Take back that invoices are hidden, for all that match.

    Parameters
    ----------
    dry_run
        Only show what it would change, and what that would send by the end of the next business day.
    yes
        Do not ask, and do not work out beforehand what it changes.
    follow
        Show how far it is until it is done; with --no-follow only order it.
    json
        Print one JSON document.
    """
    return _plain("bulk show", which, dry_run, yes, follow, json)
