"""`duewell user`: the members of the team."""

from typing import Literal

from cyclopts import App

# Spelled out for --help, which cannot wait for the modules of the ledger.
RoleName = Literal["owner", "admin", "member"]
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

    from console.orders.desk import open_desk
    from console.terminal.printing import out, say, say_json
    from console.terminal.tables import row, table_of
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
    table = table_of("user", "name", "role", "groups", "open to-dos", "")
    for line in lines:
        state = "" if line.is_active else "inactive"
        row(table, line.email, line.name, line.role, ", ".join(line.groups), line.open_todos, state)
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
    from console.orders.desk import open_desk, say_done

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
    from console.orders.desk import open_desk, say_done

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
    from console.orders.desk import open_desk, say_done

    with open_desk() as (desk, _):
        left = desk.deactivate_user(email)
    still = f"; {left} open to-dos are still theirs, see duewell todo assign" if left else ""
    return say_done(json, f"{email} is inactive{still}", user=email, open_todos=left)


@user.command(sort_key=5)
def role(email: str, role: RoleName, /, *, json: bool = False) -> int:
    """Say what a user may do at the pages: an owner everything, an admin less, a member the work.

    Parameters
    ----------
    email
        The user's e-mail address.
    role
        owner, admin or member.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk, say_done

    with open_desk() as (desk, _):
        changed = desk.set_role(email, role)
    sentence = f"{email} is {'a member' if role == 'member' else f'an {role}'}" if changed else "nothing changed"
    return say_done(json, sentence, user=email, role=role, changed=changed)


@user.command(sort_key=6)
def password(email: str, /, *, json: bool = False) -> int:
    """Set the password by which a user signs in to the pages; it is asked for, or read from standard input.

    Whoever is signed in as the user is signed out.

    Parameters
    ----------
    email
        The user's e-mail address.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk, say_done
    from console.terminal.question import asked_password

    with open_desk() as (desk, _):
        desk.set_password(email, asked_password(f"Password of {email}"))
    return say_done(json, f"{email} has a new password", user=email)
