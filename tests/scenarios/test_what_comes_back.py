"""What comes back of messages that really went out: the ledger, the running processes and people learn of it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from devstack.mail_catcher import MailCatcher
from intake.commands import Desk, tell_process
from intake.mailbox import Look, watch
from intake.mailbox_connection import MailboxAddress
from intake.provider_statuses import Look as Asked
from intake.provider_statuses import ask_provider
from mailer.choice import statuses_of
from starter import start_all
from tests.installation import Installation
from tests.intake.imap_servers import ImapServer, running_pymap
from tests.mailer.resend_server import API_KEY, Email, ResendServer
from tests.mailer.returned import feedback, report

LOOK_SECONDS = 0.1
NEW, BOUNCES = "new@helios.example", "bounces@duewell.example"
DEAD, ANSWERS, LOST, AWAY, ANGRY = NUMBERS = ("DEAD", "ANSWERS", "LOST", "AWAY", "ANGRY")


@pytest.fixture(scope="module")
def mailbox() -> Iterator[ImapServer]:
    """The mailbox that replies and bounces come to."""
    with running_pymap() as server:
        yield server


def taken_by(server: ResendServer, recipient: str) -> Email:
    """Return what Resend took for the recipient."""
    (email,) = (email for email in server.emails if recipient in email.fields["to"][0])
    return email


@asynccontextmanager
async def beside(installation: Installation, task: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run the worker, and beside it one of its tasks, which must not end by itself."""
    async with installation.working():
        running = asyncio.create_task(task)
        yield
        assert not running.done(), running
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def caught(installation: Installation, recipient: str) -> list[EmailMessage]:
    """Return what the mail server really took for the recipient, oldest first."""
    assert isinstance(installation.stack.mail, MailCatcher)
    found = []
    for mail in installation.mails():
        if mail.recipients == (recipient,):
            message = message_from_bytes(installation.stack.mail.raw(mail.id), policy=SMTP)
            assert isinstance(message, EmailMessage)
            found.append(message)
    return found


def address_of(number: str) -> str:
    """Return whom the invoice's reminders go to."""
    return f"{number.lower()}@helios.example"


def bounce(message: EmailMessage) -> bytes:
    """Return what the mail server of a recipient who does not exist sends back."""
    recipient = message["To"].addresses[0].addr_spec
    status = (
        f"Final-Recipient: rfc822; {recipient}\nAction: failed\nStatus: 5.1.1\n"
        f"Diagnostic-Code: smtp; 550 5.1.1 <{recipient}>: User unknown in virtual mailbox table\n"
    )
    return report(status, returned=message.as_string().replace("\r\n", "\n"))


def answer(message: EmailMessage, text: str, *, keeps_thread: bool, **headers: str) -> bytes:
    """Return what the recipient's mail program sends to where the message says that replies go."""
    reply = EmailMessage(policy=SMTP)
    reply["From"], reply["To"], reply["Subject"] = message["To"], message["Reply-To"], f"Re: {message['Subject']}"
    if keeps_thread:
        reply["In-Reply-To"] = message["Message-ID"]
    for name, value in headers.items():
        reply[name.replace("_", "-")] = value
    reply.set_content(text)
    return reply.as_bytes()


def open_todos(installation: Installation) -> set[tuple[str, str, str]]:
    """Return the open to-dos: the invoice, the step, and the reason."""
    return {
        (number, step, because)
        for number, step, because in installation.rows(
            "SELECT i.number, a.step_id, a.obstacle FROM actions a JOIN collections c ON c.id = a.collection_id"
            " JOIN invoices i ON i.id = c.invoice_id WHERE a.state = 'open'"
        )
    }


def message_states(installation: Installation) -> dict[str, str]:
    """Return the state of each invoice's last message."""
    return dict(
        installation.rows(
            "SELECT i.number, m.state FROM messages m JOIN actions a ON a.id = m.action_id"
            " JOIN collections c ON c.id = a.collection_id JOIN invoices i ON i.id = c.invoice_id ORDER BY m.id"
        )
    )


def last_contacts(installation: Installation) -> dict[str, object]:
    """Return each invoice's last contact."""
    statement = "SELECT i.number, c.last_contact_on FROM collections c JOIN invoices i ON i.id = c.invoice_id"
    return dict(installation.rows(statement))


def came_back(installation: Installation, number: str) -> list[str]:
    """Return what the invoice's timeline says of what came back."""
    ours = ("message came back", "complaint received", "reply received", "automatic reply received")
    return [kind for kind in installation.happened(number) if kind in ours]


