"""Column guesses: which column each header of a file means, how surely, and which kind of file it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache, lru_cache

from intake.cells import is_clean
from intake.files.columns import FILE_KINDS, FileKind, columns_of, custom_name
from intake.files.header_keys import header_key, header_words, without_remark
from intake.files.header_words import words_of

NAMED, KNOWN, REMARKED, REORDERED, RIVALLED, CONTAINED, MISSPELT = 1.0, 0.95, 0.9, 0.85, 0.75, 0.7, 0.6
# Two headers may both be meant by a word; the first listed is preferred where their forms are equally good.
_PREFERENCE = 1e-5
_LETTERS_MIN = 5
HEADER_LENGTH_MAX = 200
_LIKENESS_MIN = 0.87
# With one of these beside it "total" is another amount.
_OTHER_AMOUNTS = {
    "net", "netto", "ht", "neto", "excl", "exkl", "sin", "hors", "before", "base", "imponible", "tax", "vat",
    "mwst", "ust", "steuer", "tva", "taxe", "iva", "impuesto", "discount", "skonto", "rabatt", "remise",
    "descuento", "shipping", "versand", "quantity", "menge", "count", "anzahl",
}  # fmt: skip

# What any file may have beside its own columns.
_SAID_OF_ANYTHING = {"reference"}


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """A header, by its place, and the column that it most likely means; confidence from 0 to 1."""

    place: int
    header: str
    column: str
    confidence: float
    rival: str | None = None


def guess_columns(kind: FileKind, headers: Sequence[str]) -> list[ColumnGuess]:
    """Return the best guess for each header that seems to mean a column, no column twice, in order of place."""
    candidates = sorted(
        (
            (score, -place, column)
            for place, header in enumerate(headers)
            for column, score in _scores(kind, header).items()
        ),
        reverse=True,
    )
    taken: dict[str, ColumnGuess] = {}
    placed: set[int] = set()
    for score, minus_place, column in candidates:
        place, confidence = -minus_place, round(score, 2)
        if place in placed:
            continue
        if (first := taken.get(column)) is None:
            taken[column] = ColumnGuess(place, headers[place], column, confidence)
            placed.add(place)
        elif first.rival is None and confidence >= KNOWN and first.confidence < NAMED:
            taken[column] = ColumnGuess(first.place, first.header, column, RIVALLED, headers[place])
    return sorted(taken.values(), key=lambda guess: guess.place)


def guess_kind(headers: Sequence[str]) -> FileKind:
    """Return the kind of file that most likely has this header."""

    def fit(kind: FileKind) -> tuple[bool, float]:
        found = {guess.column: guess.confidence for guess in guess_columns(kind, headers)}
        required = [column.name for column in columns_of(kind) if column.is_required]
        if not found:
            # Not the kind that asks for the least.
            return False, float("-inf")
        # By the average: a kind is no likelier for requiring more columns.
        of_required = sum(found.get(name, -1) for name in required) / len(required)
        return all(name in found for name in required), sum(found.values()) + of_required

    # Invoices first: of two kinds that a header fits as well, they are what is most often meant.
    return max(("invoices", *(kind for kind in FILE_KINDS if kind != "invoices")), key=fit)


def is_told(kind: FileKind, headers: Sequence[str]) -> bool:
    """Say whether the header leaves no doubt that a file of money is one.

    A list of invoices that lacks something has all that payments need: a number, a day, an amount and a currency.
    To take it for money that came in would settle what nobody paid, so one of the headers must mean nothing else.
    """
    if kind not in ("payments", "credit notes"):
        return True
    others = [other for other in FILE_KINDS if other != kind]
    return any(
        _sure_scores(kind, header).keys() - _SAID_OF_ANYTHING
        and not any(_sure_scores(other, header) for other in others)
        for header in headers
    )


def recognized(headers: Iterable[str]) -> int:
    """Return how many of the cells surely stand above a column, whatever the kind of file.

    It is asked of rows of data too, so that mere likeness does not count.
    """
    return sum(is_clean(header) and any(_sure_scores(kind, header) for kind in FILE_KINDS) for header in headers)


@lru_cache(maxsize=4096)
def _scores(kind: FileKind, header: str) -> dict[str, float]:
    """Return how surely the header means each column that it could mean."""
    if len(header) > HEADER_LENGTH_MAX or not is_clean(header):
        return {}
    if sure := _sure_scores(kind, header):
        return sure
    words = frozenset(header_words(header))
    by_words = _known_by_words(kind)
    scores: dict[str, float] = {}
    for part, column in by_words.items():
        is_telling = sum(map(len, part)) >= _LETTERS_MIN and len(words - part) <= 2
        if is_telling and part < words and not (words - part) & _OTHER_AMOUNTS:
            scores[column] = max(scores.get(column, 0), CONTAINED + len("".join(part)) * _PREFERENCE)
    key = header_key(header)
    if not scores and len(key) > _LETTERS_MIN:
        for word, (column, _) in _known(kind).items():
            if abs(len(word) - len(key)) <= 2 and SequenceMatcher(None, word, key).ratio() >= _LIKENESS_MIN:
                scores[column] = MISSPELT
    return scores


def _sure_scores(kind: FileKind, header: str) -> dict[str, float]:
    """Return the column that the header means, if it is one of the known words for it."""
    if len(header) > HEADER_LENGTH_MAX:
        return {}
    if (custom := custom_name(kind, header)) is not None:
        return {custom: NAMED}
    key = header_key(header)
    if not key:
        return {}
    known = _known(kind)
    if key in known:
        column, score = known[key]
        return {column: score}
    if (bare := header_key(without_remark(header))) != key and bare in known:
        column, score = known[bare]
        return {column: min(score, REMARKED)}
    column_by_words = _known_by_words(kind).get(frozenset(header_words(header)))
    return {} if column_by_words is None else {column_by_words: REORDERED}


@cache
def _known(kind: FileKind) -> dict[str, tuple[str, float]]:
    """Return the column by each header key, and how surely it is meant."""
    known: dict[str, tuple[str, float]] = {}
    for column in columns_of(kind):
        for rank, word in enumerate(words_of(kind, column.name)):
            score = NAMED if rank == 0 else KNOWN - rank * _PREFERENCE
            known.setdefault(header_key(word), (column.name, score))
    return known


@cache
def _known_by_words(kind: FileKind) -> dict[frozenset[str], str]:
    by_words: dict[frozenset[str], str] = {}
    for column in columns_of(kind):
        for word in words_of(kind, column.name):
            by_words.setdefault(frozenset(header_words(word)), column.name)
    return by_words
