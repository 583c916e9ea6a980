"""What stops contact for a while: pauses, disputes, and how they end."""

import pytest

from db.operations.messages.sending import Claim
from db.operations.refusal import Refused
from db.operations.settle import Settled
from tests.db.book import Book, on
from tests.dunning.builders import reminders

MAY, STEP_DAY = "2026-05-04 09:00", "2026-06-04 08:30"


@pytest.fixture
def invoice_id(book: Book) -> int:
    """An invoice that is due Mon 2026-06-01; its first reminder goes out Thu 06-04."""
    invoice_id = book.invoice()
    book.send(invoice_id, "2026-05-29 08:30")
    return invoice_id


def test_a_paused_invoice_is_held_and_nothing_is_claimed(book: Book, invoice_id: int) -> None:
    book.pause(invoice_id, "2026-06-02 10:00")

    assert book.stage(invoice_id) == "held"
    assert isinstance(book.claim(invoice_id, STEP_DAY), Settled)
    assert book.happened(invoice_id)[-1] == "paused"


def test_a_pause_until_a_day_ends_on_that_day(book: Book, invoice_id: int) -> None:
    book.pause(invoice_id, "2026-06-02 10:00", until="2026-06-05")

    assert isinstance(book.claim(invoice_id, "2026-06-04 08:30"), Settled)
    assert isinstance(book.claim(invoice_id, "2026-06-05 08:30"), Claim)


def test_what_is_resumed_goes_out_at_the_next_send_time(book: Book, invoice_id: int) -> None:
    book.pause(invoice_id, "2026-06-02 10:00")

    book.resume(invoice_id, "2026-06-04 10:00")

    assert book.next_step(invoice_id) == ("reminder", on("2026-06-05"))
    assert isinstance(book.claim(invoice_id, "2026-06-04 17:59"), Settled)
    assert isinstance(book.claim(invoice_id, "2026-06-05 08:30"), Claim)


@pytest.mark.parametrize("until", ["2026-06-02", "2026-06-01", "2025-06-05"])
def test_a_pause_ends_in_the_future(book: Book, invoice_id: int, until: str) -> None:
    before = book.happened(invoice_id)

    with pytest.raises(Refused, match="a pause ends after today"):
        book.pause(invoice_id, "2026-06-02 10:00", until=until)

    assert (book.stage(invoice_id), book.happened(invoice_id)) == ("waiting", before)


@pytest.mark.parametrize(("until", "said"), [(None, "until it is resumed"), ("2026-06-10", "until 2026-06-10")])
def test_what_is_paused_is_not_paused_again(book: Book, invoice_id: int, until: str | None, said: str) -> None:
    book.pause(invoice_id, "2026-06-02 10:00", until=until)

    with pytest.raises(Refused, match=f"paused already, {said}"):
        book.pause(invoice_id, "2026-06-03 10:00")

    assert book.happened(invoice_id).count("paused") == 1


def test_after_a_pause_has_run_out_there_is_nothing_to_resume_and_it_may_be_paused_anew(
    book: Book, invoice_id: int
) -> None:
    book.pause(invoice_id, "2026-06-02 10:00", until="2026-06-03")

    with pytest.raises(Refused, match="it is not paused"):
        book.resume(invoice_id, "2026-06-03 09:00")
    book.pause(invoice_id, "2026-06-03 10:00")

    assert book.stage(invoice_id) == "held"
    assert book.rows("SELECT until_on FROM holds WHERE ended_at IS NULL") == [None]


def test_what_is_not_paused_is_not_resumed(book: Book, invoice_id: int) -> None:
    with pytest.raises(Refused, match="it is not paused"):
        book.resume(invoice_id, MAY)

    assert "resumed" not in book.happened(invoice_id)


def test_an_event_that_comes_again_does_nothing(book: Book, invoice_id: int) -> None:
    book.pause(invoice_id, "2026-06-02 10:00", event_id="e1")
    book.pause(invoice_id, "2026-06-02 10:01", event_id="e1")
    book.resume(invoice_id, "2026-06-02 10:02", event_id="e2")

    book.pause(invoice_id, "2026-06-02 10:03", event_id="e1")
    book.resume(invoice_id, "2026-06-02 10:04", event_id="e2")

    assert book.stage(invoice_id) == "waiting"
    assert book.happened(invoice_id)[-2:] == ["paused", "resumed"]


def test_a_refused_event_may_come_again_and_then_count(book: Book, invoice_id: int) -> None:
    with pytest.raises(Refused):
        book.resume(invoice_id, "2026-06-02 10:00", event_id="e1")
    book.pause(invoice_id, "2026-06-02 10:01", event_id="e2")

    book.resume(invoice_id, "2026-06-02 10:02", event_id="e1")

    assert book.stage(invoice_id) == "waiting"


def test_a_pause_belongs_to_the_invoice_and_survives_reassignment(book: Book, invoice_id: int) -> None:
    book.publish(reminders(4, name="Other"))
    book.pause(invoice_id, "2026-06-02 10:00")

    book.reassign(invoice_id, "Other", "2026-06-02 11:00")

    assert book.stage(invoice_id) == "held"
    book.resume(invoice_id, "2026-06-03 07:00")
    assert book.next_step(invoice_id) == ("S0", on("2026-06-05"))


def test_an_invoice_without_a_cadence_can_be_paused_too(book: Book, invoice_id: int) -> None:
    book.reassign(invoice_id, None, "2026-06-02 09:00")

    book.pause(invoice_id, "2026-06-02 10:00")
    book.reassign(invoice_id, "Standard", "2026-06-02 11:00")

    assert book.stage(invoice_id) == "held"


def test_a_hold_ends_even_if_the_other_machines_clock_is_behind(book: Book, invoice_id: int) -> None:
    book.pause(invoice_id, "2026-06-02 10:00")

    book.resume(invoice_id, "2026-06-02 09:59")

    assert book.stage(invoice_id) == "waiting"


def test_a_pause_of_the_customer_holds_all_its_invoices(book: Book, invoice_id: int) -> None:
    other = book.invoice("INV-2")
    stranger = book.invoice("INV-3", customer_id="C-2", email="bea@other.example")

    book.run(
        "INSERT INTO holds (customer_id, kind, started_at, started_by)"
        " SELECT id, 'pause', '2026-05-05', 'ana' FROM customers WHERE external_id = 'C-1'"
    )

    for each in (invoice_id, other, stranger):
        book.settle(each, "2026-05-29 08:30")
    assert [book.stage(each) for each in (invoice_id, other, stranger)] == ["held", "held", "due"]
