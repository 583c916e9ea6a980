"""Publishes a cadence in front of a person: shows what it changes, asks, switches, and brings it to everybody."""

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from console.connections.ledger import Ledger, open_ledger
from console.failure import ASKED_WRONGLY, NOT_DONE, Failure
from console.orders.clerk import clerk
from console.terminal.cadence_table import say_warnings
from console.terminal.printing import err, out, say, say_json
from console.terminal.progress import Bar
from console.terminal.question import is_agreed, require_somebody
from db.engine import Engine, transaction
from db.operations import cadences
from db.operations.refusal import Refused
from db.queries.catalogue import Version, newest_version, numbered_version, version_of
from intake.cadence_changes import CadenceChanges, changes_between
from intake.cadence_file import BadCadence
from intake.impact import Impact, weigh
from intake.publishing import Candidate, Reached, candidate_of, roll_out, switch
from intake.written_cadence import written


def find_version(engine: Engine, name: str, number: int | None) -> Version:
    """Return a version of the cadence, the published one unless said, else its newest. Raises Refused."""
    with transaction(engine) as session:
        if number is None:
            found = version_of(session, name, "published") or newest_version(session, name)
        else:
            found = numbered_version(session, name, number)
        if found is None:
            cadences.require_cadence(session, name)
            raise Refused("{name} has no version {number}", name=name, number=number)
        return found


def print_version(version: Version, time_zone: ZoneInfo) -> None:
    """Print the version as a cadence file."""
    stands = version.state
    if version.published_at is not None:
        at = f"{version.published_at.astimezone(time_zone):%Y-%m-%d %H:%M}"
        by = f" by {version.published_by}" if version.published_by else ""
        stands = f"{'' if version.state == 'published' else f'{version.state}, '}published {at}{by}"
    console = out()
    say(console, f"# {version.cadence.name}, version {version.number}: {stands}")
    sys.stdout.write(written(version.cadence))


def carry_out(file_or_name: str, *, yes: bool, default: bool, dry_run: bool, as_json: bool) -> int:
    """Publish the cadence of a file or a draft. Raises Failure and Refused; then nothing was published."""
    if not yes and not dry_run:
        require_somebody("publishing asks before it acts")
    console = err() if as_json else out()
    with open_ledger() as ledger:
        try:
            candidate = candidate_of(ledger.engine, file_or_name)
        except BadCadence as error:
            raise Failure(str(error), ASKED_WRONGLY) from error
        if candidate.is_in_force:
            return _nothing_new(ledger, candidate, default, dry_run, as_json)
        with Bar(err(), "working out what it changes") as bar:
            impact = weigh(ledger.engine, candidate.in_force, candidate.cadence, datetime.now(UTC), bar.show)
        changes = changes_between(candidate.in_force.cadence if candidate.in_force else None, candidate.cadence)
        if not as_json:
            print_impact(console, candidate, changes, impact)
        said: dict[str, Any] = {
            "cadence": candidate.cadence.name,
            "published": False,
            "version": None,
            "changes": asdict(changes),
            "impact": asdict(impact),
            "warnings": list(candidate.warnings),
        }
        if not dry_run:
            if not yes and not is_agreed(f"Publish {candidate.cadence.name}?"):
                raise Failure("nothing was published", NOT_DONE)
            switched = switch(ledger.engine, candidate, default, clerk())
            reached = _bring_to_all(ledger, switched.job_id)
            said |= {"published": True, "version": switched.number}
            said |= {"reached": asdict(reached), "job": switched.job_id}
            if not as_json:
                _print_published(console, candidate, switched.number, default, reached)
        elif not as_json:
            say(console, "Nothing was published, this was a dry run.", "bold")
    if as_json:
        say_json(said)
    return 0


def print_impact(console: Console, candidate: Candidate, changes: CadenceChanges, impact: Impact) -> None:
    """Print what is different, and what that means for the collections under the cadence."""
    name, in_force = candidate.cadence.name, candidate.in_force
    say(console, f"{name}: " + (f"changes version {in_force.number}" if in_force else "new"), "bold")
    for setting in changes.settings:
        say(console, f"  ~ {setting}")
    for marker, steps in (("+", changes.inserted), ("-", changes.removed)):
        for step in steps:
            say(console, f"  {marker} step {step}")
    for change in changes.changed:
        say(console, f"  ~ step {change.step}: {', '.join(change.differences)}")
    say_warnings(console, candidate.warnings)
    if not impact.collections:
        say(console, "No collection is under it.")
        return
    until = f"by the end of {impact.messages_until:%a %Y-%m-%d}"
    for count, one, many in (
        (impact.collections, "open collection is under it", "open collections are under it"),
        (impact.next_actions_changed, "next action changes", "next actions change"),
        (impact.todos_canceled, "to-do is canceled", "to-dos are canceled"),
        (impact.todos_opened, "to-do is opened", "to-dos are opened"),
        (impact.messages_added, f"more message goes out {until}", f"more messages go out {until}"),
    ):
        say(console, f"{count:>7} {one if count == 1 else many}")
    if impact.undecidable:
        say(console, f"{impact.undecidable:>7} cannot be planned, a person will be asked to look", "yellow")


def _nothing_new(ledger: Ledger, candidate: Candidate, make_default: bool, dry_run: bool, as_json: bool) -> int:
    assert candidate.in_force is not None
    name, number = candidate.cadence.name, candidate.in_force.number
    is_new_default = False
    if make_default and not dry_run:
        with transaction(ledger.engine) as session:
            is_new_default = cadences.set_default(session, name)
    if as_json:
        said = {"cadence": name, "published": False, "version": number, "default_changed": is_new_default}
        say_json(said)
        return 0
    default = " New invoices are put under it now." if is_new_default else ""
    say(out(), f"{name}: nothing to publish, version {number} says the same.{default}")
    return 0


def _bring_to_all(ledger: Ledger, job_id: int) -> Reached:
    with Bar(err(), "bringing it to the collections") as bar:
        return roll_out(ledger.engine, job_id, bar.show)


def _print_published(console: Console, candidate: Candidate, number: int, default: bool, reached: Reached) -> None:
    also = ", and new invoices are put under it" if default else ""
    say(console, f"{candidate.cadence.name}: version {number} is published{also}.", "bold")
    if reached.adopted:
        follow = "1 collection follows it" if reached.adopted == 1 else f"{reached.adopted} collections follow it"
        say(console, f"{follow}; the next action of {reached.changed} changed.")
    if reached.changed:
        say(console, "The worker tells their processes, some each second (bulk_signals_per_second).")
