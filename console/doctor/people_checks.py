"""Doctor: whether everybody whom cadences name is there."""

from console.doctor.check import Check
from db.engine import Session
from db.queries.people import group_lines, missing_todo_owner, unowned_steps, user_lines
from db.queries.senders import mute_steps

_SHOWN_MAX = 5


def examine_people(session: Session) -> list[Check]:
    """Return which steps in force have nobody for their to-dos, or a sender that nothing goes out from."""
    checks = []
    unowned = [f"{one.step} of {one.cadence} ({', '.join(one.responsible)})" for one in unowned_steps(session)]
    if unowned:
        found = f"nobody who is responsible is there for {_listed(unowned)}"
        checks.append(Check("owners", "warn", found, "duewell user add, duewell group add, or edit the cadence"))
    owner = missing_todo_owner(session)
    # Who keeps no users and groups here means a name that people know.
    if owner is not None and (user_lines(session) or group_lines(session)):
        found = f"{owner} has all other to-dos and is neither a user nor a group"
        checks.append(Check("todo_owner", "warn", found, f'duewell group add "{owner}"'))
    mute = [f"{one.step} of {one.cadence} ({one.sender})" for one in mute_steps(session)]
    if mute:
        found = f"nothing goes out by {_listed(mute)}: the sender is not verified, or not there"
        checks.append(Check("senders", "warn", found, "duewell sender add, duewell sender verify"))
    return checks


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN_MAX
    return "; ".join(names[:_SHOWN_MAX]) + (f"; and {more} more" if more > 0 else "")
