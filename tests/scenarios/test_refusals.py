"""What the mail server may answer: refusals for good, refusals for now, and no answer at all."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.collection import CollectionActivities
from activities.doubt import UNANSWERED_MAX
from activities.interface import Plan, PlanRequest, SendRequest
from db.engine import transaction
from db.queries.round import TodoLine, open_todos
from intake.commands import Desk
from mailer.smtp import SmtpServer, SmtpTransport
from starter import start_all
from tests.installation import Installation
from tests.scenarios.mail_server import ACCEPTED, HANG_UP, MailServer
from workflows.client import tell

NO_SUCH_USER = "550 5.1.1 No such user here"
NOT_THIS = "554 5.7.1 This message is not wanted"
LATER = "451 4.7.1 Greylisted, come again"


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A mail server that accepts everything, until a test says otherwise."""
    with MailServer().running() as running:
        yield running


@pytest.fixture
def refused(installation: Installation, server: MailServer) -> Installation:
    """The installation, whose mail goes to the server of the test."""
    installation.send_at_any_hour()
    return replace(installation, own_smtp_url=server.url)


def _todos(installation: Installation) -> list[TodoLine]:
    with transaction(installation.engine) as session:
        return open_todos(session, 10)


async def test_a_refused_address_makes_a_to_do_and_a_mended_one_lets_the_reminder_go_out_by_itself(
    refused: Installation, server: MailServer
) -> None:
    server.to_recipient = lambda address: NO_SUCH_USER if address.startswith("old@") else "250 2.1.5 Ok"
    invoice_id = refused.invoice(email="old@helios.example")

    async with refused.working():
        await refused.until(lambda: bool(_todos(refused)))
        plan = await refused.planned(invoice_id, step="reminder", stage="todo")
        (todo,) = _todos(refused)
        contacts = refused.rows("SELECT email, unreachable_because FROM contacts")
        handed_before = list(server.handed)
        refused.invoice(email="new@helios.example")
        after = await refused.planned(invoice_id, step="second-reminder")

    refusal = f"old@helios.example: {NO_SUCH_USER}"
    assert (plan.stage, plan.wake_at) == ("todo", None)
    assert (todo.step, todo.obstacle) == ("reminder", refusal)
    assert contacts == [("old@helios.example", refusal)]
    assert server.refused_recipients == ["old@helios.example"]
    assert handed_before == []
    assert [handed.recipient for handed in server.handed] == ["new@helios.example"]
    assert after.stage == "waiting"
    assert _todos(refused) == []
    assert refused.rows("SELECT state, ended_by FROM actions") == [("done", "duewell")]
    assert refused.rows("SELECT email, unreachable_because FROM contacts") == [("new@helios.example", None)]


async def test_a_refused_message_becomes_a_to_do_and_is_not_sent_again(
    refused: Installation, server: MailServer
) -> None:
    server.to_message = lambda _recipient: NOT_THIS
    invoice_id = refused.invoice()

    async with refused.working():
        await refused.until(lambda: bool(_todos(refused)))
        # Looking again, and the same import once more, must not start it over.
        await tell(refused.client, invoice_id, "invoice_changed", {}, is_open=True)
        refused.invoice(po_number="PO-2")
        await refused.until(lambda: refused.rows("SELECT count(*) FROM outbox") == [(0,)])
        plan = await refused.settled(invoice_id)

    (todo,) = _todos(refused)
    assert (todo.step, todo.obstacle) == ("reminder", NOT_THIS)
    assert (plan.stage, plan.wake_at) == ("todo", None)
    assert len(server.handed) == 1
    assert refused.rows("SELECT state, last_error FROM messages") == [("failed", NOT_THIS)]
    assert refused.rows("SELECT unreachable_because FROM contacts") == [(None,)]


