"""What a program does that takes orders: each in one transaction, and its signal right after it."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from temporalio.client import Client

from db.engine import Engine, LedgerUnavailable, make_engine, transaction
from db.operations.arrival.incoming_invoice import IncomingInvoice
from db.operations.arrival.invoices import take_invoice
from db.operations.change import Change
from db.operations.refusal import Refused
from db.queries.calendar import local_date
from dunning.facts import InvoiceState
from intake.commands import Desk, tell_process
from intake.relay import deliver
from settings import settings
from workflows.client import TemporalUnavailable, connect

AN_INVOICE = IncomingInvoice(
    external_id="",
    customer_id="C-1",
    customer_name="Société Hélios",
    issued_on=datetime(2026, 1, 1, tzinfo=UTC).date(),
    due_on=None,
    currency="EUR",
    total=Decimal(1000),
    paid=Decimal(0),
    state=InvoiceState.OPEN,
    is_disputed=False,
    email="ana@helios.example",
    contact_first_name="Ana",
)


async def take_orders(orders: Sequence[Mapping[str, Any]]) -> None:
    """Carry the orders out. What fails because a server is away is left undone, and the next one follows."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    chosen = settings()
    engine = make_engine(chosen.database_url)
    client: Client | None = None
    for order in orders:
        _say(begun=order["number"])
        try:
            client = client or await connect(chosen.temporal_address, chosen.temporal_namespace)
            await _carry_out(engine, client, order)
        except (LedgerUnavailable, TemporalUnavailable, Refused):
            continue
        _say(done=order["number"])


async def _carry_out(engine: Engine, client: Client, order: Mapping[str, Any]) -> None:
    by, invoice = f"order {order['number']}", order["invoice"]
    desk = Desk(engine, by=by)
    match order["what"]:
        case "invoice":
            _take(engine, invoice, by)
            await deliver(engine, client)
        case "pay":
            await tell_process(engine, client, desk.pay(invoice, Decimal(order["amount"])))
        case "pause":
            await tell_process(engine, client, desk.pause(invoice))
        case "resume":
            await tell_process(engine, client, desk.resume(invoice))
        case other:
            raise AssertionError(other)
    await asyncio.sleep(0)


def _take(engine: Engine, number: str, by: str) -> None:
    now = datetime.now(UTC)
    with transaction(engine) as session:
        today = local_date(session, now)
        issued_on, due_on = today - timedelta(days=10), today + timedelta(days=20)
        stated = replace(AN_INVOICE, external_id=number, issued_on=issued_on, due_on=due_on)
        take_invoice(session, stated, Change(now, today, by=by))


def _say(**said: int) -> None:
    print(json.dumps(said), flush=True)  # noqa: T201  # whoever kills it reads this
