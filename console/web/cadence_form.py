"""A cadence as the fields of a form, and back: as people type it, sound or not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Depends
from starlette.datastructures import FormData
from starlette.requests import Request

from db.operations.cadences import Basis
from dunning.cadence import Cadence, Step
from intake.stated_cadence import STEPS_MAX

LISTS = ("responsible", "recipients", "cc", "bcc")
KEYS = (
    *("id", "anchor", "offset", "channel", "execution", "template", "never_supersede"),
    *("repeat_every", "repeat_limit", "name", "sender", *LISTS),
)
_NEW = {"anchor": "due_date", "channel": "email", "execution": "automatic", "template": "reminder"}
_EVERY_DAYS = 7
Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CadenceForm:
    """What stands in the form: all of it text."""

    logic: str
    delay: str
    steps: tuple[Fields, ...]


def form_of(cadence: Cadence) -> CadenceForm:
    """Return the form that says what the cadence says."""
    delay = str(cadence.contact_delay_days_min)
    return CadenceForm(cadence.logic.value, delay, tuple(map(_fields, cadence.steps)))


def _fields(step: Step) -> Fields:
    return {
        "id": step.id,
        "anchor": step.anchor.value,
        "offset": str(step.offset_days),
        "channel": step.channel.value,
        "execution": step.execution.value,
        "template": step.template or "",
        "never_supersede": "yes" if step.never_supersede else "",
        "repeat_every": str(step.repeat.every_days) if step.repeat else "",
        "repeat_limit": str(step.repeat.limit) if step.repeat else "",
        "name": step.name or "",
        "sender": step.sender or "",
        **{key: ", ".join(getattr(step, key)) for key in LISTS},
    }


def form_from(sent: FormData) -> CadenceForm:
    """Return the form as it was sent; what is no text, or of a step too many, is left out."""
    steps = []
    for index in range(STEPS_MAX + 1):
        if f"s{index}-id" not in sent:
            break
        steps.append({key: _text(sent, f"s{index}-{key}") for key in KEYS})
    return CadenceForm(_text(sent, "logic"), _text(sent, "delay"), tuple(steps))


def stated_by(form: CadenceForm, name: str) -> dict[str, Any]:
    """Return what the form says as a cadence file would state it."""
    return {
        "name": name,
        "logic": form.logic,
        "minimum_contact_delay": _number(form.delay),
        "steps": [_stated(fields) for fields in form.steps],
    }


def _stated(fields: Fields) -> dict[str, Any]:
    stated: dict[str, Any] = {key: fields[key] for key in ("id", "anchor", "channel")}
    stated["offset"] = _number(fields["offset"])
    stated |= {key: fields[key] for key in ("execution", "template", "name", "sender") if fields[key]}
    stated["never_supersede"] = fields["never_supersede"] == "yes"
    if fields["repeat_every"] or fields["repeat_limit"]:
        stated["repeat"] = {"every": _number(fields["repeat_every"]), "limit": _number(fields["repeat_limit"])}
    for key in LISTS:
        named = tuple(filter(None, (one.strip() for one in fields[key].replace(";", ",").split(","))))
        if named:
            stated[key] = named
    return stated


def changed_by(form: CadenceForm, order: str, taken_ids: frozenset[str]) -> tuple[CadenceForm, int | None]:
    """Return the form after a button was pressed, and the step to look at; an order that means nothing is none.

    `taken_ids` are those of steps that a new one must not be taken for.
    """
    verb, _, place = order.partition(" ")
    steps = list(form.steps)
    if verb == "add" and len(steps) < STEPS_MAX:
        steps.append(_new_step(form, taken_ids))
        return replace(form, steps=tuple(steps)), len(steps) - 1
    if not place.isascii() or not place.isdigit() or len(place) > 3 or int(place) >= len(steps):
        return form, None
    index = int(place)
    if verb == "remove" and len(steps) > 1:
        del steps[index]
        return replace(form, steps=tuple(steps)), min(index, len(steps) - 1)
    other = index + {"up": -1, "down": 1}.get(verb, 0)
    if other == index or not 0 <= other < len(steps):
        return form, None
    steps[index], steps[other] = steps[other], steps[index]
    return replace(form, steps=tuple(steps)), other


def _new_step(form: CadenceForm, taken_ids: frozenset[str]) -> Fields:
    """Return a step that can be kept as it is, a week after the last one that counts from the due date."""
    used = taken_ids | {fields["id"] for fields in form.steps}
    step_id = next(f"S{number}" for number in range(1, 10_000) if f"S{number}" not in used)
    offsets = [_number(one["offset"]) for one in form.steps if one["anchor"] == "due_date"]
    latest = max((one for one in offsets if isinstance(one, int)), default=0)
    return {**dict.fromkeys(KEYS, ""), **_NEW, "id": step_id, "offset": str(latest + _EVERY_DAYS)}


def basis_from(sent: FormData) -> Basis:
    """Return which versions were looked at when the form was shown."""
    return Basis(_id(sent, "published"), _id(sent, "draft"))


def _id(sent: FormData, name: str) -> int | None:
    text = _text(sent, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _number(text: str) -> int | str:
    try:
        return int(text) if len(text) < 10 else text
    except ValueError:
        return text


def _text(sent: FormData, name: str) -> str:
    value = sent.get(name, "")
    return value.strip() if isinstance(value, str) else ""


async def _sent(request: Request) -> FormData:
    return await request.form()


Sent = Annotated[FormData, Depends(_sent)]
