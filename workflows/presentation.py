"""How a plan is shown in Temporal: search attributes to list by, details to read, a name for the timer."""

from collections.abc import Sequence
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from activities.interface import Plan

STAGE = SearchAttributeKey.for_keyword("Stage")
CADENCE = SearchAttributeKey.for_keyword("Cadence")
INVOICE = SearchAttributeKey.for_keyword("Invoice")
CUSTOMER = SearchAttributeKey.for_keyword("Customer")
CURRENCY = SearchAttributeKey.for_keyword("Currency")
OUTSTANDING = SearchAttributeKey.for_float("Outstanding")
NEXT_ACTION_AT = SearchAttributeKey.for_datetime("NextActionAt")
KEYS = (STAGE, CADENCE, INVOICE, CUSTOMER, CURRENCY, OUTSTANDING, NEXT_ACTION_AT)

# Temporal keeps 400 bytes of a summary.
SUMMARY_CHARACTERS_MAX = 120


def search_attributes_of(plan: Plan, shown: TypedSearchAttributes) -> Sequence[SearchAttributeUpdate[Any]]:
    """Return what must be upserted so that the attributes show `plan`; nothing costs nothing.

    Approximate by design: an amount is a float here, for lists and filters, and exact in the ledger.
    """
    updates: list[SearchAttributeUpdate[Any]] = []
    texts = {
        STAGE: plan.stage,
        CADENCE: plan.cadence,
        INVOICE: plan.invoice,
        CUSTOMER: plan.customer,
        CURRENCY: plan.currency,
    }
    for key, text in texts.items():
        # A parked plan knows no more than its stage, and what was shown before stays true.
        if text and shown.get(key) != text:
            updates.append(key.value_set(text))
    if plan.currency and shown.get(OUTSTANDING) != float(plan.outstanding):
        updates.append(OUTSTANDING.value_set(float(plan.outstanding)))
    if plan.wake_at != shown.get(NEXT_ACTION_AT):
        unset = NEXT_ACTION_AT.value_unset()
        updates.append(unset if plan.wake_at is None else NEXT_ACTION_AT.value_set(plan.wake_at))
    return updates


def first_search_attributes(plan: Plan) -> TypedSearchAttributes:
    """Return the attributes that a process starts with, so that its first task upserts nothing."""
    updates = search_attributes_of(plan, TypedSearchAttributes.empty)
    return TypedSearchAttributes([SearchAttributePair(update.key, update.value) for update in updates])


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
