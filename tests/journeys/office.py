"""An office at work: all servers, the worker and the pages run, and people come and go."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

from playwright.async_api import Browser, async_playwright, expect
from temporalio.client import WorkflowExecutionDescription
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from activities.interface import Plan
from db.engine import transaction
from db.operations.cadences import publish
from devstack.ports import is_listening, lease_port
from devstack.stack import Stack
from dunning.cadence import Cadence, Channel, Step
from intake.commands import Desk
from tests.dunning.builders import a_cadence, a_step
from tests.installation import PATIENCE_SECONDS, ROOT, Installation, installed_on
from tests.journeys.people import CHROMIUM, FLAGS, Person, a_person
from tests.web.browser import ADMIN, MEMBER, OWNER, make_team
from workflows.client import process_of

COLLECTORS, KEY_ACCOUNTS = "Cash Collectors", "Key Accounts"
BY_HAND, BY_PHONE, KEY_BY_HAND, PATIENT, GENTLE, SWISS = (
    "By hand",
    "By phone",
    "Key accounts by hand",
    "Patient",
    "Gentle",
    "Swiss",
)
# No journey is about it: it keeps a process waiting behind the step that is.
LAST = replace(a_step("LAST", 90), template="final-notice")


def _mail(step_id: str, offset_days: int, *owners: str) -> Step:
    """Return a mail: of people to be sent by hand, or automatic without them."""
    step = a_step(step_id, offset_days, manual=bool(owners))
    return replace(step, template="reminder", responsible=owners)


def _cadences() -> list[Cadence]:
    call = replace(a_step("CALL", 1, Channel.CALL), template="call", responsible=(COLLECTORS,))
    return [
        a_cadence([_mail("MAIL", 1, COLLECTORS), LAST], name=BY_HAND),
        a_cadence([call, LAST], name=BY_PHONE),
        a_cadence([_mail("MAIL", 1, KEY_ACCOUNTS), LAST], name=KEY_BY_HAND),
        a_cadence([_mail("NUDGE", 3), LAST], name=PATIENT),
        a_cadence([_mail("GENTLY", 14), LAST], name=GENTLE),
        a_cadence([_mail("GRUEZI", 7), LAST], name=SWISS),
    ]


@dataclass(frozen=True)
class Office:
    """Where people work: the installation behind the pages, where these are, and browsers."""

    installation: Installation
    url: str
    chromium: Browser
    people: list[Person] = field(default_factory=list)

    async def enter(self, email: str, path: str) -> Person:
        """Let somebody sit down at a browser of their own, and sign in on the way to a page."""
        person = await a_person(self.chromium, self.url, email)
        self.people.append(person)
        await person.go(path)
        await person.sign_in()
        return person

    async def close(self) -> None:
        """Let everybody go; none of their browsers may have complained."""
        complaints = [complaint for person in self.people for complaint in person.complaints]
        for person in self.people:
            await person.page.context.close()
        self.people.clear()
        assert complaints == []

    def invoice(self, number: str, cadence: str | None = None, due_in_days: int = -10, **changed: Any) -> int:
        """Take an invoice of a customer of its own in, under the cadence, and return its id."""
        customer = {"customer_id": f"C-{number}", "customer_name": f"Customer of {number}"}
        return self.installation.invoice(number, due_in_days, cadence=cadence, **(customer | changed))

    def todo(self, number: str) -> int:
        """Return the id of the to-do about the invoice."""
        ((action_id,),) = self.installation.rows(
            "SELECT a.id FROM actions a JOIN collections c ON c.id = a.collection_id"
            " JOIN invoices i ON i.id = c.invoice_id WHERE i.number = :number",
            number=number,
        )
        return int(action_id)

    def ended(self, todo: int) -> tuple[str, str | None, str | None]:
        """Return what became of a to-do: its state, its outcome, and who ended it."""
        statement = "SELECT state, outcome, ended_by FROM actions WHERE id = :id"
        ((state, outcome, by),) = self.installation.rows(statement, id=todo)
        return state, outcome, by

    def mails_to(self, number: str) -> list[str]:
        """Return what the mails say that arrived at the invoice's customer, oldest first."""
        mail = self.installation.stack.mail
        assert mail is not None
        address = f"c-{number}@helios.example".lower()
        caught = [one for one in self.installation.mails() if address in one.recipients]
        return [_text_of(mail.raw(one.id)) for one in caught]

    async def planned(self, invoice_id: int, **fields: Any) -> Plan:
        """Wait until the invoice has a process, and its plan has these fields; return the plan."""
        await self.installation.until_true(lambda: self._has_process(invoice_id))
        return await self.installation.planned(invoice_id, **fields)

    async def process(self, invoice_id: int) -> WorkflowExecutionDescription:
        """Return the invoice's process as Temporal describes it."""
        return await process_of(self.installation.client, invoice_id).describe()

    async def _has_process(self, invoice_id: int) -> bool:
        try:
            await self.process(invoice_id)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return True

    async def shown(
        self, invoice_id: int, key: SearchAttributeKey[str] | SearchAttributeKey[datetime]
    ) -> str | datetime | None:
        """Return what the invoice's process is listed by in Temporal."""
        return (await self.process(invoice_id)).typed_search_attributes.get(key)


def _text_of(raw: bytes) -> str:
    body = message_from_bytes(raw, policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@asynccontextmanager
async def open_office(stack: Stack) -> AsyncIterator[Office]:
    """Open an office in which Ana is an owner, Ada an admin and Max a member."""
    async with installed_on(stack) as installation, async_playwright() as playwright:
        _set_up(installation)
        installation.spawn("journeys-worker", str(ROOT / "worker.py"))
        url = await _serve(installation)
        # What people wait for here is often a worker's turn, which a loaded machine may delay.
        expect.set_options(timeout=PATIENCE_SECONDS * 1000)
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield Office(installation, url, chromium)
        await chromium.close()


def _set_up(installation: Installation) -> None:
    make_team(installation.engine)
    desk = Desk(installation.engine, "setup")
    desk.add_group(COLLECTORS, [MEMBER])
    desk.add_group(KEY_ACCOUNTS, [OWNER, ADMIN])
    with transaction(installation.engine) as session:
        for cadence in _cadences():
            publish(session, cadence)


async def _serve(installation: Installation) -> str:
    """Serve the pages as a process of their own, and return their address."""
    lease = lease_port()
    lease.release()
    port = str(lease.number)
    server = installation.spawn("journeys-pages", "-m", "console.main", "serve", "--port", port)

    def is_up() -> bool:
        assert server.is_running, server.log_tail()
        return is_listening(lease.number)

    await installation.until(is_up, patience_seconds=90)
    return f"http://127.0.0.1:{port}"
