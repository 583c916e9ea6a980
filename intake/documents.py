"""Documents of a YAML or JSON file: what they state as values, and where, so that a complaint names the place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from intake.complaints import complaint_of
from intake.problems import visible

# A file that is longer is a mistake or an attack: ten thousand scenarios take a sixth of it.
FILE_BYTES_MAX = 64 * 1024 * 1024

Place = tuple[str | int, ...]
Stated = TypeVar("Stated", bound=BaseModel)
Taken = TypeVar("Taken")


class BadDocument(Exception):
    """A file that cannot be taken; the text is one line that names file, place, what is wrong and what is not."""


class Misplaced(Exception):
    """A value that does not go with the rest; `place` is its path of keys, the text is what is wrong with it."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(text)
        self.place = place


class Document(Protocol):
    """One document of a file."""

    @property
    def value(self) -> Any:
        """What the document states: dicts, lists, strings, whole numbers, true, false and null."""

    def where(self, place: Place) -> str:
        """Say where in which file the value stands, such as `w.yaml, line 7, steps.2.execution`."""


def take(document: Document, model: type[Stated], taken: Callable[[Stated], Taken]) -> Taken:
    """Return what `taken` makes of the document, read as `model`; it may raise Misplaced. Raises BadDocument."""
    try:
        return taken(model.model_validate(document.value))
    except ValidationError as error:
        place, text = complaint_of(error, model)
    except Misplaced as error:
        place, text = error.place, str(error)
    raise BadDocument(f"{document.where(_within(document.value, place))}: {text}")


def read_text(path: Path) -> str:
    """Return the text of a file. Raises BadDocument if it is too long, or not UTF-8, or cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        raise BadDocument(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > FILE_BYTES_MAX:
        raise BadDocument(f"{path}: is longer than {FILE_BYTES_MAX // 1024**2} MB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        wrong = f"the byte 0x{content[error.start]:02x} is not UTF-8; expected text in UTF-8"
        raise BadDocument(f"{path}, line {line}: {wrong}") from error


def dotted(place: Place) -> str:
    """Return the path of keys as people read it, such as `steps.2.execution`; lists count from 0."""
    return ".".join(visible(str(key)) for key in place)


def _within(value: Any, place: Place) -> Place:
    """Return the path as far as the document has it, and the key that it lacks."""
    for depth, key in enumerate(place):
        has = key in value if isinstance(value, dict) else isinstance(value, list) and key in range(len(value))
        if not has:
            return place[: depth + 1] if isinstance(value, dict) else place[:depth]
        value = value[key]
    return place
