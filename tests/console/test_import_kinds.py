"""`duewell import` of all kinds of files: rehearsed, mapped, by profiles, with custom fields and e-invoices."""

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import Engine, transaction
from tests.console.conftest import RunHere
from tests.intake.files.electronic import a_cii_invoice, a_pdf, a_ubl_credit_note, a_ubl_invoice

CUSTOMERS = """\
customer_id,customer_name,email,contact_first_name,contact_role,locale,custom.plan
C-1,Hélios,ana@helios.example,Ana,main,fr,VIP
C-2,Minamoto,,,,ja,
C-1,Hélios,bill@helios.example,,billing,fr,VIP
C-1,Hélios,bo@helios.example,Bo,billing,fr,VIP
"""
INVOICES = """\
invoice_number,external_id,customer_id,customer_name,issue_date,due_date,currency,total,custom.project
INV-1,4711,C-1,Hélios,2026-05-02,2026-06-01,EUR,100.00,Bridge
INV-2,4712,C-2,Minamoto,2026-05-02,2026-06-01,JPY,7200,
"""


@pytest.fixture
def fields(engine: Engine) -> None:
    """Two fields of the organization's own."""
    with transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO custom_fields (entity, key, type, label, options) VALUES"
                " ('customer', 'plan', 'select', 'Plan', '[\"VIP\", \"basic\"]'),"
                " ('invoice', 'project', 'text', 'Project', '[]')"
            )
        )


def rows(engine: Engine, statement: str) -> list[Any]:
    """Return what a query finds."""
    with transaction(engine) as session:
        return [tuple(row) for row in session.execute(text(statement))]


def a_file(directory: Path, name: str, content: str | bytes) -> str:
    """Write the file, and return its path."""
    path = directory / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


CONTACTS = (
    "SELECT cu.external_id, k.role, k.email, k.first_name, k.is_main FROM contacts k"
    " JOIN customers cu ON cu.id = k.customer_id ORDER BY k.id"
)


@pytest.mark.usefixtures("fields")
def test_customers_come_with_all_of_their_contacts_before_any_invoice(
    here: RunHere, engine: Engine, tmp_path: Path
) -> None:
    first = here("import", a_file(tmp_path, "customers.csv", CUSTOMERS))
    again = here("import", a_file(tmp_path, "customers.csv", CUSTOMERS))

    assert first.out == "Customers: 4 created, 0 changed, 0 unchanged, 0 lines refused.\n"
    assert again.out == "Customers: 0 created, 0 changed, 4 unchanged, 0 lines refused.\n"
    assert rows(engine, CONTACTS) == [
        ("C-1", "main", "ana@helios.example", "Ana", True),
        ("C-1", "billing", "bill@helios.example", None, False),
        ("C-1", "billing", "bo@helios.example", "Bo", False),
    ]
    assert rows(engine, "SELECT text_value FROM custom_values") == [("VIP",)]

    moved = CUSTOMERS.replace("bill@helios.example,,billing", "bo@helios.example,Bo,main")
    moved = moved.replace("bo@helios.example,Bo,billing", "bea@helios.example,Bea,billing")
    moved = moved.replace("ana@helios.example,Ana,main", "ana@helios.example,Ana,cfo").replace("VIP", "basic")
    changed = here("import", a_file(tmp_path, "customers.csv", moved), "--report", str(tmp_path / "report.csv"))

    assert changed.out == "Customers: 0 created, 3 changed, 1 unchanged, 0 lines refused.\n"
    assert sorted(rows(engine, CONTACTS)) == [
        ("C-1", "billing", "bea@helios.example", "Bea", False),
        ("C-1", "cfo", "ana@helios.example", "Ana", False),
        ("C-1", "main", "bo@helios.example", "Bo", True),
    ]
    with (tmp_path / "report.csv").open(encoding="utf-8") as report:
        reported = list(csv.DictReader(report))
    assert [(row["line"], row["subject"], row["outcome"]) for row in reported] == [
        ("2", "C-1", "changed"),
        ("3", "C-2", "unchanged"),
        ("4", "C-1 bo@helios.example", "changed"),
        ("5", "C-1 bea@helios.example", "changed"),
    ]
    assert reported[0]["said"].startswith("customer custom.plan VIP → basic; main contact ")


