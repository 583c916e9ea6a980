"""Electronic invoices: what is taken from them, and what hostile ones do."""

import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from intake.files.documents import is_document, read_document, read_source
from intake.files.reading import read_file
from intake.files.rows import Allocation, CreditNoteRow, InvoiceRow, StatedContact, StatedCustomer
from tests.intake.files.electronic import BUYER, a_cii_invoice, a_pdf, a_ubl_credit_note, a_ubl_invoice
from tests.intake.files.tables_of import problems_of

XML = b'<?xml version="1.0"?>'


def test_a_ubl_invoice_is_read_by_the_terms_of_en_16931() -> None:
    reading = read_document(a_ubl_invoice())

    assert reading.problems == ()
    assert reading.invoices == (
        InvoiceRow(
            line=1,
            external_id="INV-2041",
            invoice_number="INV-2041",
            customer=StatedCustomer("C-17", "Société Hélios SA"),
            contact=StatedContact("main", "ana@helios.example", None, "Ana Müller"),
            issued_on=date(2026, 5, 2),
            due_on=date(2026, 6, 1),
            currency="EUR",
            # With the rounding, and what was paid before is a part of it.
            total=Decimal("1190.00"),
            paid=Decimal("190"),
            state="open",
            po_number="PO-7",
        ),
    )


def test_a_ubl_credit_note_names_its_invoices() -> None:
    reading = read_document(a_ubl_credit_note())

    assert reading.problems == ()
    assert reading.credit_notes == (
        CreditNoteRow(
            1, "CN-9", "CN-9", "C-17", date(2026, 6, 8), "EUR", Decimal("119.00"),
            (Allocation("INV-2041"), Allocation("INV-2042")),
        ),
    )  # fmt: skip


def test_a_factur_x_pdf_is_read_and_kept_as_the_invoices_file(tmp_path: Path) -> None:
    pdf = a_pdf({"terms.txt": b"<x/>", "factur-x.xml": a_cii_invoice()})
    (tmp_path / "FA 31.pdf").write_bytes(pdf)

    reading = read_document(tmp_path / "FA 31.pdf")

    assert reading.problems == ()
    (invoice,) = reading.invoices
    assert (invoice.invoice_number, invoice.total, invoice.due_on) == (
        "FA-2026-31",
        Decimal("10000.00"),
        date(2026, 6, 1),
    )
    assert invoice.customer == StatedCustomer("FR40303265045", "Société Hélios SA")
    (kept,) = reading.files
    assert (kept.invoice_number, kept.name, kept.content) == ("FA-2026-31", "FA 31.pdf", pdf)


def test_any_source_is_read_as_what_it_is() -> None:
    table = b"customer_id,customer_name\nC-1,H\n"

    assert read_source(a_pdf({"factur-x.xml": a_cii_invoice()}), name="a.pdf").files[0].name == "a.pdf"
    assert read_source(b"\xef\xbb\xbf\n" + a_ubl_invoice().split(b"?>", 1)[1]).kind == "invoices"
    assert read_source(table).customers == read_file(table).customers


def test_a_cross_industry_invoice_of_type_381_is_a_credit_note() -> None:
    reading = read_document(a_cii_invoice("381"))

    assert reading.kind == "credit notes"
    assert reading.credit_notes[0].allocations == (Allocation("FA-2026-30"),)


def test_a_document_is_held_to_the_rules_of_files() -> None:
    anonymous = a_ubl_invoice(buyer="", more="").replace(b"2026-06-01", b"2026-04-01")

    assert problems_of(read_document(anonymous)) == [
        (1, "due_date", "before the issue date"),
        (1, "customer_id", "empty"),
        (1, "customer_name", "empty"),
    ]
    assert problems_of(read_document(a_cii_invoice(total="ten"))) == [(1, "total", "not a plain amount")]
    assert problems_of(read_document(a_cii_invoice(total="-5.00")))[0] == (1, "total", "negative")


def test_an_invoice_with_amounts_in_two_currencies_is_refused() -> None:
    assert problems_of(read_document(a_ubl_invoice(currency="USD"))) == [
        (1, None, "an invoice in USD with amounts in EUR")
    ]


def test_a_document_of_another_kind_than_asked_for_is_refused() -> None:
    assert problems_of(read_document(a_ubl_credit_note(), kind="invoices")) == [
        (1, None, "a document of credit notes")
    ]


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"<Invoice/>", "XML of another kind"),
        (a_ubl_invoice().replace(b"INV-2041", b""), "an electronic invoice without a number"),
        (b"<Invoice", "not well-formed XML"),
        (XML + b"<!DOCTYPE a><a/>", "XML with a document type"),
        (XML + b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "XML with a document type"),
        (XML + b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', "XML with a document type"),
        (b"%PDF-1.7\nnothing", "a PDF that cannot be read"),
        (a_pdf({}), "a PDF without an electronic invoice in it"),
        (a_pdf({"factur-x.xml": b"<x>"}), "not well-formed XML"),
        (a_pdf({"factur-x.xml": a_cii_invoice()}, password="secret"), "a protected PDF"),
        (a_pdf({"factur-x.xml": a_cii_invoice()})[:-400], "a PDF that cannot be read"),
    ],
    ids=range(11),
)
def test_what_is_no_invoice_is_one_problem(data: bytes, wrong: str) -> None:
    assert is_document(data)
    assert problems_of(read_document(data)) == [(1, None, wrong)]


def test_entities_are_neither_expanded_nor_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("SECRET")
    doctype = f'<!DOCTYPE Invoice [<!ENTITY x SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    hostile = a_ubl_invoice().replace(b"<Invoice", doctype.encode() + b"<Invoice").replace(b"INV-2041", b"&x;")

    reading = read_document(hostile)

    assert (reading.invoices, problems_of(reading)) == ((), [(1, None, "XML with a document type")])


def test_a_billion_laughs_take_no_time_and_no_memory() -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    hostile = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "lol">{entities}]><a b="&l11;">&l11;</a>'.encode()
    begun = time.process_time()

    assert len(read_document(hostile).problems) == 1
    assert time.process_time() - begun < 1


def test_deep_and_large_xml_is_refused() -> None:
    assert len(read_document(b"<a>" * 100_000).problems) == 1
    assert problems_of(read_document(b"<a>" + b" " * 20 * 1024 * 1024))[0][2] == "an XML document too large"


def test_a_customer_without_a_number_of_ours_is_known_by_its_tax_number() -> None:
    buyer = BUYER.replace("<cac:PartyIdentification><cbc:ID>C-17</cbc:ID></cac:PartyIdentification>", "")

    assert read_document(a_ubl_invoice(buyer=buyer)).invoices[0].customer.customer_id == "FR40303265045"
