"""Files of payments and credit notes, taken into the ledger page by page."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from intake.files.columns import FileKind
from intake.files.reading import read_file
from intake.imports import credit_notes, payments
from intake.jobs.kind import Row
from tests.db.book import Book, a_change
from tests.db.statements import heard
from tests.db.test_settlements import outstanding

PAYMENTS = """payment_id,payment_date,currency,amount,invoice_number,customer_id,reference,reversal_date
P-1,2026-06-08,EUR,600.00,INV-1,,,
P-1,2026-06-08,EUR,150.00,INV-2,,,
P-2,2026-06-08,EUR,1000.00,INV-3;INV-2,C-1,,
P-3,2026-06-08,EUR,20.00,,C-1,about INV-1,
P-4,2026-06-08,EUR,5.00,INV-404,C-1,,
P-5,2026-06-08,EUR,5.00,INV-404,,,
P-6,2026-06-08,USD,5.00,INV-1,,,
P-7,2026-06-08,EUR,5.00,,C-404,,
P-8,2026-06-08,EUR,70.00,INV-1,,,2026-06-09
"""
CREDIT_NOTES = """credit_note_number,issue_date,currency,total,invoice_number,customer_id
CN-1,2026-06-08,EUR,-100.00,INV-1,
CN-2,2026-06-08,EUR,-30.00,,C-1
CN-3,2026-06-08,EUR,-30.00,INV-9,
"""


def imported(book: Book, kind: FileKind, content: str, moment: str = "2026-06-08 10:00") -> list[Row]:
    """Take a file in, in one page."""
    reading = read_file(content.encode(), kind=kind)
    assert reading.problems == ()
    change = a_change(moment, by="import")
    rows: list[Row]
    if kind == "payments":
        rows = book.do(lambda session: payments.write_page(session, reading.payments, change))
    else:
        rows = book.do(lambda session: credit_notes.write_page(session, reading.credit_notes, change))
    return rows


def told(rows: Sequence[Row]) -> list[tuple[int, str, str, str | None]]:
    """Return what the report says."""
    return [(row.position, row.subject, row.outcome, row.said) for row in rows]


@pytest.fixture
def three(book: Book) -> Book:
    """INV-1, INV-2 and INV-3 of one customer, 1,000 EUR each."""
    for number in ("INV-1", "INV-2", "INV-3"):
        book.invoice(number)
    return book


def test_each_row_of_payments_is_taken_in_or_says_why_not(three: Book) -> None:
    rows = imported(three, "payments", PAYMENTS)

    assert told(rows) == [
        (2, "P-1", "created", None),
        (4, "P-2", "created", None),
        (5, "P-3", "created", None),
        (6, "P-4", "created", "there is no invoice INV-404 yet; 5.00 EUR unallocated"),
        (7, "P-5", "refused", "there is no invoice 'INV-404', and no customer is named"),
        (8, "P-6", "refused", "INV-1 is in EUR, and the payment in USD"),
        (9, "P-7", "refused", "there is no customer 'C-404'"),
        (10, "P-8", "created", None),
    ]
    assert outstanding(three, "INV-1", "INV-2", "INV-3") == [380, 850, 0]
    assert three.one("SELECT count(*) FROM outbox WHERE NOT is_bulk") == 6


def test_the_same_files_again_change_nothing_and_a_changed_row_changes_its_payment(three: Book) -> None:
    imported(three, "payments", PAYMENTS)
    imported(three, "credit notes", CREDIT_NOTES)
    before = three.rows("SELECT id FROM timeline"), three.rows("SELECT * FROM payments ORDER BY id")

    again = imported(three, "payments", PAYMENTS) + imported(three, "credit notes", CREDIT_NOTES)

    assert {row.outcome for row in again} == {"unchanged", "refused"}
    assert (three.rows("SELECT id FROM timeline"), three.rows("SELECT * FROM payments ORDER BY id")) == before
    changed = imported(three, "payments", PAYMENTS.replace("INV-3;INV-2,C-1,,", "INV-3;INV-2,C-1,,2026-06-16"))
    assert [row.subject for row in changed if row.outcome == "changed"] == ["P-2"]
    assert outstanding(three, "INV-3") == [1000]


def test_credit_notes_settle_what_they_name(three: Book) -> None:
    rows = imported(three, "credit notes", CREDIT_NOTES)

    assert told(rows) == [
        (2, "CN-1", "created", None),
        (3, "CN-2", "created", "30.00 EUR unallocated"),
        (4, "CN-3", "refused", "there is no invoice 'INV-9', and no customer is named"),
    ]
    assert outstanding(three, "INV-1", "INV-2") == [900, 1000]


def test_payments_without_ids_are_known_by_what_they_say(three: Book) -> None:
    content = "payment_date,currency,amount,invoice_number\n" + "2026-06-08,EUR,100.00,INV-1\n" * 2

    first = imported(three, "payments", content)
    again = imported(three, "payments", content + "2026-06-09,EUR,50.00,INV-1\n")

    assert told(first) == [(2, "100.00 EUR of 2026-06-08", "created", None),
                           (3, "100.00 EUR of 2026-06-08", "created", None)]  # fmt: skip
    assert [row.outcome for row in again] == ["unchanged", "unchanged", "created"]
    assert outstanding(three, "INV-1") == [750]


def test_an_old_partial_payment_holds_nobody_up(three: Book) -> None:
    imported(
        three, "payments", "payment_id,payment_date,currency,amount,invoice_number\nP-1,2026-05-20,EUR,1,INV-1"
    )

    assert three.rows("SELECT kind FROM holds") == []
    assert three.stage(three.id_of("INV-1")) == "due"


def test_a_page_of_full_payments_takes_as_many_statements_as_one(book: Book) -> None:
    for number in (0, 1):
        book.invoice(f"INV-{number}")
    book.run(
        "INSERT INTO invoices (external_id, number, customer_id, issued_on, due_on, currency, total)"
        " SELECT 'INV-' || n, 'INV-' || n, 1, '2026-05-02', '2026-06-01', 'EUR', 1000"
        " FROM generate_series(2, 199) n"
    )
    book.run(
        "INSERT INTO collections (invoice_id, cadence_id, version_id, entered_on, assigned_by)"
        " SELECT id, cadence_id, version_id, '2026-05-02', 'import' FROM invoices"
        " CROSS JOIN (SELECT cadence_id, version_id FROM collections LIMIT 1) c WHERE number <> ALL(:had)",
        had=["INV-0", "INV-1"],
    )
    header = "payment_id,payment_date,currency,amount,invoice_number\n"
    statements: list[str] = []

    with heard(book.engine, lambda _connection, statement, _values: statements.append(statement)):
        imported(book, "payments", f"{header}P-0,2026-06-08,EUR,1000.00,INV-0\n")
        of_one = len(statements)
        imported(
            book,
            "payments",
            header + "".join(f"P-{number},2026-06-08,EUR,1000.00,INV-{number}\n" for number in range(1, 200)),
        )

    assert len(statements) - of_one <= of_one + 5
    assert book.one("SELECT sum(outstanding) FROM invoices") == Decimal(0)
    assert book.one("SELECT count(*) FROM collections WHERE state = 'paid' AND closed_at IS NOT NULL") == 200
    assert book.one("SELECT count(*) FROM next_actions WHERE stage = 'closed'") == 200


def test_payments_of_one_page_stand_for_what_was_stated_as_paid_once(book: Book) -> None:
    """Rule 3.17."""
    book.invoice(paid=Decimal(400))

    imported(
        book,
        "payments",
        "payment_id,payment_date,currency,amount,invoice_number\n"
        "P-1,2026-06-08,EUR,300,INV-1\nP-2,2026-06-08,EUR,250,INV-1\n",
    )

    assert outstanding(book, "INV-1") == [450]
    assert book.rows("SELECT external_id FROM payments ORDER BY id") == ["P-1", "P-2"]
