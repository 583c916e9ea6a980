"""A ledger to which anybody may write anything, and what its constraints say to that."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError


@dataclass(frozen=True)
class Ledger:
    """A ledger with one invoice, INV-1; whatever a test does to it is undone."""

    connection: Connection
    invoice_id: int
    collection_id: int
    customer_id: int

    def add(self, table: str, **values: Any) -> Any:
        """Insert a row as anybody could, and return its first column."""
        names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
        statement = text(f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING *")
        with self.connection.begin_nested():
            return self.connection.execute(statement, values).one()[0]

    def change(self, statement: str, **parameters: Any) -> None:
        """Carry out a statement as anybody could."""
        with self.connection.begin_nested():
            self.connection.execute(text(statement), parameters)

    def rows(self, statement: str, **parameters: Any) -> list[Any]:
        """Return the rows that a query finds."""
        return list(self.connection.execute(text(statement), parameters))


def refused_by(error: pytest.ExceptionInfo[IntegrityError]) -> str | None:
    """Return the name of the constraint that refused."""
    name: str | None = error.value.orig.diag.constraint_name  # type: ignore[union-attr]
    return name


class Refusing:
    """Expects that a constraint of this name refuses what the block does."""

    def __init__(self, constraint: str) -> None:
        self._constraint = constraint
        self._raises = pytest.raises(IntegrityError)

    def __enter__(self) -> None:
        self._error = self._raises.__enter__()

    def __exit__(self, *error: Any) -> bool:
        expected = self._raises.__exit__(*error)
        assert refused_by(self._error) == self._constraint
        return expected
