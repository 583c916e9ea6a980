"""What `duewell template` prints, and the files that it reads."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from activities.texts import text_of
from console.failure import ASKED_WRONGLY, Failure
from console.terminal.printing import err, out, say, say_json
from console.terminal.tables import row, table_of
from db.engine import Engine, Session, transaction
from db.queries.templates import saved_lines
from mailer.findings import Finding
from mailer.refusals import BadText
from mailer.texts import Text, read_text, shipped_languages, shipped_text, template_names, write_text

_FILE_BYTES_MAX = 200_000


def lines_of(session: Session) -> list[dict[str, Any]]:
    """Return a line for each text, by name and language."""
    lines: dict[tuple[str, str], dict[str, Any]] = {
        (name, language): {
            "template": name,
            "language": language,
            "edition": None,
            "saved_at": None,
            "saved_by": None,
        }
        for name in template_names()
        for language in shipped_languages()
        if shipped_text(name, language) is not None
    }
    for one in saved_lines(session):
        lines[one.name, one.language] = {
            "template": one.name,
            "language": one.language,
            "edition": one.number,
            "saved_at": one.saved_at,
            "saved_by": one.saved_by,
        }
    return [lines[key] for key in sorted(lines)]


def print_lines(console: Console, lines: Sequence[dict[str, Any]], time_zone: ZoneInfo) -> None:
    """Print the texts as a table."""
    table = table_of("template", "language", "edition", "saved", "by")
    for line in lines:
        saved_at = line["saved_at"]
        when = None if saved_at is None else f"{saved_at.astimezone(time_zone):%Y-%m-%d %H:%M}"
        row(table, line["template"], line["language"], line["edition"] or "shipped", when, line["saved_by"])
    console.print(table)


def find_text(engine: Engine, name: str, language: str, *, shipped: bool) -> Text:
    """Return the text in force in just this language, or the shipped one. Raises Failure."""
    text = shipped_text(name, language)
    if not shipped:
        with transaction(engine) as session:
            try:
                text = text_of(session, name, language)
            except BadText as error:
                raise Failure(str(error), ASKED_WRONGLY) from error
    if text is None or text.language != language:
        raise Failure(f"there is no {'shipped ' if shipped else ''}text {name!r} in {language!r}", ASKED_WRONGLY)
    return text


def print_text(text: Text) -> None:
    """Print the text as a file holds it."""
    sys.stdout.write(write_text(text))


def read_file(path: Path, language: str) -> Text:
    """Return the text of a file. Raises Failure."""
    try:
        if path.stat().st_size > _FILE_BYTES_MAX:
            raise Failure(f"{path}: is too long for a text", ASKED_WRONGLY)
        return read_text(path.read_text(encoding="utf-8"), language)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}", ASKED_WRONGLY) from error
    except UnicodeDecodeError as error:
        raise Failure(f"{path}: is not written in UTF-8", ASKED_WRONGLY) from error
    except BadText as error:
        raise Failure(f"{path}: {error}", ASKED_WRONGLY) from error


def say_findings(
    file: str, findings: Sequence[Finding], saved_as: str | None, number: int | str | None = None, *, as_json: bool
) -> int:
    """Say what was found and what became of the text; return the exit code. Raises Failure for the first error."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors and not as_json:
        for finding in findings:
            if finding is not errors[0]:
                say(err(), f"{finding.severity}: {finding}")
    if errors:
        more = f" ({len(errors)} errors in all)" if len(errors) > 1 else ""
        raise Failure(f"{file}, {errors[0]}{more}", ASKED_WRONGLY)
    if as_json:
        told = [
            {"severity": one.severity, "part": one.part, "line": one.line, "problem": one.problem}
            for one in findings
        ]
        edition = number if isinstance(number, int) else None
        say_json({"file": file, "findings": told, "edition": edition, "changed": edition is not None})
        return 0
    for finding in findings:
        say(err(), f"warning: {finding}")
    if saved_as is None:
        say(out(), f"{file}: nothing is wrong with it.")
    elif isinstance(number, int):
        say(out(), f"{saved_as}: saved as edition {number}; messages that are written from now on say so.")
    else:
        say(out(), f"{saved_as}: nothing changed, it is in force already.")
    return 0