@pytest.mark.usefixtures("fields")
def test_a_dry_run_says_what_would_happen_and_leaves_the_ledger_as_it_was(
    here: RunHere, engine: Engine, tmp_path: Path
) -> None:
    here("import", a_file(tmp_path, "book.csv", INVOICES))
    assert rows(engine, "SELECT external_id, number FROM invoices ORDER BY id") == [
        ("4711", "INV-1"),
        ("4712", "INV-2"),
    ]
    before = rows(engine, "SELECT * FROM timeline"), rows(engine, "SELECT * FROM jobs")
    changed = (
        INVOICES.replace("EUR,100.00,Bridge", "EUR,120.00,Tower").replace("JPY,7200", "USD,72.00")
        + "INV-3,4713,C-9,New & Co,2026-05-02,2026-06-01,EUR,30.00,\nINV-4,4714,C-9,New & Co,2026-05-02,,XXX,1,\n"
    )

    ran = here("import", a_file(tmp_path, "book.csv", changed), "--dry-run", "--report", str(tmp_path / "r.csv"))
    data = here("import", a_file(tmp_path, "book.csv", changed), "--dry-run", "--json").data

    assert (ran.code, ran.err) == (1, "")
    assert "line 2: INV-1 would be changed: total 100 → 120; custom.project Bridge → Tower\n" in ran.out
    assert "line 3: INV-2 would be refused: INV-2 is in JPY; a currency never changes\n" in ran.out
    assert "1 would go under Standard\n" in ran.out
    assert ran.out.endswith("Invoices: 1 would be created, 1 changed, 0 left, 2 refused. Nothing was imported.\n")
    assert [row["outcome"] for row in data["rows"]] == ["changed", "refused", "created", "refused"]
    assert [row["subject"] for row in data["rows"]] == ["INV-1", "INV-2", "INV-3", "INV-4"]
    assert data["cadences"] == {"Standard": 1}
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 5
    assert (rows(engine, "SELECT * FROM timeline"), rows(engine, "SELECT * FROM jobs")) == before
    assert rows(engine, "SELECT total FROM invoices WHERE number = 'INV-1'") == [(Decimal(100),)]


def test_a_first_import_may_put_nothing_under_a_cadence_and_rules_leave_it_so(
    here: RunHere, engine: Engine, tmp_path: Path
) -> None:
    ran = here("import", a_file(tmp_path, "book.csv", INVOICES), "--assign", "none")

    assert ran.out.endswith("2 created, 0 changed, 0 unchanged, 0 lines refused.\n")
    assert rows(engine, "SELECT * FROM collections") == rows(engine, "SELECT * FROM outbox") == []
    assert rows(engine, "SELECT count(*) FROM invoices WHERE cadence_locked_by = 'import'") == [(2,)]
    unknown = here("import", a_file(tmp_path, "book.csv", INVOICES), "--assign", "Gentle")
    unknown.failed(2, "there is no cadence 'Gentle'; there is ")


def test_how_a_file_is_read_is_shown_saved_listed_edited_and_used_again(here: RunHere, tmp_path: Path) -> None:
    book = a_file(
        tmp_path,
        "op.csv",
        "Beleg;Kunden-Nr.;Kunde;Rechnungsdatum;Brutto;Zustand\n4711;10023;Müller;01/02/2026;1.234;läuft\n",
    )
    told = ("--column", "invoice_number=Beleg", "--value", "currency=EUR", "--dates", "DD/MM/YYYY")
    refused = here("import", book, *told, "--show-mapping", "--kind", "invoices")
    assert refused.code == 1
    assert "column total: '1.234' " in refused.out

    shown = here("import", book, *told, "--numbers", "1.234,50", "--show-mapping", "--save-profile", "OP")
    assert shown.code == 0
    assert "column total: Brutto (95% sure)\n" in shown.out
    assert here("profile", "list", "--json").data[0]["name"] == "OP"
    saved = here("profile", "show", "OP").out
    edited = a_file(tmp_path, "op.json", saved.replace('"columns"', '"statuses": {"läuft": "open"}, "columns"', 1))
    assert here("profile", "save", "OP", edited).code == 0

    ran = here("import", book, "--profile", "OP")
    by_file = here("import", book, "--profile", edited)

    assert ran.out.startswith("Invoices: 1 created, 0 changed, 0 unchanged, 0 lines refused.\n")
    assert "0 created, 0 changed, 1 unchanged, 0 lines refused." in by_file.out
    here("import", book, "--profile", "SAP").failed(2, "there is no profile 'SAP'; there is OP")
    here("import", book, "--numbers", "1,234").failed(2, "--numbers '1,234': write 1234.50 as the file writes it")
    here("import", book, "--column", "total").failed(2, "--column 'total': expected NAME=TEXT")
    assert here("profile", "delete", "OP").code == 0
    here("profile", "delete", "OP").failed(2, "there is no profile 'OP'")


def test_several_electronic_invoices_are_one_import_with_their_files(
    here: RunHere, engine: Engine, tmp_path: Path
) -> None:
    pdf = a_pdf({"factur-x.xml": a_cii_invoice()})
    files = [
        a_file(tmp_path, "a.pdf", pdf),
        a_file(tmp_path, "b.xml", a_ubl_invoice()),
        a_file(tmp_path, "broken.xml", b"<nothing/>"),
        a_file(tmp_path, "credit.xml", a_ubl_credit_note()),
    ]

    ran = here("import", *files)
    again = here("import", *files)

    assert ran.code == again.code == 1
    assert ran.out.startswith("broken.xml: XML of another kind; expected an invoice or credit note in UBL 2.1")
    created = (
        rows(engine, "SELECT count(*) FROM invoices")[0][0]
        + rows(engine, "SELECT count(*) FROM credit_notes")[0][0]
    )
    assert f"{created} created, 0 changed" in ran.out
    assert f"0 created, 0 changed, {created} unchanged" in again.out
    assert rows(engine, "SELECT name FROM invoice_files") == [("a.pdf",)]
    table = a_file(tmp_path, "book.csv", INVOICES)
    here("import", files[0], table).failed(2, f"{table} is no electronic invoice")
