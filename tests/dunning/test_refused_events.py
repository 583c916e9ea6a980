"""Events that cannot happen, and why."""

from decimal import Decimal

import pytest

from dunning.cadence import Channel
from dunning.events import (
    Completed,
    Contacted,
    Disputed,
    DisputeResolved,
    DueDateChanged,
    Event,
    Ignored,
    Paid,
    Paused,
    PaymentAnnounced,
    Promised,
    Reassigned,
    Restarted,
    Resumed,
    Reversed,
    Snoozed,
    StateChanged,
)
from dunning.facts import InvoiceState
from dunning.simulate import Refusal
from tests.dunning.builders import on
from tests.dunning.stories import a_story, morning, refusals, told

REFUSED: list[tuple[str, list[Event], str]] = [
    ("complete what is not open", [Completed(morning("06-08"), "S4")], "it has no open to-do of step S4"),
    ("ignore what is not open", [Ignored(morning("06-08"), "S2")], "it has no open to-do of step S2"),
    (
        "snooze what is not open",
        [Snoozed(morning("06-08"), "S4", on("2026-06-10"))],
        "it has no open to-do of step S4",
    ),
    (
        "snooze until today",
        [Snoozed(morning("06-23"), "S4", on("2026-06-23"))],
        "a to-do is put off until a day after today (2026-06-23), not 2026-06-23",
    ),
    (
        "pause until today",
        [Paused(morning("06-08"), on("2026-06-08"))],
        "a pause ends after today (2026-06-08), not on 2026-06-08",
    ),
    (
        "pause twice",
        [Paused(morning("06-08")), Paused(morning("06-09"))],
        "it is paused already, until it is resumed; resume it first",
    ),
    (
        "pause within a pause",
        [Paused(morning("06-08"), on("2026-06-12")), Paused(morning("06-11"))],
        "it is paused already, until 2026-06-12; resume it first",
    ),
    ("resume what runs", [Resumed(morning("06-08"))], "it is not paused"),
    (
        "resume what runs again",
        [Paused(morning("06-08"), on("2026-06-12")), Resumed(morning("06-12"))],
        "it is not paused",
    ),
    (
        "resume the customer's pause as the invoice's",
        [Paused(morning("06-08"), of_customer=True), Resumed(morning("06-09"))],
        "it is not paused",
    ),
    ("dispute twice", [Disputed(morning("06-08")), Disputed(morning("06-09"))], "it is disputed already"),
    ("resolve nothing", [DisputeResolved(morning("06-08"))], "it is not disputed"),
    (
        "promise for yesterday",
        [Promised(morning("06-08"), on("2026-06-07"))],
        "a promise is for today (2026-06-08) or later, not 2026-06-07",
    ),
    (
        "payment that should be there",
        [PaymentAnnounced(morning("06-08"), on("2026-06-08"))],
        "a payment is waited for until after today (2026-06-08), not 2026-06-08",
    ),
    ("pay nothing", [Paid(morning("06-08"), Decimal(0))], "an amount is more than 0, not 0"),
    ("pay no number", [Paid(morning("06-08"), Decimal("NaN"))], "an amount is more than 0, not NaN"),
    ("pay too much", [Paid(morning("06-08"), Decimal(10001))], "10001 is more than the 10000 outstanding"),
    ("reverse what was not paid", [Reversed(morning("06-08"), Decimal(1))], "1 is more than the 0 that was paid"),
    (
        "pay what is void",
        [StateChanged(morning("06-08"), InvoiceState.VOID), Paid(morning("06-09"), Decimal(1))],
        "it is void; a payment needs an open invoice",
    ),
    (
        "pay what is written off",
        [StateChanged(morning("06-08"), InvoiceState.WRITTEN_OFF), Paid(morning("06-09"), Decimal(1))],
        "it is written off; a payment needs an open invoice",
    ),
    (
        "due before it was issued",
        [DueDateChanged(morning("06-08"), on("2026-05-01"))],
        "it was issued on 2026-05-02, and cannot be due on 2026-05-01 before that",
    ),
    (
        "write as a step of no cadence",
        [Reassigned(morning("06-08"), None), Contacted(morning("06-08"), Channel.EMAIL, "S2")],
        "step S2 is not to come",
    ),
    ("due as it is", [DueDateChanged(morning("06-08"), on("2026-06-01"))], "it is due on 2026-06-01 already"),
    (
        "restart without a cadence",
        [Reassigned(morning("06-08"), None), Restarted(morning("06-08"))],
        "it is under no cadence",
    ),
]


@pytest.mark.parametrize(("events", "because"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED])
def test_event_that_cannot_happen_changes_nothing_and_says_why(events: list[Event], because: str) -> None:
    """Rules 3.1 to 6.2: the refused event is the last."""
    story = a_story(*events)

    assert story.refused == (Refusal(events[-1].at.date(), events[-1], because),)
    assert told(story) == told(a_story(*events[:-1]))


@pytest.mark.parametrize(
    "event",
    [
        Promised(morning("06-09"), on("2026-06-12")),
        PaymentAnnounced(morning("06-09"), on("2026-06-12")),
        Disputed(morning("06-09")),
        Contacted(morning("06-09"), Channel.EMAIL),
        Reassigned(morning("06-09"), None),
        Restarted(morning("06-09")),
    ],
    ids=lambda event: type(event).__name__,
)
@pytest.mark.parametrize(
    "ending",
    [
        Paid(morning("06-08"), Decimal(10000)),
        StateChanged(morning("06-08"), InvoiceState.VOID),
        StateChanged(morning("06-08"), InvoiceState.WRITTEN_OFF),
    ],
    ids=["paid", "void", "written off"],
)
def test_nothing_is_asked_of_a_customer_who_owes_nothing(event: Event, ending: Event) -> None:
    """Rules 3.2, 4.8, 5.2 and 5.4."""
    assert refusals(a_story(ending, event)) == ["it has nothing to collect"]
