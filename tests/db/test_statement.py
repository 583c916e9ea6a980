"""Statements that the driver runs by itself are part of the session's transaction, and fail as others do."""

from time import sleep

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.engine import TRUSTED_SECONDS, Engine, LedgerUnavailable, is_race, part, transaction
from db.statement import CURSORS, KEPT_ROWS_MAX, Statement
from tests.db.book import Book

ADD = Statement("INSERT INTO customers (external_id, name) VALUES (:external_id, :name) RETURNING id")
FIND = Statement("SELECT id, name FROM customers WHERE external_id = ANY(:external_ids) ORDER BY external_id")
PROCESS = Statement("SELECT pg_backend_pid()")
SAY = Statement("SELECT CAST(:value AS text) AS said")
COUNT_UP = Statement("SELECT n FROM generate_series(1, CAST(:count AS int)) n")
RENAME = Statement("UPDATE customers SET name = :name")
FILE = Statement("SELECT repeat('x', 1000) AS content", is_big=True)
LIKE = Statement("SELECT count(*) FROM customers WHERE name LIKE 'H%' AND name <> :name")


def test_what_a_statement_wrote_is_undone_with_the_transaction(book: Book) -> None:
    def add_and_fail(session: Session) -> None:
        ADD.run(session, external_id="C-1", name="Hélios")
        assert session.scalar(text("SELECT count(*) FROM customers")) == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        book.do(add_and_fail)

    assert book.rows("SELECT name FROM customers") == []


def test_what_a_statement_wrote_is_undone_with_its_part(book: Book) -> None:
    def add_and_fail(session: Session) -> None:
        with part(session):
            ADD.run(session, external_id="C-2", name="Séléné")
            raise ZeroDivisionError

    with transaction(book.engine) as session:
        ADD.run(session, external_id="C-1", name="Hélios")
        with pytest.raises(ZeroDivisionError):
            add_and_fail(session)

    assert book.rows("SELECT name FROM customers") == ["Hélios"]


def test_rows_have_the_names_of_their_columns(book: Book) -> None:
    with transaction(book.engine) as session:
        helios = ADD.scalar(session, external_id="C-1", name="Hélios")
        ADD.run(session, external_id="C-2", name="Séléné")

        assert [row.name for row in FIND.all(session, external_ids=["C-1", "C-2"])] == ["Hélios", "Séléné"]
        assert FIND.first(session, external_ids=["C-1"]) == (helios, "Hélios")
        assert FIND.first(session, external_ids=["C-3"]) is None
        assert FIND.scalar(session, external_ids=["C-3"]) is None


def test_a_statement_that_ran_before_takes_values_of_other_types(book: Book) -> None:
    with transaction(book.engine) as session:
        ADD.run(session, external_id="C-1", name="Hélios")

        assert FIND.all(session, external_ids=[]) == []
        assert len(FIND.all(session, external_ids=["C-1"])) == 1
        assert [SAY.scalar(session, value=value) for value in (1, "two", None, 3)] == ["1", "two", None, "3"]


def test_a_connection_keeps_nothing_of_pages_of_files_and_of_what_is_written(book: Book) -> None:
    with transaction(book.engine) as session:
        assert len(COUNT_UP.all(session, count=KEPT_ROWS_MAX)) == KEPT_ROWS_MAX
        kept = session.connection().connection.info[CURSORS]
        assert COUNT_UP in kept

        COUNT_UP.all(session, count=KEPT_ROWS_MAX + 1)
        FILE.all(session)
        RENAME.run(session, name="Hélios")

        assert not kept.keys() & {COUNT_UP, FILE, RENAME}


def test_a_percent_sign_is_no_parameter(book: Book) -> None:
    with transaction(book.engine) as session:
        ADD.run(session, external_id="C-1", name="Hélios")

        assert LIKE.scalar(session, name="Séléné") == 1


def test_a_session_that_is_used_again_runs_its_statements_on_the_connection_that_it_has_then(book: Book) -> None:
    with Session(book.engine) as session:
        PROCESS.run(session)
        session.rollback()
        with book.engine.connect() as taken:
            process = taken.scalar(text("SELECT pg_backend_pid()"))

            assert PROCESS.scalar(session) != process
            assert PROCESS.scalar(session) == session.scalar(text("SELECT pg_backend_pid()"))


def test_a_statement_fails_as_any_other_does(book: Book) -> None:
    def add(session: Session) -> None:
        ADD.run(session, external_id="C-1", name="Hélios")

    book.do(add)

    with pytest.raises(IntegrityError, match="uq_customers_external_id") as failed:
        book.do(add)
    assert is_race(failed.value)
    assert "Hélios" not in str(failed.value)


def test_a_lock_that_is_not_had_in_time_is_a_ledger_that_is_away(book: Book) -> None:
    def hardly_wait(session: Session) -> None:
        session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        ADD.run(session, external_id="C-1", name="Séléné")

    with transaction(book.engine) as other:
        ADD.run(other, external_id="C-1", name="Hélios")
        with pytest.raises(LedgerUnavailable):
            book.do(hardly_wait)

    assert book.rows("SELECT name FROM customers") == ["Hélios"]


def test_a_connection_that_is_lost_between_two_statements_is_a_ledger_that_is_away(book: Book) -> None:
    def lose_it(session: Session) -> None:
        ADD.run(session, external_id="C-1", name="Hélios")
        lose(book, PROCESS.scalar(session))
        ADD.run(session, external_id="C-2", name="Séléné")

    with pytest.raises(LedgerUnavailable):
        book.do(lose_it)

    assert book.rows("SELECT name FROM customers") == []


def test_a_connection_that_was_lost_while_it_rested_is_replaced(book: Book, hasty: Engine) -> None:
    with transaction(hasty) as session:
        process = PROCESS.scalar(session)
    lose(book, process)
    sleep(TRUSTED_SECONDS)

    with transaction(hasty) as session:
        assert PROCESS.scalar(session) != process


def test_one_that_was_lost_a_moment_ago_is_a_ledger_that_is_away_and_then_replaced(
    book: Book, hasty: Engine
) -> None:
    with transaction(hasty) as session:
        process = PROCESS.scalar(session)
    lose(book, process)

    with pytest.raises(LedgerUnavailable), transaction(hasty) as session:
        PROCESS.run(session)
    with transaction(hasty) as session:
        assert PROCESS.scalar(session) != process


def lose(book: Book, process: object) -> None:
    """End the connection's process of the server."""
    assert book.one("SELECT pg_terminate_backend(:process, 5000)", process=process)
