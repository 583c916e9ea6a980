"""Dockerfile and .dockerignore as their tests read them."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction of the Dockerfile, its continued lines joined; `stage` counts the FROMs."""

    stage: int
    keyword: str
    text: str

    def argv(self) -> list[str]:
        """Return the words of an instruction in exec form."""
        words: list[str] = json.loads(self.text)
        return words


@cache
def instructions() -> tuple[Instruction, ...]:
    """Return the Dockerfile's instructions in order."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = []
    stage = -1
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        keyword, _, rest = line.partition(" ")
        stage += keyword == "FROM"
        found.append(Instruction(stage, keyword, rest.strip()))
    return tuple(found)


def of(keyword: str) -> list[Instruction]:
    """Return the instructions with the keyword."""
    return [one for one in instructions() if one.keyword == keyword]


def copied_from_context() -> list[str]:
    """Return the sources of every COPY that takes from the build context."""
    sources: list[str] = []
    for instruction in of("COPY"):
        words = instruction.text.split()
        if not any(word.startswith("--from=") for word in words):
            sources += [word.rstrip("/") for word in words[:-1] if not word.startswith("--")]
    return sources


def is_in_context(path: str) -> bool:
    """Say whether .dockerignore lets the path into the build context: the last pattern that matches decides."""
    inside = True
    for raw in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = raw.strip()
        if not pattern or pattern.startswith("#"):
            continue
        is_exception = pattern.startswith("!")
        if _matches(pattern.removeprefix("!").strip("/"), path):
            inside = is_exception
    return inside


def _matches(pattern: str, path: str) -> bool:
    """Match as the builder does: a pattern matches a path, and all that is below it."""
    expression = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return re.fullmatch(f"{expression}(?:/.*)?", path) is not None
