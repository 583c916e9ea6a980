"""Errors of the ledger end in logs and in histories of processes: they name what was broken, and nobody's data."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from db.engine import Engine, part, transaction
from db.operations.arrival.copying import copy_in
from db.tables.customers import Customer

_INSERT = text("INSERT INTO customers (external_id, name) VALUES (:external_id, :name)")
_SECRET = {"external_id": "C-SECRET", "name": "Secret Ltd"}


def test_a_broken_key_is_named_without_the_row(engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(_INSERT, _SECRET)

    with pytest.raises(IntegrityError) as raised, transaction(engine) as session:
        session.execute(_INSERT, _SECRET)

    shown = f"{raised.value} {raised.value.orig} {raised.value!r}"
    assert "uq_customers_external_id" in shown
    assert "secret" not in shown.casefold()


def test_a_broken_row_of_a_part_is_not_shown(engine: Engine) -> None:
    with transaction(engine) as session:
        with pytest.raises(IntegrityError) as raised, part(session):
            session.execute(text("INSERT INTO customers (external_id, name) VALUES ('C-SECRET', NULL)"))

        assert '"name"' in str(raised.value)
        assert "C-SECRET" not in str(raised.value.orig)


def test_a_line_that_cannot_be_copied_is_not_shown(engine: Engine) -> None:
    with pytest.raises(psycopg.Error) as raised, transaction(engine) as session:
        copy_in(session, Customer, ("external_id", "name"), [("C-SECRET", None)])

    assert '"name"' in str(raised.value)
    assert "C-SECRET" not in str(raised.value)
