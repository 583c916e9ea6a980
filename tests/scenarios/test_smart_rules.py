"""The example of smart rules, lived day by day on the real parts: each day brings the cadence that it should."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from temporalio.testing import WorkflowEnvironment

from db.engine import Engine, transaction
from db.operations.cadences import publish
from db.operations.change import Change
from db.operations.outbox import owe
from db.operations.settlement.payments import pay
from devstack.stack import Stack
from dunning.cadence import Cadence, Channel
from intake.commands import Desk
from intake.rules_clock import turn_clock_some
from tests.console import program
from tests.dunning.builders import a_step
from tests.installation import Installation, newest_mail
from workflows.client import register_search_attributes, tell

PARIS = ZoneInfo("Europe/Paris")
# The example lives in 2026; whole years of 52 weeks later every weekday is the same.
LATER = timedelta(weeks=52)
ISSUED, DUE, ENDS = date(2026, 5, 2), date(2026, 6, 1), date(2026, 6, 10)
# Before that day the example has nothing but its beginning.
EVENTFUL = date(2026, 5, 26)
# The invoice is hidden: calls go on, mails wait.
W_EU = Cadence("W-EU", (a_step("E0", -5, Channel.CALL), a_step("E1", 8, Channel.CALL)))
W_KEY = Cadence("W-KEY", (a_step("K0", 1, Channel.CALL), a_step("K1", 10, Channel.CALL)))
RULES = {
    "key accounts": "status is overdue and outstanding > 5000 EUR then assign W-KEY",
    "euro": "currency is EUR then assign W-EU",
    "vip": "customer.custom.plan is VIP then hide",
}


class Story:
    """The example's days, moved to the server's future."""

    def __init__(self, installation: Installation, server: WorkflowEnvironment, shift: timedelta) -> None:
        self.installation, self.server, self.shift = installation, server, shift
        self.invoice_id = 0

    async def live_until(self, day: date, hour: int = 0) -> None:
        """Sleep until the hour of the example's day."""
        moment = datetime.combine(day + self.shift, time(hour), PARIS)
        await self.server.sleep(max(timedelta(0), moment - await self.server.get_current_time()))

    async def change(self, event_id: str) -> Change:
        """Return the circumstances of what Ana does now."""
        now = await self.server.get_current_time()
        return Change(now, now.astimezone(PARIS).date(), "ana", event_id)

    async def take(self, **stated: Any) -> None:
        """Take the invoice in, as the accounts state it now."""
        self.invoice_id = self.installation.invoice(
            "INV-1",
            at=await self.server.get_current_time(),
            issued_on=ISSUED + self.shift,
            due_on=DUE + self.shift,
            total=Decimal(9000),
            customer_custom=(("plan", "VIP"),),
            **stated,
        )

    async def midnight(self, day: date) -> None:
        """Let the day begin: the clock of rules is looked at by the worker's hand, at the server's time."""
        await self.live_until(day)
        now = await self.server.get_current_time()
        while turn_clock_some(self.installation.engine, now):
            pass

    async def told(self) -> None:
        """Wait until the process knows all that happened: time does not pass meanwhile."""
        await self.installation.until(lambda: not self.installation.rows("SELECT 1 FROM outbox"))
        await self.installation.settled(self.invoice_id)

    def under(self) -> str:
        """Return the cadence of the open collection."""
        ((name,),) = self.installation.rows(
            "SELECT ca.name FROM collections c JOIN cadences ca ON ca.id = c.cadence_id WHERE c.closed_at IS NULL"
        )
        return str(name)


