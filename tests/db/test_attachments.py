"""What goes with a message: the invoice's own PDF, or a page that is drawn, and never a broken file."""

import pytest

from activities import attachments
from db.operations.invoice_files import attach_file, detach_file
from mailer.pdf import PDF_BYTES_MAX
from mailer.refusals import CannotRender
from mailer.sheet import draw
from tests.db.book import Book, a_change, at
from tests.mailer.test_compose import read

SEND_TIME = "2026-06-04 10:00"
PDF = b"%PDF-1.7\nfirst\n%%EOF\n"


def attach(book: Book, invoice_id: int, content: bytes = PDF, name: str = "facture n° 1.pdf") -> bool:
    """Attach a PDF, and say whether that is new."""
    attached: bool = book.do(lambda session: attach_file(session, invoice_id, name, content, a_change()))
    return attached


def due_together(book: Book, count: int) -> list[int]:
    """Return so many invoices of one customer whose reminder is due today."""
    invoice_ids = [book.invoice(f"INV-{number}") for number in range(1, count + 1)]
    for invoice_id in invoice_ids:
        book.settle(invoice_id, "2026-06-04 08:00")
    return invoice_ids


def files(book: Book, invoice_id: int, moment: str = SEND_TIME) -> list[tuple[str | None, bytes]]:
    """Return the names and contents of what goes with the message that is sent then."""
    message = book.message_of(book.send(invoice_id, moment))
    return [(part.get_filename(), part.get_content()) for part in read(message.mime).iter_attachments()]


def test_without_a_pdf_nothing_is_attached_unless_that_is_wanted(book: Book) -> None:
    assert files(book, book.invoice()) == []


def test_the_invoices_own_pdf_goes_with_its_messages(book: Book) -> None:
    invoice_id = book.invoice()
    book.set(attaches_invoice=True)
    assert attach(book, invoice_id)
    assert not attach(book, invoice_id)

    assert files(book, invoice_id) == [("facture n° 1.pdf", PDF)]
    assert book.do(lambda session: detach_file(session, invoice_id, a_change()))
    assert not book.do(lambda session: detach_file(session, invoice_id, a_change()))


def test_a_page_is_drawn_for_an_invoice_without_one(book: Book) -> None:
    book.set(attaches_invoice=True)

    ((name, content),) = files(book, book.invoice("R/2026 7"))

    assert name == "R-2026 7.pdf"
    assert content.startswith(b"%PDF-")


def test_the_page_is_drawn_before_anything_is_locked(book: Book) -> None:
    book.set(attaches_invoice=True)
    invoice_id = book.invoice()
    draw.cache_clear()

    attachments.DrawnAhead(book.engine).draw(invoice_id, at(SEND_TIME))
    book.send(invoice_id, SEND_TIME)

    assert (draw.cache_info().misses, draw.cache_info().hits) == (1, 1)


def test_one_message_about_several_invoices_has_the_pdf_of_each_and_draws_none(book: Book) -> None:
    book.set(attaches_invoice=True, merges_same_day=True)
    first, second, _ = due_together(book, 3)
    attach(book, first, name="one.pdf")
    attach(book, second, name="two.pdf")

    assert [name for name, _ in files(book, first)] == ["one.pdf", "two.pdf"]


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (b"not a PDF", "it is no PDF"),
        (PDF[:-7], "cut off"),
        (PDF + bytes(PDF_BYTES_MAX), "at most 10 can be sent"),
    ],
)
def test_a_broken_or_too_big_file_is_not_sent(book: Book, content: bytes, because: str) -> None:
    """Rule 4.4: its step becomes a to-do with this reason."""
    invoice_id = book.invoice()
    attach(book, invoice_id, content)

    with pytest.raises(CannotRender, match=because):
        book.send(invoice_id, SEND_TIME)


def test_files_that_are_too_big_together_are_not_sent_together(book: Book) -> None:
    book.set(merges_same_day=True)
    first, second = due_together(book, 2)
    for invoice_id in (first, second):
        attach(book, invoice_id, PDF[:-7] + bytes(8 * 1024 * 1024) + b"%%EOF\n")

    with pytest.raises(CannotRender, match=r"16\.0 MB together, and at most 15"):
        book.send(first, SEND_TIME)
