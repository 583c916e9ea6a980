"""Cadences in the reader's words: when a step is, what a version changed, and what may not be meant."""

from dataclasses import dataclass
from typing import Protocol

from console.web.words import N_
from dunning.cadence import Anchor, Cadence, Step
from intake.cadence_changes import changes_between
from intake.cadence_warnings import Turned

CHANNELS = (N_("email"), N_("sms"), N_("letter"), N_("call"), N_("task"))
EXECUTIONS = (N_("automatic"), N_("manual"))
LOGICS = (N_("standard"), N_("contextual"))
STATES = (N_("published"), N_("draft"), N_("retired"))
STATUSES = (N_("open"), N_("done"), N_("ignored"), N_("expired"), N_("skipped"), N_("canceled"))
VERBS = (
    N_("cadence drafted"),
    N_("cadence draft discarded"),
    N_("cadence published"),
    N_("default cadence changed"),
    N_("cadence deleted"),
    N_("cadence retired"),
)
KINDS = (N_("cadence"),)
DETAILS = (N_("version"), N_("steps"), N_("job"), N_("default"))
JOB_STATES = (N_("running"), N_("canceling"), N_("failed"))
BECAUSE = (
    *(N_("trigger date"), N_("cadence assigned"), N_("minimum contact delay"), N_("next business day")),
    *(N_("business day before the due date"), N_("send hours are over"), N_("resumed after today's send time")),
    *(N_("a to-do is open"), N_("snoozed"), N_("approved by a person"), N_("paused"), N_("customer paused")),
    *(N_("disputed"), N_("promise to pay"), N_("payment in flight"), N_("partial payment received")),
    *(N_("payment reversed"), N_("not issued yet"), N_("hidden"), N_("automatic sending is switched off")),
    *(N_("no due date and no payment term"), N_("cannot be sent"), N_("every step is done")),
    *(N_("no business day is left before the due date"), N_("the sender has reached its limit")),
    N_("a message to the customer is on its way"),
)
STAGES = (*(N_("waiting"), N_("due"), N_("held"), N_("todo"), N_("exhausted"), N_("blocked"), N_("closed")),)


class Says(Protocol):
    """Whoever has messages in a language, such as a visit."""

    def text(self, message: str, /, **values: object) -> str:
        """Return the message."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a version changed: `sign` is +, - or ~."""

    sign: str
    said: str


def when(says: Says, step: Step) -> str:
    """Return when the step triggers, such as `3 days after the due date`."""
    days, is_due = step.offset_days, step.anchor is Anchor.DUE_DATE
    if days == 0:
        return says.text("on the due date") if is_due else says.text("on the issue date")
    if abs(days) == 1:
        if not is_due:
            return says.text("1 day after the issue date")
        return says.text("1 day after the due date") if days > 0 else says.text("1 day before the due date")
    if not is_due:
        return says.text("%(count)s days after the issue date", count=days)
    if days > 0:
        return says.text("%(count)s days after the due date", count=days)
    return says.text("%(count)s days before the due date", count=-days)


def repeats(says: Says, step: Step) -> str:
    """Return how often the step runs."""
    if step.repeat is None:
        return says.text("once")
    every, limit = step.repeat.every_days, step.repeat.limit
    return says.text("then every %(days)s days, at most %(limit)s more times", days=every, limit=limit)


def turned_words(says: Says, one: Turned) -> str:
    """Return that the order of two steps differs with the payment term."""
    straight, turned = (", ".join(map(str, terms)) for terms in (one.straight, one.turned))
    return says.text(
        "The order differs with the payment term: %(first)s comes before %(second)s with net %(straight)s, "
        "and after it with net %(turned)s.",
        first=one.first.id,
        second=one.second.id,
        straight=straight,
        turned=turned,
    )


def differences(says: Says, before: Cadence | None, then: Cadence) -> list[Difference]:
    """Return what the version `then` changes."""
    changes = changes_between(before, then)
    told = []
    if before is not None:
        told += [Difference("~", said) for said in _settings(says, before, then)]
    for step_id in changes.inserted:
        step = then.step(step_id)
        assert step is not None
        told.append(Difference("+", says.text("step %(step)s: %(what)s", step=step_id, what=summary(says, step))))
    for step_id in changes.removed:
        was = before.step(step_id) if before is not None else None
        assert was is not None
        told.append(Difference("-", says.text("step %(step)s: %(what)s", step=step_id, what=summary(says, was))))
    for change in changes.changed:
        was, step = before.step(change.step) if before is not None else None, then.step(change.step)
        assert was is not None
        assert step is not None
        what = "; ".join(_fields(says, was, step))
        told.append(Difference("~", says.text("step %(step)s: %(what)s", step=change.step, what=what)))
    return told


def summary(says: Says, step: Step) -> str:
    """Return a step in a few words."""
    return ", ".join((when(says, step), says.text(step.channel.value), says.text(step.execution.value)))


def _settings(says: Says, before: Cadence, then: Cadence) -> list[str]:
    told = []
    if before.logic is not then.logic:
        old, new = says.text(before.logic.value), says.text(then.logic.value)
        told.append(says.text("logic: %(old)s → %(new)s", old=old, new=new))
    if before.contact_delay_days_min != then.contact_delay_days_min:
        delays = {"old": before.contact_delay_days_min, "new": then.contact_delay_days_min}
        told.append(says.text("minimum contact delay in days: %(old)s → %(new)s", **delays))
    kept = [step.id for step in before.steps if then.step(step.id) is not None]
    if kept != [step.id for step in then.steps if before.step(step.id) is not None]:
        told.append(says.text("the order of steps"))
    return told


def _fields(says: Says, was: Step, step: Step) -> list[str]:
    none, usual = says.text("none"), says.text("the default one")
    superseded = {False: says.text("may be superseded"), True: says.text("never superseded")}
    main = says.text("main contact")
    pairs = (
        ("", when(says, was), when(says, step)),
        ("", says.text(was.channel.value), says.text(step.channel.value)),
        ("", says.text(was.execution.value), says.text(step.execution.value)),
        (says.text("Template"), was.template or none, step.template or none),
        ("", superseded[was.never_supersede], superseded[step.never_supersede]),
        ("", repeats(says, was), repeats(says, step)),
        (says.text("Name"), was.name or none, step.name or none),
        (says.text("Responsible"), ", ".join(was.responsible) or none, ", ".join(step.responsible) or none),
        (says.text("Sender"), was.sender or usual, step.sender or usual),
        (says.text("Recipients"), ", ".join(was.recipients) or main, ", ".join(step.recipients) or main),
        (says.text("CC"), ", ".join(was.cc) or none, ", ".join(step.cc) or none),
        (says.text("BCC"), ", ".join(was.bcc) or none, ", ".join(step.bcc) or none),
    )
    return [f"{f'{what}: ' if what else ''}{old} → {new}" for what, old, new in pairs if old != new]
