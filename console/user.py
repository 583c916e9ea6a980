"""`duewell user`: the members of the team."""

from cyclopts import App

user = App(name="user", help="Keep the members of the team, who have to-dos and write to customers.", sort_key=9)


@user.command(name="list", sort_key=1)
def list_users(*, json: bool = False) -> int:
    """List the users, with their groups and how many to-dos are theirs.

    Parameters
    ----------
    json
        Print one JSON document: a list of objects.
    """
    from dataclasses import asdict

    from console.desk import open_desk, row, table_of
    from console.printing import out, say, say_json
    from db.engine import transaction
    from db.queries.organization import organization_settings
    from db.queries.people import user_lines

    with open_desk() as (_, ledger), transaction(ledger.engine) as session:
        lines = user_lines(session)
        todo_owner = organization_settings(session)["todo_owner"]
    if json:
        say_json([asdict(line) for line in lines])
        return 0
    if not lines:
        say(out(), f"There are no users yet, see duewell user add; to-dos go to {todo_owner}.")
        return 0
    table = table_of("user", "name", "groups", "open to-dos", "")
    for line in lines:
        state = "" if line.is_active else "inactive"
        row(table, line.email, line.name, ", ".join(line.groups), line.open_todos, state)
    out().print(table)
    return 0


@user.command(sort_key=2)
def add(
    email: str, /, *, name: str, phone: str | None = None, signature: str | None = None, json: bool = False
) -> int:
    """Add a user; one who left is there again.

    Parameters
    ----------
    email
        The user's e-mail address, by which they are known.
    name
        The user's name.
    phone
        A phone number for texts.
    signature
        What texts end with.
    json
        Print one JSON document.
    """
    from console.desk import open_desk, say_done

    with open_desk() as (desk, _):
        desk.add_user(email, name, phone, signature)
    return say_done(json, f"{email} is a user", user=email)


@user.command(sort_key=3)
def change(
    email: str,
    /,
    *,
    name: str | None = None,
    phone: str | None = None,
    signature: str | None = None,
    json: bool = False,
) -> int:
    """Change a user; what is not given stays, and an empty text takes it away.

    Parameters
    ----------
    email
        The user's e-mail address.
    name
        The user's name.
    phone
        A phone number for texts.
    signature
        What texts end with.
    json
        Print one JSON document.
    """
    from console.desk import open_desk, say_done

    with open_desk() as (desk, _):
        changed = desk.change_user(email, name, phone, signature)
    return say_done(json, f"{email} is changed" if changed else "nothing changed", user=email, changed=changed)


@user.command(sort_key=4)
def deactivate(email: str, /, *, json: bool = False) -> int:
    """Let a user have no part any more: they leave their groups and get no new to-dos. What they did stays known.

    Parameters
    ----------
    email
        The user's e-mail address.
    json
        Print one JSON document.
    """
    from console.desk import open_desk, say_done

    with open_desk() as (desk, _):
        left = desk.deactivate_user(email)
    still = f"; {left} open to-dos are still theirs, see duewell todo assign" if left else ""
    return say_done(json, f"{email} is inactive{still}", user=email, open_todos=left)
