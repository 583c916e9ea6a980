"""An invoice's whole life in the time-skipping server, day by day as the specification's example has it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import text
from temporalio.testing import WorkflowEnvironment

from db.engine import Engine, transaction
from db.operations.cadences import publish
from devstack.stack import Stack
from dunning.cadence import Anchor, Cadence, Channel, Execution, Step
from tests.installation import Installation, newest_mail
from workflows.client import register_search_attributes, tell


def _step(
    name: str, offset_days: int, channel: Channel = Channel.EMAIL, template: str | None = "reminder"
) -> Step:
    execution = Execution.AUTOMATIC if channel.may_be_automatic else Execution.MANUAL
    return Step(name, Anchor.DUE_DATE, offset_days, channel, execution, template)


W = Cadence(
    "W",
    (
        _step("S0", -5, template="upcoming"),
        _step("S1", 3),
        _step("S2", 8),
        _step("S3", 14),
        _step("S4", 21, Channel.CALL, None),
        _step("S5", 30, Channel.LETTER, None),
    ),
)


# The example lives in 2026; whole years of 52 weeks later every weekday is the same, and it is summer time again.
_LATER = timedelta(weeks=52)
_ISSUED = date(2026, 5, 2)


def _shift(now: datetime) -> timedelta:
    """Return how far the example must move to lie in the server's future."""
    shift = timedelta(0)
    while _ISSUED + shift <= now.date() + timedelta(days=1):
        shift += _LATER
    return shift


def _at(day: date, hour: int, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo("Europe/Paris"))


async def test_120_days_are_those_of_the_undisturbed_example(
    skipping: WorkflowEnvironment, stack: Stack, engine: Engine, database_url: str
) -> None:
    installation = Installation(stack, engine, database_url, skipping.client, mail_before=newest_mail(stack))
    await register_search_attributes(skipping.client)
    installation.set(time_zone="Europe/Paris")
    shift = _shift(await skipping.get_current_time())

    async def live_until(moment: datetime) -> None:
        await skipping.sleep(moment - await skipping.get_current_time())

    await live_until(_at(_ISSUED + shift, 7, 0))
    invoice_id = _begin(installation, shift, await skipping.get_current_time())
    async with installation.working(relaying=False):
        await tell(skipping.client, invoice_id, "invoice_changed", {}, is_open=True)
        for number in range(120):
            day = _ISSUED + shift + timedelta(days=number)
            await live_until(_at(day, 8, 0))
            if day - shift == date(2026, 6, 24):
                await tell(skipping.client, invoice_id, "complete_action", {"outcome": "reached"}, is_open=True)
        await installation.settled(invoice_id)

    with transaction(engine) as session:
        entries = session.execute(
            text("SELECT kind, data->>'step', on_date FROM timeline WHERE data ? 'step' ORDER BY id")
        )
        log = [(kind, step, on_date - shift) for kind, step, on_date in entries]
    assert log == [
        ("message sent", "S0", date(2026, 5, 27)),
        ("message sent", "S1", date(2026, 6, 4)),
        ("message sent", "S2", date(2026, 6, 9)),
        ("message sent", "S3", date(2026, 6, 15)),
        ("to-do opened", "S4", date(2026, 6, 22)),
        ("to-do ended", "S4", date(2026, 6, 24)),
        # No sender for letters is configured here, so that a person is asked on the letter's day.
        ("to-do opened", "S5", date(2026, 7, 1)),
    ]
    assert len(installation.mails()) == 4


def _begin(installation: Installation, shift: timedelta, now: datetime) -> int:
    """Take the example's invoice in on the morning of its issue."""
    with transaction(installation.engine) as session:
        publish(session, W, make_default=True)
    return installation.invoice(
        "INV-1",
        at=now,
        issued_on=_ISSUED + shift,
        due_on=date(2026, 6, 1) + shift,
        total=Decimal("10000.00"),
    )
