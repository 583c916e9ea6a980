"""Keeps smart rules: their places, what they say, and which of them are active; one editor at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import BigInteger, delete, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from db.operations.cadences import one_editor_at_a_time
from db.operations.change import Change
from db.operations.entering import published_cadence_id
from db.operations.refusal import Refused
from db.queries.rule_matches import asked_fields, matches
from db.queries.rule_rows import rule_rows
from db.queries.smart_rules import RuleLine, rule_lines, rule_named
from db.tables.organization import Organization
from db.tables.people import Group, User
from db.tables.rules import RuleMatch, SmartRule
from phrase import phrase
from rules.rule import Assign, Definition, Notify, Show

RULES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule goes: to the top, to the bottom, or before or after another one, by its name."""

    where: Literal["top", "bottom", "before", "after"] = "bottom"
    of: str | None = None


AT_BOTTOM = Place()


def add_rule(
    session: Session,
    name: str,
    definition: Definition,
    change: Change,
    place: Place = AT_BOTTOM,
    *,
    is_active: bool = False,
) -> RuleLine:
    """Add a rule. Raises Refused for a name that is taken, or a rule that names what is not there."""
    one_editor_at_a_time(session)
    lines = rule_lines(session)
    if any(line.rule.name == name for line in lines):
        raise Refused("there is a rule {name!r} already", name=name)
    if len(lines) >= RULES_MAX:
        raise Refused("there are {most:,} rules already; delete some first", most=RULES_MAX)
    require_known(session, definition)
    values = {
        "name": name,
        "definition": _stored(definition),
        "position": 1 + max((line.rule.position for line in lines), default=0),
        "created_at": change.at,
        "created_by": change.by,
        **_changed(change),
    }
    rule_id = session.execute(insert(SmartRule).values(values).returning(SmartRule.id)).scalar_one()
    if place != AT_BOTTOM:
        _place(session, rule_id, name, [line.rule.id for line in lines], place, lines)
    if is_active:
        _activate(session, rule_id, definition, change, notifies=False)
    rules_changed(session)
    return require_rule(session, name)


def edit_rule(
    session: Session, name: str, definition: Definition, change: Change, *, notifies: bool = False
) -> bool:
    """Let the rule say something else from now on, and say whether that is new. Raises Refused.

    What an active rule of a notification matches now is recorded, so that it tells nobody about it, unless
    `notifies`.
    """
    one_editor_at_a_time(session)
    rule = require_rule(session, name).rule
    if rule.definition == definition:
        return False
    require_known(session, definition)
    _write(session, rule.id, definition=_stored(definition), **_changed(change))
    _forget_matches(session, rule.id)
    if rule.is_active:
        _activate(session, rule.id, definition, change, notifies=notifies)
    rules_changed(session)
    return True


def rename_rule(session: Session, name: str, to: str, change: Change) -> bool:
    """Call the rule something else, and say whether that is new. Raises Refused for a name that is taken."""
    one_editor_at_a_time(session)
    rule = require_rule(session, name).rule
    if name == to:
        return False
    if rule_named(session, to) is not None:
        raise Refused("there is a rule {to!r} already", to=to)
    _write(session, rule.id, name=to, **_changed(change))
    rules_changed(session)
    return True


def move_rule(session: Session, name: str, place: Place, change: Change) -> bool:
    """Put the rule in another place, and say whether that changed the order. Raises Refused."""
    one_editor_at_a_time(session)
    rule = require_rule(session, name).rule
    lines = rule_lines(session)
    others = [line.rule.id for line in lines if line.rule.id != rule.id]
    if not _place(session, rule.id, name, others, place, lines):
        return False
    _write(session, rule.id, **_changed(change))
    rules_changed(session)
    return True


def activate_rule(session: Session, name: str, change: Change, *, notifies: bool = False) -> bool:
    """Let the rule be asked from now on, and say whether that is new. Raises Refused.

    What a rule of a notification matches already is recorded, so that it tells nobody about it, unless `notifies`.
    """
    one_editor_at_a_time(session)
    rule = require_rule(session, name).rule
    if rule.is_active:
        if notifies:
            _forget_matches(session, rule.id)
        return False
    require_known(session, rule.definition)
    _activate(session, rule.id, rule.definition, change, notifies=notifies)
    rules_changed(session)
    return True


def deactivate_rule(session: Session, name: str, change: Change) -> bool:
    """Let the rule not be asked any more, and say whether that is new. What it did stays. Raises Refused."""
    one_editor_at_a_time(session)
    rule = require_rule(session, name).rule
    if not rule.is_active:
        return False
    _write(session, rule.id, is_active=False, **_changed(change))
    rules_changed(session)
    return True


