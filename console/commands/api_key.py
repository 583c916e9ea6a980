"""`duewell api-key`: the keys that programs bear when they ask the REST API."""

from datetime import date
from typing import Annotated

from cyclopts import App, Parameter

api_key = App(name="api-key", help="Keep the keys of programs that use the REST API.", sort_key=9)


@api_key.command(sort_key=1)
def create(
    name: str,
    /,
    *,
    scope: Annotated[list[str], Parameter(consume_multiple=True)],
    expires: date | None = None,
    json: bool = False,
) -> int:
    """Make a key and print it. It is shown this once: the ledger keeps its SHA-256 only.

    Parameters
    ----------
    name
        What the key is called; timelines name it where the program acts.
    scope
        What it may do: invoices:read, invoices:write, invoices:* for both, * for all. Once for each.
    expires
        The first day on which it is not valid any more.
    json
        Print one JSON document.
    """
    from datetime import UTC, datetime, time

    from console.orders.desk import open_desk
    from console.terminal.printing import err, out, say, say_json
    from intake.api_keys import granted

    with open_desk() as (desk, _):
        until = None if expires is None else datetime.combine(expires, time(), UTC)
        token = desk.make_api_key(name, scope, until)
    if json:
        say_json({"name": name, "key": token, "scopes": granted(scope), "expires_at": until})
        return 0
    say(out(), token)
    say(err(), f"This is the key {name}. Keep it now: it is not shown again.")
    return 0


@api_key.command(name="list", sort_key=2)
def list_keys(*, json: bool = False) -> int:
    """List the keys, by their names and their beginnings.

    Parameters
    ----------
    json
        Print one JSON document: a list of objects.
    """
    from dataclasses import asdict
    from datetime import UTC, datetime

    from console.orders.desk import open_desk
    from console.terminal.printing import out, say, say_json
    from console.terminal.tables import row, table_of
    from db.engine import transaction
    from db.queries.api_keys import key_lines

    with open_desk() as (_, ledger), transaction(ledger.engine) as session:
        lines = key_lines(session)
    if json:
        say_json([{name: value for name, value in asdict(line).items() if name != "id"} for line in lines])
        return 0
    if not lines:
        say(out(), "There are no keys yet, see duewell api-key create.")
        return 0
    now = datetime.now(UTC)
    table = table_of("key", "begins", "scopes", "last used", "expires", "")
    for line in lines:
        state = "" if line.is_valid(now) else "revoked" if line.revoked_at is not None else "expired"
        used = "never" if line.last_used_at is None else f"{line.last_used_at:%Y-%m-%d %H:%M} UTC"
        expires = "never" if line.expires_at is None else f"{line.expires_at:%Y-%m-%d}"
        row(table, line.name, f"{line.prefix}…", ", ".join(line.scopes), used, expires, state)
    out().print(table)
    return 0


@api_key.command(sort_key=3)
def revoke(name: str, /, *, json: bool = False) -> int:
    """End a key at once. Its name stays taken, because timelines name it.

    Parameters
    ----------
    name
        The key.
    json
        Print one JSON document.
    """
    from console.orders.desk import open_desk, say_done

    with open_desk() as (desk, _):
        changed = desk.revoke_api_key(name)
    done = f"{name} is revoked" if changed else f"{name} was revoked before"
    return say_done(json, done, key=name, changed=changed)
