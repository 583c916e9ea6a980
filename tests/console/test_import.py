"""`duewell import`: what is good is taken in, what is not is said line by line, and twice changes nothing."""

import asyncio
from pathlib import Path

import pytest

from db.engine import Engine, transaction
from db.queries.backlog import outbox_backlog
from db.queries.book import BookFilter, book_lines
from tests.console.conftest import RunHere
from tests.console.program import duewell
from tests.installation import Installation
from tests.intake.invoice_files import a_file, cells
from workflows.client import process_of

GOOD = cells(invoice_number="INV-GOOD", customer_id="C-9", customer_name="Good", contact_last_name="")


def a_book(directory: Path, *rows: dict[str, str]) -> str:
    """Write a book of these rows and return its path."""
    path = directory / "book.csv"
    path.write_bytes(a_file(*rows))
    return str(path)


def imported(engine: Engine) -> list[str]:
    """Return the numbers of the invoices that are followed up."""
    with transaction(engine) as session:
        return sorted(line.invoice for line in book_lines(session, BookFilter(), 1000))


async def test_a_clean_import_starts_the_processes_and_a_second_one_changes_nothing(
    installation: Installation, there: RunHere, tmp_path: Path
) -> None:
    book = a_book(tmp_path, *(cells(invoice_number=f"INV-{n}") for n in range(3)))

    first = await duewell(installation.env, "import", book)
    second = await asyncio.to_thread(there, "import", book, "--json")

    assert (first.code, first.err) == (0, "")
    assert first.out == "Invoices: 3 created, 0 changed, 0 unchanged, 0 lines refused.\n3 processes told.\n"
    assert (second.code, second.err) == (0, "")
    assert second.data == {
        "applied": True, "job": 2, "kind": "invoices", "created": 0, "changed": 0, "unchanged": 3, "refused": 0,
        "problems": [], "notes": [], "signals": {"delivered": 0, "waiting": 0, "because": None},
    }  # fmt: skip
    for invoice_id in (1, 2, 3):
        assert (await process_of(installation.client, invoice_id).describe()).status is not None


def test_without_temporal_the_facts_are_in_and_the_signals_wait(
    here: RunHere, engine: Engine, tmp_path: Path
) -> None:
    ran = here("import", a_book(tmp_path, cells()))

    assert (ran.code, ran.err) == (0, "")
    assert "1 created" in ran.out
    assert "1 signal waits in the outbox, the worker passes them on (Temporal at 127.0.0.1:3" in ran.out
    with transaction(engine) as session:
        assert outbox_backlog(session).count == 1


async def test_problems_are_said_and_the_good_rows_are_in(installation: Installation, tmp_path: Path) -> None:
    book = a_book(tmp_path, GOOD, cells(due_date="2026-13-01"))

    ran = await duewell(installation.env, "import", book)

    assert (ran.code, ran.err) == (1, "")
    first, counts, told = ran.out.splitlines()
    assert first.startswith("line 3, column due_date: '2026-13-01' is no day of the calendar; expected a date as ")
    assert counts == "Invoices: 1 created, 0 changed, 0 unchanged, 1 line refused (1 problem)."
    assert told == "1 process told."
    assert imported(installation.engine) == ["INV-GOOD"]


BAD_ROWS: list[tuple[dict[str, str], str]] = [
    ({"due_date": "01/06/2026"}, "column due_date: '01/06/2026' is not a date in that form"),
    ({"issue_date": ""}, "column issue_date: empty; expected a value"),
    ({"currency": "XXX"}, "column currency: 'XXX' is no currency in use"),
    ({"total": "-5"}, "column total: '-5' is negative"),
    ({"total": "1e9"}, "column total: '1e9' is not a plain amount"),
    ({"total": "NaN"}, "column total: 'NaN' is not a plain amount"),
    ({"total": "10.001"}, "column total: '10.001' is too precise for EUR"),
    ({"paid": "10000.01"}, "column paid: '10000.01' is more than the total"),
    ({"status": "maybe"}, "column status: 'maybe' is no known status"),
    ({"invoice_number": "INV-GOOD"}, "column invoice_number: 'INV-GOOD' is the number of line 2"),
    ({"customer_name": "x" * 300}, "column customer_name: "),
    ({"customer_name": "\x1b[31mred"}, r"column customer_name: '\x1b[31mred' is text with the control"),
    ({"email": "nobody"}, "column email: 'nobody' is not an email address"),
]


