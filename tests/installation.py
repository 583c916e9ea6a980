"""An installation of Duewell for one test: its own ledger, its own Temporal namespace, a real mail server."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration
from sqlalchemy import make_url, text
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from activities.interface import Plan, Status
from db.engine import Engine, make_engine, transaction
from db.operations.arrival.incoming_invoice import Chosen, IncomingInvoice
from db.operations.arrival.invoices import take_invoice
from db.operations.change import Change
from db.operations.entering import published_cadence_id
from db.operations.organization import change_organization
from db.queries.book import BookFilter, BookLine, book_lines
from db.queries.calendar import local_date
from db.queries.invoices import InvoiceView, invoice_id_of, invoice_view
from devstack.leashed_process import LeashedProcess
from devstack.mail_catcher import MailCatcher
from devstack.mail_store import CaughtMessage
from devstack.stack import Stack
from dunning.facts import InvoiceState
from intake.relay import relay
from mailer.choice import transport_of
from settings import Settings
from worker import workers
from workflows.client import connect, process_of, register_search_attributes

ROOT = Path(__file__).parent.parent
PATIENCE_SECONDS = 30.0


def zone_at_noon() -> str:
    """Return a time zone in which it is about noon, so that no test ever lives through a midnight."""
    hour = datetime.now(UTC).hour
    ahead = 12 - hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


async def own_namespace(address: str) -> Client:
    """Return a client in a new namespace of the Temporal at the address."""
    admin = await connect(address)
    namespace = f"test-{uuid4().hex}"
    day = Duration(seconds=24 * 3600)
    request = RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=day)
    await admin.workflow_service.register_namespace(request)
    client = await connect(address, namespace)
    await register_search_attributes(client)
    return client


def newest_mail(stack: Stack) -> int:
    """Return the id of the newest mail that was caught so far; 0 before the first."""
    assert stack.mail is not None
    return max((mail.id for mail in stack.mail.messages()), default=0)


@dataclass(frozen=True)
class Installation:
    """What a test works with. `mail_before` is the newest mail that is not this test's."""

    stack: Stack
    engine: Engine
    database_url: str
    client: Client
    mail_before: int
    own_smtp_url: str | None = None
    own_settings: Mapping[str, str] = field(default_factory=dict)
    programs: list[LeashedProcess] = field(default_factory=list)

    @property
    def smtp_url(self) -> str:
        """Return where mail is handed over: the stack's catcher, or a server of the test's own."""
        return self.own_smtp_url or self.stack.smtp_url

    @property
    def settings(self) -> Settings:
        """Return the settings by which the product's programs find this installation."""
        return Settings.model_validate({name.lower(): value for name, value in self.env.items()})

    @property
    def env(self) -> dict[str, str]:
        """Return the same as environment variables."""
        return {
            "DATABASE_URL": self.database_url,
            "TEMPORAL_ADDRESS": self.stack.temporal_address,
            "TEMPORAL_NAMESPACE": self.client.namespace,
            "SMTP_URL": self.smtp_url,
            # No mail of a test leaves by the key of whoever runs it, or comes from their mailbox.
            "RESEND_API_KEY": "",
            "INBOX_URL": "",
            "BOUNCES_TO": "",
            **self.own_settings,
        }

    @property
    def today(self) -> date:
        """Return the organization's day."""
        with transaction(self.engine) as session:
            return local_date(session, datetime.now(UTC))

    def set(self, **settings: Any) -> None:
        """Change the organization's settings."""
        with transaction(self.engine) as session:
            change_organization(session, **settings)

    @property
    def time_zone(self) -> str:
        """Return the organization's time zone."""
        return str(self.rows("SELECT time_zone FROM organization")[0][0])

    def forget_owed(self) -> None:
        """Lose what the ledger owes to processes."""
        with transaction(self.engine) as session:
            session.execute(text("DELETE FROM outbox"))

    def settle_wrongly(self, number: str) -> None:
        """Let the invoice be settled by an amount that nothing is allocated for."""
        with transaction(self.engine) as session:
            session.execute(text("UPDATE invoices SET settled = 7 WHERE number = :number"), {"number": number})

    def end_leases(self) -> None:
        """Let the time pass for which a dead relay had leased what is owed."""
        with transaction(self.engine) as session:
            session.execute(text("UPDATE outbox SET leased_until = now()"))

    def send_at_any_hour(self) -> None:
        """Let automatic steps go out at once, whatever day and hour the test runs at."""
        self.set(send_time=time(0), send_until=time(23, 59, 59), business_days=list(range(7)), jitter_minutes=0)

    def invoice(
        self,
        number: str = "INV-1",
        due_in_days: int = -4,
        at: datetime | None = None,
        cadence: str | None = None,
        **changed: Any,
    ) -> int:
        """Take in an invoice that is due in so many days, and return its id.

        `at` is now unless said, and the cadence what rules or the default say.
        """
        now = at or datetime.now(UTC)
        with transaction(self.engine) as session:
            today = local_date(session, now)
        customer = changed.pop("customer_id", "C-1")
        incoming = IncomingInvoice(
            external_id=number,
            customer_id=customer,
            customer_name="Société Hélios",
            issued_on=today + timedelta(days=due_in_days - 30),
            due_on=today + timedelta(days=due_in_days),
            currency="EUR",
            total=Decimal("1200.00"),
            paid=Decimal(0),
            state=InvoiceState.OPEN,
            is_disputed=False,
            email=f"{customer.lower()}@helios.example",
            contact_first_name="Ana",
        )
        with transaction(self.engine) as session:
            chosen = None if cadence is None else Chosen(published_cadence_id(session, cadence))
            take_invoice(session, replace(incoming, **changed), Change(now, today, by="import"), chosen)
            invoice_id = invoice_id_of(session, number)
        assert invoice_id is not None
        return invoice_id

    def view(self, number: str = "INV-1") -> InvoiceView:
        """Return the invoice as people see it."""
        with transaction(self.engine) as session:
            view = invoice_view(session, number, timeline_entries=100)
        assert view is not None
        return view

    def happened(self, number: str = "INV-1") -> list[str]:
        """Return the kinds of the invoice's timeline, oldest first."""
        return [line.kind for line in reversed(self.view(number).timeline)]

    def lines(self, **chosen: str) -> list[BookLine]:
        """Return the open collections as lists show them."""
        with transaction(self.engine) as session:
            return book_lines(session, BookFilter(**chosen), 10_000)

    def stage(self, number: str = "INV-1") -> str | None:
        """Return the stage of the invoice's open collection, None without one."""
        lines = self.lines(invoice=number)
        return lines[0].stage if lines else None

    def mails(self) -> list[CaughtMessage]:
        """Return the mails of this test, oldest first."""
        assert isinstance(self.stack.mail, MailCatcher)
        return self.stack.mail.messages(after=self.mail_before)

    async def status(self, invoice_id: int) -> Status:
        """Return what the invoice's process says of itself."""
        status: Status = await process_of(self.client, invoice_id).query("status", result_type=Status)
        return status

    async def settled(self, invoice_id: int) -> Plan:
        """Wait until the invoice's process has taken in all its signals, and return its plan."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                status = await self.status(invoice_id)
                if status.plan is not None and not status.signals_waiting:
                    return status.plan
                await asyncio.sleep(0.05)

    async def planned(self, invoice_id: int, **fields: Any) -> Plan:
        """Wait until the plan of the invoice's process has these fields, and return it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                plan = await self.settled(invoice_id)
                if all(getattr(plan, name) == value for name, value in fields.items()):
                    return plan
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def working(self, *, relaying: bool = True) -> AsyncIterator[None]:
        """Run the worker, in this process, with its relay."""
        chosen = self.settings
        transport = transport_of(
            chosen.smtp_url, chosen.resend_api_key, chosen.resend_url, bounces_to=chosen.bounces_to
        )
        async with AsyncExitStack() as running:
            for worker in workers(self.client, self.engine, transport, self.settings):
                await running.enter_async_context(worker)
            passing_on = asyncio.create_task(relay(self.engine, self.client)) if relaying else None
            yield
            if passing_on is not None:
                passing_on.cancel()
        transport.close()

    def rows(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return what a statement finds in the ledger."""
        with transaction(self.engine) as session:
            return [tuple(row) for row in session.execute(text(statement), parameters)]

    async def processes(self, query: str = "ExecutionStatus = 'Running'") -> list[str]:
        """Return the workflow ids that Temporal lists now; a list may lag behind for a moment."""
        return [execution.id async for execution in self.client.list_workflows(query)]

    def spawn(self, name: str, *arguments: str, env: Mapping[str, str] | None = None) -> LeashedProcess:
        """Start one of the product's programs as a process of its own; `env` extends its environment."""
        argv: Sequence[str] = [sys.executable, *arguments]
        env = {**os.environ, **self.env, "PYTHONPATH": str(ROOT), **(env or {})}
        program = self.stack.spawn(name, argv, env)
        self.programs.append(program)
        return program

    def end_programs(self) -> None:
        """End what was started and still runs: the next test uses the same servers."""
        for program in self.programs:
            program.kill()
            program.stop()

    async def until(self, claim: Callable[[], bool], patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until `claim` is true. Raises TimeoutError when patience ends."""
        async with asyncio.timeout(patience_seconds):
            while not await asyncio.to_thread(claim):
                await asyncio.sleep(0.05)

    async def until_true(
        self, claim: Callable[[], Awaitable[bool]], patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Wait until asking Temporal, or anybody else, answers yes. Raises TimeoutError when patience ends."""
        async with asyncio.timeout(patience_seconds):
            while not await claim():
                await asyncio.sleep(0.05)


@asynccontextmanager
async def installed_on(stack: Stack) -> AsyncIterator[Installation]:
    """Set an installation up on servers of its own; it is about noon, and messages go out at any hour."""
    name = f"test_{uuid4().hex}"
    assert stack.postgres is not None
    stack.postgres.create_database(name, template=make_url(stack.database_url).database)
    url = make_url(stack.database_url).set(database=name).render_as_string(hide_password=False)
    engine = make_engine(url, 20)
    with transaction(engine) as session:
        session.execute(text("UPDATE organization SET time_zone = :zone"), {"zone": zone_at_noon()})
    client = await own_namespace(stack.temporal_address)
    installation = Installation(stack, engine, url, client, newest_mail(stack))
    installation.send_at_any_hour()
    yield installation
    installation.end_programs()
    engine.dispose()
