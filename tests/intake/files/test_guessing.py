"""What is guessed of a file, how surely, and the profile that comes of it."""

from datetime import date
from decimal import Decimal

import pytest

from intake.files.column_guesses import guess_columns, guess_kind
from intake.files.columns import FILE_KINDS, FileKind, columns_of
from intake.files.date_formats import DATE_FORMATS
from intake.files.format_guesses import Undecided, guess_dates, guess_numbers
from intake.files.formats import NumberFormat
from intake.files.guessing import Choices
from intake.files.header_keys import header_key
from intake.files.header_words import words_of
from intake.files.profile import Profile, as_json, read_profile
from intake.files.reading import read_file
from intake.problems import Wrong, problem_text
from tests.intake.files.tables_of import lines, problems_of, read_lines

GERMAN = lines(
    "Offene Posten zum 30.06.2026;;;;;;;;",
    "Beleg-Nr.;Kunden-Nr.;Name des Kunden;Rechnungsdatum;Fälligkeit;WKZ;Bruttobetrag;offen;Status",
    "4711;10023;Müller & Söhne GmbH;02.05.2026;01.06.2026;EUR;1.234,50;234,50;Teilbezahlt",
    "4712;10023;Müller & Söhne GmbH;09.05.2026;08.06.2026;EUR;480,00;480,00;überfällig",
    "4713;10030;Hélios;10.05.2026;;EUR;72,5;0,00;bezahlt",
)


def test_a_german_export_is_read_without_a_word() -> None:
    reading = read_file(GERMAN.decode().encode("cp1252"))

    assert (reading.kind, reading.problems) == ("invoices", ())
    first = reading.invoices[0]
    assert (first.line, first.invoice_number, first.customer.name) == (3, "4711", "Müller & Söhne GmbH")
    assert (first.issued_on, first.due_on) == (date(2026, 5, 2), date(2026, 6, 1))
    assert (first.total, first.paid) == (Decimal("1234.50"), Decimal("1000.00"))
    assert [row.state for row in reading.invoices] == ["open", "open", "paid"]
    assert {guess.subject: guess.taken for guess in reading.guesses} == {
        "encoding": "cp1252",
        "column invoice_number": "Beleg-Nr.",
        "column customer_id": "Kunden-Nr.",
        "column customer_name": "Name des Kunden",
        "column issue_date": "Rechnungsdatum",
        "column due_date": "Fälligkeit",
        "column currency": "WKZ",
        "column total": "Bruttobetrag",
        "column outstanding": "offen",
        "column status": "Status",
        "form of issue_date": "DD.MM.YYYY",
        "form of due_date": "DD.MM.YYYY",
        "form of total": "1.234,50",
        "form of outstanding": "1.234,50",
    }


def test_a_profile_reads_the_next_file_without_guessing() -> None:
    profile = read_file(GERMAN).profile
    assert profile is not None
    saved = as_json(profile)
    # By itself this column could be read either way round; a profile knows.
    following = lines(
        "KUNDEN NR;Beleg Nr;Name des Kunden;Rechnungsdatum;Fälligkeit;WKZ;Bruttobetrag;offen;Status",
        "10023;4720;Müller & Söhne GmbH;02.05.2026;01.06.2026;EUR;1.500;1.500;offen",
    )

    reading = read_file(following, profile=read_profile(saved))

    assert (reading.problems, reading.guesses) == ((), ())
    assert reading.invoices[0].total == Decimal(1500)
    assert reading.profile == profile


