"""A command tells its processes at once; what a relay was faster to take has arrived, or will by that."""

import asyncio
from typing import cast

import pytest
from temporalio.client import Client

from db.operations.outbox import delivered, not_delivered, owe, take_owed
from intake.commands import Told, tell_process
from tests.db.book import Book

# The relay has the signal: nobody else speaks to Temporal.
NOBODY = cast(Client, None)


@pytest.fixture
def taken(book: Book) -> int:
    """A signal that a relay has taken."""
    invoice_id = book.invoice()
    book.run("DELETE FROM outbox")
    owed_id: int = book.do(lambda session: owe(session, invoice_id, "pause", {"by": "ana"}))
    assert [entry.id for entry in book.do(lambda session: take_owed(session, 10))] == [owed_id]
    return owed_id


async def test_what_a_relay_delivers_at_the_same_moment_has_arrived(book: Book, taken: int) -> None:
    telling = asyncio.create_task(tell_process(book.engine, NOBODY, Told((taken,))))
    await asyncio.sleep(0.2)
    assert not telling.done()

    book.do(lambda session: delivered(session, [taken]))

    assert await telling


async def test_what_a_relay_has_delivered_before_has_arrived(book: Book, taken: int) -> None:
    book.do(lambda session: delivered(session, [taken]))

    assert await tell_process(book.engine, NOBODY, Told((taken,)))


async def test_what_a_relay_does_not_get_through_comes_later(book: Book, taken: int) -> None:
    book.do(lambda session: not_delivered(session, taken, "Temporal is away"))

    assert not await tell_process(book.engine, NOBODY, Told((taken,)))


async def test_a_relay_that_died_is_not_waited_for(book: Book, taken: int) -> None:
    async with asyncio.timeout(10):
        assert not await tell_process(book.engine, NOBODY, Told((taken,)))