def delete_rule(session: Session, name: str, change: Change) -> None:
    """Delete the rule; the log knows it still. What it did stays. Raises Refused."""
    one_editor_at_a_time(session)
    rule = require_rule(session, name).rule
    _write(session, rule.id, is_active=False, position=None, deleted_at=change.at, **_changed(change))
    _forget_matches(session, rule.id)
    _set_order(session, [line.rule.id for line in rule_lines(session)])
    rules_changed(session)


def require_rule(session: Session, name: str) -> RuleLine:
    """Return the rule with this name. Raises Refused, naming those there are."""
    line = rule_named(session, name)
    if line is None:
        names = [one.rule.name for one in rule_lines(session)]
        known = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
        raise Refused("there is no rule {name!r}; there is {known}", name=name, known=known or phrase("none"))
    return line


def require_known(session: Session, definition: Definition) -> None:
    """Raise Refused if the cadence that the rule assigns is not published, or nobody is there to be told."""
    match definition.action:
        case Assign(cadence=str() as cadence):
            published_cadence_id(session, cadence)
        case Notify(recipient=recipient):
            _require_recipient(session, recipient)
        case Assign() | Show():
            pass


def _require_recipient(session: Session, recipient: str) -> None:
    is_user = select(User.id).where(func.lower(User.email) == recipient.lower(), User.is_active)
    is_group = select(Group.id).where(Group.name == recipient)
    if session.scalar(is_user) is None and session.scalar(is_group) is None:
        raise Refused(
            "there is no user with the address and no group with the name {recipient!r}", recipient=recipient
        )


def rules_changed(session: Session) -> None:
    """Let whoever keeps rules in memory read them again: they, or the fields that they may name, changed."""
    statement = update(Organization).values(rules_revision=Organization.rules_revision + 1)
    session.execute(statement.execution_options(synchronize_session=False))


def _activate(session: Session, rule_id: int, definition: Definition, change: Change, *, notifies: bool) -> None:
    _write(session, rule_id, is_active=True, **_changed(change))
    _forget_matches(session, rule_id)
    if isinstance(definition.action, Notify) and not notifies:
        _record_matches(session, rule_id, definition, change)


def _forget_matches(session: Session, rule_id: int) -> None:
    session.execute(delete(RuleMatch).where(RuleMatch.rule_id == rule_id))


def _record_matches(session: Session, rule_id: int, definition: Definition, change: Change) -> None:
    """Record all invoices that match, as if they had been told of: one look at the whole book."""
    rows = rule_rows(asked_fields([definition]), change.on)
    matching = select(literal(rule_id, BigInteger), rows.id).where(matches(definition, rows))
    statement = upsert(RuleMatch).from_select(["rule_id", "invoice_id"], matching)
    session.execute(statement.on_conflict_do_nothing())


def _place(
    session: Session, rule_id: int, name: str, others: Sequence[int], place: Place, lines: Sequence[RuleLine]
) -> bool:
    """Put the rule among the others, which are in order, and say whether that changed the order."""
    if place.of is None:
        at = 0 if place.where == "top" else len(others)
    else:
        if place.of == name:
            raise Refused("{name} cannot stand {where} itself", name=name, where=phrase(place.where))
        neighbour = require_rule(session, place.of).rule.id
        at = others.index(neighbour) + (place.where == "after")
    order = [*others[:at], rule_id, *others[at:]]
    if order == [line.rule.id for line in lines]:
        return False
    _set_order(session, order)
    return True


def _set_order(session: Session, rule_ids: Sequence[int]) -> None:
    """Let the rules stand in this order, at places from 1 on without gaps."""
    places = text(
        "UPDATE smart_rules s SET position = n.position FROM unnest(CAST(:ids AS bigint[]))"
        " WITH ORDINALITY AS n(id, position)"
        " WHERE s.id = n.id AND s.position <> n.position"
    )
    session.execute(places, {"ids": list(rule_ids)})


def _write(session: Session, rule_id: int, **values: Any) -> None:
    statement = update(SmartRule).where(SmartRule.id == rule_id).values(values)
    session.execute(statement.execution_options(synchronize_session=False))


def _changed(change: Change) -> dict[str, Any]:
    return {"changed_at": change.at, "changed_by": change.by}


def _stored(definition: Definition) -> dict[str, Any]:
    stored: dict[str, Any] = definition.model_dump(mode="json")
    return stored
