"""Fills templates in: escaped, strict about names, and in the reader's language."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path
from types import CodeType
from typing import Any, Final

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from markupsafe import Markup

from console.web.languages import LANGUAGES, Reader, translations
from console.web.phrases import in_words
from console.web.table_tags import TableTags
from console.web.watching import fingerprint
from db.operations.refusal import Refused
from phrase import Phrase

TEMPLATES = Path(__file__).parent / "templates"
EXTENSIONS: Final = ("jinja2.ext.i18n", TableTags)
_MESSAGES_MAX = 4096


class Templates:
    """All templates, once for each language."""

    def __init__(self, folder: Path = TEMPLATES) -> None:
        compiled = _Compiled()
        self._by_language = {language: _environment(folder, language, compiled) for language in LANGUAGES}

    def load(self) -> None:
        """Compile all templates, which takes a second or two, so that no reader waits for that."""
        for environment in self._by_language.values():
            for name in environment.list_templates(extensions=["html"]):
                environment.get_template(name)

    def render(self, name: str, reader: Reader, values: Mapping[str, Any]) -> str:
        """Return the template's text for the reader. Raises jinja2's errors for names that are not there."""
        return self._by_language[reader.language].get_template(name).render(reader=reader, **values)


class _Compiled(BytecodeCache):
    """What templates are compiled to, which is the same in all languages."""

    def __init__(self) -> None:
        self._code: dict[str, CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Put the template's code into the bucket, if it is known."""
        bucket.code = self._code.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Take the template's code out of the bucket."""
        assert bucket.code is not None, "what is kept was compiled"
        self._code[bucket.key] = bucket.code


def _environment(folder: Path, language: str, compiled: BytecodeCache) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=compiled,
        finalize=_finalize,
        extensions=EXTENSIONS,
    )
    messages = translations(language)
    environment.globals.update(_translating(messages))
    environment.filters.update(
        money=_money, number=_number, day=_day, moment=_moment, word=_word, fingerprint=fingerprint
    )
    return environment


def _translating(messages: NullTranslations) -> dict[str, Callable[..., Markup]]:
    """Return what templates say messages with: translated, and what is put into them escaped.

    As Jinja's own, which would copy all that a template knows for each message, because it asks for the context.
    """

    @lru_cache(_MESSAGES_MAX)
    def translated(message: str) -> Markup:
        return Markup(messages.gettext(message))  # noqa: S704  # messages are ours

    @lru_cache(_MESSAGES_MAX)
    def plain(message: str) -> Markup:
        return translated(message) % {}

    def gettext(message: str, /, **values: object) -> Markup:
        return translated(message) % values if values else plain(message)

    def ngettext(singular: str, plural: str, number: int, /, **values: object) -> Markup:
        found = Markup(messages.ngettext(singular, plural, number))  # noqa: S704  # messages are ours
        return found % {"num": number, **values}

    def pgettext(about: str, message: str, /, **values: object) -> Markup:
        return Markup(messages.pgettext(about, message)) % values  # noqa: S704  # messages are ours

    return {"_": gettext, "gettext": gettext, "ngettext": ngettext, "pgettext": pgettext}


def _reader(context: Context) -> Reader:
    reader: Reader = context["reader"]
    return reader


@pass_context
def _finalize(context: Context, value: Any) -> Any:
    """Return what is written of a value: a phrase, or why something was refused, in the reader's language."""
    match value:
        case Phrase():
            return in_words(_reader(context), value)
        case Refused(said=said):
            return in_words(_reader(context), said)
    return value


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
    """Return a word or a line that the ledger keeps, such as what was done, in the reader's language."""
    return in_words(_reader(context), word)
