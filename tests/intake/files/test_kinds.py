"""The kinds of file: customers with contacts, payments, credit notes, custom fields."""

from datetime import date
from decimal import Decimal

from intake.files.columns import CustomField
from intake.files.reading import read_file
from intake.files.rows import Allocation, CreditNoteRow, CustomerRow, PaymentRow, StatedContact, StatedCustomer
from tests.intake.files.tables_of import lines, problems_of, read_lines

CUSTOMERS = "customer_id,customer_name,email,contact_first_name,contact_role,locale,custom.plan"
PAYMENTS = "payment_id,payment_date,currency,amount,invoice_number,customer_id,reference,reversal_date"
CREDITS = "credit_note_number,issue_date,currency,total,invoice_number,customer_id"
INVOICES = "invoice_number,customer_id,customer_name,issue_date,currency,total"


def test_a_customer_has_a_row_for_each_of_its_contacts() -> None:
    reading = read_lines(
        "customers",
        CUSTOMERS,
        "C-1,Hélios,ana@helios.example,Ana,main,fr,VIP",
        "C-1,Hélios,bo@helios.example,,billing,fr,VIP",
        "C-1,Hélios,cy@helios.example,,billing,,VIP",
        "C-2,Minamoto,,,,,",
    )

    assert reading.problems == ()
    assert reading.customers[0] == CustomerRow(
        2,
        StatedCustomer("C-1", "Hélios", "fr", custom=(("plan", "VIP"),)),
        StatedContact("main", "ana@helios.example", "Ana"),
    )
    assert [row.contact.email for row in reading.customers if row.contact is not None] == [
        "ana@helios.example",
        "bo@helios.example",
        "cy@helios.example",
    ]
    # An empty cell in a column of customers' files empties the field.
    assert reading.customers[3] == CustomerRow(
        5, StatedCustomer("C-2", "Minamoto", custom=(("plan", None),)), None
    )


def test_a_customer_says_the_same_on_all_rows_and_has_one_main_contact() -> None:
    reading = read_lines(
        "customers",
        CUSTOMERS,
        "C-1,Hélios,ana@helios.example,Ana,main,fr,VIP",
        "C-1,Helios,bo@helios.example,,billing,fr,VIP",
        "C-1,Hélios,cy@helios.example,,main,fr,VIP",
        "C-1,Hélios,ANA@helios.example,,billing,fr,VIP",
        "C-1,Hélios,di@helios.example,,billing,fr,Gold",
    )

    assert [row.line for row in reading.customers] == [2]
    assert problems_of(reading) == [
        (3, "customer_name", "not what line 2 says of the same customer"),
        (4, "contact_role", "a second main contact beside line 2"),
        (5, "customer_id", "a repetition of line 2"),
        (6, "custom.plan", "not what line 2 says of the same customer"),
    ]


def test_a_payment_names_its_invoice_or_its_customer() -> None:
    reading = read_lines(
        "payments",
        PAYMENTS,
        "P-1,2026-06-08,EUR,6000,INV-7,,SEPA 1,",
        "P-2,2026-06-09,EUR,50.00,,C-1,,2026-06-16",
        "P-3,2026-06-09,EUR,70.00,,,,",
    )

    assert reading.payments == (
        PaymentRow(
            2, "P-1", None, date(2026, 6, 8), "EUR", Decimal(6000), "SEPA 1", allocations=(Allocation("INV-7"),)
        ),
        PaymentRow(3, "P-2", "C-1", date(2026, 6, 9), "EUR", Decimal("50.00"), reversed_on=date(2026, 6, 16)),
    )
    assert problems_of(reading) == [(4, "invoice_number", "neither an invoice nor a customer")]


def test_a_payment_of_several_invoices_takes_one_cell_or_several_rows() -> None:
    reading = read_lines(
        "payments",
        PAYMENTS,
        'P-1,2026-06-08,EUR,100,"INV-1, INV-2;INV-1",C-1,,',
        "P-2,2026-06-09,EUR,60,INV-1,C-1,,",
        "P-2,2026-06-09,EUR,40,INV-2,C-1,,",
    )

    assert reading.problems == ()
    together, split = reading.payments
    assert together.allocations == (Allocation("INV-1"), Allocation("INV-2"))
    assert (split.line, split.amount) == (3, Decimal(100))
    assert split.allocations == (Allocation("INV-1", Decimal(60)), Allocation("INV-2", Decimal(40)))


def test_half_a_payment_is_not_taken() -> None:
    reading = read_lines(
        "payments",
        PAYMENTS,
        "P-1,2026-06-08,EUR,60,INV-1,,,",
        "P-1,2026-06-08,EUR,x,INV-2,,,",
        "P-2,2026-06-08,EUR,x,INV-2,,,",
        "P-2,2026-06-08,EUR,60,INV-1,,,",
        "P-3,2026-06-08,EUR,60,INV-1,,,",
        "P-3,2026-06-09,EUR,60,INV-2,,,",
        "P-4,2026-06-08,EUR,60,INV-1,,,",
        "P-4,2026-06-08,EUR,60,INV-1,,,",
    )

    assert reading.payments == ()
    assert problems_of(reading) == [
        (2, "payment_id", "a part of what is wrong on line 3"),
        (3, "amount", "not a plain amount"),
        (4, "amount", "not a plain amount"),
        (5, "payment_id", "a part of what is wrong on line 4"),
        (6, "payment_id", "a part of what is wrong on line 7"),
        (7, "payment_date", "not what line 6 says of the same payment"),
        (8, "payment_id", "a part of what is wrong on line 9"),
        (9, "payment_id", "a repetition of line 8"),
    ]


