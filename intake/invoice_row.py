"""Invoice row: takes one record of an invoice file as an invoice, or gathers everything wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TypeVar

from intake import cells
from intake.cells import InvoiceStatus
from intake.csv_records import BrokenRecord, Record
from intake.invoice_header import Header
from intake.problems import Problem, Wrong

T = TypeVar("T")

CustomerFacts = tuple[tuple[str, str | int | None], ...]


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """One invoice as its line in the file states it; `line` is where its record starts."""

    line: int
    invoice_number: str
    customer_id: str
    customer_name: str
    issued_on: date
    due_on: date | None
    currency: str
    total: Decimal
    paid: Decimal
    state: InvoiceStatus
    po_number: str | None
    email: str | None
    contact_first_name: str | None
    contact_last_name: str | None
    contact_role: str
    locale: str | None
    payment_term_days: int | None


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """What one record says by itself: the invoice, unless there are problems, and whom and what it is about.

    The identifiers and the customer's facts are there for a faulty row too, as far as they could be read, so
    that one reading of a file tells everything there is to mend.
    """

    line: int
    row: InvoiceRow | None
    problems: tuple[Problem, ...]
    invoice_number: str | None = None
    customer_id: str | None = None
    customer_facts: CustomerFacts = ()


class RowParser:
    """Parses the records under one header."""

    def __init__(self, header: Header, encoding: str) -> None:
        known = set(header.places.values())
        self._header = header
        self._unread = [place for place in range(len(header.names)) if place not in known]
        self._encoding = encoding
        # Most cells say what cells above them said; checking an address costs more than all else in a row. The
        # caches end with the reading, so that no file can fill the memory of the process.
        self._parse_date = cache(cells.parse_date)
        self._parse_email = cache(cells.parse_email)
        self._parse_locale = cache(cells.parse_locale)
        self._parse_role = cache(cells.parse_role)
        self._parse_status = cache(cells.parse_status)
        self._parse_term = cache(cells.parse_term)

    def parse(self, record: Record | BrokenRecord) -> ParsedRow:
        """Return what the record says, or all that is wrong with it."""
        if isinstance(record, BrokenRecord):
            return ParsedRow(record.line, None, (record.wrong.at(record.line, None, record.beginning),))
        width = len(self._header.names)
        if len(record.cells) != width:
            wrong = Wrong(f"a row of {len(record.cells)} cells", f"{width} cells, as in the header")
            return ParsedRow(record.line, None, (wrong.at(record.line, None, record.cells[0]),))
        given = _Cells(record, self._header.places, self._encoding)
        if not record.is_text:
            for place in self._unread:
                if cells.is_undecoded(record.cells[place]):
                    name = self._header.names[place]
                    given.report(name, record.cells[place], cells.undecoded(self._encoding))
        parsed = self._parsed(given)
        if parsed.problems and record.line_count > 1:
            last = record.line + record.line_count - 1
            wrong = Wrong(f"a quotation up to line {last}: nothing in it was read", "one invoice per line")
            return replace(parsed, problems=(wrong.at(record.line, None, record.cells[0]), *parsed.problems))
        return parsed

    def _parsed(self, given: "_Cells") -> ParsedRow:
        """Return what the cells say."""
        number = given.required("invoice_number", cells.parse_identifier)
        customer = given.required("customer_id", cells.parse_identifier)
        name = given.required("customer_name", cells.parse_name)
        issued_on = given.required("issue_date", self._parse_date)
        due_on = given.optional("due_date", self._parse_date)
        if issued_on and due_on and due_on < issued_on:
            given.report("due_date", str(due_on), Wrong("before the issue date", f"{issued_on} or later"))
        currency = given.required("currency", cells.parse_currency)
        total = given.required("total", lambda text: cells.parse_total(text, currency))
        state: InvoiceStatus = given.optional("status", self._parse_status) or "open"
        paid = _paid(given, state, total, currency)
        po_number = given.optional("po_number", cells.parse_short)
        email = given.optional("email", self._parse_email)
        first_name = given.optional("contact_first_name", cells.parse_name)
        last_name = given.optional("contact_last_name", cells.parse_name)
        role = given.optional("contact_role", self._parse_role) or "main"
        locale = given.optional("locale", self._parse_locale)
        term = given.optional("payment_term_days", self._parse_term)
        row = None
        if number and customer and name and issued_on and currency and total and not given.problems:
            row = InvoiceRow(
                given.line, number, customer, name, issued_on, due_on, currency, total, paid, state,
                po_number, email, first_name, last_name, role, locale, term,
            )  # fmt: skip
        facts = (
            ("customer_name", name), ("locale", locale), ("payment_term_days", term),
            (f"{role} email", email),
            (f"{role} contact_first_name", first_name), (f"{role} contact_last_name", last_name),
        )  # fmt: skip
        return ParsedRow(given.line, row, tuple(given.problems), number, customer, facts)


def _paid(given: "_Cells", state: InvoiceStatus, total: Decimal | None, currency: str | None) -> Decimal:
    """Return what is paid: nothing by default, everything when the status says so."""
    paid = given.optional("paid", lambda text: cells.parse_amount(text, currency))
    if paid is None:
        return total if total is not None and state == "paid" else Decimal(0)
    if total is not None and paid > total:
        given.report("paid", str(paid), Wrong("more than the total", f"at most {total}"))
    elif total is not None and state == "paid" and paid != total:
        given.report("paid", str(paid), Wrong("less than the total of a paid invoice", f"{total}, or nothing"))
    return paid


class _Cells:
    """The cells of one record by column; gathers the problems of those that are asked for."""

    __slots__ = ("_are_clean", "_cells", "_encoding", "_places", "line", "problems")

    def __init__(self, record: Record, places: dict[str, int], encoding: str) -> None:
        self._cells = record.cells
        self._places = places
        self._encoding = encoding
        # One look at the whole record is several times faster than one at each of its cells.
        self._are_clean = cells.is_clean("".join(record.cells))
        self.line = record.line
        self.problems: list[Problem] = []

    def required(self, column: str, parse: Callable[[str], T | Wrong]) -> T | None:
        """Return the value of a cell that must not be empty, or None after reporting it."""
        cell = self._cells[self._places[column]]
        text = cell.strip() if self._are_clean else cells.clean(cell, self._encoding)
        if text == "":
            text = Wrong("empty", "a value")
        value = text if isinstance(text, Wrong) else parse(text)
        if isinstance(value, Wrong):
            self.report(column, cell, value)
            return None
        return value

    def optional(self, column: str, parse: Callable[[str], T | Wrong]) -> T | None:
        """Return the value of a cell, or None if it is empty, not in the file, or wrong."""
        place = self._places.get(column)
        if place is None or not (cell := self._cells[place]):
            return None
        text = cell.strip() if self._are_clean else cells.clean(cell, self._encoding)
        if text == "":
            return None
        value = text if isinstance(text, Wrong) else parse(text)
        if isinstance(value, Wrong):
            self.report(column, cell, value)
            return None
        return value

    def report(self, column: str, value: str, wrong: Wrong) -> None:
        """Note what is wrong with a cell."""
        self.problems.append(wrong.at(self.line, column, value))
