"""What is different between two versions of a cadence, in words."""

from dataclasses import dataclass

from dunning.cadence import Anchor, Cadence, Step


@dataclass(frozen=True, slots=True)
class StepChange:
    """A step that says something else than before; each difference is in words."""

    step: str
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CadenceChanges:
    """What a new version inserts, removes and changes; `settings` are the changes of the cadence as a whole."""

    inserted: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[StepChange, ...]
    settings: tuple[str, ...]


def changes_between(before: Cadence | None, then: Cadence) -> CadenceChanges:
    """Return what the version `then` changes; of a new cadence every step is inserted."""
    if before is None:
        return CadenceChanges(tuple(step.id for step in then.steps), (), (), ())
    changed = []
    for step in then.steps:
        was = before.step(step.id)
        if was is not None and was != step:
            changed.append(StepChange(step.id, _differences(was, step)))
    return CadenceChanges(
        inserted=tuple(step.id for step in then.steps if before.step(step.id) is None),
        removed=tuple(step.id for step in before.steps if then.step(step.id) is None),
        changed=tuple(changed),
        settings=_settings(before, then),
    )


def when(step: Step) -> str:
    """Return when the step triggers, such as `due date +3 days`."""
    anchor = "due date" if step.anchor is Anchor.DUE_DATE else "issue date"
    return anchor if step.offset_days == 0 else f"{anchor} {step.offset_days:+d} day{_s(step.offset_days)}"


def repeats(step: Step) -> str:
    """Return how often the step runs, such as `every 14 days, 2 more times`, or `once`."""
    if step.repeat is None:
        return "once"
    every, limit = step.repeat.every_days, step.repeat.limit
    days = "every day" if every == 1 else f"every {every} days"
    return f"{days}, {limit} more time{_s(limit)}"


def _differences(was: Step, step: Step) -> tuple[str, ...]:
    superseded = {False: "may be superseded", True: "never superseded"}
    pairs = (
        ("", when(was), when(step)),
        ("", was.channel.value, step.channel.value),
        ("", was.execution.value, step.execution.value),
        ("text ", was.template or "none", step.template or "none"),
        ("", superseded[was.never_supersede], superseded[step.never_supersede]),
        ("", repeats(was), repeats(step)),
        ("name ", was.name or "none", step.name or "none"),
        ("responsible ", _listed(was.responsible), _listed(step.responsible)),
        ("sender ", was.sender or "the default", step.sender or "the default"),
        ("recipients ", ", ".join(was.recipients) or "main", ", ".join(step.recipients) or "main"),
        ("cc ", _listed(was.cc), _listed(step.cc)),
        ("bcc ", _listed(was.bcc), _listed(step.bcc)),
    )
    return tuple(f"{what}{old} → {new}" for what, old, new in pairs if old != new)


def _settings(before: Cadence, then: Cadence) -> tuple[str, ...]:
    settings = []
    if before.logic is not then.logic:
        settings.append(f"logic {before.logic.value} → {then.logic.value}")
    old, new = before.contact_delay_days_min, then.contact_delay_days_min
    if old != new:
        settings.append(f"minimum contact delay {old} → {new} day{_s(new)}")
    kept = [step.id for step in before.steps if then.step(step.id) is not None]
    if kept != [step.id for step in then.steps if before.step(step.id) is not None]:
        settings.append("the order of steps")
    return tuple(settings)


def _listed(people: tuple[str, ...]) -> str:
    return ", ".join(people) or "none"


def _s(count: int) -> str:
    return "" if abs(count) == 1 else "s"