def test_a_profile_that_does_not_fit_says_what_differs() -> None:
    profile = read_file(GERMAN).profile

    reading = read_file(GERMAN.replace(b"Beleg-Nr.", b"Referenz").replace(b"WKZ", b"Land"), profile=profile)

    assert [(problem.column, problem.value, problem.wrong) for problem in reading.problems] == [
        ("invoice_number", "Beleg-Nr.", "a missing column"),
        ("currency", "WKZ", "a missing column"),
    ]
    assert reading.problems[0].expected == (
        "a column 'Beleg-Nr.', as the profile says; of the file's columns the profile does not know "
        "'Referenz', 'Land'"
    )
    assert read_file(b"PK\x03\x04", profile=profile).problems[0].expected == "a CSV file, as the profile says"
    assert read_file(GERMAN, kind="payments", profile=profile).problems[0].wrong == "a profile of invoices"


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ('{"kind": "invoices", "columns": {}}', "invoice_number is needed in invoices"),
        ('{"kind": "customers", "columns": {"total": {"header": "a"}}}', "total is no column of customers"),
        (
            '{"kind": "customers", "columns": {"customer_id": {"header": "a"}, "customer_name": {"header": "a"}}}',
            "the header 'a' is used twice",
        ),
        ('{"kind": "customers", "columns": {"customer_id": {}}}', "either a header or a value"),
        ('{"kind": "orders", "columns": {}}', "kind"),
        ("[", "the profile cannot be used"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused_with_a_sentence(written: str, wrong: str) -> None:
    with pytest.raises(ValueError, match="the profile cannot be used") as refused:
        read_profile(written)

    assert wrong in str(refused.value)


def test_a_column_that_a_file_lacks_may_be_given_a_value() -> None:
    data = lines(
        "Nº factura;Código cliente;Cliente;Fecha factura;Total con IVA", "F-1;C-1;Hélios;02/05/2026;1.234,50"
    )

    assert problems_of(read_file(data, kind="invoices"))[0] == (1, "currency", "a missing column")
    empty = read_file(data, kind="invoices", choices=Choices(values={"currency": ""}))
    assert problems_of(empty) == [(1, "currency", "no value for a column")]
    reading = read_file(data, kind="invoices", choices=Choices(values={"currency": "EUR"}, dates="DD/MM/YYYY"))

    assert reading.problems == ()
    assert reading.invoices[0].currency == "EUR"
    assert reading.invoices[0].issued_on == date(2026, 5, 2)
    assert read_file(data, profile=reading.profile).invoices == reading.invoices


def test_a_header_may_be_chosen() -> None:
    data = lines("Invoice,Ref,Client code,Client,Date,Currency,Amount", "1,A-1,C-1,Hélios,2026-05-02,EUR,5")

    reading = read_file(data, choices=Choices(headers={"invoice_number": "Ref"}))

    assert reading.invoices[0].invoice_number == "A-1"
    twice = read_file(
        data, kind="invoices", choices=Choices(headers={"total": "Amount", "paid": "AMOUNT"})
    ).problems
    assert [problem.wrong for problem in twice] == ["the header of another column too"] * 2
    wrong = read_file(data, kind="invoices", choices=Choices(headers={"invoice_number": "Nr"})).problems
    assert ("invoice_number", "no header of the file") in [(problem.column, problem.wrong) for problem in wrong]


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        (
            "invoices",
            "Invoice No.|Customer Account|Bill to|Invoice Date|Due Date|Currency|Amount incl. VAT|Balance",
        ),
        (
            "invoices",
            "N° facture|Code client|Raison sociale|Date de facture|Date d'échéance|Devise|Total TTC|Solde",
        ),
        (
            "invoices",
            "Rechnungs-Nr.|Debitor|Kunde|Belegdatum|Fällig am|Währung|Rechnungsbetrag (EUR)|Offener Betrag",
        ),
        (
            "invoices",
            "Nº de factura|Cód. cliente|Razón social|Fecha de emisión|Fecha de vencimiento|Moneda"
            "|Importe total|Pendiente",
        ),
        ("customers", "Customer No|Company|E-mail|First name|Last name|Role|Language|Payment terms"),
        (
            "customers",
            "Code client|Nom du client|Courriel|Prénom|Nom du contact|Fonction|Langue|Délai de règlement",
        ),
        ("customers", "Kundennummer|Firma|E-Mail-Adresse|Vorname|Nachname|Funktion|Sprache|Zahlungsziel"),
        (
            "customers",
            "Código cliente|Nombre fiscal|Correo electrónico|Nombre contacto|Apellidos|Cargo|Idioma|Plazo de pago",
        ),
        ("payments", "Payment date|Currency|Amount received|Transaction ID|Invoice|Customer|Reference"),
        ("payments", "Date de règlement|Devise|Montant réglé|N° de règlement|Facture|Code client|Libellé"),
        (
            "payments",
            "Zahlungseingang|Währung|Betrag|Zahlungsnummer|Rechnungsnummer|Kundennummer|Verwendungszweck",
        ),
        ("payments", "Zahlungsnummer|Kundennummer|Rechnungsnummer|Betrag|Währung|Datum"),
        ("payments", "Numéro de règlement|Code client|Facture|Montant|Devise|Date"),
        ("payments", "Fecha de cobro|Divisa|Importe cobrado|Nº de recibo|Factura|Código cliente|Concepto"),
        ("credit notes", "Credit memo no.|Date|Currency|Amount|Original invoice|Customer ID"),
        ("credit notes", "N° d'avoir|Date d'avoir|Devise|Montant de l'avoir|Facture d'origine|Code client"),
        ("credit notes", "Gutschrift-Nr.|Datum|Währung|Gutschriftsbetrag|Zu Rechnung|Kundennummer"),
        ("credit notes", "Nº nota de crédito|Fecha|Moneda|Importe|Factura original|Código cliente"),
    ],
)
def test_exports_in_four_languages_are_known_by_their_headers(kind: FileKind, header: str) -> None:
    names = header.split("|")
    if kind == "payments":
        names[5] = {"Customer": "Customer number"}.get(names[5], names[5])

    guesses = guess_columns(kind, names)

    assert guess_kind(names) == kind
    assert {guess.header for guess in guesses} == set(names)
    assert all(guess.confidence >= 0.85 for guess in guesses)
    required = {column.name for column in columns_of(kind) if column.is_required}
    assert required <= {guess.column for guess in guesses}


