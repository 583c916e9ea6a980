"""Messages outside the cadence through the whole stack: the process sends them, once, whoever is killed."""

from dataclasses import replace
from datetime import timedelta

from activities.own_words import Wish
from devstack.leashed_process import LeashedProcess
from intake.commands import Desk, tell_process
from starter import start_all
from tests.installation import Installation
from tests.scenarios.mail_server import ACCEPTED, MailServer
from workflows.client import process_of

# A killed worker is noticed after 15 seconds without a heartbeat, and its send is repeated 5 seconds later.
PATIENCE_SECONDS = 80.0
WISH = Wish("Our call, {{ invoice.number }}", "You owe **{{ invoice.outstanding }}**.", as_step="upcoming")


async def test_the_process_sends_what_a_person_wrote_and_goes_on_after_it(installation: Installation) -> None:
    invoice_id = installation.invoice(due_in_days=14)
    await start_all(installation.engine, installation.client)

    async with installation.working(relaying=False):
        await installation.planned(invoice_id, step="upcoming")
        told = Desk(installation.engine, by="ana").write("INV-1", WISH)
        assert await tell_process(installation.engine, installation.client, told)
        plan = await installation.planned(invoice_id, step="reminder")

    (mail,) = installation.mails()
    assert mail.recipients == ("c-1@helios.example",)
    assert plan.stage == "waiting"
    assert installation.rows("SELECT step_id, state, ended_by FROM actions ORDER BY id") == [
        ("(message)", "done", "ana"),
        ("upcoming", "done", "ana"),
    ]
    assert installation.rows("SELECT last_contact_on FROM collections") == [(installation.today,)]
    history = await process_of(installation.client, invoice_id).fetch_history()
    assert "helios.example" not in str(history.events), "nothing personal is in a history"


async def test_a_worker_that_is_killed_with_it_in_its_hands_costs_a_repeat_of_the_same_bytes(
    installation: Installation,
) -> None:
    invoice_id = installation.invoice(due_in_days=14)
    await start_all(installation.engine, installation.client)
    killed: list[LeashedProcess] = []
    first: list[LeashedProcess] = []

    def to_message(_recipient: str) -> str:
        if not killed:
            killed.append(first[0])
            first[0].kill()
            first[0].wait(10)
        return ACCEPTED

    with MailServer(to_message=to_message).running() as server:
        mortal = replace(installation, own_smtp_url=server.url)
        first.append(mortal.spawn("worker-1", "-m", "worker"))
        await mortal.planned(invoice_id, step="upcoming")
        Desk(mortal.engine, by="ana").write("INV-1", WISH)
        await mortal.until(lambda: bool(killed), PATIENCE_SECONDS)
        with mortal.spawn("worker-2", "-m", "worker"):
            sent = "SELECT 1 FROM messages WHERE state = 'sent'"
            await mortal.until(lambda: bool(mortal.rows(sent)), PATIENCE_SECONDS)
            await mortal.planned(invoice_id, step="reminder")

    assert len({handed.content for handed in server.handed}) == len(server.message_ids) == 1
    assert mortal.rows("SELECT count(*) FROM messages") == [(1,)]
    assert mortal.rows("SELECT step_id, status FROM step_statuses") == [("upcoming", "done")]
    assert mortal.today - timedelta(days=1) < mortal.rows("SELECT last_contact_on FROM collections")[0][0]
