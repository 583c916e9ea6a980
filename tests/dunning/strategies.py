"""Random cadences, calendars, holds, collections and lives, for the promises of the core."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from dunning.cadence import Anchor, Cadence, Channel, Execution, Logic, Repeat, Step
from dunning.calendar import BUSINESS_DAYS_DEFAULT, Calendar
from dunning.facts import Facts, Hold, HoldKind, Invoice
from tests.dunning.builders import Change, Line, both, held, live, live_by_waits, obstructed, released

START = date(2026, 3, 5)  # The lives run across the DST changes of March and April.
LIFE_DAYS = 55
ZONES = ("Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Africa/Cairo", "UTC")

days = st.integers(0, LIFE_DAYS).map(lambda ahead: START + timedelta(days=ahead))


def rarely(value: bool) -> st.SearchStrategy[bool]:
    """Draw `value` once in ten times; hypothesis draws the edges of a range of numbers far more often."""
    return st.sampled_from([not value] * 9 + [value])


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    opens = draw(st.integers(5 * 60, 12 * 60))
    closes = opens + draw(st.sampled_from([570, 240, 60, 1]))
    a_week = st.just(BUSINESS_DAYS_DEFAULT)
    return Calendar(
        time_zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        send_time=time(opens // 60, opens % 60),
        send_until=time(closes // 60, closes % 60),
        business_days=draw(st.one_of(a_week, a_week, st.frozensets(st.integers(0, 6), min_size=1))),
        holidays=draw(st.frozensets(days, max_size=5)),
        jitter_minutes=draw(st.sampled_from([0, 60, 7, 240])),
    )


@st.composite
def steps(draw: st.DrawFn, step_id: str) -> Step:
    channel = draw(st.sampled_from([*[Channel.EMAIL] * 5, *Channel]))
    is_automatic = channel.may_be_automatic and draw(rarely(False))
    anchor = draw(st.sampled_from([Anchor.DUE_DATE, Anchor.DUE_DATE, Anchor.ISSUE_DATE]))
    return Step(
        id=step_id,
        anchor=anchor,
        offset_days=draw(st.integers(-8 if anchor is Anchor.DUE_DATE else 0, 30)),
        channel=channel,
        execution=Execution.AUTOMATIC if is_automatic else Execution.MANUAL,
        never_supersede=draw(rarely(True)),
    )


@st.composite
def cadences(draw: st.DrawFn, logics: Sequence[Logic] = tuple(Logic), *, repeats: bool = False) -> Cadence:
    size = draw(st.sampled_from([3, 4, 5, 6, 2, 1]))
    each = [draw(steps(f"S{index}")) for index in range(size)]
    if repeats and draw(st.booleans()):
        each[-1] = replace(each[-1], repeat=Repeat(draw(st.sampled_from([1, 3, 7, 14])), draw(st.integers(1, 3))))
    return Cadence(
        name="random",
        steps=tuple(each),
        logic=draw(st.sampled_from(logics)),
        contact_delay_days_min=draw(st.sampled_from([5, 0, 1, 2, 3, 5, 9, 30])),
    )


@st.composite
def holds(draw: st.DrawFn) -> Hold:
    kind = draw(st.sampled_from(HoldKind))
    return Hold(kind, draw(days), of_customer=draw(st.booleans()))


@st.composite
def collections(draw: st.DrawFn, logics: Sequence[Logic] = tuple(Logic), *, repeats: bool = False) -> Facts:
    due_on = START + timedelta(days=draw(st.integers(-10, 30)))
    issued_on = due_on - timedelta(days=draw(st.sampled_from([30, 14, 45, 0, 60])))
    has_due_date = draw(rarely(False))
    contact_days_ago = draw(st.one_of(st.none(), st.integers(0, 20)))
    return Facts(
        invoice=Invoice(
            id=draw(st.integers(1, 10**9)),
            number="INV-1",
            issued_on=issued_on,
            due_on=due_on if has_due_date else None,
            outstanding=Decimal(100),
            currency="EUR",
            is_hidden=draw(rarely(True)),
        ),
        cadence=draw(cadences(logics, repeats=repeats)),
        calendar=draw(calendars()),
        entered_on=START + timedelta(days=draw(st.integers(-5, 5))),
        last_contact_on=None if contact_days_ago is None else START - timedelta(days=contact_days_ago),
        holds=tuple(draw(st.lists(holds(), max_size=2, unique_by=lambda hold: (hold.kind, hold.of_customer))))
        if draw(rarely(True))
        else (),
        obstacles=dict.fromkeys(draw(st.sets(st.sampled_from(Channel))), "no sender")
        if draw(rarely(True))
        else {},
        sends_automatically=draw(rarely(False)),
    )


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    hour = draw(st.sampled_from([9, 12, 14, 20, 7, 2, 22]))
    at_hour = datetime.combine(draw(days), time(hour), ZoneInfo("UTC"))
    return at_hour + timedelta(minutes=draw(st.integers(0, 59)))


@st.composite
def happenings(draw: st.DrawFn) -> dict[str, Change]:
    """Draw holds, releases, and what messages need lost and mended, at local moments."""
    if draw(st.booleans()):
        return {}
    kinds = st.sampled_from([HoldKind.PAUSE, HoldKind.DISPUTE])
    changes: dict[str, Change] = {}
    for _ in range(draw(st.integers(0, 5))):
        until = draw(st.one_of(st.none(), days.map(date.isoformat)))
        change = draw(
            st.sampled_from(
                [
                    held(draw(kinds), until),
                    released(draw(kinds)),
                    both(released(HoldKind.PAUSE), released(HoldKind.DISPUTE)),
                    obstructed("no recipient"),
                    obstructed(None),
                ]
            )
        )
        changes[f"{draw(days)} {draw(st.integers(4, 22)):02}:{draw(st.integers(0, 59)):02}"] = change
    return changes


@dataclass(frozen=True)
class Life:
    """One collection and all that will happen to it."""

    facts: Facts
    events: dict[str, Change]
    todo_days: int | None

    def day_by_day(self) -> list[Line]:
        return live(self.facts, str(START), LIFE_DAYS + 1, self.events, todo_days=self.todo_days)

    def by_waits(self) -> list[Line]:
        return live_by_waits(self.facts, str(START), LIFE_DAYS + 1, self.events, todo_days=self.todo_days)


@st.composite
def lives(draw: st.DrawFn, logics: Sequence[Logic] = tuple(Logic)) -> Life:
    todo_days = draw(st.sampled_from([0, 1, 2, 4, 9, None]))
    return Life(draw(collections(logics)), draw(happenings()), todo_days)
