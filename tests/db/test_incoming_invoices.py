"""What the accounts state, and what the ledger makes of it: created, changed, left, or refused."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from db.operations.arrival.invoices import Outcome, take_invoice
from db.operations.messages.recording import record_unreachable
from db.operations.messages.sending import Claim
from db.operations.outbox import take_owed
from db.operations.refusal import Refused
from dunning.facts import InvoiceState
from tests.db.book import Book, a_change, an_invoice, on
from tests.dunning.builders import reminders

MAY_5 = "2026-05-05 09:00"


def snapshot(book: Book) -> dict[str, list[Any]]:
    """Return all that a statement may change."""
    tables = ("invoices", "customers", "contacts", "payments", "collections", "holds", "outbox", "timeline")
    return {table: book.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"paid": Decimal("400.00")},
        {"paid": Decimal("1000.00")},
        {"state": InvoiceState.VOID},
        {"state": InvoiceState.DRAFT},
        {"is_disputed": True},
        {"email": None, "contact_first_name": None, "due_on": None},
        {"email": "ANA@Helios.example", "po_number": "PO-1", "locale": "fr", "payment_term_days": 30},
    ],
)
def test_the_same_statement_a_second_time_changes_nothing(book: Book, changed: dict[str, Any]) -> None:
    assert book.take(an_invoice(**changed)) is Outcome.CREATED
    before = snapshot(book)

    assert book.take(an_invoice(**changed), MAY_5) is Outcome.UNCHANGED

    assert snapshot(book) == before


@pytest.mark.parametrize(
    ("changed", "column", "value"),
    [
        ({"due_on": date(2026, 6, 15)}, "due_on", date(2026, 6, 15)),
        ({"due_on": None}, "due_on", None),
        ({"issued_on": date(2026, 5, 1)}, "issued_on", date(2026, 5, 1)),
        ({"po_number": "PO-1"}, "po_number", "PO-1"),
        ({"total": Decimal("1200.00")}, "outstanding", Decimal(1200)),
        ({"total": Decimal("0.01")}, "outstanding", Decimal("0.01")),
        ({"paid": Decimal("0.01")}, "outstanding", Decimal("999.99")),
        ({"state": InvoiceState.VOID}, "state", "void"),
    ],
)
def test_what_the_accounts_change_changes(book: Book, changed: dict[str, Any], column: str, value: object) -> None:
    invoice_id = book.invoice()

    assert book.take(an_invoice(**changed), MAY_5) is Outcome.CHANGED

    assert book.one(f"SELECT {column} FROM invoices") == value
    assert (invoice_id, "invoice_changed") in book.owed()
    assert book.happened(invoice_id)[0] == "invoice created"


def test_a_later_due_date_moves_the_next_step(book: Book) -> None:
    invoice_id = book.invoice()
    assert book.next_step(invoice_id) == ("upcoming", on("2026-05-29"))

    book.take(an_invoice(due_on=on("2026-06-04")), MAY_5)

    assert book.next_step(invoice_id) == ("upcoming", on("2026-06-01"))


def test_without_a_due_date_the_payment_term_makes_one(book: Book) -> None:
    invoice_id = book.invoice(due_on=None)
    assert book.one("SELECT because->0->>'because' FROM next_actions") == "no due date and no payment term"

    book.take(an_invoice(due_on=None, payment_term_days=30), MAY_5)

    assert book.next_step(invoice_id) == ("upcoming", on("2026-05-29"))


def test_what_is_paid_grows_by_payments_of_the_difference(book: Book) -> None:
    invoice_id = book.invoice(paid=Decimal("100.00"))
    book.pay(invoice_id, "50", "2026-05-04 10:00")

    book.take(an_invoice(paid=Decimal("300.00")), MAY_5)

    assert book.amounts(invoice_id)[1] == 350
    assert book.rows("SELECT source, amount FROM payments ORDER BY id") == [
        ("import", Decimal(100)),
        ("user", Decimal(50)),
        ("import", Decimal(200)),
    ]
    assert book.stage(invoice_id) == "held"


def test_what_is_paid_in_full_is_closed(book: Book) -> None:
    invoice_id = book.invoice()

    book.take(an_invoice(paid=Decimal("1000.00")), MAY_5)

    assert book.collections(invoice_id) == [("Standard", "paid")]


def test_a_total_that_grows_together_with_what_is_paid_is_taken_in(book: Book) -> None:
    invoice_id = book.invoice()

    book.take(an_invoice(total=Decimal("2000.00"), paid=Decimal("1500.00")), MAY_5)

    assert book.amounts(invoice_id) == (Decimal(2000), Decimal(1500), Decimal(500))


def test_a_paid_invoice_whose_total_grows_is_followed_up_again(book: Book) -> None:
    invoice_id = book.invoice()
    book.send(invoice_id, "2026-05-29 08:30")
    book.pay(invoice_id, "1000", "2026-06-01 10:00")
    assert book.stage(invoice_id) is None

    book.take(an_invoice(total=Decimal("1200.00")), "2026-06-02 09:00")

    assert book.collections(invoice_id) == [("Standard", "active")]
    assert book.next_step(invoice_id) == ("reminder", on("2026-06-04"))
    assert book.statuses(invoice_id)["upcoming"] == "done"


def test_an_invoice_that_came_paid_is_followed_up_once_its_total_grows(book: Book) -> None:
    invoice_id = book.invoice(paid=Decimal("1000.00"))
    assert book.collections(invoice_id) == []

    book.take(an_invoice(total=Decimal("1200.00"), paid=Decimal("1000.00")), MAY_5)

    assert book.collections(invoice_id) == [("Standard", "active")]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"paid": Decimal("399.99")}, "paid 399.99 is less than the 400.00 EUR stated before"),
        ({"paid": Decimal("1000.01")}, "50.01 EUR more is paid than was outstanding"),
        ({"paid": Decimal("400.00"), "total": Decimal("449.99")}, "450.00 EUR is settled already"),
        ({"paid": Decimal("500.00"), "total": Decimal("500.00")}, "50.00 EUR more is paid"),
        ({"paid": Decimal("400.00"), "currency": "USD"}, "INV-1 is in EUR; a currency never changes"),
        ({"paid": Decimal("400.00"), "customer_id": "C-2"}, "INV-1 belongs to another customer"),
    ],
)
def test_what_contradicts_the_ledger_is_refused_and_leaves_no_trace(
    book: Book, changed: dict[str, Any], said: str
) -> None:
    invoice_id = book.invoice(paid=Decimal("400.00"))
    book.pay(invoice_id, "50", "2026-05-04 10:00")
    before = snapshot(book)

    with pytest.raises(Refused, match=said):
        book.take(an_invoice(**changed), MAY_5)

    assert snapshot(book) == before


@pytest.mark.parametrize("state", [InvoiceState.VOID, InvoiceState.WRITTEN_OFF])
def test_an_invoice_that_is_open_again_is_followed_up_where_it_was(book: Book, state: InvoiceState) -> None:
    invoice_id = book.invoice()
    book.send(invoice_id, "2026-05-29 08:30")
    book.take(an_invoice(state=state), "2026-06-01 09:00")
    assert book.stage(invoice_id) is None

    book.take(an_invoice(), "2026-06-02 09:00")

    assert book.collections(invoice_id) == [("Standard", "active")]
    assert book.next_step(invoice_id) == ("reminder", on("2026-06-04"))
    assert book.last_contact(invoice_id) == on("2026-05-29")


def test_an_invoice_is_followed_up_again_under_the_cadence_it_was_last_under(book: Book) -> None:
    book.publish(reminders(20, name="Other"))
    invoice_id = book.invoice()
    for cadence in ("Other", "Standard"):
        book.reassign(invoice_id, cadence, MAY_5)
    book.take(an_invoice(state=InvoiceState.VOID), "2026-05-06 09:00")

    book.take(an_invoice(), "2026-05-07 09:00")

    assert book.collections(invoice_id) == [("Standard", "active"), ("Other", "stopped")]


def test_what_a_person_took_off_its_cadence_stays_off(book: Book) -> None:
    invoice_id = book.invoice()
    book.reassign(invoice_id, None, MAY_5)
    book.take(an_invoice(state=InvoiceState.VOID), "2026-05-06 09:00")

    book.take(an_invoice(total=Decimal(2000)), "2026-05-07 09:00")

    assert book.stage(invoice_id) is None


def test_a_draft_is_followed_up_once_it_is_issued(book: Book) -> None:
    invoice_id = book.invoice(state=InvoiceState.DRAFT)
    assert book.collections(invoice_id) == []

    book.take(an_invoice(), MAY_5)

    assert book.collections(invoice_id) == [("Standard", "active")]


def test_without_a_default_cadence_nothing_is_followed_up(book: Book) -> None:
    book.run("UPDATE cadences SET is_default = false")

    invoice_id = book.invoice()
    book.take(an_invoice(po_number="PO-1", total=Decimal(900)), MAY_5)

    assert book.collections(invoice_id) == []


def test_a_dispute_is_followed_as_the_accounts_state_it(book: Book) -> None:
    invoice_id = book.invoice()

    book.take(an_invoice(is_disputed=True), MAY_5)
    assert book.stage(invoice_id) == "held"
    book.take(an_invoice(), "2026-05-06 09:00")

    assert book.stage(invoice_id) == "waiting"
    assert [kind for kind in book.happened(invoice_id) if "disp" in kind] == ["disputed", "dispute resolved"]


def test_a_dispute_that_a_person_raised_is_that_persons_to_resolve(book: Book) -> None:
    invoice_id = book.invoice()
    book.run(
        "INSERT INTO holds (invoice_id, kind, started_at, started_by)"
        " VALUES (:id, 'dispute', '2026-05-04', 'ana')",
        id=invoice_id,
    )

    assert book.take(an_invoice(), MAY_5) is Outcome.UNCHANGED
    assert book.take(an_invoice(is_disputed=True), MAY_5) is Outcome.UNCHANGED

    assert book.one("SELECT count(*) FROM holds WHERE ended_at IS NULL") == 1


@pytest.fixture
def unreachable(book: Book) -> tuple[int, int]:
    """Two invoices of a customer whose address was refused for good; both wait for a person."""
    first, second = book.invoice(), book.invoice("INV-2")
    claim = book.hand_over(first, "2026-05-29 08:30")
    change = a_change("2026-05-29 08:31", by="duewell")
    book.do(
        lambda session: record_unreachable(session, claim, ("ana@helios.example",), "550 no such user", change)
    )
    book.settle(second, "2026-05-29 08:32")
    book.run("DELETE FROM outbox")
    assert [book.stage(invoice_id) for invoice_id in (first, second)] == ["todo", "todo"]
    return first, second


def test_a_mended_address_clears_what_the_old_one_met(book: Book, unreachable: tuple[int, int]) -> None:
    first, _ = unreachable
    assert book.one("SELECT unreachable_because FROM contacts") == "550 no such user"

    book.take(an_invoice(email="ana.lima@helios.example"), "2026-05-29 09:00")

    assert book.rows("SELECT email, unreachable_because FROM contacts") == [("ana.lima@helios.example", None)]
    claim = book.hand_over(first, "2026-05-29 09:01")
    assert book.message_of(claim).recipients == ("ana.lima@helios.example",)


def test_a_mended_address_lets_the_customers_other_invoices_look_again(
    book: Book, unreachable: tuple[int, int]
) -> None:
    first, second = unreachable

    book.take(an_invoice(email="ana.lima@helios.example"), "2026-05-29 09:00")

    assert sorted(book.owed()) == [(first, "invoice_changed"), (second, "invoice_changed")]
    assert isinstance(book.claim(second, "2026-05-29 09:01"), Claim)


def test_rows_that_contradict_each_other_about_a_customer_do_not_multiply(book: Book) -> None:
    numbers = [f"INV-{number}" for number in range(12)]
    for number in numbers:
        book.invoice(number)
    book.run("DELETE FROM outbox")

    def take_all(session: Any) -> None:
        for index, number in enumerate(numbers):
            take_invoice(
                session, an_invoice(number, customer_name=f"Name {index % 2}"), a_change(MAY_5, by="import")
            )

    book.do(take_all)

    assert len(book.owed()) <= 2 * len(numbers)


def test_the_same_address_stated_again_is_no_mended_one(book: Book, unreachable: tuple[int, int]) -> None:
    assert book.take(an_invoice(email="Ana@helios.example"), "2026-05-29 09:00") is Outcome.CHANGED

    assert book.one("SELECT unreachable_because FROM contacts") == "550 no such user"


@pytest.mark.parametrize(
    ("changed", "contacts"),
    [
        ({"email": None}, [("main", "ana@helios.example", "Ana")]),
        ({"contact_first_name": "Anna"}, [("main", "ana@helios.example", "Anna")]),
        ({"contact_role": "billing"}, [("main", "ana@helios.example", "Ana")]),
        (
            {"contact_role": "billing", "email": "b@helios.example", "contact_first_name": None},
            [("main", "ana@helios.example", "Ana"), ("billing", "b@helios.example", None)],
        ),
    ],
)
def test_contacts_are_found_by_address_and_then_by_role(
    book: Book, changed: dict[str, Any], contacts: list[tuple[str, str, str | None]]
) -> None:
    book.invoice()

    book.take(an_invoice(**changed), MAY_5)

    assert book.rows("SELECT role, email, first_name FROM contacts ORDER BY id") == contacts


def test_what_an_invoice_owes_its_process_is_owed_with_its_creation(book: Book) -> None:
    invoice_id = book.invoice()

    owed: Callable[[Any], list[Any]] = lambda session: take_owed(session, 10)  # noqa: E731
    (entry,) = book.do(owed)
    assert (entry.invoice_id, entry.signal, entry.payload, entry.is_open) == (
        invoice_id,
        "invoice_changed",
        {"by": "import"},
        True,
    )


def test_what_was_empty_is_null_on_the_timeline(book: Book) -> None:
    book.take(an_invoice(due_on=None))

    book.take(an_invoice(po_number="PO-1"), MAY_5)

    (changed,) = book.rows("SELECT data -> 'changed' FROM timeline WHERE kind = 'invoice changed'")
    assert changed == {"due_on": [None, "2026-06-01"], "po_number": [None, "PO-1"]}
