"""The promises of the core, as claims about what is written in a chronicle; each names its rule."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta

from dunning.agenda import unsettled
from dunning.cadence import Logic, Step
from dunning.decision import Close, Exhaust, Expired, Expiry, OpenTodo, Send, Wait
from dunning.events import Bounced, Completed, Contacted
from dunning.facts import Facts, InvoiceState, StepStatus
from tests.dunning.chronicle import Page


def _acts(pages: Iterable[Page]) -> Iterator[tuple[Page, Send | OpenTodo]]:
    """Yield what was sent and what became a to-do."""
    for page in pages:
        if isinstance(page.what, Send | OpenTodo):
            yield page, page.what


def _expired(page: Page) -> tuple[Expired, ...]:
    return page.what.expired if isinstance(page.what, Wait | Send | OpenTodo | Exhaust) else ()


def _cadence_step(facts: Facts, step_id: str) -> Step:
    assert facts.cadence is not None
    step = facts.cadence.step(step_id)
    assert step is not None
    return step


def _is_blocked(page: Page) -> bool:
    """Say whether anything stopped all contact when the page was written (rules 3.*)."""
    facts = page.before
    is_held = any(hold.until is None or hold.until > page.on for hold in facts.holds)
    is_ended = facts.invoice.state is not InvoiceState.OPEN or facts.invoice.outstanding <= facts.tolerance
    return is_held or is_ended or facts.cadence is None


def contacts_keep_their_distance(pages: list[Page]) -> None:
    """Rules 1.5, 2.8, 2.14 and 2.16: an automatic one; a person may contact at will."""
    last = pages[0].before.last_contact_on
    for page in pages:
        facts, today = page.before, page.on
        match page.what:
            case Send():
                assert facts.cadence is not None
                delay_days = facts.cadence.contact_delay_days_min
                assert last is None or today - last >= timedelta(days=max(delay_days, 1))
                others = facts.customer_contact_on
                assert others is None or today - others >= timedelta(days=delay_days)
                last = today
            case Completed(step_id=step_id) if _cadence_step(facts, step_id).channel.is_contact:
                last = today
            case Contacted():
                last = today
            case Bounced(contacted_on=contacted_on):
                last = contacted_on
            case _:
                pass
        assert page.after.last_contact_on == last


def automatic_messages_keep_business_days_and_send_hours(pages: list[Page]) -> None:
    """Rules 2.1 and 2.2."""
    for page in pages:
        if isinstance(page.what, Send):
            calendar = page.before.calendar
            assert calendar.is_business_day(page.on)
            assert calendar.opens_at(page.on) <= page.at < calendar.closes_at(page.on)


def nothing_happens_while_blocked(pages: list[Page]) -> None:
    """Rules 3.1 to 3.11: nothing is sent, no to-do opens, nothing expires."""
    for page in pages:
        if _is_blocked(page):
            assert not isinstance(page.what, Send | OpenTodo)
            assert _expired(page) == ()
    for page, act in _acts(pages):
        assert page.on >= page.before.entered_on
        assert not (page.before.invoice.is_hidden and act.step.channel.is_written)
        if isinstance(act, Send):
            assert page.before.sends_automatically
            assert page.before.obstacle(act.step) is None


def no_pre_due_step_runs_after_the_due_date(pages: list[Page]) -> None:
    """Rules 2.4 and 2.9."""
    for page, act in _acts(pages):
        trigger = page.before.trigger(act.step)
        assert trigger is not None
        assert trigger <= page.on or page.before.is_pre_due(trigger)  # it may have been rolled back
        assert not (page.before.is_pre_due(trigger) and page.before.is_overdue(page.on))


def no_step_runs_twice(pages: list[Page]) -> None:
    """Rules 2.11 and 2.13: each occurrence once in a cycle of a cadence, and only the last step has a second."""
    sent: Counter[tuple[str, int, str, int]] = Counter()
    for page in pages:
        if isinstance(page.what, Bounced) and page.before.cadence is not None and page.what.step_id is not None:
            # What came back may be sent once more (rule 2.16).
            step_id = page.what.step_id
            run = page.before.runs[step_id]
            sent[page.before.cadence.name, page.before.cycle, step_id, run.occurrence] -= 1
    for page, act in _acts(pages):
        facts = page.before
        assert facts.cadence is not None
        assert act.step in unsettled(facts)
        assert isinstance(act, Send) or facts.status(act.step) is not StepStatus.OPEN
        if act.step.repeat is None:
            assert act.occurrence == 1
        else:
            assert act.step == facts.cadence.steps[-1]
            assert act.occurrence <= max(act.step.repeat.limit + 1, facts.occurrence(act.step))
        if isinstance(act, Send):
            sent[facts.cadence.name, facts.cycle, act.step.id, act.occurrence] += 1
    assert [once for once, times in sent.items() if times > 1] == []


def waits_end_later(pages: list[Page]) -> None:
    """Rule 2.11; and every wait says why."""
    for page in pages:
        if isinstance(page.what, Wait):
            assert page.what.until is None or page.what.until > page.at
            assert page.what.because
            assert page.what.due_on is None or page.what.due_on >= page.on


def standard_drops_nothing_post_due(pages: list[Page]) -> None:
    """Rule 2.5: and the next is the first that is left, unless a to-do is open."""
    for page in pages:
        facts = page.before
        if facts.cadence is None or facts.cadence.logic is not Logic.STANDARD:
            continue
        for expired in _expired(page):
            trigger = facts.trigger(expired.step)
            assert expired.reason is Expiry.OVERDUE
            assert trigger is not None
            assert facts.is_pre_due(trigger)
            assert facts.is_overdue(page.on)
        if isinstance(page.what, Send | OpenTodo) and StepStatus.OPEN not in facts.statuses.values():
            trigger = facts.trigger(page.what.step)
            ended = {expired.step.id for expired in _expired(page)}
            left = [other for step in unsettled(facts) if step.id not in ended and (other := facts.trigger(step))]
            assert not left or trigger == min(left)


def contextual_sends_one_step_for_one_age(pages: list[Page]) -> None:
    """Rule 2.6: with a step that runs, all that had been reached is settled, so that what follows is older."""
    for page, act in _acts(pages):
        facts = page.after
        if facts.cadence is None or facts.cadence.logic is not Logic.CONTEXTUAL:
            continue
        for step in unsettled(facts):
            trigger = facts.trigger(step)
            # A last step that was done ahead of the others comes back when they are through (rule 2.13).
            returns = step.repeat is not None and step.id in facts.runs
            assert trigger is None or trigger > page.on or step == act.step or returns


def facts_are_sound(pages: list[Page]) -> None:
    """Rules 3.2, 4.1, 4.4 and 4.7: what stands beside a to-do ends with it, and a paid invoice has none."""
    for page in pages:
        facts = page.after
        opened = {step_id for step_id, status in facts.statuses.items() if status is StepStatus.OPEN}
        assert facts.handed_over <= opened
        assert set(facts.snoozed) <= opened
        assert facts.invoice.outstanding >= 0
        assert facts.invoice.settled >= 0
        assert facts.cycle >= 1
        if facts.cadence is None or facts.is_settled:
            assert opened == set()
        else:
            assert opened <= {step.id for step in facts.cadence.steps}
        assert len({(hold.kind, hold.of_customer) for hold in facts.holds}) == len(facts.holds)
        assert all(
            status is not StepStatus.OPEN for kept in facts.shelf.values() for status in kept.statuses.values()
        )
        if isinstance(page.what, Close):
            assert page.after == page.before


PROMISES = (
    contacts_keep_their_distance,
    automatic_messages_keep_business_days_and_send_hours,
    nothing_happens_while_blocked,
    no_pre_due_step_runs_after_the_due_date,
    no_step_runs_twice,
    waits_end_later,
    standard_drops_nothing_post_due,
    contextual_sends_one_step_for_one_age,
    facts_are_sound,
)
