"""`duewell cadence`: cadences as files that are checked, drafted and published."""

from pathlib import Path

from cyclopts import App

cadence = App(
    name="cadence", help="Check, draft and publish cadences; docs/cadences.md describes their files.", sort_key=9
)


@cadence.command(sort_key=1)
def check(file: Path, /, *, json: bool = False) -> int:
    """Say how a cadence file is understood, and what may not be meant. No server is needed.

    Parameters
    ----------
    file
        The YAML file.
    json
        Print one JSON document.
    """
    from console.orders.cadence_reading import read
    from console.terminal.cadence_table import cadence_data, print_cadence
    from console.terminal.printing import out, say_json

    stated = read(file)
    if json:
        say_json(cadence_data(stated))
    else:
        print_cadence(out(), stated)
    return 0


@cadence.command(name="list", sort_key=2)
def list_cadences(*, json: bool = False) -> int:
    """List the cadences there are.

    Parameters
    ----------
    json
        Print one JSON document: a list of objects.
    """
    from dataclasses import asdict

    from console.connections.ledger import open_ledger
    from console.terminal.cadence_table import cadences_table
    from console.terminal.printing import out, say_json
    from db.engine import transaction
    from db.queries.catalogue import cadence_lines

    with open_ledger() as ledger:
        with transaction(ledger.engine) as session:
            lines = cadence_lines(session)
        if json:
            say_json([asdict(line) for line in lines])
        else:
            out().print(cadences_table(lines, ledger.organization.time_zone))
    return 0


@cadence.command(sort_key=3)
def show(name: str, /, *, version: int | None = None, json: bool = False) -> int:
    """Print a cadence as a file that can be saved, edited and published again.

    Parameters
    ----------
    name
        The cadence's name.
    version
        The number of one of its versions, a draft included; without it the one that is published.
    json
        Print one JSON document.
    """
    from console.connections.ledger import open_ledger
    from console.orders.publication import find_version, print_version
    from console.terminal.cadence_table import version_data
    from console.terminal.printing import say_json

    with open_ledger() as ledger:
        found = find_version(ledger.engine, name, version)
        if json:
            say_json(version_data(found))
        else:
            print_version(found, ledger.organization.time_zone)
    return 0


@cadence.command(sort_key=4)
def draft(file: Path, /, *, json: bool = False) -> int:
    """Keep a cadence file as the draft of the next version, in place of an older draft.

    Parameters
    ----------
    file
        The YAML file.
    json
        Print one JSON document.
    """
    from shlex import quote

    from console.connections.ledger import open_ledger
    from console.orders.cadence_reading import read
    from console.terminal.cadence_table import say_warnings
    from console.terminal.printing import err, out, say, say_json
    from db.engine import transaction
    from db.operations import cadences
    from intake.cadence_warnings import warnings_of

    stated = read(file)
    with open_ledger() as ledger, transaction(ledger.engine) as session:
        number = cadences.draft(session, stated)
    if json:
        say_json({"cadence": stated.name, "version": number, "state": "draft"})
        return 0
    say_warnings(err(), warnings_of(stated))
    name = quote(stated.name)
    say(
        out(),
        f"{stated.name}: version {number} is kept as a draft; to put it in force: duewell cadence publish {name}",
    )
    return 0


@cadence.command(sort_key=5)
def publish(
    file_or_name: str,
    /,
    *,
    yes: bool = False,
    default: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> int:
    """Put a cadence file, or the draft of a cadence, in force. First it shows what that changes, and asks.

    Parameters
    ----------
    file_or_name
        The YAML file, or the name of a cadence that has a draft.
    yes
        Do not ask.
    default
        Put new invoices under it.
    dry_run
        Only show what it would change.
    json
        Print one JSON document.
    """
    from console.orders.publication import carry_out

    return carry_out(file_or_name, yes=yes, default=default, dry_run=dry_run, as_json=json)


@cadence.command(name="default", sort_key=6)
def set_default(name: str, /, *, json: bool = False) -> int:
    """Put new invoices under a cadence, or under none. Invoices that are there stay where they are.

    Parameters
    ----------
    name
        The name of a published cadence; `none` puts new invoices under none.
    json
        Print one JSON document.
    """
    from console.connections.ledger import open_ledger
    from console.terminal.printing import out, say, say_json
    from db.engine import transaction
    from db.operations import cadences

    chosen = None if name.strip().lower() == "none" else name
    with open_ledger() as ledger, transaction(ledger.engine) as session:
        changed = cadences.set_default(session, chosen)
    if json:
        say_json({"default": chosen, "changed": changed})
        return 0
    where = "No cadence follows new invoices up" if chosen is None else f"New invoices are put under {chosen}"
    say(out(), f"{where}{'' if changed else ', as before'}.")
    return 0


@cadence.command(sort_key=7)
def delete(name: str, /, *, json: bool = False) -> int:
    """Delete a cadence that no collection is under; one that was ever in use is retired, and keeps its history.

    Parameters
    ----------
    name
        The cadence's name.
    json
        Print one JSON document.
    """
    from console.connections.ledger import open_ledger
    from console.terminal.printing import out, say, say_json
    from db.engine import transaction
    from db.operations import cadences

    with open_ledger() as ledger, transaction(ledger.engine) as session:
        is_gone = cadences.delete_cadence(session, name)
    if json:
        say_json({"cadence": name, "outcome": "deleted" if is_gone else "retired"})
        return 0
    say(out(), f"{name} is deleted." if is_gone else f"{name} is retired; its history stays.")
    return 0
