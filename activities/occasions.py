"""Finds when a customer would get a template's message next: as which step, on which day, about which invoices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from activities.letters import Occasion
from db.engine import Session
from db.operations.adoption import adopted, adopted_all
from db.queries.catalogue import versions_in_force
from db.queries.collections import Case, OpenCollection, case_of, open_collections
from db.queries.customers import open_invoice_ids_of
from dunning.cadence import Anchor, Cadence, Channel, Execution, Step
from dunning.facts import Facts, InvoiceState, StepStatus
from dunning.forecast import Ahead, Foretold
from dunning.forecast_customer import forecast_customer
from phrase import N_, Phrase, phrase

LOOKS_AHEAD = timedelta(days=365)
# Each by itself: a template for all of them would be seen in whatever somebody else said that begins so.
_ENDED = {
    StepStatus.DONE: N_("it is done"),
    StepStatus.IGNORED: N_("it is ignored"),
    StepStatus.EXPIRED: N_("it is expired"),
    StepStatus.SKIPPED: N_("it is skipped"),
    StepStatus.CANCELED: N_("it is canceled"),
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What a message is expected to be written for, and a sentence that says so."""

    occasion: Occasion
    sentence: Phrase


def expected(session: Session, template: str, invoice_id: int, now: datetime) -> tuple[Expected, ...]:
    """Return for what the template's message about the invoice would be written next, if nothing intervenes.

    Where it is one message with other invoices (rule 2.15), what it is without them follows. Where none would be
    written, it is as if one were today, and the sentence says why. Nothing is written down.
    """
    case = case_of(session, invoice_id)
    if case.collection is None or not case.is_open:
        return (_unexpected(session, case, template, now),)
    own = adopted(session, case.collection)
    household = [own]
    if own.delays_customer or own.merges_same_day:
        household = adopted_all(
            session, open_collections(session, open_invoice_ids_of(session, [own.customer_id]))
        )
    try:
        aheads = _aheads(household, now)
    except ValueError as error:
        because = Phrase("what comes next cannot be planned: {problem}", problem=str(error))
        return (_today(own.facts, template, now, because),)
    index = next(index for index, one in enumerate(household) if one.invoice_id == invoice_id)
    coming = next((action for action in aheads[index].actions if action.step.template == template), None)
    if coming is None:
        return (_today(own.facts, template, now, _why_not(own.facts, template)),)
    step = _named(own.facts.cadence, coming.step)
    comes = Phrase("It comes {day:%a %Y-%m-%d} as {step}", day=coming.on, step=step)
    if not coming.is_sent:
        comes = Phrase("{comes}, which somebody is asked to do", comes=comes)
    alone = Expected(_occasion(own.facts, aheads[index], coming), Phrase("{comes}.", comes=comes))
    together = _together(household, aheads, coming, coming.merged_into or invoice_id)
    if len(together) == 1:
        return (alone,)
    carrier = together[0]
    others = tuple(sorted(household[one].invoice_id for one in together[1:]))
    occasion = _occasion(household[carrier].facts, aheads[carrier], coming, others)
    numbers = ", ".join(household[one].facts.invoice.number for one in together if one != index)
    return Expected(occasion, Phrase("{comes}, in one message with {number}.", comes=comes, number=numbers)), alone


def _aheads(household: Sequence[OpenCollection], now: datetime) -> list[Ahead]:
    return forecast_customer(
        [one.facts for one in household],
        now,
        (now + LOOKS_AHEAD).date(),
        todo_days=0,
        delays_customer=any(one.delays_customer for one in household),
        merges_same_day=any(one.merges_same_day for one in household),
    )


def _together(
    household: Sequence[OpenCollection], aheads: Sequence[Ahead], coming: Foretold, carrier_id: int
) -> list[int]:
    """Return the positions of the invoices that are in one message, the carrying one first (rule 2.15)."""
    carrier = next(index for index, one in enumerate(household) if one.invoice_id == carrier_id)
    joined = [
        index
        for index, ahead in enumerate(aheads)
        if any(
            (one.merged_into, one.at, one.step.id) == (carrier_id, coming.at, coming.step.id)
            for one in ahead.actions
        )
    ]
    return [carrier, *joined]


def _occasion(facts: Facts, ahead: Ahead, coming: Foretold, others: tuple[int, ...] = ()) -> Occasion:
    """Return the occasion, with the history that there will be by then."""
    before = [one for one in ahead.actions if one.at < coming.at]
    contacts = [one.on for one in before if one.step.channel.is_contact]
    mails = [one for one in before if one.step.channel is Channel.EMAIL]
    by_then = replace(facts, last_contact_on=max(contacts)) if contacts else facts
    return Occasion(by_then, coming.step, coming.at, others, reminders_before=len(mails))


def _unexpected(session: Session, case: Case, template: str, now: datetime) -> Expected:
    """Return the occasion for an invoice that is not being collected: as if it were, today."""
    if case.collection is not None:
        return _today(adopted(session, case.collection).facts, template, now, _why_closed(case.facts))
    cadences = [version.cadence for version in versions_in_force(session)]
    using = next((one for one in cadences if _step_of(one, template) is not None), None)
    cadence = using or Cadence("no cadence", (_lone_step("1", template),))
    return _today(replace(case.facts, cadence=cadence), template, now, _why_closed(case.facts))


def _today(facts: Facts, template: str, now: datetime, because: Phrase) -> Expected:
    cadence = facts.cadence
    assert cadence is not None
    # Written as the cadence's first step would be, so that its number is one that there is.
    first = cadence.steps[0]
    step = _step_of(cadence, template) or replace(_lone_step(first.id, template), name=first.name)
    sentence = Phrase("Written as if {step} came today: {because}.", step=_named(cadence, step), because=because)
    return Expected(Occasion(facts, step, now), sentence)


def _why_closed(facts: Facts) -> Phrase:
    if facts.invoice.state is not InvoiceState.OPEN:
        return Phrase("the invoice is {state}", state=phrase(facts.invoice.state.value.replace("_", " ")))
    return Phrase("nothing is outstanding") if facts.is_settled else Phrase("no cadence follows the invoice up")


def _why_not(facts: Facts, template: str) -> Phrase:
    cadence = facts.cadence
    assert cadence is not None
    step = _step_of(cadence, template)
    if step is None:
        return Phrase("no step of {cadence} has this template", cadence=cadence.name)
    status = facts.status(step)
    if status is StepStatus.OPEN:
        return Phrase("it is an open to-do; duewell todo show has its message")
    if status is StepStatus.PENDING:
        return Phrase("nothing goes out until something changes")
    return Phrase(_ENDED[status])


def _step_of(cadence: Cadence, template: str) -> Step | None:
    return next((one for one in cadence.steps if one.template == template), None)


def _lone_step(step_id: str, template: str) -> Step:
    return Step(step_id, Anchor.ISSUE_DATE, 0, Channel.EMAIL, Execution.MANUAL, template)


def _named(cadence: Cadence | None, step: Step) -> Phrase:
    assert cadence is not None
    number = [one.id for one in cadence.steps].index(step.id) + 1
    return Phrase(
        "step {name} ({place} of {count}) of {cadence}",
        name=step.id,
        place=number,
        count=len(cadence.steps),
        cadence=cadence.name,
    )