@pytest.mark.parametrize(
    "header",
    [
        "Rechnungsnummer;Kundennummer;Betrag;Währung;Datum",
        "Belegnummer;Kundennummer;Betrag;Währung;Datum;Text",
        "Number;Customer ID;Date;Due;Total;Currency",
        "Facture;Date;Montant;Devise;Référence",
    ],
)
def test_what_may_be_a_list_of_invoices_is_not_taken_for_money(header: str) -> None:
    file = f"{header}\n".encode() + b"1;2;3;4;5;6\n"

    reading = read_file(file)

    assert (reading.kind, reading.rows) == (None, ())
    (problem,) = reading.problems
    assert problem_text(problem).endswith("and a list of invoices too; expected to be told the kind of the file")
    assert read_file(file, kind="payments").kind == "payments"


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_a_word_above_a_column_means_one_column_of_its_kind(kind: FileKind) -> None:
    meant: dict[str, str] = {}
    for column in columns_of(kind):
        for word in words_of(kind, column.name):
            assert meant.setdefault(header_key(word), column.name) == column.name, word


@pytest.mark.parametrize(
    "header", ["Total HT", "Netto", "VAT total", "Discount amount", "Region", "", "?!", "x" * 999]
)
def test_what_means_something_else_is_not_guessed(header: str) -> None:
    assert guess_columns("invoices", [header]) == []


def test_no_column_is_guessed_twice_and_a_rival_is_named() -> None:
    reading = read_lines(
        "invoices",
        "Beleg,Rechnungsnummer,Kundennummer,Kunde,Datum,Währung,Betrag",
        "7,R-1,C-1,Hélios,2026-05-02,EUR,5",
    )

    assert reading.invoices[0].invoice_number == "R-1"
    assert "column 'Beleg' could be invoice_number too; 'Rechnungsnummer' was taken" in reading.notes
    assert [guess.confidence for guess in reading.guesses if guess.subject == "column invoice_number"] == [0.75]


def test_a_misspelt_header_is_guessed_with_little_confidence() -> None:
    (guess,) = guess_columns("invoices", ["Rechnungsdatun"])

    assert (guess.column, guess.confidence) == ("issue_date", 0.6)


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["2026-05-02", "soon"], "YYYY-MM-DD"),
        (["2026/05/02"], "YYYY/MM/DD"),
        (["20260502"], "YYYYMMDD"),
        (["02.05.2026"], "DD.MM.YYYY"),
        (["2.5.26"], "DD.MM.YY"),
        (["01/02/2026", "31/12/2026"], "DD/MM/YYYY"),
        (["01/02/2026", "12/31/2026"], "MM/DD/YYYY"),
        (["05/05/2026"], "DD/MM/YYYY"),
        (["31-12-2026"], "DD-MM-YYYY"),
        (["2026-05-02 00:00:00"], "YYYY-MM-DD"),
        (["soon", ""], None),
    ],
)
def test_the_whole_column_decides_on_the_form_of_its_dates(texts: list[str], form: str | None) -> None:
    assert guess_dates(texts) == form


