"""Why a message cannot be made: of the text itself, or of this one letter."""


class CannotRender(Exception):
    """A message cannot be made; the text says why, for the person who gets the to-do."""


class BadText(CannotRender):
    """The text itself is wrong, whoever it is for. `line` counts from 1 in its body; None is the subject."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem if line is None else f"line {line}: {problem}")
        self.problem = problem
        self.line = line
