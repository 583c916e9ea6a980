"""What the sending activity does for several invoices of a customer: a real ledger and a real mail server."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.collection import CollectionActivities
from activities.doubt import UNANSWERED_MAX
from activities.interface import Plan, SendRequest
from db.engine import Engine, transaction
from db.operations.arrival.incoming_invoice import IncomingInvoice
from db.operations.arrival.invoices import take_invoice
from db.operations.cadences import publish
from db.operations.change import Change
from db.operations.invoice_files import attach_file
from db.operations.messages.drafts import approve
from db.queries.calendar import local_date
from db.queries.invoices import invoice_id_of
from dunning.facts import InvoiceState
from mailer.smtp import SmtpServer, SmtpTransport
from mailer.transport import Accepted, Transport, always
from tests.db.book import Book
from tests.dunning.builders import reminders
from tests.scenarios.mail_server import HANG_UP, MailServer

NUMBERS = ("INV-1", "INV-2", "INV-3")


class Office:
    """A ledger with three invoices of one customer that are four days overdue, and a mail server."""

    def __init__(self, engine: Engine, server: MailServer) -> None:
        self.book = Book(engine)
        self.server = server
        self.now = datetime.now(UTC)
        # At any hour of any day.
        hours = {"send_time": time(0), "send_until": time(23, 59, 59)}
        self.book.set(**hours, business_days=list(range(7)), jitter_minutes=0)
        self.ids = [self._take(number) for number in NUMBERS]

    def _take(self, number: str) -> int:
        with transaction(self.book.engine) as session:
            today = local_date(session, self.now)
            incoming = IncomingInvoice(
                external_id=number,
                customer_id="C-1",
                customer_name="Société Hélios",
                issued_on=today - timedelta(days=34),
                due_on=today - timedelta(days=4),
                currency="EUR",
                total=Decimal("1200.00"),
                paid=Decimal(0),
                state=InvoiceState.OPEN,
                is_disputed=False,
                email="ana@helios.example",
            )
            take_invoice(session, incoming, Change(self.now, today, by="import"))
            invoice_id = invoice_id_of(session, number)
        assert invoice_id is not None
        return invoice_id

    def send(
        self, number: str, transport: Transport | None = None, minutes_later: int = 0, attempt: int = 1
    ) -> Plan:
        """Let an attempt to send about the invoice begin now, or so much later."""
        environment = ActivityEnvironment()
        started_time = self.now + timedelta(minutes=minutes_later)
        environment.info = replace(environment.info, started_time=started_time, attempt=attempt)
        activities = CollectionActivities(
            self.book.engine, transport or SmtpTransport(SmtpServer.from_url(self.server.url))
        )
        request = SendRequest(invoice_id=self.ids[NUMBERS.index(number)])
        plan: Plan = environment.run(activities.send_message, request)
        return plan


@pytest.fixture
def office(engine: Engine) -> Iterator[Office]:
    """An office with its mail server running."""
    with MailServer().running() as server:
        yield Office(engine, server)


class Interrupted(BaseException):
    """The worker dies."""


class Dying(SmtpTransport):
    """A worker that dies before or after its message was accepted."""

    def __init__(self, server: MailServer, *, hands_over: bool) -> None:
        super().__init__(SmtpServer.from_url(server.url))
        self._hands_over = hands_over

    def send(
        self,
        sender: str,
        recipients: tuple[str, ...],
        message_id: str,
        message: bytes,
        is_current: Callable[[], bool] = always,
    ) -> Accepted:
        """Die."""
        if self._hands_over:
            super().send(sender, recipients, message_id, message, is_current)
        raise Interrupted


def test_three_processes_send_one_message_and_all_plan_what_follows(office: Office) -> None:
    office.book.set(merges_same_day=True)

    plans = [office.send(number) for number in NUMBERS]

    assert len(office.server.accepted) == 1
    assert all(number.encode() in office.server.accepted[0].content for number in NUMBERS)
    assert {(plan.stage, plan.step, plan.wake_at) for plan in plans} == {
        ("waiting", "second-reminder", plans[0].wake_at)
    }


@pytest.mark.parametrize("hands_over", [True, False])
def test_after_the_worker_died_only_the_process_that_had_the_message_repeats_it(
    office: Office, hands_over: bool
) -> None:
    office.book.set(merges_same_day=True)
    with pytest.raises(Interrupted):
        office.send("INV-2", Dying(office.server, hands_over=hands_over))

    waiting = [office.send(number, minutes_later=1) for number in ("INV-1", "INV-3")]
    done = office.send("INV-2", minutes_later=2)
    plans = [office.send(number, minutes_later=11) for number in NUMBERS]

    for plan in waiting:
        assert (plan.stage, plan.step, plan.sends) == ("waiting", "reminder", False)
        assert plan.wake_at == office.now + timedelta(minutes=11)
        assert "on its way (with INV-2)" in plan.sentence
    assert {plan.step for plan in (done, *plans)} == {"second-reminder"}
    handed = office.server.handed
    assert len(handed) == 1 + hands_over
    assert {one.content for one in handed} == {handed[0].content}


def test_a_message_without_an_answer_becomes_a_todo_for_each_after_some_attempts(office: Office) -> None:
    office.book.set(merges_same_day=True)
    office.server.to_message = lambda _recipient: HANG_UP
    for attempt in range(UNANSWERED_MAX):
        with pytest.raises(ApplicationError):
            office.send("INV-1", minutes_later=attempt)

    plan = office.send("INV-1", minutes_later=UNANSWERED_MAX)

    assert plan.stage == "todo"
    assert len({one.content for one in office.server.handed}) == 1
    assert office.book.rows("SELECT state FROM actions") == ["open"] * 3


def test_a_text_that_lists_nothing_is_sent_about_each_invoice_alone(office: Office) -> None:
    office.book.set(merges_same_day=True)
    steps = [replace(step, template="call") for step in reminders(3, name="A").steps]
    office.book.do(lambda session: publish(session, replace(reminders(3, name="A"), steps=tuple(steps))))
    for invoice_id in office.ids:
        office.book.reassign(invoice_id, "A", f"{office.now:%Y-%m-%d %H:%M}")

    for number in NUMBERS:
        office.send(number)

    assert len(office.server.message_ids) == 3


def test_a_contact_moves_the_customers_other_dates_and_tells_their_processes(office: Office) -> None:
    office.book.set(contact_delay_scope="customer")
    office.book.run("DELETE FROM outbox")

    office.send("INV-1")

    assert office.book.owed() == [(office.ids[1], "invoice_changed"), (office.ids[2], "invoice_changed")]
    plan = office.send("INV-2")
    assert "5 days after the customer's last contact" in plan.sentence
    assert len(office.server.accepted) == 1


def test_a_message_is_recorded_although_nothing_can_be_planned_after_it(office: Office) -> None:
    """Or it would be sent again by the next attempt."""
    book, server = office.book, office.server

    class Breaking(SmtpTransport):
        """Hands over, while the due date becomes one that no calendar reaches beyond."""

        def send(
            self,
            sender: str,
            recipients: tuple[str, ...],
            message_id: str,
            message: bytes,
            is_current: Callable[[], bool] = always,
        ) -> Accepted:
            """Send."""
            book.run("UPDATE invoices SET due_on = '9999-12-31' WHERE number = 'INV-1'")
            return super().send(sender, recipients, message_id, message, is_current)

    plan = office.send("INV-1", Breaking(SmtpServer.from_url(server.url)))

    assert plan.stage == "blocked"
    assert book.statuses(office.ids[0]) == {"upcoming": "expired", "reminder": "done"}
    assert book.rows("SELECT state FROM messages") == ["sent"]


def test_a_broken_pdf_is_a_todo_for_its_invoice_alone_and_a_whole_one_goes_out_with_what_is_approved(
    office: Office,
) -> None:
    """Rule 4.4."""
    book, broken = office.book, office.ids[1]
    book.set(merges_same_day=True)
    change = Change(office.now, office.now.date(), by="ana")
    book.do(lambda session: attach_file(session, broken, "cut.pdf", b"%PDF-1.7\n...", change))

    plans = [office.send(number) for number in NUMBERS]

    because = "cut.pdf cannot be attached: it is cut off: a PDF's end is missing"
    assert [plan.stage for plan in plans] == ["waiting", "todo", "waiting"]
    assert book.rows("SELECT id, state, obstacle FROM actions WHERE obstacle IS NOT NULL") == [
        (book.one("SELECT id FROM actions WHERE state = 'open'"), "open", because)
    ]
    assert book.messages(broken) == []
    assert len(office.server.accepted) == 2
    assert not any(b"INV-2" in one.content for one in office.server.accepted)

    todo = book.one("SELECT id FROM actions WHERE state = 'open'")
    book.do(lambda session: attach_file(session, broken, "whole.pdf", b"%PDF-1.7\n%%EOF\n", change))
    book.do(lambda session: approve(session, todo, change))
    plan = office.send("INV-2", minutes_later=1)

    assert (plan.stage, plan.step) == ("waiting", "second-reminder")
    assert b"whole.pdf" in office.server.accepted[-1].content