def test_bad_rows_are_refused_strict_refuses_all_and_twice_is_the_same(
    here: RunHere, engine: Engine, tmp_path: Path
) -> None:
    for bad, said in BAD_ROWS:
        strict = here("import", a_book(tmp_path, GOOD, cells(**bad)), "--strict")
        assert (strict.code, strict.err) == (1, ""), said
        assert strict.out.splitlines()[-1] == "Nothing was imported: 1 problem, and --strict takes all or nothing."
    assert imported(engine) == []

    for turn, (bad, said) in enumerate(BAD_ROWS):
        lenient = here("import", a_book(tmp_path, GOOD, cells(**bad)))
        counts = f"Invoices: {'0 created, 0 changed, 1' if turn else '1 created, 0 changed, 0'} unchanged"
        assert (lenient.code, lenient.err) == (1, ""), said
        assert lenient.out.startswith(f"line 3, {said}")
        assert f"\n{counts}, 1 line refused (1 problem).\n" in lenient.out
    assert imported(engine) == ["INV-GOOD"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: an empty file; expected a header and one line for each record"),
        (
            b"colour,shape\n1,2\n",
            "line 1, column invoice_number: a missing column; expected a column invoice_number",
        ),
        (b"\xff\xfeb\x00o\x00o\x00k\x00", "line 1: UTF-16 text; expected a file saved as UTF-8"),
        (b"x" * 10_000_000, "line 1: 'xxxx"),
        (b"\x00\x01\x02\xff" * 100, "line 1"),
    ],
)
def test_a_file_that_is_no_book_is_refused_as_a_whole(
    here: RunHere, engine: Engine, tmp_path: Path, content: bytes, said: str
) -> None:
    book = tmp_path / "book.csv"
    book.write_bytes(content)

    ran = here("import", str(book))

    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith(said)
    assert all(len(line) < 200 for line in ran.out.splitlines())
    assert imported(engine) == []


def test_an_export_of_another_program_is_imported_as_it_is(here: RunHere, engine: Engine, tmp_path: Path) -> None:
    book = tmp_path / "op-liste.csv"
    book.write_bytes(
        "Beleg-Nr.;Kunden-Nr.;Kunde;Rechnungsdatum;Fällig am;Währung;Brutto;Netto\n"
        "4711;10023;Müller & Söhne;02.05.2026;01.06.2026;EUR;1.234,50;1.037,39\n".encode("latin-1")
    )

    ran = here("import", str(book))

    assert (ran.code, ran.err) == (0, "")
    assert "note: the file is not UTF-8; it was read as cp1252, that is Latin-1\n" in ran.out
    assert "note: column 'Netto' is not known and was not read\n" in ran.out
    assert imported(engine) == ["4711"]


def test_latin_1_is_read_as_such_unless_another_encoding_is_said(here: RunHere, tmp_path: Path) -> None:
    book = tmp_path / "book.csv"
    book.write_bytes(a_file(GOOD, cells()).decode().encode("latin-1"))

    wrong = here("import", str(book), "--encoding", "utf-8")
    unsaid = here("import", str(book))
    said = here("import", str(book), "--encoding", "latin-1")

    assert wrong.code == 1
    assert "is not UTF-8 text; expected UTF-8, or say --encoding latin-1" in wrong.out
    assert unsaid.code == 0
    assert "1 created, 0 changed, 1 unchanged, 0 lines refused." in unsaid.out
    assert "0 created, 0 changed, 2 unchanged, 0 lines refused." in said.out
    here("import", str(book), "--encoding", "utf-16").failed(2, "--encoding: 'utf-16' cannot be read")


def test_what_contradicts_the_ledger_is_said_as_a_sentence(here: RunHere, tmp_path: Path) -> None:
    here("import", a_book(tmp_path, cells()))

    ran = here("import", a_book(tmp_path, cells(currency="USD")))

    assert ran.code == 1
    assert ran.out.startswith("line 2: INV-1 is refused: INV-1 is in EUR; a currency never changes\n")


def test_many_problems_are_all_in_json_and_fifty_for_people(here: RunHere, tmp_path: Path) -> None:
    book = a_book(tmp_path, *(cells(invoice_number=f"INV-{n}", total="?") for n in range(70)))

    for_people, for_programs = here("import", book), here("import", book, "--json")

    assert for_people.out.count("line ") >= 50
    assert "… and 20 more; --json lists all of them\n" in for_people.out
    assert len(for_programs.data["problems"]) == 70
    assert for_programs.data["refused"] == 70
