"""`duewell import`: take a file of invoices in, and say line by line what could not be taken in."""

from pathlib import Path


def import_file(file: Path, /, *, strict: bool = False, encoding: str | None = None, json: bool = False) -> int:
    """Import a CSV file or XLSX workbook of invoices; docs/import.md describes it. A second time changes nothing.

    Parameters
    ----------
    file
        The CSV file or workbook.
    strict
        Import nothing at all if there is any problem.
    encoding
        What the file is written in, if not UTF-8, such as latin-1.
    json
        Print one JSON document, with every problem in it.
    """
    import asyncio

    from console.delivery import deliver_all
    from console.environment import environment
    from console.failure import ASKED_WRONGLY, NOT_DONE, Failure
    from console.import_report import import_data, print_import
    from console.ledger import open_ledger
    from console.printing import err, out, say_json
    from console.progress import Bar
    from intake.import_invoices import import_invoices

    content = _read(file)
    with open_ledger() as ledger:
        try:
            with Bar(err(), "importing") as bar:
                imported = import_invoices(
                    ledger.engine, content, encoding=encoding, strict=strict, progress=bar.show
                )
        except ValueError as error:
            # Without a word on the encoding none can be wrong: then it is a defect, to be seen as one.
            if encoding is None:
                raise
            raise Failure(f"--encoding: {error}", ASKED_WRONGLY) from error
        delivery = None
        if imported.is_applied:
            delivery = asyncio.run(deliver_all(ledger, environment(), err()))
    if json:
        say_json(import_data(imported, delivery))
    else:
        print_import(out(), imported, delivery)
    return 0 if imported.is_clean else NOT_DONE


def _read(file: Path) -> bytes:
    from console.failure import ASKED_WRONGLY, Failure

    try:
        return file.read_bytes()
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror or error}", ASKED_WRONGLY) from error
