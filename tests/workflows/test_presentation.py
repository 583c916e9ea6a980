"""What a process shows of its plan in Temporal's lists."""

from decimal import Decimal

from temporalio.common import SearchAttributePair, TypedSearchAttributes

from activities.interface import CollectionStart, Plan
from workflows.presentation import CUSTOMER, OUTSTANDING, attributes_of, handed_on, search_attributes_of

PLAN = Plan(
    stage="waiting", sentence="", invoice="INV-1", customer="C-1", cadence="Standard", outstanding=Decimal("7.50")
)
SHOWN = TypedSearchAttributes([SearchAttributePair(key, value) for key, value in attributes_of(PLAN).items()])


def test_a_process_that_shows_its_plan_has_nothing_to_upsert_when_only_the_amount_changes() -> None:
    paid_in_part = PLAN.model_copy(update={"outstanding": Decimal(5)})
    assert search_attributes_of(paid_in_part, SHOWN, with_amount=False) == []


def test_a_run_from_when_the_amount_was_an_attribute_goes_on_to_upsert_it_as_its_history_says() -> None:
    (update,) = search_attributes_of(PLAN, SHOWN, with_amount=CollectionStart(invoice_id=1).shows_amount)
    assert (update.key, update.value) == (OUTSTANDING, 7.5)


def test_the_next_run_begins_without_the_amount_and_with_all_else() -> None:
    with_amount = SHOWN.updated(SearchAttributePair(OUTSTANDING, 7.5))
    assert handed_on(with_amount).get(OUTSTANDING) is None
    assert handed_on(with_amount).get(CUSTOMER) == "C-1"
