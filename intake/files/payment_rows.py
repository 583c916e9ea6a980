"""Payment rows and credit note rows: money that settles invoices, or stays with a customer."""

from collections import Counter
from datetime import date
from decimal import Decimal
from hashlib import sha256

from intake import cells
from intake.files.column_values import FileColumns
from intake.files.invoice_rows import AmountsByCurrency
from intake.files.parts import Parts, said
from intake.files.rows import DERIVED, CreditNoteRow, PaymentRow
from intake.files.tables import Cell
from intake.files.values import parse_numbers, parse_reference
from intake.problems import Wrong

PAYMENT_COLUMNS = (
    "payment_id", "payment_date", "currency", "amount", "invoice_number", "customer_id", "reference",
    "reversal_date",
)  # fmt: skip
CREDIT_NOTE_COLUMNS = (
    "credit_note_number", "issue_date", "currency", "total", "invoice_number", "customer_id", "external_id",
)  # fmt: skip

_OWNERLESS = Wrong("neither an invoice nor a customer", "an invoice number, or the customer's number")
_ID_MISSING = Wrong("empty", "a value, or no such column")


class PaymentRowReader:
    """Reads rows of payments.

    Where a file has no ids, a payment is known by what it says, and by how many before it say the same: the same
    rows in a later file are the same payments.
    """

    def __init__(self, columns: FileColumns) -> None:
        self._found = columns.found
        self._own = columns.getter(PAYMENT_COLUMNS)
        self._has_ids = columns.has("payment_id")
        self._id = columns.texts("payment_id", cells.parse_identifier)
        self._date = columns.dates("payment_date")
        self._currency = columns.texts("currency", cells.parse_currency)
        self._amount = AmountsByCurrency(columns, "amount", may_be_zero=False)
        self._numbers = columns.texts("invoice_number", parse_numbers)
        self._customer_id = columns.texts("customer_id", cells.parse_identifier)
        self._reference = columns.texts("reference", parse_reference)
        self._reversal_date = columns.dates("reversal_date")
        self._parts = Parts(columns.found, "payment_id", "payment")
        self._repeated: Counter[str] = Counter()

    def read(self, given: list[Cell]) -> None:
        """Take the row, or report what is wrong with it."""
        found = self._found
        before = len(found.problems)
        id_, on, money, much, invoices, customer, reference_, reversal = self._own(given)
        payment_id = self._id[id_]
        if self._has_ids and payment_id is None and len(found.problems) == before:
            found.report("payment_id", id_, _ID_MISSING)
        received_on: date | None = self._date[on]
        currency = self._currency[money]
        amount: Decimal | None = self._amount[currency][much]
        numbers = self._numbers[invoices] or ()
        customer_id = self._customer_id[customer]
        reference = self._reference[reference_]
        reversed_on: date | None = self._reversal_date[reversal]
        if len(found.problems) == before and not numbers and customer_id is None:
            found.report("invoice_number", "", _OWNERLESS)
        if reversed_on and received_on and reversed_on < received_on:
            found.report("reversal_date", str(reversed_on), Wrong("before the payment", f"{received_on} or later"))
        if len(found.problems) > before or amount is None:
            self._parts.spoil(payment_id)
            return
        head = (
            ("customer_id", customer_id), ("payment_date", received_on), ("currency", currency),
            ("reference", reference), ("reversal_date", reversed_on),
        )  # fmt: skip
        if payment_id is None:
            # The reversal is no part of it: the same payment is taken back.
            payment_id = self._derived(*numbers, "", *map(str, dict(head[:4]).values()), f"{amount.normalize():f}")
        self._parts.add(payment_id, head, amount, numbers)

    def _derived(self, *said: str) -> str:
        text = "\n".join(said)
        self._repeated[text] += 1
        return DERIVED + sha256(f"{text}\n{self._repeated[text]}".encode()).hexdigest()[:32]

    def finish(self) -> list[PaymentRow]:
        """Return the payments."""
        return [
            PaymentRow(
                whole.line, whole.external_id, customer_id, received_on, currency, whole.amount, reference,
                reversed_on, whole.allocations,
            )
            for whole in self._parts.finish()
            for (customer_id, received_on, currency, reference, reversed_on) in [said(whole.head)]
        ]  # fmt: skip


class CreditNoteRowReader:
    """Reads rows of credit notes. Some programs write their totals with a sign, and then all of them."""

    def __init__(self, columns: FileColumns) -> None:
        self._found = columns.found
        self._own = columns.getter(CREDIT_NOTE_COLUMNS)
        self._number = columns.texts("credit_note_number", cells.parse_identifier)
        self._date = columns.dates("issue_date")
        self._currency = columns.texts("currency", cells.parse_currency)
        self._total = AmountsByCurrency(columns, "total", may_be_zero=False, any_sign=True)
        self._numbers = columns.texts("invoice_number", parse_numbers)
        self._customer_id = columns.texts("customer_id", cells.parse_identifier)
        self._external_id = columns.texts("external_id", cells.parse_identifier)
        self._parts = Parts(columns.found, "credit_note_number", "credit note")
        self._sign: tuple[int, bool] | None = None

    def read(self, given: list[Cell]) -> None:
        """Take the row, or report what is wrong with it."""
        found = self._found
        before = len(found.problems)
        written, on, money, gross, invoices, customer, external = self._own(given)
        number = self._number[written]
        issued_on: date | None = self._date[on]
        currency = self._currency[money]
        total: Decimal | None = self._total[currency][gross]
        numbers = self._numbers[invoices] or ()
        customer_id = self._customer_id[customer]
        external_id = self._external_id[external] or number
        if len(found.problems) == before and not numbers and customer_id is None:
            found.report("invoice_number", "", _OWNERLESS)
        if total is not None:
            self._sign = self._sign or (found.line, total < 0)
            if self._sign[1] != (total < 0):
                wrong = Wrong(f"of another sign than the total on line {self._sign[0]}", "one sign in all rows")
                found.report("total", str(total), wrong)
        if len(found.problems) > before or external_id is None or total is None:
            self._parts.spoil(external_id)
            return
        head = (
            ("credit_note_number", number), ("customer_id", customer_id), ("issue_date", issued_on),
            ("currency", currency),
        )  # fmt: skip
        self._parts.add(external_id, head, abs(total), numbers)

    def finish(self) -> list[CreditNoteRow]:
        """Return the credit notes."""
        return [
            CreditNoteRow(
                whole.line, whole.external_id, number, customer_id, issued_on, currency, whole.amount,
                whole.allocations,
            )
            for whole in self._parts.finish()
            for (number, customer_id, issued_on, currency) in [said(whole.head)]
        ]  # fmt: skip