def test_dates_that_nothing_decides_are_refused() -> None:
    undecided = guess_dates(["01/02/2026", "03/04/2026"])
    assert isinstance(undecided, Undecided)
    assert undecided.dates == ("DD/MM/YYYY", "MM/DD/YYYY")
    assert isinstance(guess_dates(["31/12/2026", "12/31/2026"]), Wrong)

    header = "Invoice no,Customer no,Customer,Invoice date,Due date,Currency,Total"
    reading = read_lines("invoices", header, "1,C-1,Hélios,01/02/2026,03/04/2026,EUR,5")
    assert [(problem.line, problem.column) for problem in reading.problems] == [(1, "issue_date"), (1, "due_date")]
    assert reading.problems[0].expected == "to be told which form is meant: DD/MM/YYYY or MM/DD/YYYY"
    # Columns of one file were written by one program.
    decided = read_lines("invoices", header, "1,C-1,Hélios,01/02/2026,31/03/2026,EUR,5")
    assert decided.invoices[0].issued_on == date(2026, 2, 1)


@pytest.mark.parametrize(
    ("texts", "decimal", "thousands"),
    [
        (["1234", "5"], ".", ""),
        (["1234.50"], ".", ""),
        (["1234,5"], ",", ""),
        (["1.234,50"], ",", "."),
        (["1,234.50", "1,234"], ".", ","),
        (["1.234", "5,50"], ",", "."),
        (["1.234.567"], ",", "."),
        (["1 234,50"], ",", " "),
        (["1\u202f234,50", "1\u00a0234"], ",", " "),
        (["1'234.50"], ".", "'"),
        (["1’234"], ".", "'"),
        (["0.125"], ".", ""),
        (["100,00-"], ",", ""),
        (["soon"], ".", ""),
    ],
)
def test_the_whole_column_decides_on_the_form_of_its_numbers(
    texts: list[str], decimal: str, thousands: str
) -> None:
    assert guess_numbers(texts) == NumberFormat.model_validate({"decimal": decimal, "thousands": thousands})


def test_numbers_that_nothing_decides_are_refused() -> None:
    assert isinstance(guess_numbers(["1.234", "800"]), Undecided)
    assert isinstance(guess_numbers(["1.50", "1,50"]), Wrong)

    header = "Invoice no,Customer no,Customer,Invoice date,Currency,Total,Paid"
    reading = read_lines("invoices", header, '1,C-1,Hélios,2026-05-02,EUR,"1,234","1,000"')
    assert [problem.column for problem in reading.problems] == ["total", "paid"]
    decided = read_lines("invoices", header, '1,C-1,Hélios,2026-05-02,EUR,"1,234",1.50')
    assert (decided.invoices[0].total, decided.invoices[0].paid) == (Decimal(1234), Decimal("1.50"))


@pytest.mark.parametrize("form", DATE_FORMATS)
def test_any_form_of_dates_can_be_told_in_a_profile(form: str) -> None:
    written = form.replace("YYYY", "2026").replace("YY", "26").replace("MM", "12").replace("DD", "31")
    columns = {
        "payment_date": {"header": "on", "dates": form},
        "currency": {"value": "EUR"},
        "amount": {"header": "much", "numbers": {"decimal": ",", "thousands": "'"}},
        "customer_id": {"header": "who"},
    }
    profile = Profile.model_validate(
        {"kind": "payments", "delimiter": ";", "encoding": "utf-8", "columns": columns}
    )

    (payment,) = read_file(lines("on;much;who", f"{written};1’234,5;C-1"), profile=profile).payments

    assert (payment.received_on, payment.amount) == (date(2026, 12, 31), Decimal("1234.5"))
