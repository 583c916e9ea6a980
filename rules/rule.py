"""A rule: when it is asked, what it asks, and the one thing that follows."""

import unicodedata
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator
from pydantic import Field as Limit

from rules.conditions import ChoiceCondition, Condition, TextCondition
from rules.fields import Plain, is_plain
from rules.folding import SPACES

CONDITIONS_MAX = 50
# Over all conditions of a rule.
ALL_VALUES_MAX = 200
NAME_LENGTH_MAX = 200
TEXT_LENGTH_MAX = 4000


class Trigger(StrEnum):
    """Which events a rule is asked at. What time alone changes counts as an update."""

    CREATED = "created"
    CREATED_OR_UPDATED = "created or updated"


class Slot(StrEnum):
    """What at most one rule decides for an invoice."""

    CADENCE = "cadence"
    VISIBILITY = "visibility"


def _text(text: str) -> str:
    if not is_plain(text.replace("\n", "").replace("\t", "")) or not text.strip(SPACES):
        raise ValueError("a notification needs a text without control characters")
    if len(text) > TEXT_LENGTH_MAX:
        raise ValueError(f"a notification has at most {TEXT_LENGTH_MAX} characters")
    return text


def _name(text: str) -> str:
    trimmed = unicodedata.normalize("NFC", text).strip(SPACES)
    if not trimmed:
        raise ValueError("a name has letters")
    if len(trimmed) > NAME_LENGTH_MAX:
        raise ValueError(f"a name has at most {NAME_LENGTH_MAX} characters")
    return trimmed


Name = Annotated[Plain, AfterValidator(_name)]


class _Action(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Assign(_Action):
    """Put the invoice under a cadence, or under none."""

    kind: Literal["assign"] = "assign"
    cadence: Name | None


class Show(_Action):
    """Hide the invoice, or show it again."""

    kind: Literal["show"] = "show"
    visible: bool


class Notify(_Action):
    """Tell a user, by e-mail address, or a group, by name. The text may have tags."""

    kind: Literal["notify"] = "notify"
    recipient: Name
    channel: Literal["email", "webhook"]
    text: Annotated[str, AfterValidator(_text)]


Action = Annotated[Assign | Show | Notify, Limit(discriminator="kind")]


def slot_of(action: Action) -> Slot | None:
    """Return the slot that the action fills; notifications fill none."""
    match action:
        case Assign():
            return Slot.CADENCE
        case Show():
            return Slot.VISIBILITY
        case Notify():
            return None


class Definition(BaseModel):
    """What a rule says. Without conditions it holds for every invoice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    trigger: Trigger = Trigger.CREATED_OR_UPDATED
    conditions: Annotated[tuple[Condition, ...], Limit(max_length=CONDITIONS_MAX)] = ()
    action: Action

    @model_validator(mode="after")
    def _check(self) -> Self:
        listed = (one for one in self.conditions if isinstance(one, TextCondition | ChoiceCondition))
        if sum(len(one.values) for one in listed) > ALL_VALUES_MAX:
            raise ValueError(f"more than {ALL_VALUES_MAX} values in all")
        return self


class Rule(BaseModel):
    """A rule in its place: the lower the position, the higher it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: int
    name: Name
    definition: Definition
    is_active: bool = True
    position: int