async def test_the_example_of_smart_rules_day_by_day(
    skipping: WorkflowEnvironment, stack: Stack, engine: Engine, database_url: str
) -> None:
    """Rules 7.1, 7.2 and 7.3."""
    installation = Installation(stack, engine, database_url, skipping.client, mail_before=newest_mail(stack))
    await register_search_attributes(skipping.client)
    installation.set(time_zone="Europe/Paris")
    story = Story(installation, skipping, await _shift(skipping))
    _begin(installation)

    await story.midnight(ISSUED)
    async with installation.working():
        await story.live_until(ISSUED, 9)
        await story.take()
        assert story.under() == "W-EU"
        await story.told()
        for number in range((ENDS - EVENTFUL).days):
            day = EVENTFUL + timedelta(days=number)
            await story.midnight(day)
            await _live(story, day)
            await story.told()
        plan = await installation.planned(story.invoice_id, step="E1")

    assert "partial payment" in plan.sentence
    log = await program.duewell(installation.env, "rule", "log", "INV-1", "--json")
    assert [
        (
            f"{date.fromisoformat(one['on']) - story.shift:%m-%d}",
            one["slot"],
            one["rule"],
            one["became"],
            one["shadowed"],
        )
        for one in log.data
    ] == [
        ("05-02", "cadence", "euro", "applied", []),
        ("05-02", "visibility", "vip", "applied", []),
        ("06-02", "cadence", "key accounts", "applied", ["euro"]),
        # On 06-05 the order number is edited, and nothing follows.
        ("06-08", "cadence", "euro", "applied", []),
    ]
    steps = installation.rows(
        "SELECT on_date, kind, data->>'step' FROM timeline WHERE data ? 'step' AND kind LIKE 'to-do%' ORDER BY id"
    )
    assert [(f"{on_date - story.shift:%m-%d}", kind, step) for on_date, kind, step in steps] == [
        ("05-27", "to-do opened", "E0"),
        ("05-28", "to-do ended", "E0"),
        ("06-02", "to-do opened", "K0"),
        ("06-08", "to-do canceled", "K0"),
    ]
    # W-EU is resumed where it was left: E0 stays done.
    assert installation.rows(
        "SELECT ca.name, c.state, c.cycle, c.assigned_by FROM collections c"
        " JOIN cadences ca ON ca.id = c.cadence_id ORDER BY c.id"
    ) == [("W-EU", "active", 1, "rule euro"), ("W-KEY", "stopped", 1, "rule key accounts")]
    assert installation.mails() == [], "a hidden invoice is not written about"
    explained = await program.duewell(installation.env, "rule", "explain", "INV-1", "--json")
    assert explained.data["decided_by"] == {"cadence": "euro", "visibility": "vip"}


async def _live(story: Story, day: date) -> None:
    """Live through what the example has of the day, and claim what follows."""
    installation = story.installation
    match f"{day:%m-%d}":
        case "05-27":
            await story.live_until(day, 9)
            await installation.until(lambda: installation.stage() == "todo")
        case "05-28":
            await story.live_until(day, 10)
            done = {"outcome": "reached"}
            await tell(story.server.client, story.invoice_id, "complete_action", done, is_open=True)
            await installation.until(lambda: "to-do ended" in installation.happened())
        case "06-01":
            assert story.under() == "W-EU"
        case "06-02":
            assert story.under() == "W-KEY", "at midnight, before anybody is called"
            await story.live_until(day, 9)
            await installation.until(lambda: installation.stage() == "todo")
        case "06-05":
            await story.take(po_number="PO-77")
            assert story.under() == "W-KEY"
        case "06-08":
            await story.live_until(day, 9)
            change = await story.change("payment")
            with transaction(installation.engine) as session:
                assert pay(session, story.invoice_id, Decimal(5000), change) == 4000
                owe(session, story.invoice_id, "invoice_changed", {"by": "ana"})
            assert story.under() == "W-EU"


async def _shift(server: WorkflowEnvironment) -> timedelta:
    """Return how far the example must move to lie in the server's future."""
    now, shift = await server.get_current_time(), timedelta(0)
    while ISSUED + shift <= now.date() + timedelta(days=1):
        shift += LATER
    return shift


def _begin(installation: Installation) -> None:
    """Publish the cadences, define the field and add the rules, in their order."""
    with transaction(installation.engine) as session:
        publish(session, W_EU)
        publish(session, W_KEY)
    installation.rows(
        "INSERT INTO custom_fields (entity, key, type, label, options)"
        " VALUES ('customer', 'plan', 'select', 'Plan', '[\"VIP\", \"Basic\"]') RETURNING id"
    )
    desk = Desk(installation.engine, by="ana")
    for name, text in RULES.items():
        assert desk.add_rule(text, name, is_active=True).changed
