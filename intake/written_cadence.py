"""Writes a cadence as the YAML file that states it: what is written can be read, edited and published again."""

import re

from dunning.cadence import Cadence, Step

# Anything that reads as itself without quotes, whatever YAML might guess.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?: [A-Za-z0-9_-]+)*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def written(cadence: Cadence) -> str:
    """Return the cadence as YAML, each step on a line of its own."""
    lines = [
        f"name: {_scalar(cadence.name)}",
        f"logic: {cadence.logic.value}",
        f"minimum_contact_delay: {cadence.contact_delay_days_min}",
        "steps:",
        *(f"  - {{{_step(step)}}}" for step in cadence.steps),
    ]
    return "\n".join(lines) + "\n"


def _step(step: Step) -> str:
    keys = {
        "id": _scalar(step.id),
        "anchor": step.anchor.value,
        "offset": str(step.offset_days),
        "channel": step.channel.value,
        "execution": step.execution.value,
    }
    if step.template is not None:
        keys["template"] = _scalar(step.template)
    if step.never_supersede:
        keys["never_supersede"] = "true"
    if step.repeat is not None:
        keys["repeat"] = f"{{every: {step.repeat.every_days}, limit: {step.repeat.limit}}}"
    for key, text in (("name", step.name), ("sender", step.sender)):
        if text is not None:
            keys[key] = _scalar(text)
    lists = {"responsible": step.responsible, "recipients": step.recipients, "cc": step.cc, "bcc": step.bcc}
    keys |= {key: f"[{', '.join(map(_scalar, texts))}]" for key, texts in lists.items() if texts}
    return ", ".join(f"{key}: {value}" for key, value in keys.items())


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    # YAML folds some of these, and forbids others.
    return character if character.isprintable() else f"\\U{ord(character):08x}"
