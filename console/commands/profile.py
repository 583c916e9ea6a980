"""`duewell profile`: how files of a program are read, saved from an import and used for the next one."""

from pathlib import Path

from cyclopts import App

from intake.files.columns import FileKind

profile = App(name="profile", help="Keep profiles: how a program's files are read by duewell import.", sort_key=8)


@profile.command(name="list", sort_key=1)
def list_profiles(*, json: bool = False) -> int:
    """List the profiles.

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
    from db.queries.import_profiles import saved_profiles

    with open_desk() as (_, ledger), transaction(ledger.engine) as session:
        profiles = saved_profiles(session)
    if json:
        say_json([asdict(one) for one in profiles])
        return 0
    if not profiles:
        say(out(), "There are no profiles yet, see duewell import --save-profile.")
        return 0
    table = table_of("profile", "kind", "columns", "saved", "by")
    for one in profiles:
        saved = f"{one.saved_at.astimezone(ledger.organization.time_zone):%Y-%m-%d %H:%M}"
        row(table, one.name, one.kind, len(one.profile["columns"]), saved, one.saved_by)
    out().print(table)
    return 0


@profile.command(sort_key=2)
def show(name: str, /, *, kind: FileKind | None = None) -> int:
    """Print a profile as JSON, which `duewell profile save` and `duewell import --profile` take.

    Parameters
    ----------
    name
        The profile.
    kind
        Of which kind of file, if there are several of the name.
    """
    import sys

    from console.orders.desk import open_desk
    from db.engine import transaction
    from intake.files.profile import as_json
    from intake.imports.profiles import profile_named

    with open_desk() as (_, ledger), transaction(ledger.engine) as session:
        found = profile_named(session, name, kind)
    sys.stdout.write(as_json(found))
    return 0


@profile.command(sort_key=3)
def save(name: str, file: Path, /, *, json: bool = False) -> int:
    """Save a profile that was edited, in place of the one of the same name and kind.

    Parameters
    ----------
    name
        What the profile is called.
    file
        The profile as JSON.
    json
        Print one JSON document.
    """
    from console.orders.clerk import clerk
    from console.orders.desk import open_desk, say_done
    from console.orders.profile_reading import profile_in
    from db.engine import transaction
    from intake.imports.profiles import keep_profile

    read = profile_in(file)
    with open_desk() as (_, ledger), transaction(ledger.engine) as session:
        keep_profile(session, name, read, clerk())
    return say_done(json, f"Saved profile {name} of {read.kind}", profile=name, kind=read.kind)


@profile.command(sort_key=4)
def delete(name: str, /, *, kind: FileKind | None = None, json: bool = False) -> int:
    """Forget a profile.

    Parameters
    ----------
    name
        The profile.
    kind
        Of which kind of file; without it the profiles of all kinds.
    json
        Print one JSON document.
    """
    from console.failure import ASKED_WRONGLY, Failure
    from console.orders.desk import open_desk, say_done
    from db.engine import transaction
    from db.operations.arrival.import_profiles import delete_profile

    with open_desk() as (_, ledger), transaction(ledger.engine) as session:
        if not delete_profile(session, name, kind):
            raise Failure(f"there is no profile {name!r}{f' of {kind}' if kind else ''}", ASKED_WRONGLY)
    return say_done(json, f"Deleted profile {name}", profile=name)
