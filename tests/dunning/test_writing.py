"""Messages that people write outside the cadence: what stops them, and as what they go out (rule 4.8)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from dunning.cadence import Channel
from dunning.facts import Facts, HoldKind, InvoiceState
from dunning.writing import MESSAGE, distance_until, message_step, what_stops_message
from tests.dunning.builders import a_cadence, a_collection, a_hold, a_step, on

FRIDAY = on("2026-06-12")


def invoiced(**changed: object) -> Facts:
    """Return a collection whose invoice is another one."""
    facts = a_collection()
    return replace(facts, invoice=replace(facts.invoice, **changed))  # type: ignore[arg-type]


def test_nothing_stops_it_at_any_hour_and_soon_after_a_contact() -> None:
    """Rule 4.8."""
    facts = replace(a_collection(), last_contact_on=FRIDAY, sends_automatically=False)

    assert what_stops_message(facts, None, FRIDAY) is None


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (invoiced(state=InvoiceState.DRAFT), "nothing goes out: the invoice is draft"),
        (invoiced(state=InvoiceState.WRITTEN_OFF), "nothing goes out: the invoice is written off"),
        (invoiced(outstanding=Decimal(0)), "nothing goes out: nothing is outstanding"),
        (invoiced(is_hidden=True), "nothing goes out: the invoice is hidden from its customer"),
        (replace(a_collection(), holds=(a_hold(HoldKind.DISPUTE),)), "nothing goes out: dispute"),
        (replace(a_collection(), holds=(a_hold(until="2026-06-13"),)), "nothing goes out: pause"),
        (replace(a_collection(), obstacles={Channel.EMAIL: "550 no"}), "it cannot be sent: 550 no"),
        (replace(a_collection(), blocked_senders={None: "not verified"}), "it cannot be sent: not verified"),
    ],
)
def test_what_stops_all_contact_stops_it_too(facts: Facts, said: str) -> None:
    """Rules 3.* and 4.8."""
    assert what_stops_message(facts, None, FRIDAY) == said


def test_a_hold_that_ended_and_a_sender_of_others_stop_nothing() -> None:
    """Rule 4.8."""
    facts = replace(a_collection(), holds=(a_hold(until="2026-06-12"),), blocked_senders={"bo@us.example": "no"})

    assert what_stops_message(facts, None, FRIDAY) is None
    cadence = a_cadence([replace(a_step("S1", 3), sender="Bo@us.example")])
    assert what_stops_message(replace(facts, cadence=cadence), "S1", FRIDAY) == "it cannot be sent: no"


def test_it_goes_to_those_whom_the_step_writes_to_that_it_is_used_as() -> None:
    """Rule 4.8."""
    step = replace(a_step("S1", 3), sender="bo@us.example", recipients=("billing",), cc=("c@x.example",))
    facts = replace(a_collection(), cadence=a_cadence([step]))

    used, lone = message_step(facts, "S1"), message_step(facts, None)

    assert (used.id, used.sender, used.recipients, used.cc) == (MESSAGE, step.sender, step.recipients, step.cc)
    assert (lone.id, lone.sender, lone.recipients, lone.cc) == (MESSAGE, None, (), ())
    assert message_step(facts, "gone") == lone
    assert message_step(replace(facts, cadence=None), "S1") == lone


def test_a_writer_is_told_until_when_the_product_would_keep_its_distance() -> None:
    """Rules 1.5 and 2.14."""
    facts = replace(a_collection(), cadence=a_cadence([a_step("S1", 3)]))
    own = replace(facts, last_contact_on=on("2026-06-09"))

    assert distance_until(facts) is None
    assert distance_until(replace(own, cadence=None)) is None
    assert distance_until(own) == on("2026-06-14")
    assert distance_until(replace(own, customer_contact_on=on("2026-06-11"))) == on("2026-06-16")
