"""Reads a cadence from its YAML file."""

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dunning.cadence import (
    CONTACT_DELAY_DAYS_DEFAULT,
    CONTACT_DELAY_DAYS_MAX,
    Anchor,
    Cadence,
    Channel,
    Execution,
    Logic,
    Step,
)
from mailer.render import template_names

STANDARD = Path(__file__).parent / "cadences" / "standard.yaml"


class BadCadence(Exception):
    """The file is no cadence; the text says where and why."""


class _StepLine(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")
    anchor: Anchor
    offset: int
    channel: Channel
    execution: Execution | None = None
    template: str | None = None
    never_supersede: bool = False


class _CadenceFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100)
    logic: Logic = Logic.STANDARD
    minimum_contact_delay: int = Field(CONTACT_DELAY_DAYS_DEFAULT, ge=0, le=CONTACT_DELAY_DAYS_MAX)
    steps: list[_StepLine] = Field(min_length=1)


def read_cadence(path: Path) -> Cadence:
    """Return the cadence that the file states. Raises BadCadence, and OSError if it cannot be read."""
    try:
        stated = _CadenceFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        cadence = Cadence(
            name=stated.name,
            steps=tuple(_step(line) for line in stated.steps),
            logic=stated.logic,
            contact_delay_days_min=stated.minimum_contact_delay,
        )
    except (ValidationError, ValueError, yaml.YAMLError) as error:
        raise BadCadence(f"{path.name}: {error}") from error
    for step in cadence.steps:
        needs_text = step.is_automatic and step.channel.is_written
        if (needs_text or step.template is not None) and step.template not in template_names():
            raise BadCadence(f"{path.name}: step {step.id}: there is no template {step.template!r}")
    return cadence


def _step(line: _StepLine) -> Step:
    usual = Execution.AUTOMATIC if line.channel.may_be_automatic else Execution.MANUAL
    return Step(
        id=line.id,
        anchor=line.anchor,
        offset_days=line.offset,
        channel=line.channel,
        execution=line.execution or usual,
        template=line.template,
        never_supersede=line.never_supersede,
    )
