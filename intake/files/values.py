"""Values: what one cell of a column says, typed, or what is wrong with it."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TypeVar, assert_never

from dunning.currencies import CURRENCY_DECIMALS
from intake import cells
from intake.cells import AMOUNT_BELOW
from intake.files.columns import Column
from intake.files.date_formats import DateFormat
from intake.files.formats import (
    PLAIN,
    NumberFormat,
    date_reader,
    expected_date,
    number_reader,
    within_years,
)
from intake.files.rows import CustomValue
from intake.files.tables import Cell
from intake.problems import Wrong

T = TypeVar("T")

# A sheet holds 15 digits of a number; those behind them are lost, and what stands in their place is noise.
SHEET_DIGITS_MAX = 15
CUSTOM_TEXT_LENGTH_MAX = 500
# Characters that cannot be too large an amount.
_WHOLE_MAX = 14
_CUSTOM_NUMBER_BELOW = Decimal(10) ** 15
_TRUE = {"true", "yes", "y", "1", "x", "ja", "j", "wahr", "oui", "o", "vrai", "si", "s", "verdadero"}
_FALSE = {"false", "no", "n", "0", "nein", "falsch", "non", "faux", "falso"}
_SEVERAL = re.compile("[;,|]")


def text_of(cell: Cell) -> str | Wrong:
    """Return what a cell of a sheet says as text; a number as its digits."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Decimal):
        if cell.adjusted() >= SHEET_DIGITS_MAX:
            return Wrong("a number that the sheet has rounded", "a cell formatted as text")
        return f"{cell:f}"
    return cell.isoformat()


def textual(parse: Callable[[str], T | Wrong]) -> Callable[[Cell], T | Wrong]:
    """Return the same for the cells of sheets too."""

    def parse_cell(cell: Cell) -> T | Wrong:
        if isinstance(cell, str):
            return parse(cell)
        text = text_of(cell)
        return text if isinstance(text, Wrong) else parse(text)

    return parse_cell


def dates_of(form: DateFormat) -> Callable[[Cell], date | Wrong]:
    """Return what reads the days of a column."""
    read, expected = date_reader(form), expected_date(form)

    def parse(cell: Cell) -> date | Wrong:
        if isinstance(cell, str):
            return read(cell)
        return Wrong("a number", expected) if isinstance(cell, Decimal) else within_years(cell)

    return parse


def amounts_of(
    form: NumberFormat, currency: str | None, *, may_be_zero: bool = True, any_sign: bool = False
) -> Callable[[Cell], Decimal | Wrong]:
    """Return what reads the amounts of a column in a currency, or in one that could not be read.

    An amount has no more decimals than its currency. With `any_sign` it may be below zero.
    """
    read = number_reader(form)
    decimals = None if currency is None else CURRENCY_DECIMALS[currency]
    unread = Wrong("not a plain amount", f"digits with '.' before the decimals, such as {form.example}")
    if form.decimal != "." or form.thousands:
        unread = Wrong("not an amount in that form", f"an amount such as {form.example}")

    fraction_max = 0 if decimals is None else decimals
    is_plain = form == PLAIN

    def parse(cell: Cell) -> Decimal | Wrong:
        if is_plain and isinstance(cell, str) and cell.isascii() and len(cell) <= _WHOLE_MAX:
            # What nearly all cells are, and several times faster than to look for what is wrong with the others.
            whole, mark, fraction = cell.partition(".")
            if whole.isdigit() and (fraction.isdigit() if mark else True) and len(fraction) <= fraction_max:
                amount = Decimal(cell)
                if amount or may_be_zero:
                    return amount
        if isinstance(cell, date):
            return Wrong("a date", unread.expected)
        number = read(cell) if isinstance(cell, str) else cell
        if number is None:
            return unread
        amount = number
        if amount < 0 and not any_sign:
            return Wrong("negative", "an amount without a sign; credit notes have files of their own")
        exponent = amount.as_tuple().exponent
        if decimals is not None and isinstance(exponent, int) and -exponent > decimals:
            return Wrong(f"too precise for {currency}", f"at most {decimals} decimals")
        if abs(amount) >= AMOUNT_BELOW:
            return Wrong("too large", f"less than {AMOUNT_BELOW:f}")
        return Wrong("zero", "an amount above 0") if not amount and not may_be_zero else amount

    return parse


def parse_numbers(text: str) -> tuple[str, ...] | Wrong:
    """Return the invoice numbers in a cell, each once; several are separated by a comma, a semicolon or a bar."""
    numbers: dict[str, None] = {}
    for part in _SEVERAL.split(text):
        number = cells.parse_identifier(part.strip())
        if isinstance(number, Wrong):
            return number
        if number:
            numbers[number] = None
    return tuple(numbers) or Wrong("no invoice number", "invoice numbers, separated by ';'")


def parse_reference(text: str) -> str | Wrong:
    """Return what was written on a payment, at most 200 characters."""
    return cells.parse_name(text)


def custom_of(column: Column, dates: DateFormat, numbers: NumberFormat) -> Callable[[Cell], CustomValue | Wrong]:
    """Return what reads the values of a custom field."""
    match column.holds:
        case "text":
            return textual(_custom_text)
        case "date":
            return dates_of(dates)
        case "number" | "amount":
            return _custom_number(numbers)
        case "boolean":
            return textual(_truth)
        case "select":
            return textual(_option(column.options))
        case never:
            assert_never(never)


def _custom_text(text: str) -> str | Wrong:
    if len(text) > CUSTOM_TEXT_LENGTH_MAX:
        return Wrong(f"too long ({len(text)} characters)", f"at most {CUSTOM_TEXT_LENGTH_MAX} characters")
    return text


def _custom_number(form: NumberFormat) -> Callable[[Cell], Decimal | Wrong]:
    read = number_reader(form)

    def parse(cell: Cell) -> Decimal | Wrong:
        number = read(cell) if isinstance(cell, str) else None if isinstance(cell, date) else cell
        if number is None:
            return Wrong("not a number", f"a number such as {form.example}")
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > 4:
            return Wrong("too precise", "at most 4 decimals")
        return number if abs(number) < _CUSTOM_NUMBER_BELOW else Wrong("too large", "at most 15 digits")

    return parse


def _truth(text: str) -> bool | Wrong:
    word = without_accents(text).casefold()
    if word in _TRUE:
        return True
    return False if word in _FALSE else Wrong("neither yes nor no", "yes or no")


def _option(options: tuple[str, ...]) -> Callable[[str], str | Wrong]:
    known = {option.casefold(): option for option in options}

    def parse(text: str) -> str | Wrong:
        option = known.get(text.casefold())
        return option or Wrong("none of the options", "one of " + ", ".join(options))

    return parse


def without_accents(text: str) -> str:
    """Return the text with its letters alone."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
