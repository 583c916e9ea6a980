"""Cells: turns the text of one cell into a value, strictly, or says what is wrong with it."""

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from babel import Locale, UnknownLocaleError
from email_validator import EmailNotValidError, validate_email

from dunning.currencies import CURRENCY_DECIMALS
from intake.problems import Wrong

InvoiceStatus = Literal["open", "draft", "disputed", "void", "written_off", "paid"]
INVOICE_STATUSES: Final[dict[str, InvoiceStatus]] = {
    "open": "open",
    "draft": "draft",
    "disputed": "disputed",
    "void": "void",
    "written_off": "written_off",
    "paid": "paid",
}

AMOUNT_BELOW = Decimal(10) ** 14
TERM_DAYS_MAX = 365

# C0, DEL and C1, the line and paragraph separators, and the characters that turn the direction of a text: the
# former would forge mail headers and log lines, the latter make a name read as another one.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_UNDECODED = re.compile("[\udc80-\udcff]")
_UNCLEAN = re.compile(f"{_CONTROL.pattern}|{_UNDECODED.pattern}")
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AMOUNT = re.compile(r"(-?)([0-9]{1,30})(?:\.([0-9]{1,30}))?")
_INTEGER = re.compile("[0-9]{1,9}")
_ROLE = re.compile("[a-z][a-z0-9_]{0,31}")
_LOCALE = re.compile("[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,2}")


def is_clean(text: str) -> bool:
    """Say whether `clean` would do no more than trim the text, or any part of it."""
    if text.isascii() and text.isprintable():
        return True
    return _UNCLEAN.search(text) is None and unicodedata.is_normalized("NFC", text)


def clean(text: str, encoding: str) -> str | Wrong:
    """Return the text trimmed and in Unicode NFC; text of another encoding or with control characters is wrong."""
    if is_undecoded(text):
        return undecoded(encoding)
    if found := _CONTROL.search(text):
        return Wrong(f"text with the control character U+{ord(found[0]):04X}", "one line of plain text")
    return unicodedata.normalize("NFC", text).strip()


def is_undecoded(text: str) -> bool:
    """Say whether bytes of the file stand in the text that are not of its encoding."""
    return _UNDECODED.search(text) is not None


def undecoded(encoding: str) -> Wrong:
    """Return what is wrong with such text."""
    if encoding == "utf-8":
        return Wrong("not UTF-8 text", "UTF-8, or say --encoding latin-1")
    return Wrong(f"not {encoding} text", f"{encoding}, as it was said")


def parse_identifier(text: str) -> str | Wrong:
    """Return an invoice number or customer id: at most 64 characters, all of them visible."""
    if not text.isprintable():
        return Wrong("an identifier with invisible characters", "visible characters and plain spaces")
    return parse_short(text)


def parse_short(text: str) -> str | Wrong:
    """Return a text of at most 64 characters."""
    return text if len(text) <= 64 else _too_long(text, 64)


def parse_name(text: str) -> str | Wrong:
    """Return a name of at most 200 characters."""
    return text if len(text) <= 200 else _too_long(text, 200)


def parse_date(text: str) -> date | Wrong:
    """Return the date written as YYYY-MM-DD, from 1990 to 2100."""
    expected = "a date as YYYY-MM-DD, such as 2026-06-01"
    if _DATE.fullmatch(text) is None:
        return Wrong("not a date in that form", expected)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return Wrong("no day of the calendar", expected)
    return day if 1990 <= day.year <= 2100 else Wrong("too far away", "a year from 1990 to 2100")


def parse_currency(text: str) -> str | Wrong:
    """Return the ISO 4217 code, in capitals, of money that invoices may be in."""
    code = text.upper()
    return code if code in CURRENCY_DECIMALS else Wrong("no currency in use", "an ISO 4217 code such as EUR")


def parse_amount(text: str, currency: str | None) -> Decimal | Wrong:
    """Return the amount, zero or more, exactly as written; it has no more decimals than the currency."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return Wrong("not a plain amount", "digits with '.' before the decimals, such as 1234.50")
    sign, _, fraction = found.groups(default="")
    if sign:
        return Wrong("negative", "an amount without a sign; credit notes are not collected")
    decimals = None if currency is None else CURRENCY_DECIMALS[currency]
    if decimals is not None and len(fraction) > decimals:
        return Wrong(f"too precise for {currency}", f"at most {decimals} decimals, no thousands separator")
    amount = Decimal(text)
    return amount if amount < AMOUNT_BELOW else Wrong("too large", "less than 100000000000000")


def parse_total(text: str, currency: str | None) -> Decimal | Wrong:
    """Return the amount, which must be above zero."""
    amount = parse_amount(text, currency)
    return Wrong("zero", "an amount above 0") if amount == 0 else amount


def parse_status(text: str) -> InvoiceStatus | Wrong:
    """Return the status; case, spaces, hyphens and underscores do not matter."""
    status = INVOICE_STATUSES.get(_word(text))
    return status or Wrong("no known status", "one of " + ", ".join(INVOICE_STATUSES))


def parse_role(text: str) -> str | Wrong:
    """Return the role of a contact: `main`, `billing`, or a word of the organization's own."""
    role = _word(text)
    return role if _ROLE.fullmatch(role) else Wrong("no role", "a word such as main or billing")


def parse_email(text: str) -> str | Wrong:
    """Return the address, its domain normalized; only its form is checked, nothing is looked up."""
    if len(text) > 254:
        return _too_long(text, 254)
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return Wrong("not an email address", "one address such as ana@company.example, or nothing")


def parse_locale(text: str) -> str | Wrong:
    """Return the locale as Babel writes it (fr, pt_BR), written with '-' or '_'."""
    wrong = Wrong("no known locale", "a language and perhaps a country, such as fr or pt-BR")
    if _LOCALE.fullmatch(text) is None:
        return wrong
    try:
        return str(Locale.parse(text.replace("-", "_")))
    except (ValueError, UnknownLocaleError):
        return wrong


def parse_term(text: str) -> int | Wrong:
    """Return the payment term in days, 0 to 365."""
    days = int(text) if _INTEGER.fullmatch(text) else -1
    return days if 0 <= days <= TERM_DAYS_MAX else Wrong("no payment term", f"whole days, 0 to {TERM_DAYS_MAX}")


def _word(text: str) -> str:
    return re.sub(r"[\s_-]+", "_", text.lower())


def _too_long(text: str, length_max: int) -> Wrong:
    return Wrong(f"too long ({len(text)} characters)", f"at most {length_max} characters")
