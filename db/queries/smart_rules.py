"""Reads smart rules as people list them and as invoices are asked about them, and what their texts may name."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from db.tables.custom_fields import CustomField as FieldRow
from db.tables.rules import SmartRule
from rules.catalogue import Catalogue, DefinedField
from rules.fields import CustomField
from rules.index import RuleIndex
from rules.rule import Definition, Rule

# What the processes of this program know of the rules of each ledger they work with, by its URL.
LEDGERS_MAX = 16


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule as lists show it, with who made it and who changed it last."""

    rule: Rule
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class _Known:
    """The active rules, as of a revision of them."""

    revision: tuple[int, str]
    index: RuleIndex


_known: dict[str, _Known] = {}
# The row's own version beside the count: a ledger that was restored counts again what it counted before.
_REVISION = text("SELECT rules_revision, xmin::text FROM organization")


def active_rules(session: Session) -> RuleIndex:
    """Return the active rules, ready to be asked; read anew only where they changed since the last time."""
    row = session.execute(_REVISION).one()
    revision = (int(row[0]), str(row[1]))
    ledger = str(session.get_bind().engine.url)
    known = _known.get(ledger)
    if known is None or known.revision != revision:
        rows = session.scalars(_rules().where(SmartRule.is_active)).all()
        known = _Known(revision, RuleIndex(map(_rule, rows)))
        if len(_known) >= LEDGERS_MAX:
            _known.clear()
        _known[ledger] = known
    return known.index


def rule_lines(session: Session) -> list[RuleLine]:
    """Return all rules that were not deleted, from the top; there are RULES_MAX at most."""
    return [_line(row) for row in session.scalars(_rules())]


def rule_named(session: Session, name: str) -> RuleLine | None:
    """Return the rule with this name (uq_smart_rules_name)."""
    row = session.scalar(_rules().where(SmartRule.name == name))
    return None if row is None else _line(row)


def rule_names(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """Return the names of the rules with these ids, deleted ones too."""
    rows = session.execute(select(SmartRule.id, SmartRule.name).where(SmartRule.id.in_(set(ids))))
    return {row.id: row.name for row in rows}


def rules_that_assign(session: Session, cadence: str) -> list[str]:
    """Return the names of the active rules that assign the cadence."""
    action = SmartRule.definition["action"]
    assigns = action["kind"].astext == "assign", action["cadence"].astext == cadence
    return list(session.scalars(_rules().with_only_columns(SmartRule.name).where(SmartRule.is_active, *assigns)))


def rules_that_name(session: Session, entity: str, key: str) -> list[str]:
    """Return the names of the rules, active or not, that ask for the organization's own field."""
    return [
        line.rule.name
        for line in rule_lines(session)
        if any(
            isinstance(condition.field, CustomField)
            and (condition.field.entity, condition.field.key) == (entity, key)
            for condition in line.rule.definition.conditions
        )
    ]


def rules_that_notify(session: Session, recipient: str) -> list[str]:
    """Return the names of the active rules that notify the user with this address, or the group of this name."""
    named = SmartRule.definition["action"]["recipient"].astext
    # In addresses capital letters mean nothing; groups whose names differ by one are two.
    is_named = func.lower(named) == recipient.lower() if "@" in recipient else named == recipient
    return list(session.scalars(_rules().with_only_columns(SmartRule.name).where(SmartRule.is_active, is_named)))


def catalogue_of(session: Session) -> Catalogue:
    """Return the organization's own fields, as rules may name them; there are few."""
    rows = session.scalars(select(FieldRow).order_by(FieldRow.entity, FieldRow.key))
    return Catalogue(
        tuple(
            DefinedField(
                CustomField.model_validate({"entity": row.entity, "key": row.key, "type": row.type}),
                tuple(row.options),
            )
            for row in rows
        )
    )


def _rules() -> Select[SmartRule]:
    return (
        select(SmartRule)
        .where(SmartRule.deleted_at.is_(None))
        .order_by(SmartRule.position)
        .execution_options(populate_existing=True)
    )


def _line(row: SmartRule) -> RuleLine:
    return RuleLine(_rule(row), row.created_at, row.created_by, row.changed_at, row.changed_by)


def _rule(row: SmartRule) -> Rule:
    assert row.position is not None, "only a deleted rule stands nowhere"
    definition = Definition.model_validate(row.definition)
    return Rule(id=row.id, name=row.name, definition=definition, is_active=row.is_active, position=row.position)
