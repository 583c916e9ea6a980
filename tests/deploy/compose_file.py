"""docker-compose.yml as its tests read it: services, variables, durations."""

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
ENV_EXAMPLE = ROOT / "deploy" / ".env.example"
OUR_IMAGE = "duewell"

# ${NAME:-default} and ${NAME:?complaint}; a dollar that is meant is written twice.
_VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+):(?P<kind>[-?])(?P<text>[^}]*)\}")
_ANY_DOLLAR = re.compile(r"(?<!\$)\$(?!\$)")
_DURATION = re.compile(r"(?:(\d+)m)?(?:(\d+)s)?")
_EXAMPLE_LINE = re.compile(r"^(?P<off>#?)(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the environment, as somebody asks for it or shows it. Without a default it is required."""

    name: str
    default: str | None


@cache
def services() -> dict[str, dict[str, Any]]:
    """Return the services, their variables filled in by defaults; a required one is its own name."""
    text = _VARIABLE.sub(lambda match: match["text"] if match["kind"] == "-" else match["name"], _text())
    document: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(text)
    return document["services"]


@cache
def document() -> dict[str, Any]:
    """Return the whole file as it stands."""
    read: dict[str, Any] = yaml.safe_load(_text())
    return read


def our_services() -> dict[str, dict[str, Any]]:
    """Return the services that run our own image."""
    return {name: one for name, one in services().items() if one["image"].split(":")[0] == OUR_IMAGE}


def variables_asked_for() -> set[Variable]:
    """Return every variable that the file takes from its environment; each place has a default or a complaint."""
    commentless = re.sub(r"^\s*#.*$", "", _text(), flags=re.MULTILINE)
    assert len(_ANY_DOLLAR.findall(commentless)) == len(_VARIABLE.findall(commentless)), (
        "a variable without either"
    )
    found = _VARIABLE.finditer(commentless)
    return {Variable(match["name"], match["text"] if match["kind"] == "-" else None) for match in found}


def variables_in_example() -> list[Variable]:
    """Return every variable of .env.example; those that may stay away are commented out, with their defaults."""
    found = _EXAMPLE_LINE.finditer(ENV_EXAMPLE.read_text(encoding="utf-8"))
    return [Variable(match["name"], match["value"] if match["off"] else None) for match in found]


def duration_of(text: str) -> timedelta:
    """Read a duration such as 45s or 1m."""
    match = _DURATION.fullmatch(text)
    assert match is not None, text
    return timedelta(minutes=int(match[1] or 0), seconds=int(match[2] or 0))


def argv_of(service: dict[str, Any]) -> list[str]:
    """Return what a service of ours runs."""
    return [*service.get("entrypoint", []), *service.get("command", [])]


def _text() -> str:
    return COMPOSE.read_text(encoding="utf-8")
