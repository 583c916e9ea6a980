"""A customer with several invoices that are due together, through the whole stack."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from starter import start_all
from tests.installation import Installation
from tests.scenarios.mail_server import MailServer
from tests.scenarios.test_worker_killed import PATIENCE_SECONDS, Assassin, Workers

NUMBERS = ("INV-1", "INV-2", "INV-3")
CUSTOMERS, KILLS = 16, 2


async def test_three_invoices_that_are_due_together_are_one_mail(installation: Installation) -> None:
    installation.send_at_any_hour()
    installation.set(merges_same_day=True)
    ids = [installation.invoice(number) for number in NUMBERS]
    installation.invoice("INV-9", customer_id="C-9")
    await start_all(installation.engine, installation.client)

    async with installation.working():
        plans = [await installation.planned(one, stage="waiting", step="second-reminder") for one in ids]
        await installation.until(lambda: len(installation.mails()) == 2)

    mails = {mail.recipients: mail.subject for mail in installation.mails()}
    assert mails[("c-1@helios.example",)] == "Reminder: 3 invoices over €3,600.00"
    assert mails[("c-9@helios.example",)].startswith("Reminder: invoice INV-9 over")
    for number in NUMBERS:
        assert installation.happened(number).count("message sent") == 1
    # Due + 10, six days from now: again together, unless somebody pays.
    assert {plan.wake_at for plan in plans} == {plans[0].wake_at}


async def test_with_the_delay_kept_for_the_customer_the_others_wait_for_the_first(
    installation: Installation,
) -> None:
    installation.send_at_any_hour()
    installation.set(contact_delay_scope="customer")
    ids = [installation.invoice(number) for number in NUMBERS]
    await start_all(installation.engine, installation.client)

    async def keep_quiet() -> bool:
        plans = [await installation.settled(one) for one in ids]
        first_day = installation.today + timedelta(days=5)
        return all(plan.wake_at is not None and plan.when[4:14] >= first_day.isoformat() for plan in plans)

    async with installation.working():
        await installation.until_true(keep_quiet)
        plans = [await installation.settled(one) for one in ids]

    assert len(installation.mails()) == 1
    assert sorted(str(plan.step) for plan in plans) == ["reminder", "reminder", "second-reminder"]
    waiting = [plan.sentence for plan in plans if plan.step == "reminder"]
    assert ["the customer's last contact" in sentence for sentence in waiting] == [True, True]


# The campaigns of tests/exactly_once have merged messages among theirs, and kill at more moments.
@pytest.mark.soak
async def test_each_customer_gets_one_mail_although_the_worker_is_killed_again_and_again(
    installation: Installation, tmp_path: Path
) -> None:
    installation.send_at_any_hour()
    installation.set(merges_same_day=True)
    for customer in range(CUSTOMERS):
        for number in NUMBERS:
            installation.invoice(f"{number}-{customer}", customer_id=f"C-{customer}")
    await start_all(installation.engine, installation.client)

    with MailServer().running() as server:
        mortal = replace(installation, own_smtp_url=server.url)
        workers, assassin = Workers(mortal, tmp_path), Assassin(server)
        for kill in range(KILLS):
            # Every second time as a mail is handed over, before its answer.
            await assassin.kill(mortal, workers.start(), 5 * (kill + 1), None if kill % 2 else 0.05)
        with workers.start(has_successor=False):
            await installation.until(lambda: _done(installation) == 3 * CUSTOMERS, PATIENCE_SECONDS)

    assert len(server.message_ids) == CUSTOMERS
    assert len({handed.recipient for handed in server.handed}) == CUSTOMERS
    assert len({handed.content for handed in server.handed}) == CUSTOMERS
    assert len(server.handed) >= CUSTOMERS + KILLS // 2
    assert installation.rows("SELECT state, count(*) FROM messages GROUP BY 1") == [("sent", CUSTOMERS)]
    told = installation.rows(
        "SELECT count(*), count(DISTINCT invoice_id) FROM timeline WHERE kind = 'message sent'"
    )
    assert told == [(3 * CUSTOMERS, 3 * CUSTOMERS)]


def _done(installation: Installation) -> int:
    ((count,),) = installation.rows("SELECT count(*) FROM actions WHERE state = 'done'")
    return int(count)
