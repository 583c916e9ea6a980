"""What the database itself keeps of money: nothing is owed twice, and nothing is lost."""

from decimal import Decimal

import pytest
from sqlalchemy.exc import DBAPIError

from db.schema import metadata
from tests.db.ledger import Ledger, Refusing


@pytest.mark.parametrize("settled", ["-0.0001", "1000.0001", "-1", "2000"])
def test_settled_is_from_0_to_the_total(ledger: Ledger, settled: str) -> None:
    with Refusing("ck_invoices_settled"):
        ledger.change(f"UPDATE invoices SET settled = {settled}")


def test_a_total_never_falls_below_what_is_settled(ledger: Ledger) -> None:
    ledger.change("UPDATE invoices SET settled = 400")

    with Refusing("ck_invoices_settled"):
        ledger.change("UPDATE invoices SET total = 399.9999")


@pytest.mark.parametrize(
    ("total", "settled", "outstanding"),
    [
        ("1000", "0", "1000.0000"),
        ("0.0003", "0.0001", "0.0002"),
        ("999999999999999.9999", "0.0001", "999999999999999.9998"),
    ],
)
def test_outstanding_is_what_is_not_settled_to_the_last_digit(
    ledger: Ledger, total: str, settled: str, outstanding: str
) -> None:
    ledger.change(f"UPDATE invoices SET total = {total}, settled = {settled}")

    assert ledger.rows("SELECT outstanding FROM invoices") == [(Decimal(outstanding),)]


def test_nobody_writes_what_is_outstanding(ledger: Ledger) -> None:
    with pytest.raises(DBAPIError, match="can only be updated to DEFAULT"):
        ledger.change("UPDATE invoices SET outstanding = 0")


@pytest.mark.parametrize("amount", ["0", "-1"])
def test_what_is_owed_paid_or_credited_is_more_than_nothing(ledger: Ledger, amount: str) -> None:
    money = {"customer_id": ledger.customer_id, "currency": "EUR"}

    if amount == "0":
        with Refusing("ck_invoices_total"):
            ledger.change("UPDATE invoices SET total = 0, settled = 0")
    with Refusing("ck_payments_amount"):
        ledger.add("payments", source="user", amount=amount, received_on="2026-06-01", **money)
    with Refusing("ck_credit_notes_total"):
        ledger.add("credit_notes", external_id="C", number="C", total=amount, issued_on="2026-06-01", **money)
    with Refusing("ck_payments_unallocated"):
        ledger.add("payments", source="user", amount=1, unallocated=2, received_on="2026-06-01", **money)
    payment_id = ledger.add("payments", source="user", amount=1, received_on="2026-06-01", **money)
    with Refusing("ck_payment_allocations_amount"):
        ledger.add("payment_allocations", payment_id=payment_id, invoice_id=ledger.invoice_id, amount=amount)


@pytest.mark.parametrize("currency", ["eur", "EU", "EURO", "€", "", "EU1", "EUR ", "EUR\n", "ÉUR"])
def test_a_currency_looks_like_one_wherever_it_is_written(ledger: Ledger, currency: str) -> None:
    with Refusing("ck_invoices_currency"):
        ledger.change("UPDATE invoices SET currency = :currency", currency=currency)


def test_every_currency_is_checked() -> None:
    for table in metadata().sorted_tables:
        if "currency" in table.columns:
            assert f"ck_{table.name}_currency" in {one.name for one in table.constraints}


def test_an_invoice_is_due_on_or_after_its_issue_or_has_no_due_date(ledger: Ledger) -> None:
    with Refusing("ck_invoices_due_after_issue"):
        ledger.change("UPDATE invoices SET due_on = issued_on - 1")
    ledger.change("UPDATE invoices SET due_on = issued_on")
    ledger.change("UPDATE invoices SET due_on = NULL")
