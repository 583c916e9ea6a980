"""The checker finds what was planted in the clean logs of a real run, that and nothing else."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from db.engine import make_engine
from devstack.stack import Stack
from intake.import_invoices import import_invoices
from starter import start_all
from tests.db.databases import a_copy_of
from tests.exactly_once.checker import check
from tests.exactly_once.commands_log import Order, Outcome
from tests.exactly_once.evidence import Evidence, Sender
from tests.exactly_once.journal import Journal, Refusal
from tests.exactly_once.people import People
from tests.exactly_once.planting import (
    A_MOMENT,
    Planting,
    after_order,
    carried_alone_too,
    contact_with,
    contacted_again,
    forgotten,
    handed_over,
    ledger_with,
    moved,
    not_named,
    of_one_customer,
    repeated,
    with_action,
    with_handover,
    with_message,
)
from tests.exactly_once.reading import let_witness, read_evidence
from tests.exactly_once.smtp_provider import SmtpProvider
from tests.exactly_once.violations import Kind
from tests.installation import Installation, newest_mail, own_namespace, zone_at_noon
from tests.scenarios.books import book

INVOICES = 16
PAUSED, DISPUTED, PAID, HIDDEN, WRITTEN_OFF = (f"INV-{number}" for number in range(5))
PAUSED_BEFORE, PAID_BEFORE, RESUMED_BEFORE, UNREACHABLE = (f"INV-{number}" for number in range(5, 9))
PLAIN, ANOTHER = "INV-9", "INV-10"
# Of one customer, and in one message.
TOGETHER = ("INV-20", "INV-21", "INV-22")
SENT = INVOICES - 4 + 1
_AFTER_CONTACT = {
    PAUSED: Order.PAUSE,
    DISPUTED: Order.DISPUTE,
    PAID: Order.PAY,
    HIDDEN: Order.HIDE,
    WRITTEN_OFF: Order.WRITE_OFF,
    TOGETHER[1]: Order.PAUSE,
}


@pytest.fixture(scope="module")
def clean(stack: Stack, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    """The logs of a run in which reminders went out, holds stopped others, and an address was refused."""
    with a_copy_of(template) as url:
        yield asyncio.run(_run(stack, url, tmp_path_factory.mktemp("logs")))


async def _run(stack: Stack, url: str, home: Path) -> Evidence:
    engine = make_engine(url, 20)
    log, commands = home / "provider.log", home / "commands.log"
    with Journal(log) as journal, SmtpProvider(journal, {}, lambda: None).running() as provider:
        client = await own_namespace(stack.temporal_address)
        smtp_url = provider.environment(provider.port)["SMTP_URL"]
        installation = Installation(stack, engine, url, client, newest_mail(stack), own_smtp_url=smtp_url)
        tomorrow = datetime.now(ZoneInfo(zone_at_noon())).date() + timedelta(days=1)
        installation.set(
            time_zone=zone_at_noon(),
            send_time=time(6),
            send_until=time(23),
            business_days=[day for day in range(7) if day != tomorrow.weekday()],
            jitter_minutes=0,
            contact_delay_scope="customer",
            merges_same_day=True,
        )
        let_witness(engine)
        import_invoices(engine, book(range(INVOICES), installation.today, due_in_days=-20))
        for number in TOGETHER:
            installation.invoice(number, due_in_days=-20, customer_id="TOGETHER")
        provider.unknown.add(f"c-{UNREACHABLE.removeprefix('INV-')}@customers.example")
        people = People(installation, Random(), [], commands)
        await people.order(PAUSED_BEFORE, Order.PAUSE)
        await people.order(PAID_BEFORE, Order.PAY)
        await people.order(RESUMED_BEFORE, Order.PAUSE)
        await people.order(RESUMED_BEFORE, Order.RESUME)
        await start_all(engine, client)
        async with installation.working():
            done = "SELECT count(*) FROM messages WHERE state = 'sent'"
            await installation.until(lambda: installation.rows(done) == [(SENT,)])
            await installation.until(lambda: installation.stage(UNREACHABLE) == "todo")
            for number, order in _AFTER_CONTACT.items():
                assert await people.order(number, order) is Outcome.DONE
    evidence = read_evidence(engine, log, commands)
    engine.dispose()
    return evidence


def test_clean_logs_report_nothing(clean: Evidence) -> None:
    assert len(clean.provider.kept) == SENT
    assert len(clean.commands) == len(_AFTER_CONTACT) + 4
    assert clean.provider.refusals
    assert check(clean) == []


def test_two_invoices_of_a_customer_may_share_a_day_where_each_keeps_its_own_delay(clean: Evidence) -> None:
    rules = replace(clean.ledger.rules, delays_customer=False)

    assert check(ledger_with(of_one_customer(clean, PLAIN, ANOTHER), rules=rules)) == []


def test_a_repeat_that_a_kill_explains_is_no_violation(clean: Evidence) -> None:
    assert check(repeated(clean, PLAIN, killed=True)) == []


def _noon(evidence: Evidence, days_later: int) -> datetime:
    zone = evidence.ledger.rules.zone
    return datetime.combine(evidence.until.astimezone(zone), time(12), zone) + timedelta(days=days_later)


def _without_holds(evidence: Evidence) -> Evidence:
    """The ledger forgot a pause that somebody was told of."""
    paused = contact_with(evidence, PAUSED).parts[0].invoice.id
    return ledger_with(evidence, holds=tuple(one for one in evidence.ledger.holds if one.invoice_id != paused))


def _due_later(evidence: Evidence) -> Evidence:
    old = contact_with(evidence, PLAIN).parts[0].invoice
    assert old.due_on is not None
    changed = replace(old, due_on=old.due_on + timedelta(days=30))
    return ledger_with(
        evidence, invoices=tuple(changed if one is old else one for one in evidence.ledger.invoices)
    )


def _at_three_in_the_night(evidence: Evidence) -> Evidence:
    return moved(evidence, PLAIN, _noon(evidence, 0) - timedelta(hours=9))


def _throttled(evidence: Evidence, **at_most: int) -> Evidence:
    email = evidence.provider.kept[0].sender
    return ledger_with(evidence, senders=(Sender(email, at_most.get("minute"), at_most.get("day")),))


def _nobody_knows(evidence: Evidence) -> Evidence:
    stranger = replace(contact_with(evidence, PLAIN).handover, number=9001, message_id="<nobody@knows.example>")
    return handed_over(evidence, *evidence.provider.handovers, stranger)


def _refused_before(evidence: Evidence) -> Evidence:
    handover = contact_with(evidence, PLAIN).handover
    refusal = Refusal(handover.begun_at - A_MOMENT, handover.recipients[0])
    return replace(evidence, provider=replace(evidence.provider, refusals=(refusal,)))


def _other_bytes(evidence: Evidence) -> Evidence:
    content = contact_with(evidence, PLAIN).handover.content
    return with_handover(evidence, PLAIN, content=content + b"Pay!\r\n")


def _asks(evidence: Evidence) -> Evidence:
    return ledger_with(evidence, rules=replace(evidence.ledger.rules, when_uncertain="ask"))


def _withdrawn(evidence: Evidence) -> Evidence:
    return with_message(with_action(evidence, PLAIN, state="canceled"), PLAIN, state="withdrawn")


def _shown_late(evidence: Evidence) -> Evidence:
    dot_at = contact_with(evidence, PLAIN).handover.dot_at
    assert dot_at is not None
    unanswered = with_message(_asks(evidence), PLAIN, state="failed", unanswered=1)
    return with_action(unanswered, PLAIN, state="open", opened_at=dot_at + timedelta(seconds=61))


PLANTED: list[tuple[str, Kind, Planting]] = [
    ("while paused", Kind.WHILE_PAUSED, lambda clean: after_order(clean, PAUSED)),
    ("paused, says the ledger", Kind.WHILE_PAUSED, lambda clean: replace(after_order(clean, PAUSED), commands=())),
    ("paused, say people", Kind.WHILE_PAUSED, lambda clean: _without_holds(after_order(clean, PAUSED))),
    ("while disputed", Kind.WHILE_DISPUTED, lambda clean: after_order(clean, DISPUTED)),
    ("after payment", Kind.AFTER_PAYMENT, lambda clean: after_order(clean, PAID)),
    ("hidden", Kind.HIDDEN, lambda clean: after_order(clean, HIDDEN)),
    ("written off", Kind.WRITTEN_OFF, lambda clean: after_order(clean, WRITTEN_OFF)),
    ("before its date", Kind.BEFORE_ITS_DATE, _due_later),
    ("at night", Kind.OUTSIDE_HOURS, _at_three_in_the_night),
    ("on a holiday", Kind.NO_BUSINESS_DAY, lambda clean: moved(clean, PLAIN, _noon(clean, 1))),
    ("twice", Kind.TWICE, lambda clean: repeated(clean, PLAIN, killed=False)),
    ("a kill for two", Kind.TWICE, lambda clean: repeated(clean, PLAIN, ANOTHER, killed=True)),
    ("twice, although asked", Kind.TWICE, lambda clean: _asks(repeated(clean, PLAIN, killed=True))),
    ("another repeat", Kind.REPEAT_DIFFERS, lambda clean: repeated(clean, PLAIN, killed=True, recipients=())),
    (
        "too close",
        Kind.TOO_CLOSE,
        lambda clean: contacted_again(clean, PLAIN, "second-reminder", timedelta(days=2)),
    ),
    ("too close for the customer", Kind.TOO_CLOSE, lambda clean: of_one_customer(clean, PLAIN, ANOTHER)),
    ("one of three paused", Kind.WHILE_PAUSED, lambda clean: after_order(clean, TOGETHER[1])),
    ("together and alone", Kind.TWICE, lambda clean: carried_alone_too(clean, TOGETHER[1])),
    ("done, but not named", Kind.NOT_SENT, lambda clean: not_named(clean, TOGETHER[1])),
    ("over the minute", Kind.OVER_THE_THROTTLE, lambda clean: _throttled(clean, minute=2)),
    ("over the day", Kind.OVER_THE_THROTTLE, lambda clean: _throttled(clean, day=SENT - 1)),
    ("lost", Kind.LOST, lambda clean: forgotten(clean, PLAIN)),
    ("unknown to the ledger", Kind.NOT_RECORDED, _nobody_knows),
    ("not recorded", Kind.NOT_RECORDED, _withdrawn),
    ("step not done", Kind.NOT_RECORDED, lambda clean: with_action(clean, PLAIN, state="canceled")),
    ("never sent", Kind.NOT_SENT, lambda clean: with_handover(clean, PLAIN, kept=False)),
    ("other bytes", Kind.NOT_AS_RECORDED, _other_bytes),
    ("a stranger", Kind.WRONG_RECIPIENT, lambda clean: with_handover(clean, PLAIN, recipients=("x@y.example",))),
    ("refused before", Kind.WRONG_RECIPIENT, _refused_before),
    ("shown late", Kind.NOT_REVIEWED, _shown_late),
]


@pytest.mark.parametrize(("kind", "plant"), [pytest.param(kind, plant, id=name) for name, kind, plant in PLANTED])
def test_what_was_planted_is_found_and_nothing_else(clean: Evidence, kind: Kind, plant: Planting) -> None:
    assert {violation.kind for violation in check(plant(clean))} == {kind}


def test_each_kind_of_violation_is_planted_but_one() -> None:
    # A promise, a payment in flight, a partial payment: the same code as a pause.
    assert set(Kind) - {kind for _, kind, _ in PLANTED} == {Kind.WHILE_HELD}
