"""The holds that events put on contact, and what is left of them when others end them (rules 3.*)."""

from datetime import date, timedelta

from dunning.facts import Facts, Hold, HoldDays, HoldKind


def standing(holds: tuple[Hold, ...], kind: HoldKind, of_customer: bool = False) -> Hold | None:
    """Return the hold of this kind, over or not."""
    return next((hold for hold in holds if hold.kind is kind and hold.of_customer == of_customer), None)


def is_held(facts: Facts, kind: HoldKind, on: date, of_customer: bool = False) -> bool:
    """Say whether a hold of this kind stops contact on the day."""
    hold = standing(facts.holds, kind, of_customer)
    return hold is not None and (hold.until is None or hold.until > on)


def without(holds: tuple[Hold, ...], kind: HoldKind, of_customer: bool = False) -> tuple[Hold, ...]:
    """Return the holds without those of this kind."""
    return tuple(hold for hold in holds if hold.kind is not kind or hold.of_customer != of_customer)


def with_hold(holds: tuple[Hold, ...], hold: Hold) -> tuple[Hold, ...]:
    """Return the holds with this one in place of the one of its kind."""
    return (*without(holds, hold.kind, hold.of_customer), hold)


def promise_held_until(promised_for: date, days: HoldDays) -> date:
    """Return the first day on which a promise that was not kept no longer holds contact (rule 3.5)."""
    return promised_for + timedelta(days=days.promise_grace)


def partial_payment_held_until(paid_on: date, days: HoldDays) -> date:
    """Return the first day on which a partial payment no longer holds contact (rule 3.3)."""
    return paid_on + timedelta(days=days.partial_payment)


def reversal_held_until(reversed_on: date, days: HoldDays) -> date:
    """Return the first day of contact after a bounced payment reopened the collection (rule 3.12)."""
    return reversed_on + timedelta(days=days.reversal_grace)
