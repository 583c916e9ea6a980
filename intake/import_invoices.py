"""Imports a file of invoices: what is good is taken in, what is not is reported line by line."""

from collections.abc import Callable
from pathlib import Path

from db.engine import Engine, transaction
from intake.imports.importing import Imported, import_reading
from intake.imports.source import Source, read


def import_invoices(
    engine: Engine,
    source: Path | bytes,
    *,
    encoding: str | None = None,
    strict: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Import a CSV file or workbook of invoices (see docs/import.md), idempotent by what identifies them.

    With `strict`, one problem anywhere leaves the ledger untouched. `progress` is told rows done and rows in
    all. Raises OSError, LedgerUnavailable, and ValueError for an unknown encoding.
    """
    content = source if isinstance(source, bytes) else source.read_bytes()
    file = Source(source.name if isinstance(source, Path) else "invoices.csv", content)
    with transaction(engine) as session:
        reading = read(session, file, kind="invoices", encoding=encoding)
    return import_reading(engine, file, reading, is_strict=strict, progress=progress)


__all__ = ["Imported", "import_invoices"]
