"""Renders a template for one letter: pure, from values to text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import parse_pattern
from liquid import Environment, FileSystemLoader, Mode, StrictUndefined
from liquid.exceptions import LiquidError

from dunning.currencies import CURRENCY_DECIMALS
from dunning.money import Money
from mailer.tags import Letter

TEMPLATES = Path(__file__).parent / "templates"
FALLBACK_LANGUAGE = "en"
# CLDR parts a code of letters from the digits beside it (CHF 5, but €5); Babel leaves that out.
_LETTER_BESIDE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


class CannotRender(Exception):
    """A text cannot be made; the message says why, for the person who gets the to-do."""


class _NoValue:
    """A tag without a value: false where a text asks for it, and no text where it should be written (rule 8.1)."""

    def __init__(self, tag: str) -> None:
        self._tag = tag

    def __liquid__(self) -> None:
        return None

    def __str__(self) -> str:
        raise CannotRender(f"{self._tag} has no value")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text ready to be sent or shown."""

    subject: str
    body: str


def render(template: str, letter: Letter) -> Rendered:
    """Render the shipped template for the letter, in the letter's language if there is such a text.

    Raises CannotRender for an unknown template, an unknown tag or a tag without a value.
    """
    locale = _locale(letter.locale)
    if not (TEMPLATES / locale.language / f"{template}.txt").is_file():
        # Words and formats go together: a text that falls back to English has English dates and amounts.
        locale = Locale(FALLBACK_LANGUAGE)
    head, _, body = _source(template, locale.language).partition("\n\n")
    if letter.listed and "invoices" not in body:
        raise CannotRender(f"template {template} is about one invoice alone")
    tags = _tags(letter, locale)
    try:
        subject = _environment(locale.language).from_string(head.removeprefix("Subject: ")).render(**tags)
        text = _environment(locale.language).from_string(body).render(**tags)
    except (LiquidError, CannotRender) as error:
        raise CannotRender(f"template {template}: {error}") from error
    return Rendered(" ".join(subject.split()), text.strip() + "\n")


def format_money(value: Money, locale: Locale) -> str:
    """Return the amount as the locale writes it, with the decimals that ISO 4217 gives its currency.

    Babel's own decimals are those of cash, and would round 1234.56 RSD in a reminder.
    """
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    decimals = CURRENCY_DECIMALS[value.currency]
    pattern.frac_prec = (decimals, decimals)
    written = str(pattern.apply(value.amount, locale, currency=value.currency, currency_digits=False))
    return _LETTER_BESIDE_DIGIT.sub("\N{NO-BREAK SPACE}", written)


def template_names() -> frozenset[str]:
    """Return the names of the shipped templates."""
    return frozenset(path.stem for path in (TEMPLATES / FALLBACK_LANGUAGE).glob("*.txt"))


@cache
def _source(template: str, language: str) -> str:
    if template not in template_names():
        raise CannotRender(f"there is no template {template!r}")
    return (TEMPLATES / language / f"{template}.txt").read_text(encoding="utf-8")


@cache
def _environment(language: str) -> Environment:
    # What several texts have in common is in parts/, and a text takes it in by its name.
    parts = FileSystemLoader(TEMPLATES / language / "parts")
    return Environment(autoescape=False, undefined=StrictUndefined, tolerance=Mode.STRICT, loader=parts)


@cache
def _locale(locale: str) -> Locale:
    try:
        return Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale(FALLBACK_LANGUAGE)


def _tags(letter: Letter, locale: Locale) -> Mapping[str, object]:
    def money(value: Money) -> str:
        return format_money(value, locale)

    def day(value: date | None) -> str | None:
        return None if value is None else format_date(value, "long", locale=locale)

    tags: dict[str, dict[str, object]] = {
        "invoice": {
            "number": letter.invoice_number,
            "po_number": letter.po_number,
            "issue_date": day(letter.issued_on),
            "due_date": day(letter.due_on),
            "total": money(letter.total),
            "paid": money(letter.paid),
            "outstanding": money(letter.outstanding),
            "is_partly_paid": letter.paid.amount > 0,
            "currency": letter.total.currency,
            "days_overdue": letter.days_overdue,
            "days_until_due": letter.days_until_due,
        },
        "customer": {"name": letter.customer_name},
        "contact": {"first_name": letter.contact_first_name, "last_name": letter.contact_last_name},
        "organization": {
            "name": letter.organization_name,
            "email": letter.organization_email,
            "address": letter.organization_address,
            "bank_details": letter.bank_details,
        },
        "step": {"number": letter.step_number, "of": letter.step_of},
        "history": {"reminders_sent": letter.reminders_sent},
    }
    valued = {group: _valued(group, values) for group, values in tags.items()}
    listed = [
        _valued(
            "invoice",
            {
                "number": one.number,
                "po_number": one.po_number,
                "issue_date": day(one.issued_on),
                "due_date": day(one.due_on),
                "total": money(one.total),
                "paid": money(one.paid),
                "outstanding": money(one.outstanding),
                "is_partly_paid": one.paid.amount > 0,
                "currency": one.total.currency,
            },
        )
        for one in letter.listed
    ]
    totals = [money(total) for total in letter.totals]
    return {**valued, "invoices": listed or [valued["invoice"]], "totals": totals, "today": day(letter.today)}


def _valued(group: str, values: Mapping[str, object]) -> dict[str, object]:
    return {tag: _NoValue(f"{group}.{tag}") if value is None else value for tag, value in values.items()}
