"""Rules as tables and pages: all of them, one, how they stand to an invoice, and what they decided."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from console.terminal.printing import say
from console.terminal.tables import row, table_of
from console.views.rule_data import rule_names
from db.queries.rule_standings import Explained, LogLine
from db.queries.smart_rules import RuleLine
from rules.evaluation import Verdict
from rules.outcomes import Place, Standing
from rules.written import written


def rules_table(lines: Sequence[RuleLine]) -> Table:
    """Return all rules from the top."""
    table = table_of("place", "rule", "active", "what it says")
    for line in lines:
        row(
            table,
            line.rule.position,
            line.rule.name,
            "yes" if line.rule.is_active else "no",
            written(line.rule.definition),
        )
    return table


def print_rule(console: Console, line: RuleLine, time_zone: ZoneInfo) -> None:
    """Print one rule."""
    say(console, line.rule.name, "bold")
    say(console, f"  {written(line.rule.definition)}")
    facts = {
        "active": "yes" if line.rule.is_active else "no",
        "place": str(line.rule.position),
        "added": f"{line.created_at.astimezone(time_zone):%a %Y-%m-%d %H:%M} by {line.created_by}",
        "changed": f"{line.changed_at.astimezone(time_zone):%a %Y-%m-%d %H:%M} by {line.changed_by}",
    }
    for name, value in facts.items():
        say(console, f"  {name:<8} {value}")


def print_explained(console: Console, found: Explained, time_zone: ZoneInfo) -> None:
    """Print for an invoice what each rule asks, what is the case, and what follows."""
    say(console, found.number, "bold")
    for slot, name in found.winners.items():
        say(console, f"  {slot.value:<10} decided by {name}")
    if found.locked_at is not None:
        since = f"{found.locked_at.astimezone(time_zone):%a %Y-%m-%d}"
        say(console, f"  {found.locked_by} chose the cadence on {since}; rules leave it alone until they may")
        say(console, f"  manage it again: duewell release-to-rules {found.number}")
    if not found.facts.is_collectable:
        say(console, "  there is nothing to collect, so that it takes no cadence")
    if not found.standings:
        say(console, "There are no rules.")
    names = rule_names(found)
    for number, standing in enumerate(found.standings, start=1):
        say(
            console,
            f"{number}. {standing.rule.name}: {_place_words(standing, names)}",
            _STYLES.get(standing.place, ""),
        )
        for verdict in standing.verdicts:
            say(console, f"     {'✓' if verdict.is_met else '✗'} {_verdict_words(verdict)}")


def log_table(lines: Sequence[LogLine], time_zone: ZoneInfo) -> Table:
    """Return what rules decided."""
    table = table_of("when", "invoice", "slot", "rule", "what became of it", "because")
    for line in lines:
        became = line.became + (f"; shadows {', '.join(line.shadowed)}" if line.shadowed else "")
        because = f"{', '.join(line.caused_by)} acted" if line.caused_by else _EVENTS.get(line.event, line.event)
        when = f"{line.at.astimezone(time_zone):%Y-%m-%d %H:%M}"
        row(table, when, line.invoice, line.slot, line.rule or "none", became, because)
    return table


_STYLES: Mapping[Place, str] = {Place.WINS: "green", Place.NOTIFIES: "green", Place.SHADOWED: "yellow"}
_EVENTS = {"created": "it is new", "updated": "it changed", "applied": "applied to all"}


def _place_words(standing: Standing, names: Mapping[int, str]) -> str:
    if standing.shadowed_by is None:
        return standing.place.value
    return f"{standing.place.value} by {names[standing.shadowed_by]}"


def _verdict_words(verdict: Verdict) -> str:
    return f"{verdict.field} {verdict.expected}, and it is {verdict.actual}"