@pytest.mark.parametrize("greylists", ["the recipient", "the message"])
async def test_a_message_refused_for_now_is_tried_again_and_sent_once(
    refused: Installation, server: MailServer, greylists: str
) -> None:
    answers = iter((LATER, ACCEPTED))
    if greylists == "the recipient":
        server.to_recipient = lambda _address: next(answers)
    else:
        server.to_message = lambda _recipient: next(answers)
    invoice_id = refused.invoice()
    await start_all(refused.engine, refused.client)

    async with refused.working():
        await refused.planned(invoice_id, step="second-reminder")

    assert len(server.accepted) == 1
    assert refused.rows("SELECT state, attempts, unanswered FROM messages") == [("sent", 2, 0)]
    assert refused.happened().count("message sent") == 1


async def test_a_message_without_an_answer_is_repeated_to_the_byte(
    refused: Installation, server: MailServer
) -> None:
    answers = iter((HANG_UP, ACCEPTED))
    server.to_message = lambda _recipient: next(answers)
    invoice_id = refused.invoice()
    await start_all(refused.engine, refused.client)

    async with refused.working():
        await refused.planned(invoice_id, step="second-reminder")

    first, second = server.handed
    assert (first.message_id, first.content) == (second.message_id, second.content)
    assert refused.rows("SELECT state, attempts, unanswered FROM messages") == [("sent", 2, 1)]


async def test_a_message_that_is_never_answered_is_handed_to_a_person_after_five_attempts(
    refused: Installation, server: MailServer
) -> None:
    server.to_message = lambda _recipient: HANG_UP
    request = SendRequest(invoice_id=refused.invoice())

    # The process waits 5, 10, 20 and 40 seconds between these; the attempts are the same without the waits.
    for _ in range(UNANSWERED_MAX):
        with pytest.raises(ApplicationError):
            _attempt(refused, request)
    plan = _attempt(refused, request)
    again = _attempt(refused, request)

    (todo,) = _todos(refused)
    assert len(server.handed) == UNANSWERED_MAX
    assert len({(handed.message_id, handed.content) for handed in server.handed}) == 1
    assert (plan.stage, again.stage) == ("todo", "todo")
    assert todo.obstacle == "5 attempts ended without an answer; it may have been delivered"
    assert refused.rows("SELECT state, unanswered FROM messages") == [("failed", UNANSWERED_MAX)]


async def test_what_may_have_arrived_is_not_repeated_with_an_amount_that_is_not_owed_any_more(
    refused: Installation, server: MailServer
) -> None:
    invoice_id = refused.invoice()
    server.to_message = lambda _recipient: HANG_UP
    with pytest.raises(ApplicationError):
        _attempt(refused, SendRequest(invoice_id=invoice_id))
    server.to_message = lambda _recipient: ACCEPTED

    # The payment's signal calls the next attempt off, and after the days of grace the step is due again.
    Desk(refused.engine, by="ana").pay("INV-1", Decimal("200.00"))
    activities = CollectionActivities(refused.engine, SmtpTransport(SmtpServer.from_url(refused.smtp_url)))
    held = _run(activities.plan_next, PlanRequest(invoice_id=invoice_id), datetime.now(UTC))
    later = datetime.now(UTC) + timedelta(days=4)
    plan = _run(activities.send_message, SendRequest(invoice_id=invoice_id), later)

    first, second = server.handed
    assert (held.stage, plan.stage) == ("held", "waiting")
    assert b"1,200.00" in first.content
    assert b"1,000.00" in second.content
    assert first.message_id == second.message_id
    assert refused.rows("SELECT state, unanswered FROM messages") == [("sent", 1)]


def _attempt(installation: Installation, request: SendRequest) -> Plan:
    transport = SmtpTransport(SmtpServer.from_url(installation.smtp_url))
    return _run(CollectionActivities(installation.engine, transport).send_message, request, datetime.now(UTC))


def _run(activity: Callable[[Any], Plan], request: Any, at: datetime) -> Plan:
    """Run one attempt of an activity, without a process that would make more."""
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, started_time=at)
    plan: Plan = environment.run(activity, request)
    return plan
