"""Payments and credit notes over several invoices: where they go, and what that does to the collections."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from db.engine import transaction
from db.operations.messages.sending import Claim
from db.operations.refusal import Refused
from db.operations.settlement.settlements import (
    allocate_payment,
    reverse_payment,
    take_credit_note,
    take_payment,
    unallocate_payment,
    void_credit_note,
)
from db.operations.settlement.stated import Allocation, Automatic, StatedCreditNote, StatedPayment, Taken
from db.queries.settled import mistaken_page
from dunning.facts import InvoiceState
from tests.db.book import Book, a_change, an_invoice, on
from tests.db.rules import add_rule
from tests.dunning.builders import reminders

MOMENT = "2026-06-08 10:00"
TODAY = on("2026-06-08")


def to(invoice: str, amount: str | None = None) -> Allocation:
    """Return an allocation."""
    return Allocation(invoice, None if amount is None else Decimal(amount))


def a_payment(*allocations: Allocation, amount: str = "1000", **changed: Any) -> StatedPayment:
    """Return a payment of C-1."""
    values = {"external_id": "P-1", "customer_id": "C-1", "currency": "EUR", "received_on": on("2026-06-08")}
    return StatedPayment(**{**values, "amount": Decimal(amount), "allocations": allocations, **changed})


def a_credit_note(*allocations: Allocation, total: str = "1000", **changed: Any) -> StatedCreditNote:
    """Return a credit note of C-1."""
    values = {"external_id": "CN-1", "number": "CN-1", "customer_id": "C-1", "currency": "EUR"}
    whole = {"issued_on": on("2026-06-08"), "total": Decimal(total), "allocations": allocations}
    return StatedCreditNote(**{**values, **whole, **changed})


def take(book: Book, stated: StatedPayment, moment: str = MOMENT, source: str = "import") -> Taken:
    """Take a payment in."""
    taken: Taken = book.do(lambda session: take_payment(session, stated, a_change(moment), source))
    return taken


def credit(book: Book, stated: StatedCreditNote, moment: str = MOMENT) -> Taken:
    """Take a credit note in."""
    taken: Taken = book.do(lambda session: take_credit_note(session, stated, a_change(moment)))
    return taken


def outstanding(book: Book, *numbers: str) -> list[Decimal]:
    """Return what is outstanding, and check by the way that all of it is derived rightly."""
    wrong, _ = book.do(lambda session: mistaken_page(session, 0, 100))
    assert wrong == []
    return [book.amounts(book.id_of(number))[2] for number in numbers]


@pytest.fixture
def three(book: Book) -> Book:
    """INV-1, INV-2 and INV-3 of one customer, 1,000 EUR each; INV-3 is due first."""
    for number, due in (("INV-1", "2026-06-01"), ("INV-2", "2026-06-15"), ("INV-3", "2026-05-15")):
        book.invoice(number, due_on=on(due))
    return book


def test_a_payment_settles_several_invoices_and_its_rest_stays_with_the_customer(three: Book) -> None:
    """Rules 3.13 and 3.14."""
    taken = take(three, a_payment(to("INV-1"), to("INV-2", "300"), amount="1500"))

    assert outstanding(three, "INV-1", "INV-2", "INV-3") == [0, 700, 1000]
    assert taken.outcome == "created"
    assert taken.unallocated == 200
    assert [three.collections(three.id_of(each))[0][1] for each in ("INV-1", "INV-2")] == ["paid", "active"]
    assert three.happened(three.id_of("INV-1"))[-2:] == ["paid", "collection closed"]
    assert three.one("SELECT until_on FROM holds WHERE kind = 'partial_payment'") == on("2026-06-11")
    assert len(taken.owed_ids) == 2


def test_the_same_statement_again_changes_nothing(three: Book) -> None:
    stated = a_payment(to("INV-1"), to("INV-2", "300"), amount="1500")
    first = take(three, stated)
    happened = three.rows("SELECT id FROM timeline")

    again = take(three, stated)

    assert (again.id, again.outcome, again.owed_ids) == (first.id, "unchanged", ())
    assert three.rows("SELECT id FROM timeline") == happened


def test_what_is_due_longest_is_settled_first_after_what_the_reference_names(three: Book) -> None:
    stated = a_payment(amount="2500", reference="thanks, inv-2: all of it", automatic=Automatic.OLDEST)

    take(three, stated)

    assert outstanding(three, "INV-2", "INV-3", "INV-1") == [0, 0, 500]


def test_what_was_found_by_itself_gives_way_when_only_what_is_named_is_stated(three: Book) -> None:
    stated = a_payment(to("INV-3", None), amount="2500", automatic=Automatic.OLDEST)
    take(three, stated)
    assert outstanding(three, "INV-1", "INV-2", "INV-3") == [0, 500, 0]

    again = take(three, replace(stated, automatic=Automatic.NONE))

    assert again.outcome == "changed"
    assert again.unallocated == 1500
    assert outstanding(three, "INV-1", "INV-2", "INV-3") == [1000, 1000, 0]


def test_a_reference_alone_settles_only_what_it_names(three: Book) -> None:
    """Rule 3.14."""
    taken = take(three, a_payment(amount="2500", reference="Rechnung INV-2"))

    assert outstanding(three, "INV-1", "INV-2") == [1000, 0]
    assert taken.unallocated == 1500


def test_a_changed_statement_moves_what_it_says_and_leaves_what_people_moved(three: Book) -> None:
    taken = take(three, a_payment(to("INV-1", "400"), to("INV-2", "300")))
    three.do(lambda session: allocate_payment(session, taken.id, [to("INV-3", "100")], a_change(MOMENT)))

    again = take(three, a_payment(to("INV-1", "400"), to("INV-2", "250")))

    assert outstanding(three, "INV-1", "INV-2", "INV-3") == [600, 750, 900]
    assert again.outcome == "changed"
    assert again.unallocated == 250
    assert three.happened(three.id_of("INV-2"))[-1] == "payment moved"
    assert three.happened(three.id_of("INV-1")).count("paid") == 1


def test_what_people_took_off_an_invoice_stays_off(three: Book) -> None:
    stated = a_payment(to("INV-1"))
    taken = take(three, stated)
    three.do(lambda session: unallocate_payment(session, taken.id, ["INV-1"], a_change(MOMENT)))
    three.do(lambda session: allocate_payment(session, taken.id, [to("INV-2")], a_change(MOMENT)))

    take(three, stated)
    take(three, a_payment(to("INV-1"), reference="about something else"))

    assert outstanding(three, "INV-1", "INV-2") == [1000, 0]


def test_a_greater_amount_settles_more_of_what_is_named(three: Book) -> None:
    take(three, a_payment(to("INV-1"), amount="400"))

    taken = take(three, a_payment(to("INV-1"), amount="700"))

    assert outstanding(three, "INV-1") == [300]
    assert taken.unallocated == 0


def test_a_smaller_amount_takes_back_what_it_does_not_reach_for(three: Book) -> None:
    take(three, a_payment(to("INV-1")))

    taken = take(three, a_payment(to("INV-1"), amount="999"))

    assert outstanding(three, "INV-1") == [1]
    assert taken.unallocated == 0
    assert three.collections(three.id_of("INV-1")) == [("Standard", "active")]


def test_a_reversed_payment_reopens_each_invoice_after_the_grace(three: Book) -> None:
    """EX of rules 3.12 and 3.16: paid on 06-08, reversed on Tue 06-16: the next mail goes out on Fri 06-19."""
    ids = [three.id_of(number) for number in ("INV-1", "INV-2")]
    taken = take(three, a_payment(to("INV-1"), to("INV-2"), amount="2000"))

    three.do(lambda session: reverse_payment(session, taken.id, on("2026-06-16"), a_change("2026-06-16 10:00")))

    assert outstanding(three, "INV-1", "INV-2") == [1000, 1000]
    assert [three.collections(id_) for id_ in ids] == [[("Standard", "active")]] * 2
    assert not isinstance(three.claim(ids[0], "2026-06-18 08:30"), Claim)
    assert isinstance(three.claim(ids[0], "2026-06-19 08:30"), Claim)
    with pytest.raises(Refused, match="was reversed on 2026-06-16 already"):
        three.do(lambda session: reverse_payment(session, taken.id, on("2026-06-17"), a_change(MOMENT)))


def test_a_payment_taken_back_here_is_not_booked_again_by_the_same_statement(three: Book) -> None:
    stated = a_payment(to("INV-1"))
    taken = take(three, stated)
    three.do(lambda session: reverse_payment(session, taken.id, on("2026-06-16"), a_change("2026-06-16 10:00")))

    assert take(three, stated).outcome == "unchanged"
    take(three, a_payment(to("INV-1"), reference="a new word"))
    assert outstanding(three, "INV-1") == [1000]
    # They learn of it too, and then that the bank was wrong.
    take(three, a_payment(to("INV-1"), reversed_on=on("2026-06-17")))
    assert take(three, a_payment(to("INV-1"))).outcome == "changed"
    assert outstanding(three, "INV-1") == [0]


def test_what_people_took_off_stays_off_when_a_reversed_payment_counts_again_elsewhere(three: Book) -> None:
    first = take(three, a_payment(to("INV-1"), amount="600"))
    three.do(lambda session: unallocate_payment(session, first.id, ["INV-1"], a_change(MOMENT)))
    take(three, a_payment(to("INV-2"), amount="600", reversed_on=TODAY))

    again = take(three, a_payment(to("INV-3"), amount="600"))

    assert again.outcome == "changed"
    assert outstanding(three, "INV-1", "INV-2", "INV-3") == [1000, 1000, 400]


def test_a_part_reversed_here_stays_reversed_when_the_rest_is_restated(three: Book) -> None:
    take(three, a_payment(to("INV-1"), to("INV-2"), amount="2000"))
    three.reverse(three.id_of("INV-2"), "300", "2026-06-09 10:00")

    take(three, a_payment(to("INV-1"), to("INV-2"), amount="1900"))

    # What is on INV-2 was changed here, and stays; the other 100 come off where the statement decided.
    assert outstanding(three, "INV-1", "INV-2") == [100, 300]
    with pytest.raises(Refused, match=r"250 is not more than the 300\.00 EUR of it"):
        take(three, a_payment(to("INV-1"), to("INV-2"), amount="250"))


def test_an_invoice_that_comes_later_gets_its_payment_when_it_is_stated_again(three: Book) -> None:
    stated = a_payment(to("INV-9"))
    assert take(three, stated).unknown == ("INV-9",)
    three.invoice("INV-9")

    assert take(three, stated).unknown == ()
    assert outstanding(three, "INV-9") == [0]


def test_a_credit_note_settles_as_a_payment_does_and_holds_nothing(three: Book) -> None:
    """Rules 3.15 and 3.16."""
    ids = [three.id_of(number) for number in ("INV-1", "INV-2")]
    taken = credit(three, a_credit_note(to("INV-1"), to("INV-2", "200"), total="1200"))

    assert outstanding(three, "INV-1", "INV-2") == [0, 800]
    assert three.happened(ids[0])[-2:] == ["credited", "collection closed"]
    assert three.rows("SELECT kind FROM holds") == []

    three.do(lambda session: void_credit_note(session, taken.id, on("2026-06-16"), a_change("2026-06-16 10:00")))

    assert outstanding(three, "INV-1", "INV-2") == [1000, 1000]
    assert three.happened(ids[0])[-2:] == ["credit note voided", "collection reopened"]


def test_payments_stand_for_what_was_stated_as_paid_before(book: Book) -> None:
    """EX of rule 3.17: the accounts export what is paid of invoices, and payments: the same money counts once."""
    invoice_id = book.invoice(paid=Decimal(400))

    take(book, a_payment(to("INV-1"), amount="300"))
    assert outstanding(book, "INV-1") == [600]
    take(book, a_payment(to("INV-1"), amount="250", external_id="P-2"))
    assert outstanding(book, "INV-1") == [450]
    book.take(an_invoice(paid=Decimal(550)))
    assert outstanding(book, "INV-1") == [450]
    book.take(an_invoice(paid=Decimal(600)))
    assert outstanding(book, "INV-1") == [400]
    assert book.happened(invoice_id).count("payment named") == 2
    # What a person books stands beside it.
    take(book, a_payment(to("INV-1"), amount="100", external_id="P-3"), source="user")
    assert outstanding(book, "INV-1") == [300]


def test_rules_are_asked_about_each_invoice_that_a_payment_settles(three: Book) -> None:
    three.publish(reminders(3, name="W-KEY"))
    three.run("INSERT INTO groups (name) VALUES ('Team')")
    add_rule(three, "outstanding < 400 then assign W-KEY")
    add_rule(three, 'payment date is 2026-06-05 then notify Team by email "x"', "the day")

    taken = take(three, a_payment(to("INV-1", "700"), to("INV-2", "500"), amount="1200"))

    assert three.collections(three.id_of("INV-1"))[-1] == ("W-KEY", "active")
    assert three.collections(three.id_of("INV-2")) == [("Standard", "active")]
    assert len(taken.owed_ids) == 2
    take(three, a_payment(to("INV-1", "700"), to("INV-2", "500"), amount="1200", received_on=on("2026-06-05")))
    assert three.one("SELECT count(*) FROM rule_notifications") == 2


REFUSED: list[tuple[StatedPayment, str]] = [
    (
        a_payment(to("INV-1", "1000.01"), amount="2000"),
        "1000.01 is more than the 1000.00 EUR outstanding on INV-1",
    ),
    (a_payment(to("INV-1", "600"), to("INV-2", "401")), "401 is more than the 400.00 EUR left of the payment"),
    (a_payment(to("INV-1", "0")), "an allocation to INV-1 is more than 0"),
    (a_payment(to("INV-1", "-1")), "an allocation to INV-1 is more than 0"),
    (a_payment(to("INV-1", "0.001")), "too exact: EUR has 2 decimals"),
    (a_payment(amount="0"), "a payment is more than 0"),
    (a_payment(amount="NaN"), "a payment is more than 0"),
    (a_payment(amount="1E+15"), "that the ledger can hold"),
    (a_payment(currency="XXX"), "'XXX' is no currency in use"),
    (a_payment(to("INV-1"), currency="USD"), "INV-1 is in EUR, and the payment in USD"),
    (a_payment(to("INV-1"), to("INV-1", "1")), "INV-1 is named twice"),
    (a_payment(to("OTHER-1")), "OTHER-1 belongs to another customer"),
    (a_payment(customer_id="C-404"), "there is no customer 'C-404'"),
    (a_payment(to("INV-404"), customer_id=None), "there is no invoice 'INV-404', and no customer"),
    (a_payment(to("VOID-1", "1")), "VOID-1 is void; a payment needs an open invoice"),
    (a_payment(reversed_on=on("2026-06-07")), "cannot be reversed on 2026-06-07"),
]


def test_what_makes_no_sense_is_refused_and_leaves_no_trace(three: Book) -> None:
    three.invoice("OTHER-1", customer_id="C-2", email="bo@other.example")
    three.invoice("VOID-1", state=InvoiceState.VOID)
    before = three.rows("SELECT id FROM timeline")

    for stated, said in REFUSED:
        with pytest.raises(Refused, match=said):
            take(three, stated)

    assert (three.rows("SELECT id FROM payments"), three.rows("SELECT id FROM timeline")) == ([], before)
    taken = take(three, a_payment(to("INV-1", "400")))
    for more, said in (("601", "left of the payment"), ("0", "more than 0")):
        further = [to("INV-2", more)]
        with pytest.raises(Refused, match=said), transaction(three.engine) as session:
            allocate_payment(session, taken.id, further, a_change(MOMENT))
    with pytest.raises(Refused, match="is in EUR; a currency never changes"):
        take(three, a_payment(currency="USD"))
    with pytest.raises(Refused, match="belongs to another customer"):
        take(three, a_payment(customer_id="C-2"))
