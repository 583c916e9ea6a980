"""Texts: a subject and a body, as a file or a row, and those that are shipped."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mailer.formats import FALLBACK_LANGUAGE
from mailer.refusals import BadText

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Text:
    """What a template says: a subject in Liquid, a body in Markdown with Liquid, and the language of its words."""

    subject: str
    body: str
    language: str = FALLBACK_LANGUAGE


def read_text(source: str, language: str = FALLBACK_LANGUAGE) -> Text:
    """Read a text as files hold it: "Subject: …", an empty line, the body. Raises BadText."""
    head, found, body = source.removeprefix("\ufeff").replace("\r\n", "\n").partition("\n\n")
    subject = head.removeprefix("Subject:")
    if not head.startswith("Subject:") or not found or "\n" in head.strip():
        raise BadText("a text begins with a line 'Subject: …' and an empty line")
    return Text(subject.strip(), body.strip("\n") + "\n", language)


def write_text(text: Text) -> str:
    """Return the text as a file holds it."""
    return f"Subject: {text.subject}\n\n{text.body}"


@cache
def template_names() -> frozenset[str]:
    """Return the names of the shipped templates."""
    return frozenset(path.stem for path in (TEMPLATES / FALLBACK_LANGUAGE).glob("*.txt"))


@cache
def shipped_languages() -> tuple[str, ...]:
    """Return the languages that texts are shipped in."""
    return tuple(sorted(folder.name for folder in TEMPLATES.iterdir() if folder.is_dir()))


@cache
def shipped_text(name: str, language: str) -> Text | None:
    """Return the shipped text in the language, if there is one."""
    if name not in template_names() or language not in shipped_languages():
        return None
    path = TEMPLATES / language / f"{name}.txt"
    return read_text(path.read_text(encoding="utf-8"), language) if path.is_file() else None
