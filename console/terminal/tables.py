"""Tables in the manner of all lists."""

from rich.table import Table

from console.terminal.printing import printable


def table_of(*headings: str) -> Table:
    """Return an empty table in the manner of all lists; the first column, which is copied, stays in one piece."""
    table = Table(box=None, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=number == 0)
    return table


def row(table: Table, *cells: object) -> None:
    """Add a row; nothing in it is read as markup."""
    from rich.text import Text

    table.add_row(*(Text(printable("" if cell is None else str(cell))) for cell in cells))