def test_payments_without_ids_are_known_by_what_they_say() -> None:
    header = "payment_date,currency,amount,invoice_number,customer_id"
    may = ["2026-05-02,EUR,50,INV-1,", "2026-05-02,EUR,50,INV-1,", "2026-05-03,EUR,50,INV-1,"]

    first = read_lines("payments", header, *may)
    again = read_lines("payments", header, "2026-05-01,EUR,7,,C-1", *may)

    assert len({row.external_id for row in again.payments}) == 4
    assert [row.external_id for row in again.payments[1:]] == [row.external_id for row in first.payments]
    assert "no ids of payments" in first.notes[-1]


def test_a_file_with_ids_of_payments_has_one_for_each() -> None:
    reading = read_lines("payments", PAYMENTS, ",2026-06-08,EUR,60,INV-1,,,")

    assert problems_of(reading) == [(2, "payment_id", "empty")]


def test_a_credit_note_is_read_with_or_without_a_sign_but_with_one_of_them() -> None:
    reading = read_lines(
        "credit notes",
        CREDITS,
        "CN-1,2026-06-08,EUR,-100.00,INV-1,C-1",
        "CN-2,2026-06-08,EUR,-5,,C-1",
        "CN-3,2026-06-08,EUR,5,,C-1",
        "CN-4,2026-06-08,EUR,0,,C-1",
    )

    assert reading.credit_notes == (
        CreditNoteRow(
            2, "CN-1", "CN-1", "C-1", date(2026, 6, 8), "EUR", Decimal("100.00"), (Allocation("INV-1"),)
        ),
        CreditNoteRow(3, "CN-2", "CN-2", "C-1", date(2026, 6, 8), "EUR", Decimal(5)),
    )
    assert problems_of(reading) == [
        (4, "total", "of another sign than the total on line 2"),
        (5, "total", "zero"),
    ]


def test_what_is_outstanding_says_what_is_paid() -> None:
    reading = read_lines(
        "invoices",
        INVOICES + ",outstanding,paid",
        "INV-1,C-1,Hélios,2026-05-02,EUR,100.00,40.00,",
        "INV-2,C-1,Hélios,2026-05-02,EUR,100.00,40.00,60.00",
        "INV-3,C-1,Hélios,2026-05-02,EUR,100.00,40.00,50.00",
        "INV-4,C-1,Hélios,2026-05-02,EUR,100.00,140.00,",
    )

    assert [row.paid for row in reading.invoices] == [Decimal(60), Decimal(60)]
    assert problems_of(reading) == [
        (4, "outstanding", "not what the total leaves"),
        (5, "outstanding", "more than the total"),
    ]


def test_an_external_id_names_one_invoice() -> None:
    reading = read_lines(
        "invoices",
        INVOICES + ",external_id",
        "INV-1,C-1,Hélios,2026-05-02,EUR,100.00,a7",
        "INV-2,C-1,Hélios,2026-05-02,EUR,100.00,",
        "INV-3,C-1,Hélios,2026-05-02,EUR,100.00,a7",
    )

    assert [row.external_id for row in reading.invoices] == ["a7", "INV-2"]
    assert problems_of(reading) == [(4, "external_id", "the external id of line 2")]


def test_custom_fields_are_columns_of_their_types() -> None:
    data = lines(
        INVOICES + ",custom.Cost Center,custom.signed_on,customer.custom.plan,custom.unknown",
        "INV-1,C-1,Hélios,2026-05-02,EUR,100.00,12,31.12.2026,vip,x",
        "INV-2,C-1,Hélios,2026-05-02,EUR,100.00,twelve,,gold,x",
        "INV-3,C-1,Hélios,2026-05-02,EUR,100.00,,,,x",
    )
    fields = {
        "custom.cost_center": CustomField("number"),
        "custom.signed_on": CustomField("date"),
        "customer.custom.plan": CustomField("select", ("VIP", "Standard")),
    }

    reading = read_file(data, fields=fields)

    assert [row.line for row in reading.invoices] == [2, 4]
    assert reading.invoices[0].custom == (("cost_center", Decimal(12)), ("signed_on", date(2026, 12, 31)))
    assert reading.invoices[0].customer.custom == (("plan", "VIP"),)
    assert reading.invoices[1].custom == (("cost_center", None), ("signed_on", None))
    assert reading.invoices[1].customer.custom == ()
    assert problems_of(reading) == [
        (3, "custom.cost_center", "not a number"),
        (3, "customer.custom.plan", "none of the options"),
    ]
    assert reading.notes == ("column 'custom.unknown' is not known and was not read",)
    # Where the fields are not known, all of them are read, as text.
    assert read_file(data).invoices[0].custom[-1] == ("unknown", "x")
