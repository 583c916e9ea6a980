"""Problems: what is wrong in a file, where, and what was expected instead."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from phrase import Phrase, phrase

VALUE_LENGTH_MAX = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend in a file; reads as "line 3, total: '1,50' is <wrong>; expected <expected>".

    `line` is the physical line on which the record starts, `column` is None when the whole record is meant,
    `value` is shortened and shows control characters (see `visible`). `subject` is what the record says that it is
    about, its number for instance, as far as it says that.
    """

    line: int
    column: str | None
    value: str
    wrong: str
    expected: str
    subject: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why one cell cannot be taken: a `Problem` that does not know its place yet."""

    wrong: str
    expected: str

    def at(self, line: int, column: str | None, value: str) -> Problem:
        """Return the problem at its place."""
        return Problem(line, column, visible(value), self.wrong, self.expected)


def visible(text: str) -> str:
    r"""Return at most 60 characters of `text`, safe to print: control and stray characters become \x0a."""
    shown = "".join(map(_visible_character, text[: VALUE_LENGTH_MAX + 1]))
    return shown if len(shown) <= VALUE_LENGTH_MAX else shown[: VALUE_LENGTH_MAX - 1] + "…"


# What is expected of a row that is good by itself and that the ledger contradicts; `wrong` is a sentence then.
AGREES_WITH_LEDGER = "what agrees with the ledger"


def problem_text(problem: Problem) -> Phrase:
    """Return the problem as people read it but for its line: what is there, and what was expected instead."""
    if problem.expected == AGREES_WITH_LEDGER:
        return Phrase("{value} is refused: {wrong}", value=problem.value, wrong=phrase(problem.wrong))
    parts = {
        "column": problem.column,
        "value": problem.value,
        "wrong": phrase(problem.wrong),
        "expected": phrase(problem.expected),
    }
    if problem.column and problem.value:
        return Phrase("column {column}: '{value}' is {wrong}; expected {expected}", **parts)
    if problem.column:
        return Phrase("column {column}: {wrong}; expected {expected}", **parts)
    if problem.value:
        return Phrase("'{value}' is {wrong}; expected {expected}", **parts)
    return Phrase("{wrong}; expected {expected}", **parts)


def problems_as_dicts(problems: Iterable[Problem]) -> list[dict[str, str | int | None]]:
    """Return the problems as plain dicts of strings and numbers, ready for JSON."""
    return [asdict(problem) for problem in problems]


def _visible_character(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that could not be decoded (PEP 383)
        code -= 0xDC00
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
