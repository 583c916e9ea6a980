"""A cadence as a file states it: the keys, and the cadence that they make."""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from dunning.cadence import (
    CONTACT_DELAY_DAYS_DEFAULT,
    CONTACT_DELAY_DAYS_MAX,
    REPEAT_EVERY_DAYS_MAX,
    REPEAT_LIMIT_MAX,
    Anchor,
    Cadence,
    Channel,
    Execution,
    Logic,
    Repeat,
    Step,
)
from intake.cells import parse_email, parse_role
from intake.complaints import described
from intake.documents import Misplaced, Place
from intake.problems import Wrong

OFFSET_DAYS_MAX = 3650
STEPS_MAX = 200
PEOPLE_MAX = 20
_STEP_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def _step_id(value: object) -> object:
    if isinstance(value, str) and not _STEP_ID.fullmatch(value):
        expected = "1 to 40 letters, digits, - and _, such as S1 or second-reminder"
        raise ValueError(f"{described(value)} is wrong; expected {expected}")
    return value


def _cell(parse: Callable[[str], str | Wrong]) -> Callable[[object], object]:
    """Return a check that reads a text as a cell of an import would be read."""

    def check(value: object) -> object:
        read = parse(value) if isinstance(value, str) else value
        if isinstance(read, Wrong):
            raise ValueError(f"{described(value)} is {read.wrong}; expected {read.expected}")
        return read

    return check


def _line(text: str) -> str | Wrong:
    if text != text.strip() or not text.isprintable():
        return Wrong("wrong", "text without spaces around it and without lines")
    return text


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


StepId = Annotated[str, BeforeValidator(_step_id)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Line = Annotated[Name, BeforeValidator(_cell(_line))]
Address = Annotated[str, BeforeValidator(_cell(parse_email))]
Role = Annotated[str, BeforeValidator(_cell(parse_role))]
# One of them may be written without the brackets of a list.
Responsible = Annotated[tuple[Line, ...], BeforeValidator(_one_or_more), Field(max_length=PEOPLE_MAX)]
Roles = Annotated[tuple[Role, ...], BeforeValidator(_one_or_more), Field(max_length=PEOPLE_MAX)]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(_one_or_more), Field(max_length=PEOPLE_MAX)]
Days = Annotated[int, Field(strict=True, ge=0, le=365)]


class Strict(BaseModel):
    """A mapping of a file: keys that it does not know are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StatedRepeat(Strict):
    """How often a step runs again."""

    every: int = Field(strict=True, ge=1, le=REPEAT_EVERY_DAYS_MAX)
    limit: int = Field(strict=True, ge=1, le=REPEAT_LIMIT_MAX)


class StatedStep(Strict):
    """One line of a cadence. Without a word on the execution it is automatic wherever its channel can be."""

    id: StepId
    anchor: Anchor
    offset: int = Field(strict=True, ge=-OFFSET_DAYS_MAX, le=OFFSET_DAYS_MAX)
    channel: Channel
    execution: Execution | None = None
    template: Name | None = None
    never_supersede: bool = Field(False, strict=True)
    repeat: StatedRepeat | None = None
    name: Line | None = None
    responsible: Responsible = ()
    sender: Address | None = None
    recipients: Roles = ()
    cc: Addresses = ()
    bcc: Addresses = ()


class StatedCadence(Strict):
    """A cadence."""

    name: Name
    logic: Logic = Logic.STANDARD
    minimum_contact_delay: int = Field(CONTACT_DELAY_DAYS_DEFAULT, strict=True, ge=0, le=CONTACT_DELAY_DAYS_MAX)
    steps: tuple[StatedStep, ...] = Field(min_length=1, max_length=STEPS_MAX)


def cadence_of(stated: StatedCadence, place: Place = ()) -> Cadence:
    """Return the cadence; `place` is the path of keys to it. Raises Misplaced where it contradicts itself."""
    ids: set[str] = set()
    steps = []
    for index, line in enumerate(stated.steps):
        here = (*place, "steps", index)
        if line.id in ids:
            raise Misplaced((*here, "id"), f"{line.id} is the id of an earlier step; expected one of its own")
        if line.repeat is not None and index < len(stated.steps) - 1:
            raise Misplaced((*here, "repeat"), "only the last step may repeat")
        ids.add(line.id)
        steps.append(_step(line, here))
    return Cadence(stated.name, tuple(steps), stated.logic, stated.minimum_contact_delay)


def _step(line: StatedStep, place: Place) -> Step:
    if line.execution is Execution.AUTOMATIC and not line.channel.may_be_automatic:
        raise Misplaced((*place, "execution"), f"a {line.channel} is manual only")
    if line.offset < 0 and line.anchor is Anchor.ISSUE_DATE:
        wrong = f"{line.offset} days after the issue date would be before it; expected 0 or more"
        raise Misplaced((*place, "offset"), wrong)
    if line.channel is not Channel.EMAIL:
        for key in ("sender", "cc", "bcc"):
            if getattr(line, key):
                raise Misplaced((*place, key), f"goes with an email only, and this is a {line.channel}")
    usual = Execution.AUTOMATIC if line.channel.may_be_automatic else Execution.MANUAL
    return Step(
        id=line.id,
        anchor=line.anchor,
        offset_days=line.offset,
        channel=line.channel,
        execution=line.execution or usual,
        template=line.template,
        never_supersede=line.never_supersede,
        repeat=None if line.repeat is None else Repeat(line.repeat.every, line.repeat.limit),
        name=line.name,
        responsible=line.responsible,
        sender=line.sender,
        recipients=line.recipients,
        cc=line.cc,
        bcc=line.bcc,
    )
