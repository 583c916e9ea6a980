"""`duewell bulk todos`: the same for all open to-dos that match."""

from cyclopts import App

from console.commands.step_orders import Outcome
from console.options.arguments import Day
from console.options.manner import AS_USUAL, Manner
from console.options.todo_filter import UNFILTERED, Which

todos = App(
    name="todos",
    help="Do the same to all open to-dos that match, by a job (duewell job); those that are put off stay so.",
    sort_key=7,
)


@todos.command(sort_key=1)
def complete(
    *,
    outcome: Outcome | None = None,
    note: str | None = None,
    which: Which = UNFILTERED,
    manner: Manner = AS_USUAL,
) -> int:
    """Complete all to-dos that match.

    Parameters
    ----------
    outcome
        How they went: `done` unless said otherwise.
    note
        What was said, for whoever looks at the invoices later.
    """
    from console.orders.bulk_todo_orders import carry_out
    from intake.jobs.todo_kinds import EndOrder

    said = (outcome or "done").replace("-", " ")
    return carry_out("complete to-dos", EndOrder(where=which.written, outcome=said, text=note), which, manner)


@todos.command(sort_key=2)
def ignore(*, note: str | None = None, which: Which = UNFILTERED, manner: Manner = AS_USUAL) -> int:
    """Leave all to-dos out that match; the next steps follow, and nothing counts as a contact.

    Parameters
    ----------
    note
        Why, for whoever looks at the invoices later.
    """
    from console.orders.bulk_todo_orders import carry_out
    from intake.jobs.todo_kinds import EndOrder

    order = EndOrder(where=which.written, outcome="ignored", text=note)
    return carry_out("ignore to-dos", order, which, manner)


@todos.command(sort_key=3)
def send(*, which: Which = UNFILTERED, manner: Manner = AS_USUAL) -> int:
    """Send the messages of all manual e-mails that match; that completes them."""
    from console.orders.bulk_todo_orders import carry_out
    from intake.jobs.over_todos import OverTodos

    return carry_out("send to-dos", OverTodos(where=which.written), which, manner)


@todos.command(sort_key=4)
def snooze(*, until: Day, which: Which = UNFILTERED, manner: Manner = AS_USUAL) -> int:
    """Put all to-dos that match out of sight until a day; they stay open meanwhile.

    Parameters
    ----------
    until
        The day on which they come back, as YYYY-MM-DD.
    """
    from console.orders.bulk_todo_orders import carry_out
    from intake.jobs.todo_kinds import SnoozeOrder

    return carry_out("snooze to-dos", SnoozeOrder(where=which.written, until=until), which, manner)


@todos.command(sort_key=5)
def assign(*, to: str, which: Which = UNFILTERED, manner: Manner = AS_USUAL) -> int:
    """Give all to-dos that match to somebody else.

    Parameters
    ----------
    to
        A user, by e-mail address, or a group, by name.
    """
    from console.orders.bulk_todo_orders import carry_out
    from intake.jobs.todo_kinds import HandOnOrder

    return carry_out("assign to-dos", HandOnOrder(where=which.written, owner=to), which, manner)
