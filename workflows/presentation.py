"""How a plan is shown in Temporal: search attributes to list by, details to read, a name for the timer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributeUpdate, TypedSearchAttributes

from activities.interface import Plan

STAGE = SearchAttributeKey.for_keyword("Stage")
CADENCE = SearchAttributeKey.for_keyword("Cadence")
INVOICE = SearchAttributeKey.for_keyword("Invoice")
CUSTOMER = SearchAttributeKey.for_keyword("Customer")
OUTSTANDING = SearchAttributeKey.for_float("Outstanding")
NEXT_ACTION_AT = SearchAttributeKey.for_datetime("NextActionAt")
# Each one costs the server about 3 % of a start, so that only what people search by is one. The amount is shown by
# processes that began when it was one (docs/decisions/0025).
KEYS = (STAGE, CADENCE, INVOICE, CUSTOMER, OUTSTANDING, NEXT_ACTION_AT)

# Temporal keeps 400 bytes of a summary.
SUMMARY_CHARACTERS_MAX = 120


def attributes_of(plan: Plan) -> dict[SearchAttributeKey[Any], str | float | datetime]:
    """Return what the plan shows of itself. A parked plan knows no more than its stage and its next look."""
    shown: dict[SearchAttributeKey[Any], str | float | datetime] = {STAGE: plan.stage}
    if plan.invoice:
        shown |= {
            CADENCE: plan.cadence,
            INVOICE: plan.invoice,
            CUSTOMER: plan.customer,
        }
    if plan.wake_at is not None:
        shown[NEXT_ACTION_AT] = plan.wake_at
    return shown


def search_attributes_of(
    plan: Plan, shown: TypedSearchAttributes, *, with_amount: bool
) -> Sequence[SearchAttributeUpdate[Any]]:
    """Return what must be upserted so that the attributes show `plan`; nothing costs nothing."""
    attributes = attributes_of(plan)
    if with_amount and plan.invoice:
        attributes[OUTSTANDING] = float(plan.outstanding)
    updates = [key.value_set(value) for key, value in attributes.items() if shown.get(key) != value]
    if plan.wake_at is None and shown.get(NEXT_ACTION_AT) is not None:
        updates.append(NEXT_ACTION_AT.value_unset())
    return updates


def handed_on(shown: TypedSearchAttributes) -> TypedSearchAttributes:
    """Return the attributes of a run that the next one begins with."""
    return TypedSearchAttributes([pair for pair in shown if pair.key != OUTSTANDING])


def timer_summary_of(plan: Plan) -> str:
    """Return the name of the timer, or of the sending it leads to."""
    if plan.wake_at is None or plan.step is None:
        return plan.sentence[:SUMMARY_CHARACTERS_MAX]
    verb = "goes out" if plan.sends else "is looked at"
    return f"{plan.step} ({plan.channel}) {verb} {plan.when}".rstrip()


def details_of(plan: Plan) -> str:
    """Return the current details of the process, in Markdown."""
    lines = [f"**{plan.invoice}** · {plan.outstanding} {plan.currency} outstanding · cadence {plan.cadence}"]
    lines.append(plan.sentence)
    # The sentence of a held collection names what holds it; the rest is worth knowing too.
    lines += [f"- {reason}" for reason in plan.because if reason not in plan.sentence]
    return "\n\n".join(lines)
