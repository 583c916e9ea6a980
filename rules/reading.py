"""A cursor over the pieces of a rule's text, which says where and why it cannot be read on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError

from phrase import Phrase, phrase
from rules.tokens import Token

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Misread:
    """The text is no rule. `column` counts from 1, line ends included."""

    column: int
    problem: str

    def __str__(self) -> str:
        """Return it in one line."""
        return str(Phrase("column {column}: {problem}", column=self.column, problem=phrase(self.problem)))


class CannotRead(Exception):
    """Ends the reading of one rule; `read_rule` returns what it carries."""

    def __init__(self, misread: Misread) -> None:
        super().__init__(str(misread))
        self.misread = misread


@dataclass(slots=True)
class Cursor:
    """Goes through the tokens of a rule. The last of them is the end, or the first wrong character."""

    tokens: list[Token]
    at: int = field(default=0)

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.at]

    def ahead(self, count: int = 1) -> Token:
        """Return the token `count` further, or the last one."""
        return self.tokens[min(self.at + count, len(self.tokens) - 1)]

    def take(self) -> Token:
        """Return the token that comes next, and pass it."""
        token = self.token
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def failure(self, expected: str, token: Token | None = None) -> CannotRead:
        """Return what to raise at the token, by default the one that comes next."""
        token = token or self.token
        if token.kind == "wrong" and token.value == '"':
            return CannotRead(Misread(token.column, "this quotation mark is never closed"))
        if token.kind == "wrong" and token.value in "“”„‟«»":
            expected = f'{expected} (texts are quoted by plain "quotation marks")'
        return CannotRead(Misread(token.column, f"expected {expected}, found {token}"))

    def is_at(self, *words: str) -> bool:
        """Say whether these words come next, in any case."""
        return all(
            self.ahead(place).kind == "word" and self.ahead(place).value.lower() == word
            for place, word in enumerate(words)
        )

    def passes(self, *words: str) -> bool:
        """Pass these words if they come next, and say whether they did."""
        if not self.is_at(*words):
            return False
        self.at += len(words)
        return True

    def require(self, *words: str) -> None:
        """Pass these words. Raises CannotRead if others come next."""
        if not self.passes(*words):
            raise self.failure(f'"{" ".join(words)}"')

    def passes_sign(self, sign: str) -> bool:
        """Pass the sign if it comes next, and say whether it did."""
        if self.token.kind != "sign" or self.token.value != sign:
            return False
        self.take()
        return True

    def make(self, start: Token, make: Callable[[], T]) -> T:
        """Return what `make` makes of what was read since `start`. Raises CannotRead with a model's objection."""
        try:
            return make()
        except ValidationError as error:
            told = error.errors(include_url=False, include_context=False, include_input=False)[0]["msg"]
            raise CannotRead(Misread(start.column, told.removeprefix("Value error, "))) from error
