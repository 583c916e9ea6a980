"""Guessing: makes a profile for a file that comes without one, and says what of it was guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from intake.files.column_guesses import RIVALLED, ColumnGuess, guess_columns
from intake.files.columns import Column, CustomFields, FileKind, column_of, columns_of
from intake.files.date_formats import DateFormat
from intake.files.format_guesses import Undecided, guess_dates, guess_numbers, have_marks
from intake.files.formats import NumberFormat
from intake.files.header_keys import header_key
from intake.files.headers import Header
from intake.files.opening import Opened, described
from intake.files.profile import Profile
from intake.files.tables import Record, Table
from intake.problems import Problem, Wrong, visible


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person says and is not guessed: headers and values by column, forms of dates and numbers.

    Columns that are `left_out` are not read, whatever the header says.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    dates: DateFormat | None = None
    numbers: NumberFormat | None = None
    left_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Guess:
    """One thing that was guessed, such as "column total" as "Bruttobetrag"; confidence from 0 to 1."""

    subject: str
    taken: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Guessed:
    """The profile, unless something stands against it, and how it came about."""

    profile: Profile | None
    guesses: tuple[Guess, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def guess_profile(
    opened: Opened, header: Header, kind: FileKind, choices: Choices, fields: CustomFields | None
) -> Guessed:
    """Guess how the table is to be read, from its header and from all that stands in it."""
    columns = [guess for guess in _columns(kind, header, choices) if _is_known(kind, guess.column, fields)]
    problems = [
        *_repeated(header, columns),
        *_unknown_choices(kind, header, choices, fields),
        *(
            Wrong("a missing column", f"a column {column.name}").at(header.line, column.name, "")
            for column in columns_of(kind)
            if column.is_required
            and column.name not in choices.values
            and all(column.name != guess.column for guess in columns)
        ),
    ]
    guesses = [Guess(f"column {guess.column}", visible(guess.header), guess.confidence) for guess in columns]
    if opened.is_encoding_guessed:
        guesses.insert(0, Guess("encoding", str(described(opened.table)["encoding"]), RIVALLED))
    notes = tuple(
        f"column '{visible(guess.rival)}' could be {guess.column} too; '{visible(guess.header)}' was taken"
        for guess in columns
        if guess.rival is not None
    )
    if problems:
        return Guessed(None, tuple(guesses), tuple(problems), notes)
    known = {guess.column: column for guess in columns if (column := column_of(kind, guess.column, fields))}
    dates, numbers = _formats(opened.table, header, columns, known, choices)
    for guess in columns:
        for form in (dates.get(guess.column), numbers.get(guess.column)):
            if isinstance(form, Undecided):
                problems.append(form.wrong.at(header.line, guess.column, form.example))
            elif isinstance(form, Wrong):
                problems.append(form.at(header.line, guess.column, guess.header))
            elif form is not None:
                taken = form.example if isinstance(form, NumberFormat) else form
                guesses.append(Guess(f"form of {guess.column}", taken, 1.0))
    if problems:
        return Guessed(None, tuple(guesses), tuple(problems), notes)
    found = {name: {"value": value} for name, value in choices.values.items()} | {
        guess.column: {
            "header": guess.header,
            "dates": dates.get(guess.column),
            "numbers": numbers.get(guess.column),
        }
        for guess in columns
    }
    profile = Profile.model_validate({"kind": kind, "columns": found, **described(opened.table)})
    return Guessed(profile, tuple(guesses), (), notes)


def names_as_chosen(header: Header, choices: Choices) -> list[str]:
    """Return the header with what a person said its columns are, by which the kind of file is guessed."""
    chosen = {header_key(name): column for column, name in choices.headers.items()}
    return [*(chosen.get(header_key(name), name) for name in header.names), *choices.values]


def _formats(
    table: Table, header: Header, columns: Sequence[ColumnGuess], known: Mapping[str, Column], choices: Choices
) -> tuple[Mapping[str, DateFormat | Undecided | Wrong | None], Mapping[str, NumberFormat | Undecided | Wrong]]:
    """Return the formats of all columns of dates, and of all columns of numbers."""
    places = {guess.column: guess.place for guess in columns if needs_format(known[guess.column])}
    texts = _distinct(table, header, places)
    return _dates(known, texts, choices), _numbers(known, texts, choices)


def needs_format(column: Column) -> bool:
    """Say whether the column is read by a format of dates or numbers."""
    return column.has_dates or column.has_numbers


def _columns(kind: FileKind, header: Header, choices: Choices) -> list[ColumnGuess]:
    """Return the columns that were chosen, and the guesses about the other headers."""
    places = {header_key(name): place for place, name in reversed(list(enumerate(header.names)))}
    chosen = {
        column: places[header_key(name)] for column, name in choices.headers.items() if header_key(name) in places
    }
    open_names = ["" if place in chosen.values() else name for place, name in enumerate(header.names)]
    return [
        *(ColumnGuess(place, header.names[place], column, 1.0) for column, place in chosen.items()),
        *(
            guess
            for guess in guess_columns(kind, open_names)
            if guess.column not in chosen and guess.column not in (*choices.values, *choices.left_out)
        ),
    ]


def _is_known(kind: FileKind, column: str, fields: CustomFields | None) -> bool:
    return column_of(kind, column, fields) is not None


def _repeated(header: Header, columns: Sequence[ColumnGuess]) -> list[Problem]:
    """Return a problem for each header that repeats one that is read."""
    by_key = {header_key(guess.header): guess for guess in columns}
    return [
        Wrong(f"the same column as column {guess.place + 1}", "every column once").at(
            header.line, guess.column, name
        )
        for place, name in enumerate(header.names)
        if (guess := by_key.get(header_key(name))) is not None and guess.place != place
    ]


def _unknown_choices(
    kind: FileKind, header: Header, choices: Choices, fields: CustomFields | None
) -> list[Problem]:
    keys = {header_key(name) for name in header.names}
    wrongs = [
        (column, Wrong("no column", f"a column of {kind}").at(header.line, column, column))
        for column in (*choices.headers, *choices.values)
        if not _is_known(kind, column, fields)
    ]
    wrongs += [
        (column, Wrong("no value for a column", "text of at most 500 characters").at(header.line, column, value))
        for column, value in choices.values.items()
        if not 0 < len(value) <= 500
    ]
    chosen = [header_key(name) for name in choices.headers.values()]
    wrongs += [
        (column, Wrong("the header of another column too", "every column once").at(header.line, column, name))
        for column, name in choices.headers.items()
        if chosen.count(header_key(name)) > 1
    ]
    wrongs += [
        (column, Wrong("no header of the file", _listed(header.names)).at(header.line, column, name))
        for column, name in choices.headers.items()
        if header_key(name) not in keys
    ]
    return [problem for _, problem in wrongs]


def _listed(names: Sequence[str]) -> str:
    return "one of " + ", ".join(f"'{visible(name)}'" for name in names[:30])


def _distinct(table: Table, header: Header, places: dict[str, int]) -> dict[str, set[str]]:
    """Return the different texts in each column; days and numbers that a sheet knows need no format."""
    texts: dict[str, set[str]] = {name: set() for name in places}
    targets = [(texts[name].add, place) for name, place in places.items()]
    if not targets:
        return texts
    width = len(header.names)
    for record in table.records(width):
        if not isinstance(record, Record) or record.line <= header.line or len(cells := record.cells) != width:
            continue
        for add, place in targets:
            if isinstance(cell := cells[place], str):
                add(cell)
    return {name: {text.strip() for text in found} for name, found in texts.items()}


def _dates(
    known: Mapping[str, Column], texts: dict[str, set[str]], choices: Choices
) -> dict[str, DateFormat | Undecided | Wrong | None]:
    """Return the format of each column of dates; one that is open is decided by the others of the file."""
    found = {name: guess_dates(texts[name]) for name, column in known.items() if column.has_dates}
    decided = {form for form in found.values() if isinstance(form, str)}
    for name, form in found.items():
        if isinstance(form, Undecided):
            if choices.dates in form.dates:
                found[name] = choices.dates
            elif len(among := decided & set(form.dates)) == 1:
                found[name] = among.pop()
        elif isinstance(form, Wrong) and choices.dates is not None:
            found[name] = choices.dates
    return found


def _numbers(
    known: Mapping[str, Column], texts: dict[str, set[str]], choices: Choices
) -> dict[str, NumberFormat | Undecided | Wrong]:
    found = {name: guess_numbers(texts[name]) for name, column in known.items() if column.has_numbers}
    if choices.numbers is not None:
        return dict.fromkeys(found, choices.numbers)
    # One program wrote the file: what one column tells of the marks holds for those that tell less.
    telling = [form for name, form in found.items() if isinstance(form, NumberFormat) and have_marks(texts[name])]
    decimals, thousands = {form.decimal for form in telling}, {form.thousands for form in telling} - {""}
    if len(decimals) != 1 or len(thousands) > 1 or decimals & thousands:
        return found
    (decimal,) = decimals
    for name, form in found.items():
        if isinstance(form, Undecided):
            marks = {each.decimal: each for each in form.numbers}
            thousands |= {marks[decimal].thousands} - {""}
            found[name] = marks[decimal]
    if len(thousands) > 1:
        return found
    shared = NumberFormat.model_validate({"decimal": decimal, "thousands": "".join(thousands)})
    return {name: shared if isinstance(form, NumberFormat) else form for name, form in found.items()}
