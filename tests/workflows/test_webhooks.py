"""What is committed arrives, signed and in order, whatever breaks; and who breaks holds up nobody else."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from db.engine import transaction
from db.operations.webhooks import redeliver, remove_endpoint, start_endpoint
from intake.commands import Desk
from intake.webhook_keeping import tell_owed
from tests.installation import Installation
from tests.mailer.webhook_receiver import Receiver, Resets, Says, Waits, verify_of_the_docs
from tests.workflows.telling import HASTY, Listener, numbers, telling

# What the stories are about that tell of an invoice and its money, and not of its collection.
BILLS = "invoice.*", "payment.*"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who listens."""
    with Receiver().running() as running:
        yield running


@pytest.fixture
def other() -> Iterator[Receiver]:
    """Somebody else who listens."""
    with Receiver().running() as running:
        yield running


def bill(installation: Installation, number: str) -> None:
    """Let an invoice come in that is followed up later."""
    installation.invoice(number, due_in_days=20)


def pay(installation: Installation, number: str, amount: str = "1200") -> None:
    """Let a payment come in."""
    Desk(installation.engine, by="ana").pay(number, Decimal(amount))


async def test_what_happens_is_told_once_signed_and_in_order(
    installation: Installation, receiver: Receiver
) -> None:
    listener = Listener.add(installation, receiver)
    verify = verify_of_the_docs()
    # Committed while nobody works.
    bill(installation, "INV-1")

    async with telling(installation):
        await installation.until(lambda: len(receiver.taken) == 2)
        assert await listener.process_ends() == "All is delivered"
        pay(installation, "INV-1", "200")
        pay(installation, "INV-1", "1000")
        await installation.until(lambda: listener.states() == ["delivered"] * 5)
        await listener.process_ends()

    assert receiver.kinds == [
        *("invoice.created", "collection.started"),
        *("payment.received", "payment.received", "collection.ended"),
    ]
    assert len({one.id for one in receiver.arrived}) == 5
    for one in receiver.arrived:
        verify(listener.secret, one.headers, one.body)
        assert one.event["id"] == one.id
    assert receiver.arrived[2].event["data"]["amount"] == "200"


async def test_an_event_whose_answer_was_lost_is_repeated_to_the_byte_under_its_id(
    installation: Installation, receiver: Receiver
) -> None:
    receiver.behaves = lambda event: Resets() if len(receiver.arrived) == 0 else Says()
    listener = Listener.add(installation, receiver, *BILLS)
    bill(installation, "INV-1")
    pay(installation, "INV-1", "200")

    async with telling(installation):
        await installation.until(lambda: listener.states() == ["delivered"] * 2)

    first, again, after = receiver.taken
    assert (first.id, first.body, first.kind) == (again.id, again.body, "invoice.created")
    assert after.kind == "payment.received"
    assert (listener.standing["failing_since"], listener.standing["failures"]) == (None, 0)


async def test_one_that_does_not_answer_rests_and_holds_up_nobody(
    installation: Installation, receiver: Receiver, other: Receiver
) -> None:
    receiver.behaves = lambda _event: Waits(30)
    broken, well = Listener.add(installation, receiver, *BILLS), Listener.add(installation, other, *BILLS)
    for number in range(3):
        bill(installation, f"INV-{number}")

    # Even one thread is enough: who does not answer gives it back.
    async with telling(installation, threads=1):
        await installation.until(lambda: well.states() == ["delivered"] * 3)
        await installation.until(lambda: broken.standing["failures"] >= 2)
        assert "does not answer within 0.5 seconds" in broken.standing["last_error"]
        assert set(broken.states()) == {"owed"}

        receiver.behaves = lambda _event: Says()
        await installation.until(lambda: broken.states() == ["delivered"] * 3)
        await broken.process_ends()

    assert numbers(other) == [(f"INV-{number}", "invoice.created") for number in range(3)]
    assert {number for number, _ in numbers(receiver)} == {f"INV-{number}" for number in range(3)}


async def test_an_event_on_which_the_receiver_hangs_each_time_holds_up_its_invoice_and_no_other(
    installation: Installation, receiver: Receiver
) -> None:
    receiver.behaves = lambda event: Waits(30) if event["invoice"]["number"] == "INV-0" else Says()
    listener = Listener.add(installation, receiver, "invoice.created")
    for number in range(4):
        bill(installation, f"INV-{number}")

    async with telling(installation, replace(HASTY, post_seconds=1)):
        await installation.until(lambda: listener.states() == ["given up", *["delivered"] * 3])

    assert [number for number, _ in numbers(receiver)][-1] == "INV-0"
    assert listener.standing["is_active"]


