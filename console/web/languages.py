"""In which language a page speaks, and how it writes amounts and days: as the reader's locale has them."""

import gettext
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from console.web.amounts import amount_written

CATALOGUES = Path(__file__).parent / "locale"
# The messages in templates and code are English; the other languages have catalogues.
SOURCE = "en"
LANGUAGES = (SOURCE, "fr")
# What people may choose for themselves; a browser may ask for any other locale of the same languages.
OFFERED = ("en_GB", "en_IE", "en_US", "en_CA", "en_AU", "fr_FR", "fr_BE", "fr_CA", "fr_CH", "fr_LU")
FALLBACK = "en_GB"
_HEADER_CHARACTERS_MAX = 300
# Of days, moments and counts that were written lately; pages say the same ones again and again.
_WRITTEN_MAX = 8192


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a page is written for: their locale, and the time zone in which the organization lives."""

    locale: Locale
    time_zone: ZoneInfo

    @property
    def language(self) -> str:
        """Return the language of the catalogue."""
        return self.locale.language

    @property
    def tag(self) -> str:
        """Return the locale as HTML writes it."""
        return str(self.locale).replace("_", "-")

    def text(self, message: str, /, **values: object) -> str:
        """Return the message in the reader's language, its placeholders filled in."""
        translated = translations(self.language).gettext(message)
        return translated % values if values else translated

    def money(self, amount: Decimal, currency: str) -> str:
        """Return an amount with its currency."""
        return amount_written(amount, currency, self.locale)

    def number(self, number: Decimal | int) -> str:
        """Return a plain number."""
        return _number(number, self.locale)

    def exact(self, number: Decimal) -> str:
        """Return a number with all its decimals."""
        return format_decimal(number, locale=self.locale, decimal_quantization=False)

    def day(self, day: date, form: str = "medium") -> str:
        """Return a day."""
        return _day(day, form, self.locale)

    def moment(self, at: datetime, form: str = "medium") -> str:
        """Return a moment on the organization's clock."""
        return _moment(at, form, self.time_zone, self.locale)


def reader_for(chosen: str | None, accepted: str | None, time_zone: ZoneInfo) -> Reader:
    """Return who reads: by the locale that a user has chosen, else by the browser's Accept-Language."""
    locale = _spoken(chosen) if chosen else None
    return Reader(locale or _accepted((accepted or "")[:_HEADER_CHARACTERS_MAX]), time_zone)


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Return the messages of a language; English is what templates and code say."""
    if language == SOURCE:
        return gettext.NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalogue_of(language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def catalogue_of(language: str) -> Catalog:
    """Return the catalogue of a language: a file for each subject, which share what they both say."""
    whole: Catalog | None = None
    for path in sorted((CATALOGUES / language).glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language, abort_invalid=True)
        if whole is None:
            whole = catalogue
            continue
        for message in catalogue:
            if message.id:
                whole.add(message.id, message.string, context=message.context, flags=message.flags)
    assert whole is not None, f"{language} has a catalogue"
    return whole


def offered(reader: Reader) -> Mapping[str, str]:
    """Return the locales to choose from, each by its own name."""
    return _offered(reader.locale)


@lru_cache(len(OFFERED))
def _offered(own: Locale) -> Mapping[str, str]:
    named = {code: Locale.parse(code) for code in OFFERED}
    named.setdefault(str(own), own)
    return {code: _capitalized(locale.get_display_name() or code) for code, locale in named.items()}


@lru_cache(_WRITTEN_MAX)
def _number(number: Decimal | int, locale: Locale) -> str:
    return format_decimal(number, locale=locale)


@lru_cache(_WRITTEN_MAX)
def _day(day: date, form: str, locale: Locale) -> str:
    return format_date(day, form, locale=locale)


@lru_cache(_WRITTEN_MAX)
def _moment(at: datetime, form: str, time_zone: ZoneInfo, locale: Locale) -> str:
    return format_datetime(at, form, tzinfo=time_zone, locale=locale)


def _capitalized(name: str) -> str:
    return name[:1].upper() + name[1:]


@lru_cache(256)
def _accepted(header: str) -> Locale:
    """Return the first locale of the header that we speak, by the browser's own order of preference."""
    wishes: list[tuple[float, Locale]] = []
    for part in header.split(","):
        tag, _, quality = part.partition(";")
        locale = _spoken(tag.strip())
        if locale is not None and (weight := _weight(quality)) > 0:
            wishes.append((weight, locale))
    return max(wishes, key=lambda wish: wish[0])[1] if wishes else Locale.parse(FALLBACK)


def _weight(quality: str) -> float:
    try:
        return float(quality.strip().removeprefix("q=")) if quality.strip() else 1.0
    except ValueError:
        return 0.0


@lru_cache(256)
def _spoken(tag: str) -> Locale | None:
    try:
        locale = Locale.parse(tag.replace("-", "_"))
    except (ValueError, TypeError, UnknownLocaleError):
        return None
    if locale.language not in LANGUAGES:
        return None
    # Of a language alone, days would be written as in its most populous country: 12/31 for English.
    return Locale.parse(FALLBACK) if str(locale) == SOURCE else locale
