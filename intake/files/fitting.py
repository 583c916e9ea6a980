"""Fitting: whether a profile fits a file, and what differs where it does not."""

from collections.abc import Sequence
from dataclasses import dataclass

from intake.files.columns import CustomFields, column_of
from intake.files.header_keys import header_key
from intake.files.headers import Header
from intake.files.profile import Profile
from intake.problems import Problem, Wrong, visible

NOTES_MAX = 50
_NAMES_MAX = 30


@dataclass(frozen=True, slots=True)
class Fit:
    """Where the columns of a profile stand in a file, and the headers that are in one of the two only."""

    places: dict[str, int]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def fit(profile: Profile, header: Header, fields: CustomFields | None) -> Fit:
    """Find the profile's columns under a header; case, accents and punctuation do not matter."""
    by_key: dict[str, list[int]] = {}
    for place, name in enumerate(header.names):
        by_key.setdefault(header_key(name) or name, []).append(place)
    places: dict[str, int] = {}
    problems: list[Problem] = []
    for column, known in profile.columns.items():
        if column_of(profile.kind, column, fields) is None:
            wrong = Wrong("no custom field of the organization", "a field that was defined")
            problems.append(wrong.at(header.line, column, known.header or ""))
        if known.header is None:
            continue
        found = by_key.get(header_key(known.header) or known.header, [])
        if len(found) == 1:
            places[column] = found[0]
        elif found:
            wrong = Wrong(f"the same column as column {found[0] + 1}", "every column once")
            problems.append(wrong.at(header.line, column, header.names[found[1]]))
    taken = set(places.values())
    left = [place for place in range(len(header.names)) if place not in taken]
    problems += _missing(profile, header, places, left)
    return Fit(places, tuple(problems), _notes(header, left, profile))


def count_known(profile: Profile, names: Sequence[str]) -> int:
    """Return how many of the profile's headers are among the names."""
    keys = set(map(header_key, names))
    return sum(known.header is not None and header_key(known.header) in keys for known in profile.columns.values())


def _missing(profile: Profile, header: Header, places: dict[str, int], left: list[int]) -> list[Problem]:
    """Return a problem for each header of the profile that the file does not have, with those it has instead."""
    keys = {header_key(name) or name for name in header.names}
    others = ", ".join(f"'{visible(header.names[place])}'" for place in left[:_NAMES_MAX] if header.names[place])
    instead = f"; of the file's columns the profile does not know {others}" if others else ""
    return [
        Wrong("a missing column", f"a column '{known.header}', as the profile says{instead}").at(
            header.line, column, known.header
        )
        for column, known in profile.columns.items()
        if known.header is not None and (header_key(known.header) or known.header) not in keys
    ]


def _notes(header: Header, left: list[int], profile: Profile) -> tuple[str, ...]:
    knowingly = set(map(header_key, profile.left_out))
    notes = []
    for place in left:
        name = header.names[place]
        if header_key(name) in knowingly:
            continue
        written = f"column '{visible(name.strip())}'" if name.strip() else f"column {place + 1}, without a name,"
        notes.append(f"{written} is not known and was not read")
    if len(notes) > NOTES_MAX:
        notes[NOTES_MAX:] = [f"{len(notes) - NOTES_MAX} more columns are not known and were not read"]
    return tuple(notes)
