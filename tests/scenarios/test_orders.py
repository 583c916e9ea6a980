"""Every order of a person reaches the durable process: it plans anew, ends, or begins again."""

from datetime import timedelta
from decimal import Decimal

from db.engine import transaction
from db.operations.cadences import publish
from dunning.cadence import Channel
from dunning.events import Resolution
from intake.commands import Desk, Told, tell_process
from starter import start_all
from tests.installation import Installation
from tests.scenarios.cadences import BY_PHONE
from workflows.client import process_of

HOLDING = ("DISPUTE", "PROMISE", "FLIGHT", "HIDE")
OTHERS = ("RESOLVE", "SHOW", "DUE", "RESTART", "CONTACT", "REVERSE", "REINSTATE", "C-PAUSED", "C-RESUMED")
ENDING = ("STOP", "WRITE-OFF", "VOID")
CALLED_UPON = ("SNOOZE", "CALLED")


async def test_each_order_reaches_its_process(installation: Installation) -> None:
    with transaction(installation.engine) as session:
        publish(session, BY_PHONE)
    desk, today = Desk(installation.engine, by="ana"), installation.today
    numbers = (*HOLDING, *OTHERS, *ENDING)
    ids = {number: installation.invoice(number, due_in_days=20, customer_id=number) for number in numbers}
    for number in CALLED_UPON:
        ids[number] = installation.invoice(number, due_in_days=-4, customer_id=number)
        desk.reassign(number, "By phone")
    for number in ("RESOLVE", "STOP"):
        desk.dispute(number)
    desk.hide("SHOW")
    desk.pause_customer("C-RESUMED")
    await start_all(installation.engine, installation.client)

    async def tell(*all_told: Told) -> None:
        for told in all_told:
            assert told.changed
            assert await tell_process(installation.engine, installation.client, told)

    async with installation.working(relaying=False):
        for invoice_id in ids.values():
            await installation.settled(invoice_id)
        await tell(
            desk.dispute("DISPUTE", "never ordered"),
            desk.promise("PROMISE", today + timedelta(days=5)),
            desk.announce_payment("FLIGHT", today + timedelta(days=5)),
            desk.hide("HIDE"),
            desk.resolve("RESOLVE"),
            desk.show("SHOW"),
            desk.change_due_date("DUE", today + timedelta(days=40)),
            desk.restart("RESTART"),
            desk.contact("CONTACT", Channel.EMAIL, "upcoming"),
            desk.pause_customer("C-PAUSED"),
            desk.resume_customer("C-RESUMED"),
            desk.resolve("STOP", Resolution.STOP),
            desk.write_off("WRITE-OFF"),
            desk.void("VOID"),
            desk.snooze("SNOOZE", "call", today + timedelta(days=2)),
            desk.contact("CALLED", Channel.CALL, "call"),
            desk.pay("REVERSE", Decimal("1200.00")),
            desk.void("REINSTATE"),
        )
        gone = (*ENDING, "REVERSE", "REINSTATE")
        ended = {number: await process_of(installation.client, ids[number]).result() for number in gone}
        # The processes of these have ended, and are begun anew.
        await tell(desk.reverse("REVERSE", Decimal("1200.00")), desk.reinstate("REINSTATE"))
        plans = {
            number: await installation.settled(invoice_id)
            for number, invoice_id in ids.items()
            if number not in ENDING
        }

    closed = {"Closed: paid", "Closed: void", "Closed: written off", "No collection is open for this invoice"}
    assert set(ended.values()) <= closed
    stages = {number: (plan.stage, plan.step) for number, plan in plans.items()}
    held, waiting = ("held", "upcoming"), ("waiting", "upcoming")
    assert stages == {
        **dict.fromkeys(HOLDING, held),
        **dict.fromkeys(("RESOLVE", "SHOW", "DUE", "RESTART", "REINSTATE", "C-RESUMED"), waiting),
        "CONTACT": ("waiting", "reminder"),
        "REVERSE": held,
        "C-PAUSED": held,
        "SNOOZE": ("todo", "call"),
        "CALLED": ("waiting", "reminder"),
    }
    assert plans["SNOOZE"].wake_at is not None
    assert f"{today + timedelta(days=2)}" in " ".join(plans["SNOOZE"].because)
    assert installation.rows("SELECT count(*) FROM outbox") == [(0,)]
    assert installation.mails() == []
