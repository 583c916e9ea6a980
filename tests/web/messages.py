"""The messages of pages and code, and what catalogues lack: `python -m tests.web.messages` lists it."""

import sys
from collections.abc import Sequence
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir

from console.web.languages import CATALOGUES, LANGUAGES, SOURCE, catalogue_of
from tests.web.lines import lines

WEB = CATALOGUES.parent
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "text": None}


def messages() -> dict[str, list[str]]:
    """Return each message of pages, and each line of core and ledger, with the places where it is said."""
    found = lines()
    options = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
    for file, line, message, _, _ in extract_from_dir(WEB, METHODS, options, keywords=KEYWORDS):
        # One with a plural is known by its singular.
        found.setdefault(message if isinstance(message, str) else message[0], []).append(f"{file}:{line}")
    return found


def missing(language: str) -> list[str]:
    """Return what the language has no words for, or words that nobody has looked at."""
    kept = catalogue_of(language)
    entries = {message: kept.get(message) for message in messages()}
    return sorted(one for one, entry in entries.items() if entry is None or entry.fuzzy or not all(_forms(entry)))


def _forms(entry: Message) -> Sequence[str]:
    return (entry.string,) if isinstance(entry.string, str) else entry.string or ("",)


def unused(language: str) -> list[str]:
    """Return what the catalogue has and nothing says any more."""
    said = messages()
    known = (entry.id if isinstance(entry.id, str) else entry.id[0] for entry in catalogue_of(language))
    return sorted(one for one in known if one and one not in said)


def main(root: Path = WEB) -> int:
    """Print what is missing as entries for the catalogues."""
    lacking = 0
    for language in (one for one in LANGUAGES if one != SOURCE):
        for message in missing(language):
            lacking += 1
            quoted = message.replace("\\", "\\\\").replace('"', '\\"')
            sys.stdout.write(f'# {root.name}/locale/{language}/\nmsgid "{quoted}"\nmsgstr ""\n\n')
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
