"""`duewell todo`: what people have to do, and doing it."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from console.commands.step_orders import Outcome
from console.commands.todo_lists import ListOrder, print_page
from console.options.arguments import Amount, Day, Lines
from console.options.todo_filter import UNFILTERED, Which

todo = App(name="todo", help="See what people have to do, and do it; docs/todos.md describes it.", sort_key=6)
_ALL = Parameter(name="--all")


@todo.command(name="list", sort_key=1)
def list_todos(
    *,
    which: Which = UNFILTERED,
    put_off: bool = False,
    order: ListOrder = "due",
    limit: Lines = 50,
    after: str | None = None,
    json: bool = False,
) -> int:
    """List the open to-dos, what is due first.

    Parameters
    ----------
    put_off
        Also those that are put off until a later day.
    order
        What is due first, or newest first.
    limit
        How many at most, up to 10000.
    after
        Where the page before ended.
    json
        Print one JSON document: the to-dos, and where the next page begins.
    """
    return print_page(which, ("open",), order, limit, after, json, hides_put_off=not put_off)


@todo.command(sort_key=2)
def show(todo_id: int, /, *, json: bool = False) -> int:
    """Show a to-do, how it can end, and the message that belongs to it.

    Parameters
    ----------
    todo_id
        The number of the to-do, as the lists show it.
    json
        Print one JSON document.
    """
    from console.connections.ledger import open_ledger
    from console.terminal.printing import out, say_json
    from console.terminal.todo_table import print_todo, todo_data
    from console.views.todo_reading import read_todo

    with open_ledger() as ledger:
        line, draft, outcomes = read_todo(ledger, todo_id)
        if json:
            say_json(todo_data(line, draft, outcomes))
        else:
            print_todo(out(), line, draft, outcomes, ledger.organization.time_zone)
    return 0


@todo.command(sort_key=3)
def edit(
    todo_id: int,
    /,
    *,
    subject: str | None = None,
    body: str | None = None,
    body_file: Path | None = None,
    json: bool = False,
) -> int:
    """Change the message of a to-do; without an option in your editor ($VISUAL or $EDITOR).

    Parameters
    ----------
    todo_id
        The number of the to-do.
    subject
        The new subject.
    body
        The new text.
    body_file
        A file with the new text; `-` reads it from stdin.
    json
        Print one JSON document.
    """
    from console.orders.todo_editing import asked_draft
    from console.orders.todo_orders import Chosen, carry_out

    draft = asked_draft(todo_id, subject, body, body_file)
    return carry_out(Chosen((todo_id,)), lambda desk, _: desk.edit_todo(todo_id, draft), json)


@todo.command(sort_key=4)
def complete(
    *ids: int,
    outcome: Outcome | None = None,
    send: bool = False,
    promised_for: Day | None = None,
    amount: Amount | None = None,
    note: str | None = None,
    everything: Annotated[bool, _ALL] = False,
    which: Which = UNFILTERED,
    json: bool = False,
) -> int:
    """Complete to-dos, by their numbers or all that match.

    Parameters
    ----------
    ids
        The numbers of the to-dos.
    outcome
        How it went: `done` unless said otherwise.
    send
        Send the message of a manual e-mail; that completes it.
    promised_for
        With `--outcome promised`: the day by which payment was promised, as YYYY-MM-DD.
    amount
        With `--outcome promised`: how much was promised, if not all that is outstanding.
    note
        What was said, for whoever looks at the invoice later; with `--outcome disputed` the reason.
    everything
        Instead of numbers: all open to-dos that match the filters.
    json
        Print one JSON document: a result for each to-do.
    """
    from console.failure import ASKED_WRONGLY, Failure
    from console.orders.todo_orders import Chosen, carry_out
    from db.operations.todos import Ending

    if send:
        if not (outcome is None and promised_for is None and amount is None and note is None):
            raise Failure("--send completes a to-do by its message; it goes with no outcome", ASKED_WRONGLY)
        return carry_out(Chosen(ids, everything, which), lambda desk, found: desk.send_todos(found), json)
    ending = Ending((outcome or "done").replace("-", " "), promised_for, amount, note)
    return carry_out(Chosen(ids, everything, which), lambda desk, found: desk.complete_todos(found, ending), json)


@todo.command(sort_key=5)
def ignore(
    *ids: int,
    note: str | None = None,
    everything: Annotated[bool, _ALL] = False,
    which: Which = UNFILTERED,
    json: bool = False,
) -> int:
    """Leave to-dos out; the next step follows, and nothing counts as a contact.

    Parameters
    ----------
    ids
        The numbers of the to-dos.
    note
        Why, for whoever looks at the invoice later.
    everything
        Instead of numbers: all open to-dos that match the filters.
    json
        Print one JSON document: a result for each to-do.
    """
    from console.orders.todo_orders import Chosen, carry_out
    from db.operations.todos import Ending

    ending = Ending("ignored", text=note)
    return carry_out(Chosen(ids, everything, which), lambda desk, found: desk.complete_todos(found, ending), json)


@todo.command(sort_key=6)
def snooze(
    *ids: int,
    until: Day,
    everything: Annotated[bool, _ALL] = False,
    which: Which = UNFILTERED,
    json: bool = False,
) -> int:
    """Put to-dos out of sight until a day; they stay open meanwhile.

    Parameters
    ----------
    ids
        The numbers of the to-dos.
    until
        The day on which they come back, as YYYY-MM-DD.
    everything
        Instead of numbers: all open to-dos that match the filters.
    json
        Print one JSON document: a result for each to-do.
    """
    from console.orders.todo_orders import Chosen, carry_out

    return carry_out(Chosen(ids, everything, which), lambda desk, found: desk.snooze_todos(found, until), json)


@todo.command(sort_key=7)
def assign(
    *ids: int,
    to: str,
    everything: Annotated[bool, _ALL] = False,
    which: Which = UNFILTERED,
    json: bool = False,
) -> int:
    """Give to-dos to somebody else.

    Parameters
    ----------
    ids
        The numbers of the to-dos.
    to
        A user, by e-mail address, or a group, by name.
    everything
        Instead of numbers: all open to-dos that match the filters.
    json
        Print one JSON document: a result for each to-do.
    """
    from console.orders.todo_orders import Chosen, carry_out

    return carry_out(Chosen(ids, everything, which), lambda desk, found: desk.assign_todos(found, to), json)
