"""Format guesses: how dates and numbers are written in a column, told from all that stands in it."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from intake.files.date_formats import DateFormat
from intake.files.formats import PLAIN, NumberFormat
from intake.problems import Wrong, visible

_TIME = r"(?:[ T][0-9:.]*)?"
_YEAR_FIRST = re.compile(r"[0-9]{4}(?P<mark>[-/.]?)[0-9]{2}(?P=mark)[0-9]{2}" + _TIME)
_YEAR_LAST = re.compile(
    r"(?P<first>[0-9]{1,2})(?P<mark>[-/.])(?P<second>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4}|[0-9]{2})" + _TIME
)
_YEAR_FIRST_FORMATS: dict[str, DateFormat] = {
    "-": "YYYY-MM-DD",
    "/": "YYYY/MM/DD",
    ".": "YYYY.MM.DD",
    "": "YYYYMMDD",
}
# By mark and digits of the year: day first, month first. With dots the day is always first.
_YEAR_LAST_FORMATS: dict[tuple[str, int], tuple[DateFormat, DateFormat]] = {
    (".", 4): ("DD.MM.YYYY", "DD.MM.YYYY"),
    (".", 2): ("DD.MM.YY", "DD.MM.YY"),
    ("/", 4): ("DD/MM/YYYY", "MM/DD/YYYY"),
    ("/", 2): ("DD/MM/YY", "MM/DD/YY"),
    ("-", 4): ("DD-MM-YYYY", "MM-DD-YYYY"),
}

_DIGITS_ALIKE = str.maketrans("12345678", "99999999")
_ONE_MARK = re.compile(r"-?(?P<before>[0-9]+)(?P<mark>[.,])(?P<after>[0-9]+)-?")
_MARKS_ALIKE = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'"})
_AMOUNT_LIKE = re.compile(r"-?[0-9][0-9.,'’ \u00a0\u202f\u2009]*-?")


@dataclass(frozen=True, slots=True)
class Undecided:
    """Both readings fit all that stands in the column."""

    example: str
    dates: tuple[DateFormat, ...] = ()
    numbers: tuple[NumberFormat, ...] = ()

    @property
    def wrong(self) -> Wrong:
        """Return what to say where nothing else decides."""
        forms = " or ".join([*self.dates, *(form.example for form in self.numbers)])
        return Wrong("ambiguous, like all that stands in this column", f"to be told which form is meant: {forms}")


def guess_dates(texts: Iterable[str]) -> DateFormat | Undecided | Wrong | None:
    """Return the format of the column's dates, None if nothing in it looks like a date."""
    families: Counter[tuple[str, int]] = Counter()
    years_first: Counter[str] = Counter()
    day_first: dict[tuple[str, int], str] = {}
    month_first: dict[tuple[str, int], str] = {}
    either: dict[tuple[str, int], str] = {}
    for text in texts:
        if found := _YEAR_FIRST.fullmatch(text):
            years_first[found["mark"]] += 1
        elif found := _YEAR_LAST.fullmatch(text):
            family = (found["mark"], len(found["year"]))
            families[family] += 1
            first, second = int(found["first"]), int(found["second"])
            if first > 12 >= second:
                day_first.setdefault(family, text)
            elif second > 12 >= first:
                month_first.setdefault(family, text)
            elif first != second:
                either.setdefault(family, text)
    # What does not fit the form of most is a problem of its row.
    if years_first and years_first.total() >= families.total():
        return _YEAR_FIRST_FORMATS[years_first.most_common(1)[0][0]]
    family = next((family for family, _ in families.most_common() if family in _YEAR_LAST_FORMATS), ("", 0))
    if family not in _YEAR_LAST_FORMATS:
        return None
    by_day, by_month = _YEAR_LAST_FORMATS[family]
    if by_day == by_month:
        return by_day
    if family in day_first and family in month_first:
        both = f"'{visible(day_first[family])}' and '{visible(month_first[family])}'"
        return Wrong(f"a column of days and months in two orders, {both}", "one format in a column")
    if family in month_first:
        return by_month
    if family in either and family not in day_first:
        return Undecided(either[family], dates=(by_day, by_month))
    return by_day


def guess_numbers(texts: Iterable[str]) -> NumberFormat | Undecided | Wrong:
    """Return the format of the column's numbers."""
    decimal: dict[str, str] = {}
    thousands: dict[str, str] = {}
    either: dict[str, str] = {}
    # Which digits they are does not matter, but for zeros: one of each shape is enough, and there are few.
    for written in {text.translate(_DIGITS_ALIKE): text for text in texts}.values():
        text = written.translate(_MARKS_ALIKE)
        if text.isdecimal() or _AMOUNT_LIKE.fullmatch(text) is None:
            continue
        if found := _ONE_MARK.fullmatch(text):
            before, mark, after = found["before"], found["mark"], found["after"]
            could_be_both = len(after) == 3 and len(before) <= 3 and before[0] != "0"
            (either if could_be_both else decimal).setdefault(mark, written)
            continue
        marks = re.sub("[0-9-]", "", text)
        if not marks:
            continue
        if len(set(marks)) == 1:
            thousands.setdefault(marks[0], written)
        elif len(set(marks)) == 2 and marks.count(marks[-1]) == 1 and marks[-1] in ".,":
            thousands.setdefault(marks[0], written)
            decimal.setdefault(marks[-1], written)
    return _format(decimal, thousands, either)


def _format(
    decimal: dict[str, str], thousands: dict[str, str], either: dict[str, str]
) -> NumberFormat | Undecided | Wrong:
    """Return the format from the marks that are surely one or the other and those that could be both."""
    if len(decimal) > 1 or len(thousands) > 1 or decimal.keys() & thousands.keys():
        examples = list(dict.fromkeys([*decimal.values(), *thousands.values()]))[:2]
        both = " and ".join(f"'{visible(example)}'" for example in examples)
        return Wrong(f"a column of amounts in two forms, {both}", "one form in a column")
    mark = next(iter(decimal), None)
    group = next(iter(thousands), None)
    for open_mark in either:
        if mark is None and group is None:
            other = "," if open_mark == "." else "."
            forms = (_numbers(open_mark, ""), _numbers(other, open_mark))
            if len(either) > 1:
                return Wrong("a column of amounts in two forms", "one form in a column")
            return Undecided(either[open_mark], numbers=forms)
        if mark is None and open_mark != group:
            mark = open_mark
        elif group is None and open_mark != mark:
            group = open_mark
    if mark is None and group is None:
        return PLAIN
    if mark is None:
        mark = "," if group in (".", " ") else "."
    return _numbers(mark, group or "")


def _numbers(decimal: str, thousands: str) -> NumberFormat:
    return NumberFormat.model_validate({"decimal": decimal, "thousands": thousands})


def have_marks(texts: Iterable[str]) -> bool:
    """Say whether some of the texts are numbers with a mark in them."""
    return any(_AMOUNT_LIKE.fullmatch(text) and not text.strip("-").isdecimal() for text in texts)