async def test_what_the_mailbox_gets_reaches_the_ledger_the_processes_and_people(
    installation: Installation, mailbox: ImapServer
) -> None:
    """Rule 2.16, and sections 4 and 8 of the rules."""
    installation = replace(installation, own_settings={"BOUNCES_TO": BOUNCES})
    installation.send_at_any_hour()
    installation.set(marks_replies=True)
    ids = {
        number: installation.invoice(number, customer_id=number, email=address_of(number)) for number in NUMBERS
    }
    await start_all(installation.engine, installation.client)

    looks: list[Look] = []
    address = MailboxAddress.from_url(mailbox.url)

    async with beside(installation, watch(installation.engine, address, LOOK_SECONDS, looks.append)):
        plans = {number: await installation.planned(ids[number], step="second-reminder") for number in NUMBERS}
        assert {plan.stage for plan in plans.values()} == {"waiting"}
        sent = {number: caught(installation, address_of(number))[0] for number in NUMBERS}
        mailbox.put(
            bounce(sent[DEAD]),
            answer(sent[ANSWERS], "We paid last week.", keeps_thread=True),
            answer(sent[LOST], "Which invoice?", keeps_thread=False),
            answer(sent[AWAY], "I am back on Monday.", keeps_thread=True, Auto_Submitted="auto-replied"),
            feedback(sent[ANGRY].as_bytes(), address_of(ANGRY)),
        )
        await installation.until(lambda: sum(look.taken for look in looks) == 5)

        # The process learned that its reminder was no contact: it does not wait for the second one any more.
        asked = await installation.planned(ids[DEAD], stage="todo", step="reminder")
        angry = await installation.planned(ids[ANGRY], stage="waiting", step="second-reminder")
        unreachable = f"{address_of(DEAD)}: the address does not exist"
        assert unreachable in asked.sentence
        assert angry == plans[ANGRY]
        assert message_states(installation) == dict.fromkeys(NUMBERS, "sent") | {
            DEAD: "bounced",
            ANGRY: "complained",
        }
        assert {(number, step) for number, step, _ in open_todos(installation)} == {
            (DEAD, "reminder"),
            (ANSWERS, "(reply)"),
            (LOST, "(reply)"),
            (ANGRY, "(complaint)"),
        }
        assert {because for _, _, because in open_todos(installation)} >= {
            f"{address_of(ANSWERS)} wrote: We paid last week.",
            f"{address_of(LOST)} wrote: Which invoice?",
        }
        assert last_contacts(installation) == {
            number: None if number == DEAD else installation.today for number in NUMBERS
        }
        assert {number: came_back(installation, number) for number in NUMBERS} == {
            DEAD: ["message came back"],
            ANSWERS: ["reply received"],
            LOST: ["reply received"],
            AWAY: ["automatic reply received"],
            ANGRY: ["complaint received"],
        }

        # A person mends the address, and collection goes on by itself, with another message.
        desk = Desk(installation.engine, by="bo")
        assert await tell_process(
            installation.engine, installation.client, desk.mend_address(DEAD, address_of(DEAD), to=NEW)
        )
        again = await installation.planned(ids[DEAD], stage="waiting", step="second-reminder")
        assert again.wake_at == plans[DEAD].wake_at
        (second,) = caught(installation, NEW)
        assert second["Message-ID"] != sent[DEAD]["Message-ID"]
        assert (DEAD, "reminder") not in {(number, step) for number, step, _ in open_todos(installation)}
        assert last_contacts(installation)[DEAD] == installation.today

    assert mailbox.unseen() == 0
    assert [mail.envelope_sender for mail in installation.mails()] == [BOUNCES] * (len(NUMBERS) + 1)


async def test_what_resend_reports_reaches_the_ledger_and_the_processes(
    installation: Installation, mailbox: ImapServer
) -> None:
    installation.send_at_any_hour()
    installation.set(marks_replies=True)
    numbers = (DEAD, ANGRY, LOST)
    ids = {
        number: installation.invoice(number, customer_id=number, email=address_of(number)) for number in numbers
    }
    with ResendServer().running() as server:
        with_key = {"RESEND_API_KEY": API_KEY, "RESEND_URL": server.url, "INBOX_URL": mailbox.url}
        installation = replace(installation, own_settings=with_key)
        statuses = statuses_of(API_KEY, server.url)
        assert statuses is not None
        await start_all(installation.engine, installation.client)
        looks: list[Asked] = []

        async with beside(installation, ask_provider(installation.engine, statuses, LOOK_SECONDS, looks.append)):
            for number in numbers:
                await installation.planned(ids[number], step="second-reminder")
            taken = {number: taken_by(server, address_of(number)) for number in numbers}
            server.events |= {taken[DEAD].id: "bounced", taken[ANGRY].id: "complained"}
            await installation.until(lambda: sum(look.taken for look in looks) == 2)

            asked = await installation.planned(ids[DEAD], stage="todo", step="reminder")
            assert f"{address_of(DEAD)}: Resend says that it bounced" in asked.sentence
            assert message_states(installation) == {DEAD: "bounced", ANGRY: "complained", LOST: "sent"}
            assert {(number, step) for number, step, _ in open_todos(installation)} == {
                (DEAD, "reminder"),
                (ANGRY, "(complaint)"),
            }

            told = Desk(installation.engine, by="bo").mend_address(DEAD, address_of(DEAD))
            assert await tell_process(installation.engine, installation.client, told)
            await installation.planned(ids[DEAD], stage="waiting", step="second-reminder")

        assert sum(look.taken for look in looks) == 2
        assert len(server.emails) == 4

        # While no worker is there the last one comes back, and somebody answers it by a new message.
        server.events[taken[LOST].id] = "failed"
        (reply_to,) = taken[LOST].fields["reply_to"]
        mailbox.put(f"From: {address_of(LOST)}\r\nTo: {reply_to}\r\nSubject: Hello\r\n\r\nWe paid.\r\n".encode())
        with installation.spawn("worker", "-m", "worker"):
            came = ["message came back", "reply received"]
            await installation.until(lambda: sorted(came_back(installation, LOST)) == came)

    assert message_states(installation)[LOST] == "bounced"
    assert {(LOST, "reminder"), (LOST, "(reply)")} <= {
        (number, step) for number, step, _ in open_todos(installation)
    }
