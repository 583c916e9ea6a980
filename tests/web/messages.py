"""The messages of pages and code, and what catalogues lack: `python -m tests.web.messages` lists it."""

import sys
from collections.abc import Sequence
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir

from console.web.languages import CATALOGUES, LANGUAGES, SOURCE, catalogue_of
from console.web.table_tags import TableTags
from tests.web.lines import lines

WEB = CATALOGUES.parent
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "text": None}

# What gettext puts between a context and its message.
_CONTEXT = "\4"


def messages() -> dict[str, list[str]]:
    """Return each message of pages, and each line of core and ledger, with the places where it is said.

    Before a message stands its context, if it has one, as gettext keeps it.
    """
    found = lines()
    tags = f"{TableTags.__module__}.{TableTags.__qualname__}"
    as_pages = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false", "extensions": tags}
    options = {"templates/**.html": as_pages}
    for file, line, message, _, context in extract_from_dir(WEB, METHODS, options, keywords=KEYWORDS):
        # One with a plural is known by its singular.
        known_by = message if isinstance(message, str) else message[0]
        found.setdefault(f"{context}{_CONTEXT}{known_by}" if context else known_by, []).append(f"{file}:{line}")
    return found


def missing(language: str) -> list[str]:
    """Return what the language has no words for, or words that nobody has looked at."""
    kept = catalogue_of(language)
    entries = {message: _entry(kept, message) for message in messages()}
    return sorted(one for one, entry in entries.items() if entry is None or entry.fuzzy or not all(_forms(entry)))


def _entry(kept: Catalog, message: str) -> Message | None:
    context, _, text = message.rpartition(_CONTEXT)
    return kept.get(text, context or None)


def known_by(entry: Message) -> str:
    """Return what an entry of a catalogue is about: its message with its context."""
    message = entry.id if isinstance(entry.id, str) else entry.id[0]
    return f"{entry.context}{_CONTEXT}{message}" if entry.context else message


def _forms(entry: Message) -> Sequence[str]:
    return (entry.string,) if isinstance(entry.string, str) else entry.string or ("",)


def unused(language: str) -> list[str]:
    """Return what the catalogue has and nothing says any more."""
    said = messages()
    known = (known_by(entry) for entry in catalogue_of(language))
    return sorted(one for one in known if one and one not in said)


def main(root: Path = WEB) -> int:
    """Print what is missing as entries for the catalogues."""
    lacking = 0
    for language in (one for one in LANGUAGES if one != SOURCE):
        for message in missing(language):
            lacking += 1
            context, _, text = message.rpartition(_CONTEXT)
            about = f'msgctxt "{context}"\n' if context else ""
            quoted = text.replace("\\", "\\\\").replace('"', '\\"')
            sys.stdout.write(f'# {root.name}/locale/{language}/\n{about}msgid "{quoted}"\nmsgstr ""\n\n')
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
