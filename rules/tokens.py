"""Cuts the text of a rule into words, quoted texts and signs, each with its column."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, cast

from phrase import Phrase

# A character that may stand in a word: no space, no sign, no quotation mark of any kind, nothing unseen.
_WORD = r"[^\s\"\\,:;<>=!≠≤≥()“”„‟«»\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+"
_TOKEN: Final = re.compile(
    rf"""\s*(?: (?P<word>{_WORD})
              | "(?P<text>(?:[^"\\]|\\.)*+)"
              | (?P<sign><=|>=|!=|<>|[<>=≠≤≥,:])
              | (?P<end>\Z)
              | (?P<wrong>.) )""",
    re.VERBOSE | re.DOTALL,
)
_IS_WORD: Final = re.compile(_WORD)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_MEANT: Final = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
SIGNS: Final = {"≠": "!=", "<>": "!=", "≤": "<=", "≥": ">="}

TokenKind = Literal["word", "text", "sign", "end", "wrong"]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text; `column` counts from 1. The value of a text is without quotes and escapes."""

    kind: TokenKind
    value: str
    column: int
    after_space: bool

    def __str__(self) -> str:
        """Return it for a message."""
        if self.kind == "end":
            return Phrase("the end")
        shown = self.value if len(self.value) <= 40 else f"{self.value[:40]}…"
        return f'"{shown}"' if self.kind == "text" else repr(shown)


def is_word(value: str) -> bool:
    """Say whether the value can stand without quotes."""
    return _IS_WORD.fullmatch(value) is not None


def tokens(text: str) -> Iterator[Token]:
    """Cut the text, up to its end or up to the first character that cannot stand where it stands."""
    at = 0
    while True:
        found = _TOKEN.match(text, at)
        assert found is not None, "anything is at least wrong"
        kind = cast(TokenKind, found.lastgroup)
        value = found[kind]
        start = found.start(kind) - (kind == "text")
        if kind == "text":
            value = _ESCAPE.sub(lambda escape: _MEANT.get(escape[1], escape[0]), value.replace("\r\n", "\n"))
        elif kind == "sign":
            value = SIGNS.get(value, value)
        yield Token(kind, value, start + 1, after_space=found.start() < start)
        if kind in ("end", "wrong"):
            return
        at = found.end()
