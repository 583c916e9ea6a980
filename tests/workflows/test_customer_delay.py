"""Two months of a customer with three invoices in the time-skipping server: its contacts keep their distance."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from temporalio.testing import WorkflowEnvironment

from db.engine import Engine, transaction
from db.operations.cadences import publish
from devstack.stack import Stack
from tests.dunning.builders import reminders
from tests.installation import Installation, newest_mail
from workflows.client import register_search_attributes, tell

PARIS = ZoneInfo("Europe/Paris")
# The story lives in 2026; whole years of 52 weeks later every weekday is the same.
LATER = timedelta(weeks=52)
CADENCE = reminders(3, 10, name="A")
BEGINS, ENDS = date(2026, 5, 28), date(2026, 7, 10)


async def test_mails_about_three_invoices_are_five_days_apart(
    skipping: WorkflowEnvironment, stack: Stack, engine: Engine, database_url: str
) -> None:
    installation = Installation(stack, engine, database_url, skipping.client, mail_before=newest_mail(stack))
    await register_search_attributes(skipping.client)
    installation.set(time_zone="Europe/Paris", contact_delay_scope="customer")
    with transaction(engine) as session:
        steps = tuple(replace(step, template="reminder") for step in CADENCE.steps)
        publish(session, replace(CADENCE, steps=steps), make_default=True)
    shift = timedelta(0)
    while BEGINS + shift <= (await skipping.get_current_time()).date() + timedelta(days=1):
        shift += LATER

    async def live_until(day: date) -> None:
        moment = datetime(day.year, day.month, day.day, 7, tzinfo=PARIS)
        await skipping.sleep(moment - await skipping.get_current_time())

    await live_until(BEGINS + shift)
    now = await skipping.get_current_time()
    ids = [
        installation.invoice(
            f"INV-{due}", at=now, issued_on=date(2026, 5, 2) + shift, due_on=date(2026, 6, due) + shift
        )
        for due in (1, 2, 3)
    ]
    # Nothing is relayed: whatever became stale, each looks again before it sends.
    async with installation.working(relaying=False):
        for invoice_id in ids:
            await tell(skipping.client, invoice_id, "invoice_changed", {}, is_open=True)
        for number in range((ENDS - BEGINS).days):
            await live_until(BEGINS + shift + timedelta(days=number))

    sent = installation.rows("SELECT on_date, data->>'step' FROM timeline WHERE kind = 'message sent' ORDER BY id")
    # The first triggers on 06-04; five days on, or the Monday after, one after the other gets its turn.
    days = [f"{on_date - shift:%m-%d}" for on_date, _ in sent]
    assert days == ["06-04", "06-09", "06-15", "06-22", "06-29", "07-06"]
    assert sorted(step for _, step in sent) == ["S0", "S0", "S0", "S1", "S1", "S1"]
    assert len(installation.mails()) == 6
