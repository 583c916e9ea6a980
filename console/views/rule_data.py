"""Rules as data: one, and how all of them stand to an invoice."""

from typing import Any

from db.queries.rule_standings import Explained
from db.queries.smart_rules import RuleLine
from rules.written import written


def rule_data(line: RuleLine) -> dict[str, Any]:
    """Return a rule as data: its text, and what it says as it is kept."""
    one = line.rule
    return {
        "name": one.name,
        "position": one.position,
        "is_active": one.is_active,
        "text": written(one.definition),
        "definition": one.definition.model_dump(mode="json"),
        "created_at": line.created_at,
        "created_by": line.created_by,
        "changed_at": line.changed_at,
        "changed_by": line.changed_by,
    }


def explained_data(found: Explained) -> dict[str, Any]:
    """Return for an invoice what each rule asks, what is the case, and what follows, as data."""
    names = rule_names(found)
    return {
        "invoice": found.number,
        "as_of": found.facts.as_of,
        "is_collectable": found.facts.is_collectable,
        "decided_by": {slot.value: name for slot, name in found.winners.items()},
        "locked_at": found.locked_at,
        "locked_by": found.locked_by,
        "rules": [
            {
                "name": standing.rule.name,
                "text": written(standing.rule.definition),
                "place": standing.place.value,
                "shadowed_by": None if standing.shadowed_by is None else names[standing.shadowed_by],
                "conditions": [
                    {"field": one.field, "expected": one.expected, "actual": one.actual, "is_met": one.is_met}
                    for one in standing.verdicts
                ],
            }
            for standing in found.standings
        ],
    }


def rule_names(found: Explained) -> dict[int, str]:
    """Return the names of the rules that stand to an invoice, by their ids."""
    return {standing.rule.id: standing.rule.name for standing in found.standings}
