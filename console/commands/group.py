"""`duewell group`: people who share their to-dos."""

from typing import Annotated

from cyclopts import App, Parameter

group = App(name="group", help="Keep groups, such as Cash Collectors, who share their to-dos.", sort_key=9)


@group.command(name="list", sort_key=1)
def list_groups(*, json: bool = False) -> int:
    """List the groups with their members.

    Parameters
    ----------
    json
        Print one JSON document: a list of objects.
    """
    from dataclasses import asdict

    from console.orders.desk import open_desk
    from console.terminal.printing import out, say, say_json
    from console.terminal.tables import row, table_of
    from db.engine import transaction
    from db.queries.people import group_lines

    with open_desk() as (_, ledger), transaction(ledger.engine) as session:
        lines = group_lines(session)
    if json:
        say_json([asdict(line) for line in lines])
        return 0
    if not lines:
        say(out(), "There are no groups yet, see duewell group add.")
        return 0
    table = table_of("group", "members", "open to-dos")
    for line in lines:
        row(table, line.name, ", ".join(line.members) or "nobody", line.open_todos)
    out().print(table)
    return 0


@group.command(sort_key=2)
def add(
    name: str, /, *, member: Annotated[list[str] | None, Parameter(name="--member")] = None, json: bool = False
) -> int:
    """Add a group.

    Parameters
    ----------
    name
        The group's name.
    member
        The e-mail address of a user who is in it; may be repeated.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk, say_done

    with open_desk() as (desk, _):
        desk.add_group(name, member or [])
    return say_done(json, f"{name} is a group", group=name)


@group.command(sort_key=3)
def members(
    name: str,
    /,
    *,
    add: Annotated[list[str] | None, Parameter(name="--add")] = None,
    remove: Annotated[list[str] | None, Parameter(name="--remove")] = None,
    json: bool = False,
) -> int:
    """Let users join and leave a group.

    Parameters
    ----------
    name
        The group's name.
    add
        The e-mail address of a user who joins; may be repeated.
    remove
        The e-mail address of a user who leaves; may be repeated.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk, say_done
    from db.engine import transaction
    from db.queries.people import group_lines

    with open_desk() as (desk, ledger):
        changed = desk.change_members(name, add or [], remove or [])
        with transaction(ledger.engine) as session:
            (now,) = [line.members for line in group_lines(session) if line.name == name]
    sentence = f"{name} is {', '.join(now) or 'nobody'}" if changed else "nothing changed"
    return say_done(json, sentence, group=name, changed=changed, members=now)


@group.command(sort_key=4)
def delete(name: str, /, *, json: bool = False) -> int:
    """Delete a group. It is refused while to-dos are its own.

    Parameters
    ----------
    name
        The group's name.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk, say_done

    with open_desk() as (desk, _):
        desk.delete_group(name)
    return say_done(json, f"{name} is deleted", group=name)