async def test_a_refused_event_waits_with_the_later_ones_of_its_invoice_until_it_is_given_up(
    installation: Installation, receiver: Receiver
) -> None:
    def behaves(event: Mapping[str, Any]) -> Says:
        is_the_one = (event["kind"], event["invoice"]["number"]) == ("invoice.created", "INV-1")
        return Says(400, b"no such PO") if is_the_one else Says()

    receiver.behaves = behaves
    listener = Listener.add(installation, receiver, *BILLS)
    for number in ("INV-1", "INV-2"):
        bill(installation, number)
        pay(installation, number, "100")

    async with telling(installation):
        await installation.until(lambda: len(receiver.taken) == 2)
        # Later news of another invoice is not held up either.
        pay(installation, "INV-2", "200")
        await installation.until(lambda: len(receiver.taken) == 3)
        assert {number for number, _ in numbers(receiver)} == {"INV-2"}
        assert listener.standing["failing_since"] is None

        await installation.until(lambda: listener.states()[0] == "given up")
        await installation.until(lambda: len(receiver.taken) == 4)
        await listener.process_ends()
        assert numbers(receiver)[-1] == ("INV-1", "payment.received")
        refused = [one for one in receiver.arrived if not one.taken]
        assert len(refused) == HASTY.pauses.attempts_max
        assert len({one.id for one in refused}) == 1

        receiver.behaves = lambda _event: Says()
        ((given_up, error),) = installation.rows(
            "SELECT id, last_error FROM webhook_deliveries WHERE state = 'given up'"
        )
        assert error == "400 no such PO"
        with transaction(installation.engine) as session:
            assert redeliver(session, given_up) == listener.id
        await installation.until(lambda: set(listener.states()) == {"delivered"})

    assert receiver.taken[-1].id == refused[0].id


async def test_one_at_which_nothing_arrives_for_long_is_stopped_and_told_all_when_it_is_started(
    installation: Installation, receiver: Receiver
) -> None:
    receiver.behaves = lambda _event: Says(500, b"<h1>Oops</h1>")
    manners = replace(HASTY, pauses=replace(HASTY.pauses, stop_after=timedelta(seconds=0.4), attempts_max=1000))
    listener = Listener.add(installation, receiver, *BILLS)
    for number in range(4):
        bill(installation, f"INV-{number}")

    async with telling(installation, manners):
        assert await listener.process_ends() == "Nobody is told any more"
        standing = listener.standing
        assert not standing["is_active"]
        assert standing["stopped_because"].startswith("nothing arrived there since 20")
        assert standing["stopped_because"].endswith(" UTC: 500 <h1>Oops</h1>")
        assert listener.states() == ["owed"] * 4
        pay(installation, "INV-0", "100")

        receiver.behaves = lambda _event: Says()
        with transaction(installation.engine) as session:
            assert start_endpoint(session, listener.id)
        await installation.until(lambda: listener.states() == ["delivered"] * 4)

    assert {number for number, _ in numbers(receiver)} == {f"INV-{number}" for number in range(4)}


async def test_one_that_is_gone_is_stopped_at_once(installation: Installation, receiver: Receiver) -> None:
    receiver.behaves = lambda _event: Says(410)
    listener = Listener.add(installation, receiver, *BILLS)
    for number in range(3):
        bill(installation, f"INV-{number}")

    async with telling(installation):
        await listener.process_ends()

    assert len(receiver.arrived) == 1
    assert listener.standing["stopped_because"] == "it answered 410 Gone: it wants to hear nothing more"


async def test_a_private_address_is_not_spoken_to_until_that_is_allowed(
    installation: Installation, receiver: Receiver
) -> None:
    receiver.url = receiver.url.replace("http://127.0.0.1", "https://localhost")
    listener = Listener.add(installation, receiver, *BILLS, allows_private=False)
    bill(installation, "INV-1")

    async with telling(installation):
        await installation.until(lambda: listener.standing["failures"] >= 2)

    assert "which is not on the public internet" in listener.standing["last_error"]
    assert (receiver.connections, listener.states()) == (0, ["owed"])


async def test_one_that_is_removed_while_it_rests_is_told_nothing_more(
    installation: Installation, receiver: Receiver
) -> None:
    receiver.behaves = lambda _event: Says(503)
    listener = Listener.add(installation, receiver, *BILLS)
    bill(installation, "INV-1")

    async with telling(installation):
        await installation.until(lambda: listener.standing["failures"] >= 1)
        with transaction(installation.engine) as session:
            remove_endpoint(session, listener.id)
        said = await listener.process_ends()
        pay(installation, "INV-1")

        assert await tell_owed(installation.engine, installation.client, datetime.now(UTC)) == 0

        left = "SELECT (SELECT count(*) FROM webhook_deliveries), (SELECT count(*) FROM webhook_endpoints)"
        await installation.until(lambda: installation.rows(left) == [(0, 0)])

    assert said == "Nobody is told any more"


@pytest.mark.soak
async def test_a_round_that_died_with_its_worker_is_made_again(
    installation: Installation, receiver: Receiver
) -> None:
    """The worker is killed while the receiver works on an event: it comes again, and nothing else does."""
    listener = Listener.add(installation, receiver, *BILLS)
    for number in range(40):
        bill(installation, f"INV-{number:02}")
    first, killed = installation.spawn("first-worker", "-m", "worker"), threading.Event()

    def behaves(_event: Mapping[str, Any]) -> Says:
        if len(receiver.arrived) == 20 and not killed.is_set():
            first.kill()
            killed.set()
        return Says()

    receiver.behaves = behaves
    await installation.until(killed.is_set)
    second = installation.spawn("second-worker", "-m", "worker")
    await installation.until(lambda: listener.states() == ["delivered"] * 40, patience_seconds=60)
    second.stop()

    assert [number for number, _ in numbers(receiver)] == [
        *(f"INV-{number:02}" for number in range(21)),
        *(f"INV-{number:02}" for number in range(20, 40)),
    ]
    repeated = [one for one in receiver.taken if one.event["invoice"]["number"] == "INV-20"]
    assert len({(one.id, one.body) for one in repeated}) == 1
