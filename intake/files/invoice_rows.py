"""Invoice rows: takes one record of an invoice file as an invoice, or reports everything wrong with it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from intake import cells
from intake.cells import InvoiceStatus
from intake.files.column_values import ColumnValues, FileColumns
from intake.files.customer_rows import PartyReader
from intake.files.rows import InvoiceRow
from intake.files.tables import Cell
from intake.problems import Wrong

OWN_COLUMNS = (
    "invoice_number",
    "issue_date",
    "due_date",
    "currency",
    "total",
    "status",
    "paid",
    "outstanding",
    "po_number",
    "external_id",
)

_NOTHING = Decimal(0)
OPEN: Final[InvoiceStatus] = "open"


class InvoiceRowReader:
    """Reads rows of invoices."""

    def __init__(self, columns: FileColumns, status: Callable[[str], InvoiceStatus | Wrong]) -> None:
        self._found = columns.found
        self._own = columns.getter(OWN_COLUMNS)
        self._parties = PartyReader(columns, "customer.custom.", one_contact_per_role=True)
        self._number = columns.texts("invoice_number", cells.parse_identifier)
        self._date = columns.dates("issue_date")
        self._due = columns.dates("due_date")
        self._currency = columns.texts("currency", cells.parse_currency)
        self._amounts = {
            "total": AmountsByCurrency(columns, "total", may_be_zero=False),
            "paid": AmountsByCurrency(columns, "paid"),
            "outstanding": AmountsByCurrency(columns, "outstanding"),
        }
        self._total = self._amounts["total"]
        self._status: ColumnValues[InvoiceStatus] = columns.texts("status", status)
        self._po_number = columns.texts("po_number", cells.parse_short)
        self._external_id = columns.texts("external_id", cells.parse_identifier)
        self._custom = columns.custom("custom.")
        # The first row of each number, or the line of one that was no good.
        self._numbers: dict[str, InvoiceRow | int] = {}
        self._external_ids: dict[str, int] | None = {} if columns.has("external_id") else None

    def read(self, given: list[Cell]) -> InvoiceRow | None:
        """Return the invoice, or None after reporting what is wrong with it."""
        found = self._found
        problems, line = found.problems, found.line
        before = len(problems)
        written, issued, due, money, gross, status, paid_, open_, order, external = self._own(given)
        number = self._number[written]
        issued_on = self._date[issued]
        due_on = self._due[due]
        if due_on and issued_on and due_on < issued_on:
            found.report("due_date", str(due_on), Wrong("before the issue date", f"{issued_on} or later"))
        currency = self._currency[money]
        total = self._total[currency][gross]
        state: InvoiceStatus = self._status[status] or OPEN
        paid = self._paid(paid_, open_, state, currency, total)
        po_number = self._po_number[order]
        external_id = self._external_id[external] or number
        custom = self._custom.read(given)
        party = self._parties.read(given)
        row = None
        if (
            len(problems) == before
            and party is not None
            and issued_on is not None
            and total is not None
            and number is not None
            and currency is not None
            and external_id is not None
        ):
            row = InvoiceRow(
                line, external_id, number, party.customer, party.contact, issued_on, due_on, currency,
                total, paid, state, po_number, custom,
            )  # fmt: skip
        if number is not None:
            earlier = self._numbers.setdefault(number, row or line)
            if earlier is not row and earlier != line:
                found.report("invoice_number", number, Wrong(_repetition(earlier, row), "every invoice once"))
                return None
        if self._external_ids is not None and external_id is not None:
            earlier_line = self._external_ids.setdefault(external_id, line)
            if earlier_line != line:
                wrong = Wrong(f"the external id of line {earlier_line}", "every invoice once")
                found.report("external_id", external_id, wrong)
                return None
        return row

    def finish(self) -> list[InvoiceRow]:
        """Return the rows that had to wait for the end of the file: none."""
        return []

    def _paid(
        self, paid_: Cell, open_: Cell, state: InvoiceStatus, currency: str | None, total: Decimal | None
    ) -> Decimal:
        """Return what is paid: as stated, or what is not outstanding; by default all, if the status says so."""
        paid: Decimal | None = self._amounts["paid"][currency][paid_]
        left: Decimal | None = self._amounts["outstanding"][currency][open_]
        report = self._found.report
        if total is None:
            return _NOTHING
        if left is not None and left > total:
            report("outstanding", str(left), Wrong("more than the total", f"at most {total}"))
        elif left is not None and paid is not None and paid + left != total:
            report("outstanding", str(left), Wrong("not what the total leaves", f"{total - paid}, or nothing"))
        elif left is not None and state == "paid" and left > 0:
            report("outstanding", str(left), Wrong("something left of a paid invoice", "0, or nothing"))
        if paid is None:
            if left is not None:
                return total - left
            return total if state == "paid" else _NOTHING
        if paid > total:
            report("paid", str(paid), Wrong("more than the total", f"at most {total}"))
        elif state == "paid" and paid != total:
            report("paid", str(paid), Wrong("less than the total of a paid invoice", f"{total}, or nothing"))
        return paid


class AmountsByCurrency(dict[str | None, ColumnValues[Decimal]]):
    """The values of a column of amounts by the currency of the row, which decides on the decimals."""

    def __init__(
        self, columns: FileColumns, column: str, *, may_be_zero: bool = True, any_sign: bool = False
    ) -> None:
        super().__init__()
        self._columns = columns
        self._column = column
        self._may_be_zero = may_be_zero
        self._any_sign = any_sign

    def __missing__(self, currency: str | None) -> ColumnValues[Decimal]:
        values = self[currency] = self._columns.amounts(
            self._column, currency, may_be_zero=self._may_be_zero, any_sign=self._any_sign
        )
        return values


def _repetition(earlier: InvoiceRow | int, row: InvoiceRow | None) -> str:
    if isinstance(earlier, int):
        return f"the number of line {earlier}, with other contents"
    if row is not None and row._replace(line=earlier.line) == earlier:
        return f"a duplicate of line {earlier.line}"
    return f"the number of line {earlier.line}, with other contents"
