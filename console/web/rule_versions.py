"""Which state of the rules somebody saw: forms carry it, so that nobody overwrites what they have not seen."""

import hashlib
from collections.abc import Sequence

from console.api.calls import shown_as
from console.api.rules import shown
from console.web.visit import Visit
from db.engine import Session
from db.operations.cadences import one_editor_at_a_time
from db.operations.refusal import Refused
from db.queries.smart_rules import RuleLine, rule_lines


class Changed(Refused):
    """Somebody else changed the rule meanwhile; `line` is what it is now, None if it is gone."""

    def __init__(self, said: str, line: RuleLine | None) -> None:
        super().__init__(said)
        self.line = line


def version_of(line: RuleLine) -> str:
    """Return the version of a rule: the tag that the API has for it."""
    return shown_as(shown(line)).headers["ETag"].strip('"')


def version_of_order(lines: Sequence[RuleLine]) -> str:
    """Return the version of the order in which rules stand."""
    return hashlib.sha256(",".join(str(line.rule.id) for line in lines).encode()).hexdigest()[:24]


def line_with(lines: Sequence[RuleLine], rule_id: int) -> RuleLine | None:
    """Return the rule with the id, None if it is gone."""
    return next((line for line in lines if line.rule.id == rule_id), None)


def locked(session: Session, visit: Visit, rule_id: int, version: str) -> RuleLine:
    """Return the rule, which nobody else changes until the transaction ends. Raises Changed if somebody has."""
    one_editor_at_a_time(session)
    line = line_with(rule_lines(session), rule_id)
    if line is None:
        raise Changed(visit.text("Somebody deleted this rule meanwhile."), None)
    if version_of(line) != version:
        said = visit.text(
            "%(who)s changed this rule or its place meanwhile. Look at it again before you go on.",
            who=line.changed_by,
        )
        raise Changed(said, line)
    return line
