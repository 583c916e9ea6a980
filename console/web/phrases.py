"""Says lines of the core and the ledger in a reader's language.

A phrase is said by its template. A line kept as text, such as what a job says of a row, is read back by the
templates of which the catalogues know a translation.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from string import Formatter
from typing import Any

from console.web.languages import SOURCE, Reader, catalogue_of, translations
from dunning.currencies import CURRENCY_DECIMALS
from dunning.money import Money
from phrase import Phrase

# As the templates write them: names in quotation marks, days, amounts of money.
_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_DAY = re.compile(r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(\d{4}-\d\d-\d\d)")
_MONEY = re.compile(r"(-?\d+(?:\.\d+)?) ([A-Z]{3})")
# What stands between several things that are said of one row.
_JOINT = "; "
_DEPTH_MAX = 4
# What stands at these places of templates was written by others, and is not read back.
_NAMES = frozenset(
    {"by", "cadence", "called", "customer", "email", "group", "key", "name", "number", "rule", "sender", "text"}
)
# A template of fewer letters of its own, such as "{place}: {problem}", would be seen in what others wrote.
_LETTERS_MIN = 4


def in_words(reader: Reader, line: str, depth: int = 0) -> str:
    """Return a line in the reader's language; one that no catalogue knows stays as it is."""
    if isinstance(line, Phrase) and line.values:
        return _Saying(reader, depth).vformat(_translated(reader, line.template), (), line.values)
    if reader.language == SOURCE or not line:
        return str(line)
    translated = _translated(reader, line)
    return translated if translated != line or depth > _DEPTH_MAX else _read_back(reader, line, depth)


def _translated(reader: Reader, template: str) -> str:
    return translations(reader.language).gettext(template)


class _Saying(Formatter):
    """Fills a template in; days, amounts and numbers as the reader's locale has them."""

    def __init__(self, reader: Reader, depth: int) -> None:
        self._reader, self._depth = reader, depth

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Return the value of a placeholder; those of lines that are read back may be numbers."""
        return kwargs[str(key)]

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return a value as it stands in the line."""
        reader = self._reader
        match value:
            case Phrase():
                return in_words(reader, value, self._depth + 1)
            case Money(currency=currency):
                return reader.money(value.exact, currency)
            case datetime():
                return reader.moment(value, "short")
            case date():
                return reader.day(value)
            case Decimal() if value.is_finite():
                return reader.exact(value)
            case int() if format_spec:
                return reader.number(value)
            case _:
                return format(value, format_spec) if not isinstance(value, str) else str(value)


@dataclass(frozen=True, slots=True)
class _Known:
    """A template of a catalogue, and how a line looks that was made of it."""

    template: str
    letters: int
    literal: str
    looks: re.Pattern[str]
    fields: tuple[tuple[str, bool], ...]


@cache
def _known(language: str) -> tuple[_Known, ...]:
    """Return the templates of a language, those that say most by themselves first."""
    texts = (entry.id if isinstance(entry.id, str) else entry.id[0] for entry in catalogue_of(language))
    known = [_template(text) for text in texts if "{" in text]
    telling = (one for one in known if one.letters >= _LETTERS_MIN)
    return tuple(sorted(telling, key=lambda one: one.letters, reverse=True))


def _template(text: str) -> _Known:
    looks, fields, longest, letters = "", [], "", 0
    for literal, name, _, conversion in Formatter().parse(text):
        looks += re.escape(literal)
        letters += sum(map(str.isalpha, literal))
        longest = max(longest, literal, key=len)
        if name is not None:
            is_quoted = conversion == "r"
            looks += f"({_QUOTED})" if is_quoted else "(.+?)"
            fields.append((name, is_quoted))
    return _Known(text, letters, longest, re.compile(looks, re.DOTALL), tuple(fields))


def _read_back(reader: Reader, line: str, depth: int) -> str:
    for known in _known(reader.language):
        if known.literal in line and (found := known.looks.fullmatch(line)) is not None:
            values = dict(_values(known, found, depth))
            return _Saying(reader, depth).vformat(_translated(reader, known.template), (), values)
    told = line.split(_JOINT)
    if len(told) > 1:
        return _JOINT.join(in_words(reader, one, depth + 1) for one in told)
    return _DAY.sub(lambda day: _day_or_text(reader, day), line)


def _values(known: _Known, found: re.Match[str], depth: int) -> Iterator[tuple[str, object]]:
    for (name, is_quoted), text in zip(known.fields, found.groups(), strict=True):
        if is_quoted:
            yield name, text[1:-1]
        else:
            yield name, text if name in _NAMES else _value(text)


def _value(text: str) -> object:
    """Return the day, the amount or the phrase that the text was made of."""
    if (day := _DAY.fullmatch(text)) is not None:
        try:
            return date.fromisoformat(day[1])
        except ValueError:
            return text
    if (money := _MONEY.fullmatch(text)) is not None and money[2] in CURRENCY_DECIMALS:
        return Money(Decimal(money[1]), money[2])
    return Phrase(text)


def _day_or_text(reader: Reader, found: re.Match[str]) -> str:
    try:
        return reader.day(date.fromisoformat(found[1]))
    except ValueError:
        return found[0]
