"""Profiles that were saved: kept by name and kind, and found again for the next file."""

import json
from collections.abc import Sequence

from db.engine import Session
from db.operations.arrival.import_profiles import save_profile
from db.operations.refusal import Refused
from db.queries.import_profiles import SavedProfile, saved_profiles
from intake.files.columns import FileKind
from intake.files.profile import Profile, as_json, read_profile
from phrase import phrase

NAME_CHARACTERS_MAX = 100


def keep_profile(session: Session, name: str, profile: Profile, by: str) -> None:
    """Keep the profile under the name, in place of an older one of its kind. Raises Refused for a bad name."""
    if not 0 < len(name.strip()) <= NAME_CHARACTERS_MAX or not name.isprintable():
        raise Refused(
            "a profile's name is printable text of at most {most} characters",
            most=NAME_CHARACTERS_MAX,
        )
    save_profile(session, name.strip(), profile.kind, json.loads(as_json(profile)), by)


def profile_named(session: Session, name: str, kind: FileKind | None = None) -> Profile:
    """Return the profile of the name, and of the kind if there are several. Raises Refused."""
    found = [one for one in saved_profiles(session, name) if kind in (None, one.kind)]
    if not found:
        names = _names(saved_profiles(session))
        if kind is None:
            raise Refused("there is no profile {name!r}; there is {names}", name=name, names=names)
        raise Refused(
            "there is no profile {name!r} of {kind}; there is {names}", name=name, kind=phrase(kind), names=names
        )
    if len(found) > 1:
        raise Refused(
            "profile {name!r} is there for {kinds}: say the kind",
            name=name,
            kinds=" and ".join(one.kind for one in found),
        )
    try:
        return read_profile(json.dumps(dict(found[0].profile)))
    except ValueError as error:
        raise Refused("profile {name!r}: {error}", name=name, error=phrase(str(error))) from error


def _names(profiles: Sequence[SavedProfile]) -> str:
    names = sorted({one.name for one in profiles})
    return ", ".join(names) or phrase("none")
