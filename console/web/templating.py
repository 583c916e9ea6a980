"""Fills templates in: escaped, strict about names, and in the reader's language."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from console.web.languages import LANGUAGES, Reader, translations
from console.web.watching import fingerprint

TEMPLATES = Path(__file__).parent / "templates"


class Templates:
    """All templates, once for each language."""

    def __init__(self, folder: Path = TEMPLATES) -> None:
        self._by_language = {language: _environment(folder, language) for language in LANGUAGES}

    def render(self, name: str, reader: Reader, values: Mapping[str, Any]) -> str:
        """Return the template's text for the reader. Raises jinja2's errors for names that are not there."""
        return self._by_language[reader.language].get_template(name).render(reader=reader, **values)


def _environment(folder: Path, language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    messages = translations(language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        messages.gettext, messages.ngettext, newstyle=True
    )
    environment.filters.update(
        money=_money, number=_number, day=_day, moment=_moment, word=_word, fingerprint=fingerprint
    )
    return environment


def _reader(context: Context) -> Reader:
    reader: Reader = context["reader"]
    return reader


@pass_context
def _money(context: Context, amount: Decimal, currency: str) -> str:
    return _reader(context).money(amount, currency)


@pass_context
def _number(context: Context, number: Decimal | int) -> str:
    return _reader(context).number(number)


@pass_context
def _day(context: Context, day: date, form: str = "medium") -> str:
    return _reader(context).day(day, form)


@pass_context
def _moment(context: Context, at: datetime, form: str = "medium") -> str:
    return _reader(context).moment(at, form)


@pass_context
def _word(context: Context, word: str) -> str:
    """Return a word that the ledger keeps, such as what was done, in the reader's language."""
    return _reader(context).text(word)
