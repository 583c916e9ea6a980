"""Activates a rule in front of a person: shows what applying it would change, asks, and follows the work."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from console.connections.ledger import Ledger, open_ledger
from console.failure import NOT_DONE, Failure
from console.options.manner import Manner
from console.orders.clerk import clerk
from console.orders.job_following import begin_and_follow
from console.orders.rule_orders import say_rule
from console.terminal.printing import err, out, say, say_json
from console.terminal.question import is_agreed, require_somebody
from db.engine import transaction
from db.operations.rules.smart_rules import require_rule
from db.queries.smart_rules import rule_names
from intake.commands import Desk
from intake.rule_orders import APPLY_RULES
from intake.rule_preview import DryRun, try_rule


def carry_out(name: str, manner: Manner, *, applies: bool, notifies: bool) -> int:
    """Activate the rule, or show what applying it would change; return the exit code. Raises Failure."""
    asks = applies and not manner.yes
    if asks and not manner.dry_run:
        require_somebody("applying a rule asks before it begins")
    with open_ledger() as ledger:
        if manner.dry_run or asks:
            found = _try_out(ledger, name)
            if manner.dry_run:
                _say(ledger, name, found, notifies=notifies, as_json=manner.json, is_all=True)
                return 0
            _say(ledger, name, found, notifies=notifies, as_json=False, is_all=False)
            if not is_agreed(f"Activate {name}, and apply it to {found.preview.matching:,} invoices?"):
                raise Failure("nothing was changed", NOT_DONE)
        told = Desk(ledger.engine, clerk()).activate_rule(name, applies=applies, notifies=notifies)
        is_active = f"{name} is active" if told.changed else f"{name} is active already"
        if told.job_id is None:
            return say_rule(told, is_active, manner.json)
        if not manner.json:
            say(out(), f"{is_active}.")
        return begin_and_follow(ledger, told.job_id, APPLY_RULES, follow=manner.follow, as_json=manner.json)


def _try_out(ledger: Ledger, name: str) -> DryRun:
    with transaction(ledger.engine) as session:
        definition = require_rule(session, name).rule.definition
    return try_rule(ledger.engine, definition, name)


def _say(ledger: Ledger, name: str, found: DryRun, *, notifies: bool, as_json: bool, is_all: bool) -> None:
    preview = found.preview
    with transaction(ledger.engine) as session:
        names = rule_names(session, {*preview.shadowed_by, *preview.shadows})
    if as_json:
        say_json(_data(name, found, names))
        return
    console = out() if is_all else err()
    sample = ", ".join(preview.sample) + (", …" if preview.matching > len(preview.sample) else "")
    say(console, f"{preview.matching:,} invoices match {name}{f': {sample}' if sample else ''}", "bold")
    for number, what in _lines(found, names, notifies):
        say(console, f"{number:>9,} {what}")
    if is_all:
        say(console, "Nothing was changed, this was a dry run.", "bold")


def _lines(found: DryRun, names: dict[int, str], notifies: bool) -> Iterator[tuple[int, str]]:
    preview = found.preview
    about = " (estimated)" if found.is_estimated else ""
    yield preview.changes, "would be changed"
    for cadence, number in preview.moved_from.items():
        yield number, f"of them are under {cadence or 'no cadence'} now"
    for rule_id, number in preview.shadows.items():
        yield number, f"would be taken from {names[rule_id]}"
    for rule_id, number in preview.shadowed_by.items():
        yield number, f"are decided by {names[rule_id]}, which stands above"
    for number, what in (
        (preview.locked, "are left alone, because somebody chose their cadence"),
        (preview.nothing_to_collect, "have nothing to collect"),
        (preview.untold, "would be told of" if notifies else "would be told of with --notify"),
        (found.undecidable, "cannot be planned"),
    ):
        if number:
            yield number, what
    yield found.messages_tomorrow, f"more messages would go out tomorrow{about}"
    yield found.messages_in_week, f"more in the seven days from tomorrow on{about}"


def _data(name: str, found: DryRun, names: dict[int, str]) -> dict[str, Any]:
    said = asdict(found.preview)
    del said["changing"]
    said["moved_from"] = {cadence or "none": number for cadence, number in found.preview.moved_from.items()}
    for key in ("shadowed_by", "shadows"):
        said[key] = {names[id_]: number for id_, number in said[key].items()}
    ahead = asdict(found)
    del ahead["preview"]
    return {"rule": name, "applied": False, **said, **ahead}
