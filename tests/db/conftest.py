"""The ledger's tests need PostgreSQL alone, so that they run without waiting for the other servers."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from argon2 import PasswordHasher
from sqlalchemy import make_url, text

from db.engine import Engine, make_engine
from devstack.postgres import EmbeddedPostgres
from intake import passwords
from intake.setup import set_up
from tests.db.book import Book
from tests.db.databases import a_copy_of, keep, renew
from tests.db.ledger import Ledger


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server for the tests of this folder."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """The URL of a ledger that is set up; every test gets a copy."""
    url = postgres.create_database("template_of_tests")
    engine = make_engine(url)
    set_up(engine, "Duewell Test", "ar@duewell.example")
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def used_again(template: str) -> Iterator[Engine]:
    """An engine on a ledger that tests use one after the other."""
    with a_copy_of(template) as url:
        engine = make_engine(url, 20)
        keep(engine)
        yield engine
        engine.dispose()


@pytest.fixture
def engine(used_again: Engine) -> Engine:
    """An engine on an empty ledger that is set up."""
    renew(used_again)
    return used_again


@pytest.fixture
def book(engine: Engine) -> Book:
    """A ledger in Paris, with the cadence `Standard` as default, and no invoices."""
    book = Book(engine)
    book.set(time_zone="Europe/Paris", jitter_minutes=0)
    return book


@pytest.fixture
def hasty(book: Book) -> Iterator[Engine]:
    """An engine on the same ledger as activities have it, with one connection."""
    engine = make_engine(book.engine.url.render_as_string(hide_password=False), 1, plans_once=True)
    yield engine
    engine.dispose()


@pytest.fixture
def make_empty(postgres: EmbeddedPostgres) -> Iterator[Callable[[], Engine]]:
    """Makes databases without any tables, and gives engines on them."""
    made: list[Engine] = []

    def make() -> Engine:
        engine = make_engine(postgres.create_database(f"empty_{uuid4().hex}"), 5)
        made.append(engine)
        return engine

    yield make
    admin = make_engine(postgres.url(), 1)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for engine in made:
            engine.dispose()
            name = make_url(engine.url).database
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture(scope="session")
def filled(template: str) -> Iterator[Book]:
    """A ledger with an invoice, for all tests that undo what they do."""
    with a_copy_of(template) as url:
        engine = make_engine(url)
        book = Book(engine)
        book.invoice()
        yield book
        engine.dispose()


@pytest.fixture
def ledger(filled: Book) -> Iterator[Ledger]:
    """The ledger as it was before any test."""
    collection_id, invoice_id = filled.one("SELECT id, invoice_id FROM collections")
    with filled.engine.connect() as connection:
        yield Ledger(connection, invoice_id, collection_id, filled.one("SELECT id FROM customers"))
        connection.rollback()


@pytest.fixture(scope="module")
def cheap_passwords() -> Iterator[None]:
    """Passwords cost a thousandth of what they cost, where many are kept and compared."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        passwords._nobodys.cache_clear()
        yield
    passwords._nobodys.cache_clear()
