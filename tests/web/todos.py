"""To-dos for the pages: invoices overdue today, with a mail to be sent by hand or a call to be made."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import uvicorn

from console.api.service import Processes
from console.server import listening_on
from console.web.app import make_web
from console.web.service import Web
from db.engine import Engine
from db.operations.people import add_group, set_members
from dunning.cadence import Channel
from tests.api.temporal_away import nowhere
from tests.db.book import PARIS, Book
from tests.dunning.builders import a_cadence, a_step
from tests.web.browser import MEMBER

GROUP = "Cash Collectors"


def now() -> str:
    """Return the moment in Paris, as the book reads it."""
    return f"{datetime.now(UTC).astimezone(PARIS):%Y-%m-%d %H:%M}"


def lay_down(book: Book) -> None:
    """Make the group with Max in it, and the cadences that ask people for something."""
    book.do(lambda session: add_group(session, GROUP))
    book.do(lambda session: set_members(session, GROUP, [MEMBER], []))
    book.publish(a_cadence([a_step("MAIL", 1, manual=True), a_step("LAST", 90)], name="By hand"))
    book.publish(a_cadence([a_step("CALL", 1, Channel.CALL), a_step("LAST", 90)], name="By phone"))


def a_todo(book: Book, number: str, total: str = "1000.00", cadence: str = "By hand", **changed: Any) -> int:
    """Return the id of a new to-do about an invoice that is ten days overdue."""
    today = datetime.now(UTC).astimezone(PARIS).date()
    values: dict[str, Any] = {
        "issued_on": today - timedelta(days=40),
        "due_on": today - timedelta(days=10),
        "total": Decimal(total),
        "customer_id": f"C-{number}",
        "customer_name": f"Customer of {number}",
        "email": f"{number.lower()}@customers.example",
    }
    moment = f"{today - timedelta(days=40)} 09:00"
    invoice_id = book.invoice(number, moment, **(values | changed))
    book.reassign(invoice_id, cadence, moment)
    book.settle(invoice_id, now())
    found = book.one(
        "SELECT a.id FROM actions a JOIN collections c ON c.id = a.collection_id"
        " WHERE c.invoice_id = :invoice_id AND a.state = 'open'",
        invoice_id=invoice_id,
    )
    return int(found)


@contextmanager
def pages_served(engine: Engine) -> Iterator[str]:
    """Serve the pages on a port of this machine, and give their address."""
    listening = listening_on("127.0.0.1", 0)
    listening.listen()
    app = make_web(Web(engine, Processes(nowhere)))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
        assert not thread.is_alive()
