"""Writes many rows at once, by COPY: a page of an import is a few statements instead of thousands."""

from collections.abc import Iterable, Sequence

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.statement import driver_connection
from db.tables.base import Base

# From the sequence itself, so that nobody else gets them; they need not follow each other. In a subselect the
# sequence is looked up once, and not anew for each id, which takes longer than the id.
_RESERVED = text("""
SELECT nextval((SELECT CAST(pg_get_serial_sequence(:table, 'id') AS regclass))) FROM generate_series(1, :count)
""")


def reserve_ids(session: Session, table: type[Base], count: int) -> Sequence[int]:
    """Return ids for `count` new rows of the table, ascending."""
    if count == 0:
        return []
    return session.scalars(_RESERVED, {"table": table.__tablename__, "count": count}).all()


def copy_in(session: Session, table: type[Base], columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write the rows in their order; columns that are not named get their defaults, JSON is given as text."""
    rows = list(rows)
    if not rows:
        return
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.__tablename__), names)
    with driver_connection(session).cursor() as cursor, cursor.copy(into) as copy:
        for row in rows:
            copy.write_row(row)
