"""What is found in a text: a problem, how bad it is, and where it stands."""

from dataclasses import dataclass
from typing import Literal

from phrase import Phrase, phrase

Part = Literal["subject", "body"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a text. `line` counts from 1 in the body; None is the subject, or the text as a whole."""

    severity: Literal["error", "warning"]
    problem: str
    part: Part = "body"
    line: int | None = None

    def __str__(self) -> str:
        return str(self.said)

    @property
    def said(self) -> Phrase:
        """Return the problem with where it is."""
        problem = phrase(self.problem)
        if self.part == "subject":
            return Phrase("subject: {problem}", problem=problem)
        return problem if self.line is None else Phrase("line {line}: {problem}", line=self.line, problem=problem)


def line_of(source: str, position: int, part: Part) -> int | None:
    """Return the line of a position in the body, None for one in the subject."""
    return source.count("\n", 0, max(position, 0)) + 1 if part == "body" else None
