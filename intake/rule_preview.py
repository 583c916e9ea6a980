"""The dry run of a rule: whom it matches, what it would change, and how many messages follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from db.engine import Engine, Session, transaction
from db.operations.adoption import adopted_all
from db.queries.cadences import cadence_of_version
from db.queries.calendar import local_date
from db.queries.catalogue import version_of
from db.queries.collections import case_of, open_collections
from db.queries.rule_preview import RulePreview, preview_rule
from db.queries.smart_rules import rule_lines
from db.queries.under import hold_still
from dunning.apply import apply
from dunning.cadence import Cadence
from dunning.calendar import ONE_DAY
from dunning.events import Event, Reassigned, VisibilityChanged
from dunning.facts import Facts
from dunning.forecast import forecast
from rules.rule import Assign, Definition, Rule, Show

# Messages are foretold for so many of the invoices that change; the others are reckoned from them.
FORETOLD_MAX = 1_000
WEEK = timedelta(days=7)
# What is not saved has no id, and stands below all others.
UNSAVED = 0


@dataclass(frozen=True, slots=True)
class DryRun:
    """What applying a rule to everything would do, and how many messages to customers more would go out by that.

    Those are the ones of tomorrow and of the seven days from tomorrow on; `is_estimated` says that they were
    reckoned from a part of the invoices. `undecidable` of that part cannot be planned.
    """

    preview: RulePreview
    messages_tomorrow: int
    messages_in_week: int
    is_estimated: bool
    undecidable: int


def try_rule(
    engine: Engine, definition: Definition, name: str | None = None, now: datetime | None = None
) -> DryRun:
    """Return what the rule would do among the active ones if it were applied now to all invoices.

    `name` is that of a saved rule, whose place it has; without one it stands at the bottom. Nothing is written.
    Raises LedgerUnavailable.
    """
    now = now or datetime.now(UTC)
    with transaction(engine) as session:
        hold_still(session)
        rule = _placed(session, definition, name)
        preview = preview_rule(session, rule, local_date(session, now), FORETOLD_MAX)
        event = _event(session, rule, now)
        tomorrow = week = undecidable = 0
        if event is not None:
            for facts in _facts(session, preview.changing):
                try:
                    before, then = (_ahead(one, now) for one in (facts, apply(facts, event)))
                except (ValueError, AssertionError):
                    # What cannot be planned must not hide all the others.
                    undecidable += 1
                    continue
                tomorrow += max(0, then[0] - before[0])
                week += max(0, then[1] - before[1])
    share = preview.changes / len(preview.changing) if preview.changing else 1
    return DryRun(preview, round(tomorrow * share), round(week * share), share > 1, undecidable)


def reach_of(
    engine: Engine, definition: Definition, name: str | None = None, now: datetime | None = None
) -> RulePreview:
    """Return which invoices the rule matches and wins now, and which rules shadow it; no message is foretold.

    `name` is as in `try_rule`. Raises LedgerUnavailable.
    """
    with transaction(engine) as session:
        hold_still(session)
        today = local_date(session, now or datetime.now(UTC))
        return preview_rule(session, _placed(session, definition, name), today, 0)


def _placed(session: Session, definition: Definition, name: str | None) -> Rule:
    lines = [line.rule for line in rule_lines(session)]
    saved = next((rule for rule in lines if rule.name == name), None)
    if saved is not None:
        return saved.model_copy(update={"definition": definition, "is_active": True})
    position = 1 + max((rule.position for rule in lines), default=0)
    return Rule(id=UNSAVED, name=name or "(not saved)", definition=definition, position=position)


def _event(session: Session, rule: Rule, now: datetime) -> Event | None:
    """Return what happens to an invoice that the rule wins; None if customers never notice."""
    match rule.definition.action:
        case Assign(cadence=name):
            return Reassigned(now, None if name is None else _published(session, name))
        case Show(visible=visible):
            return VisibilityChanged(now, is_hidden=not visible)
        case _:
            return None


def _published(session: Session, name: str) -> Cadence | None:
    version = version_of(session, name, "published")
    return None if version is None else cadence_of_version(session, version.id)


def _facts(session: Session, invoice_ids: Sequence[int]) -> list[Facts]:
    collected = adopted_all(session, open_collections(session, invoice_ids))
    others = set(invoice_ids) - {one.invoice_id for one in collected}
    return [one.facts for one in collected] + [case_of(session, id_).facts for id_ in sorted(others)]


def _ahead(facts: Facts, now: datetime) -> tuple[int, int]:
    """Return how many messages go out tomorrow, and from tomorrow on for seven days."""
    tomorrow: date = facts.calendar.local_date(now) + ONE_DAY
    ahead = forecast(facts, now, tomorrow + WEEK - ONE_DAY).actions
    days = [action.on for action in ahead if action.is_sent and action.on >= tomorrow]
    return days.count(tomorrow), len(days)
