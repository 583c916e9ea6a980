"""`duewell import`: take files in, or rehearse that, and say line by line what could not be taken in."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from intake.files.columns import FileKind
from intake.files.date_formats import DateFormat

Several = Annotated[list[str] | None, Parameter(negative=())]


def import_file(
    *files: Path,
    dry_run: bool = False,
    strict: bool = False,
    report: Path | None = None,
    assign: str | None = None,
    kind: FileKind | None = None,
    show_mapping: bool = False,
    profile: str | None = None,
    save_profile: str | None = None,
    column: Several = None,
    value: Several = None,
    dates: DateFormat | None = None,
    numbers: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    json: bool = False,
) -> int:
    """Import files; docs/import.md describes them. A second time changes nothing.

    Parameters
    ----------
    files
        A CSV file or workbook of customers, invoices, payments or credit notes, or electronic invoices: several
        at once.
    dry_run
        Do all of the work and undo it: say what would be created, changed, left and refused.
    strict
        Import nothing at all if there is any problem.
    report
        Write what becomes of every row to this CSV file.
    assign
        The cadence of new invoices in place of what rules and the default say; `none` for none.
    kind
        What the file has, where its header leaves that open.
    show_mapping
        Show how the file would be read, and import nothing.
    profile
        Read by this saved profile, or by one in a JSON file.
    save_profile
        Save how the file was read under this name.
    column
        The header of a column, as total=Brutto; may be repeated.
    value
        The value that a column has in all rows, as currency=EUR; may be repeated.
    dates
        How dates are written, where the file leaves that open.
    numbers
        How amounts are written, where the file leaves that open: 1,234.50 or 1.234,50 or 1234.50 and so on.
    encoding
        What the file is written in, if not UTF-8, such as latin-1.
    sheet
        The sheet of a workbook, if not the first one.
    json
        Print one JSON document, with every problem in it.
    """
    from console.connections.ledger import open_ledger
    from console.failure import NOT_DONE
    from console.orders.import_reading import HowToRead, opened, read_files
    from console.orders.import_work import carry_out, keep, rehearsed
    from console.terminal.import_report import print_mapping, say_import, say_rehearsal

    how = HowToRead(kind, profile, column or (), value or (), dates, numbers, encoding, sheet)
    source = opened(files)
    with open_ledger() as ledger:
        reading = read_files(ledger.engine, source, how)
        if show_mapping:
            print_mapping(reading, json)
            keep(ledger.engine, save_profile, reading)
            return 0 if reading.profile is not None or reading.rows else NOT_DONE
        if dry_run:
            rehearsal = rehearsed(ledger.engine, source, reading, assign, strict, report)
            say_rehearsal(source, reading, rehearsal, json)
            return NOT_DONE if rehearsal.refused else 0
        imported, delivery = carry_out(ledger, source, reading, assign, strict, report)
        keep(ledger.engine, save_profile, reading)
    say_import(source, imported, delivery, json)
    return 0 if imported.is_clean else NOT_DONE
