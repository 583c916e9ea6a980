"""Signals as the activity takes them in."""

from datetime import UTC, datetime

from activities.interface import Event
from activities.signals import take_in
from db.engine import transaction
from db.operations.assignment import reassign
from db.operations.change import Change
from tests.installation import Installation


async def test_a_late_repeat_of_a_reassignment_that_changed_nothing_stays_without_effect(
    installation: Installation,
) -> None:
    invoice_id = installation.invoice(due_in_days=20)
    signal = Event(signal="reassign", event_id="the-same", fields={"cadence": "Standard"})
    now, today = datetime.now(UTC), installation.today

    def arrive() -> None:
        with transaction(installation.engine) as session:
            take_in(session, invoice_id, signal, Change(now, today, by="ana", event_id=signal.event_id))

    arrive()
    with transaction(installation.engine) as session:
        assert reassign(session, invoice_id, None, Change(now, today, by="bo", event_id="another"))
    arrive()

    assert installation.lines() == []
