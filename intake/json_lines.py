"""JSON files with one object per line, read so that every complaint can name the line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intake.documents import BadDocument, Place, dotted, read_text
from intake.problems import visible

LINE_CHARACTERS_MAX = 1_000_000
DIGITS_MAX = 18


@dataclass(frozen=True, slots=True)
class JsonLine:
    """One line of the file, counted from 1, and what it states."""

    path: Path
    line: int
    value: Any

    def where(self, place: Place) -> str:
        """Say where the value stands, such as `all.jsonl, line 7, steps.2.execution`."""
        keys = (dotted(place),) if place else ()
        return ", ".join((str(self.path), f"line {self.line}", *keys))


def json_lines(path: Path) -> Iterator[JsonLine]:
    """Yield the lines of the file that are not blank. Raises BadDocument."""
    found = False
    # Not splitlines: JSON texts may hold line separators of other alphabets.
    for number, text in enumerate(read_text(path).split("\n"), start=1):
        if text and not text.isspace():
            found = True
            yield JsonLine(path, number, _value(path, number, text))
    if not found:
        raise BadDocument(f"{path}: is empty")


def _value(path: Path, number: int, text: str) -> Any:
    if len(text) > LINE_CHARACTERS_MAX:
        raise BadDocument(f"{path}, line {number}: is longer than {LINE_CHARACTERS_MAX:,} characters")
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise BadDocument(f"{path}, line {number}: not JSON: {error.msg}, column {error.colno}") from error
    except RecursionError as error:
        raise BadDocument(f"{path}, line {number}: nested too deep") from error
    except ValueError as error:
        raise BadDocument(f"{path}, line {number}: {error}") from error


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key '{visible(twice)}' stands twice in one object")
    return mapping


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _whole_number(text: str) -> int | str:
    return int(text) if len(text) <= DIGITS_MAX else text


# Numbers with a point, and endless ones, stay texts: no amount is rounded, and a model says what it expects.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_mapping, parse_int=_whole_number, parse_float=str, parse_constant=_no_constant
)
