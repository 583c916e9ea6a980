"""Orders about smart rules: their texts are read and checked, kept, and applied to what is there already."""

from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from db.engine import Session
from db.operations.change import Change
from db.operations.jobs import open_job
from db.operations.refusal import Refused
from db.operations.rules import smart_rules
from db.operations.rules.smart_rules import AT_BOTTOM, Place
from db.queries.smart_rules import RuleLine, catalogue_of, rule_named
from db.queries.templates import custom_field_keys
from intake.clerk_orders import Clerk
from mailer.checks import check
from mailer.texts import Text
from phrase import phrase
from rules.catalogue import objections
from rules.read_rule import read_rule
from rules.reading import Misread
from rules.rule import Action, Definition, Name, Notify
from rules.written import written_action

APPLY_RULES: Final = "apply rules"
_NAME: TypeAdapter[str] = TypeAdapter(Name)


class MisreadRule(Refused):
    """The text is no rule; `misread` says where and why."""

    def __init__(self, text: str, misread: Misread) -> None:
        super().__init__(f"the rule cannot be read, {misread}")
        self.text = text
        self.misread = misread


@dataclass(frozen=True, slots=True)
class RuleTold:
    """What became of an order about a rule; `job_id` is that of the work that applies it, if any was ordered."""

    line: RuleLine
    changed: bool
    job_id: int | None = None


class RuleOrders(Clerk):
    """What a person may order about smart rules."""

    __slots__ = ()

    def add_rule(
        self, text: str, name: str | None = None, place: Place = AT_BOTTOM, *, is_active: bool = False
    ) -> RuleTold:
        """Add a rule, called by what it does unless it has a name. Raises MisreadRule and Refused."""
        with self._transaction() as session:
            definition = sound_rule(session, text)
            sound = _free_name(session, definition.action) if name is None else sound_name(name)
            change = self._change(session)
            return RuleTold(
                smart_rules.add_rule(session, sound, definition, change, place, is_active=is_active), True
            )

    def edit_rule(
        self, name: str, text: str | None = None, to: str | None = None, *, notifies: bool = False
    ) -> RuleTold:
        """Let a rule say something else, or be called something else. Raises MisreadRule and Refused.

        With `notifies` an active rule tells of what it matches already.
        """
        with self._transaction() as session:
            change, changed = self._change(session), False
            if text is not None:
                definition = sound_rule(session, text)
                changed = smart_rules.edit_rule(session, name, definition, change, notifies=notifies)
            if to is not None:
                sound = sound_name(to)
                changed = smart_rules.rename_rule(session, name, sound, change) or changed
                name = sound
            return RuleTold(smart_rules.require_rule(session, name), changed)

    def move_rule(self, name: str, place: Place) -> RuleTold:
        """Put a rule in another place. Raises Refused."""
        with self._transaction() as session:
            changed = smart_rules.move_rule(session, name, place, self._change(session))
            return RuleTold(smart_rules.require_rule(session, name), changed)

    def activate_rule(self, name: str, *, applies: bool = False, notifies: bool = False) -> RuleTold:
        """Let a rule be asked from now on, and apply it to what is there already if that is wanted.

        People are told of what matches already only with `notifies`. Raises Refused.
        """
        if notifies and not applies:
            raise Refused("notifications go out for what is there already only if the rule is applied to it")
        with self._transaction() as session:
            change = self._change(session)
            line = smart_rules.require_rule(session, name)
            _require_sound(session, line.rule.definition)
            changed = smart_rules.activate_rule(session, name, change, notifies=notifies)
            job_id = apply(session, [line.rule.id], change, notifies=notifies) if applies else None
            return RuleTold(smart_rules.require_rule(session, name), changed, job_id)

    def deactivate_rule(self, name: str) -> RuleTold:
        """Let a rule not be asked any more; what it did stays. Raises Refused."""
        with self._transaction() as session:
            changed = smart_rules.deactivate_rule(session, name, self._change(session))
            return RuleTold(smart_rules.require_rule(session, name), changed)

    def delete_rule(self, name: str) -> None:
        """Delete a rule; what it did stays. Raises Refused."""
        with self._transaction() as session:
            smart_rules.delete_rule(session, name, self._change(session))


def apply(session: Session, rule_ids: list[int], change: Change, *, notifies: bool) -> int:
    """Order that these rules are applied to all invoices that match them; return the id of the job."""
    return open_job(session, APPLY_RULES, change.by, {"rule_ids": rule_ids, "notify": notifies})


def sound_rule(session: Session, text: str) -> Definition:
    """Return what the text says. Raises MisreadRule, and Refused for a notification's text with faults."""
    read = read_rule(text, catalogue_of(session))
    if isinstance(read, Misread):
        raise MisreadRule(text, read)
    _require_sound(session, read)
    return read


def sound_name(name: str) -> str:
    """Return the name as it is kept. Raises Refused for one that cannot be."""
    try:
        return _NAME.validate_python(name)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        reason = problem.get("ctx", {}).get("error") or problem["msg"]
        raise Refused(
            "{name!r} cannot be the name of a rule: {reason}", name=name, reason=phrase(str(reason))
        ) from error


def _require_sound(session: Session, definition: Definition) -> None:
    for objection in objections(definition, catalogue_of(session)):
        raise Refused(objection)
    if isinstance(definition.action, Notify):
        # The subject is not the rule's own; a letter about any invoice must come out.
        found = check(Text("-", definition.action.text), fields=custom_field_keys(session))
        for finding in found:
            if finding.severity == "error":
                raise Refused("the notification's text: {finding}", finding=phrase(str(finding)))


def _free_name(session: Session, action: Action) -> str:
    """Return what the rule does, with a number if another one is called so."""
    name = sound_name(f"notify {action.recipient}" if isinstance(action, Notify) else written_action(action))
    free, number = name, 1
    while rule_named(session, free) is not None:
        number += 1
        free = f"{name[:190]} ({number})"
    return free
