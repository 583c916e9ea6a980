"""Rows that are copied in go past SQLAlchemy, and what goes wrong must not."""

import pytest
from sqlalchemy import text

from db.engine import LedgerUnavailable, Session, transaction
from db.operations.arrival.copying import copy_in
from db.tables.customers import Customer
from tests.db.book import Book


def copy(session: Session, number: str, name: str = "Hélios") -> None:
    """Copy a customer in."""
    copy_in(session, Customer, ("external_id", "name"), [(number, name)])


def test_a_connection_that_is_lost_while_rows_are_copied_is_a_ledger_that_is_away(book: Book) -> None:
    def lose_it(session: Session) -> None:
        copy(session, "C-1")
        process = session.scalar(text("SELECT pg_backend_pid()"))
        assert book.one("SELECT pg_terminate_backend(:process, 5000)", process=process)
        copy(session, "C-2")

    with pytest.raises(LedgerUnavailable):
        book.do(lose_it)

    assert book.rows("SELECT external_id FROM customers") == []


def test_rows_that_wait_too_long_for_another_transaction_are_a_ledger_that_is_away(book: Book) -> None:
    def hardly_wait(session: Session) -> None:
        session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        copy(session, "C-1", "Another")

    with transaction(book.engine) as other:
        copy(other, "C-1")
        with pytest.raises(LedgerUnavailable):
            book.do(hardly_wait)

    assert book.rows("SELECT name FROM customers") == ["Hélios"]
