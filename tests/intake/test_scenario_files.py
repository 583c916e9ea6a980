"""Scenario files: what they mean, and how a bad one is refused."""

import gc
import time
from datetime import date, datetime
from datetime import time as time_of_day
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dunning.cadence import Anchor, Cadence, Channel, Execution, Step
from dunning.calendar import Calendar
from dunning.events import (
    Completed,
    Contacted,
    Disputed,
    DisputeResolved,
    DueDateChanged,
    Event,
    Ignored,
    Paid,
    Paused,
    Promised,
    Reassigned,
    Resolution,
    Resumed,
    Reversed,
    Snoozed,
)
from dunning.facts import HoldDays, Invoice
from dunning.simulate import Scenario
from intake.scenario_file import BadScenario, read_scenarios
from tests.dunning.builders import PARIS, at, on
from tests.intake.stories import SCENARIO, a_file, as_json, changed

X = Cadence("X", (Step("X0", Anchor.DUE_DATE, 2, Channel.LETTER, Execution.AUTOMATIC),))
MORNING = at("2026-06-24 08:00")
EVENT = "complete: S2"


def refusal(path: Path) -> str:
    """Return why the file is refused, without its folder."""
    with pytest.raises(BadScenario) as refused:
        read_scenarios(path)
    assert "\n" not in str(refused.value)
    return str(refused.value).removeprefix(f"{path.parent}/")


def test_a_scenario_file_says_all_of_a_scenario(tmp_path: Path) -> None:
    (scenario,) = read_scenarios(a_file(tmp_path, SCENARIO))

    automatic = Execution.AUTOMATIC
    steps = (
        Step("S0", Anchor.DUE_DATE, -5, Channel.EMAIL, automatic),
        Step("S1", Anchor.ISSUE_DATE, 33, Channel.EMAIL, automatic),
        Step("S2", Anchor.DUE_DATE, 21, Channel.CALL, Execution.MANUAL),
    )
    assert scenario == Scenario(
        name="a story",
        calendar=Calendar(
            PARIS, send_until=time_of_day(23, 59, 59), holidays=frozenset({on("2026-07-14")}), jitter_minutes=0
        ),
        cadence=Cadence("W", steps),
        invoice=Invoice(1, "INV-1", on("2026-05-02"), on("2026-06-01"), Decimal("10000.00"), "EUR"),
        enters=on("2026-05-02"),
        until=on("2026-08-01"),
        events=(Paused(at("2026-06-05 08:00"), on("2026-06-12")), Completed(MORNING, "S2")),
    )


def test_what_is_left_out_has_its_usual_value(tmp_path: Path) -> None:
    short = SCENARIO[: SCENARIO.index("events:")].replace(", due: 2026-06-01", "")
    short = short.replace(short[short.index("organization:") : short.index("cadence:")], "")

    (scenario,) = read_scenarios(a_file(tmp_path, short))

    assert scenario.calendar == Calendar(PARIS, send_until=time_of_day(23, 59, 59), jitter_minutes=0)
    assert (scenario.invoice.due_on, scenario.events) == (None, ())
    assert (scenario.hold_days, scenario.tolerance) == (HoldDays(), Decimal(0))


def test_an_organization_has_a_calendar_and_grace_of_its_own(tmp_path: Path) -> None:
    grace = "promise_grace_days: 1\n  partial_payment_hold_days: 7\n  reversal_grace_days: 0\n  tolerance: 0.50"
    text = changed(SCENARIO, "time_zone: Europe/Paris", f"time_zone: Asia/Tokyo\n  {grace}")
    text = changed(text, 'send_time: "08:30"', "send_time: 19:45")

    (scenario,) = read_scenarios(a_file(tmp_path, changed(text, "[mon, tue, wed, thu, fri]", "[sun, thu]")))

    calendar = scenario.calendar
    assert (calendar.time_zone, calendar.business_days) == (ZoneInfo("Asia/Tokyo"), frozenset({3, 6}))
    assert calendar.send_time == time_of_day(19, 45)
    assert scenario.hold_days == HoldDays(partial_payment=7, promise_grace=1, reversal_grace=0)
    assert scenario.tolerance == Decimal("0.50")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("complete: S2", Completed(MORNING, "S2")),
        ("ignore: S2", Ignored(MORNING, "S2")),
        ("snooze: {step: S2, until: 2026-06-26}", Snoozed(MORNING, "S2", on("2026-06-26"))),
        ("pause: {}", Paused(MORNING)),
        ("pause: {until: 2026-06-26}", Paused(MORNING, on("2026-06-26"))),
        ("resume: {}", Resumed(MORNING)),
        ('pay: "6000.00"', Paid(MORNING, Decimal("6000.00"))),
        ("pay: 6000.10", Paid(MORNING, Decimal("6000.10"))),
        ("pay: -5", Paid(MORNING, Decimal(-5))),
        ("reverse: 6000", Reversed(MORNING, Decimal(6000))),
        ("dispute: {}", Disputed(MORNING)),
        ("resolve_dispute: restart", DisputeResolved(MORNING, Resolution.RESTART)),
        ("promise: 2026-07-01", Promised(MORNING, on("2026-07-01"))),
        ("due_date: 2026-07-01", DueDateChanged(MORNING, on("2026-07-01"))),
        ("reassign: X", Reassigned(MORNING, X)),
        ("reassign: null", Reassigned(MORNING, None)),
        ("contact: sms", Contacted(MORNING, Channel.SMS)),
        ("contact: {channel: email, as_step: X0}", Contacted(MORNING, Channel.EMAIL, "X0")),
    ],
)
def test_each_kind_of_event_is_read(tmp_path: Path, written: str, meant: Event) -> None:
    text = changed(SCENARIO, EVENT, written)

    (scenario,) = read_scenarios(a_file(tmp_path, text))
    (same,) = read_scenarios(a_file(tmp_path, as_json(text), "w.jsonl"))

    assert scenario.events[1] == meant
    assert same == scenario


def test_events_are_put_in_the_order_of_their_days_and_else_of_the_file(tmp_path: Path) -> None:
    events = "pay: 1}\n  - {on: 2026-06-24, pay: 2}\n  - {on: 2026-06-01, pay: 3"

    (scenario,) = read_scenarios(a_file(tmp_path, changed(SCENARIO, EVENT, events)))

    assert [event.amount for event in scenario.events if isinstance(event, Paid)] == [3, 1, 2]


def test_an_event_comes_no_later_than_the_run_of_its_day(tmp_path: Path) -> None:
    early = changed(SCENARIO, '"08:30"', "06:15")

    (scenario,) = read_scenarios(a_file(tmp_path, early))

    assert scenario.events[1].at == datetime(2026, 6, 24, 6, 15, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("enters:", "entres:", "line 18, entres: unknown key; expected name, organization, cadence, "),
        ("time_zone:", "timezone:", "line 3, organization.timezone: unknown key; expected time_zone, "),
        ("Europe/Paris", "Europe", "line 3, organization.time_zone: 'Europe' is no time zone"),
        ("Europe/Paris", "../zone", "line 3, organization.time_zone: '../zone' is no time zone"),
        ('"08:30"', "8h30", "line 4, organization.send_time: '8h30' is no time of day; expected HH:MM"),
        ('"08:30"', "24:00", "line 4, organization.send_time: '24:00' is no time of day"),
        ("[mon, ", "[monday, ", "line 5, organization.business_days.0: 'monday' is wrong; expected mon, tue,"),
        ("[mon, tue, wed, thu, fri]", "[]", "line 5, organization.business_days: has none; expected at least 1"),
        ("2026-07-14", "14.07.2026", "line 6, organization.holidays.0: '14.07.2026' is no date; expected"),
        ("channel: call", "channel: call, execution: automatic", "line 14, cadence.steps.2.execution: a call is"),
        ("delay: 5", "delay: 31", "line 10, cadence.minimum_contact_delay: 31 is wrong; expected 30 or less"),
        ("name: X", "name: W", "line 16, cadences.0.name: 'W' is the name of an earlier cadence"),
        ("id: X0", "ID: X0", "line 16, cadences.0.steps.0.ID: unknown key; expected id, anchor,"),
        ('"10000.00"', '"-1"', "line 17, invoice.total: '-1' is negative; expected 0 or more"),
        ('"10000.00"', "1e4", "line 17, invoice.total: '1e4' is no amount; expected plain digits"),
        ('"10000.00"', "true", "line 17, invoice.total: true is no amount"),
        ("EUR", "Euro", "line 17, invoice.currency: 'Euro' is no currency in use; expected an ISO 4217 code"),
        ("due: 2026-06-01", "due: 2026-05-01", "line 17, invoice.due: 2026-05-01 is before 2026-05-02, the issue"),
        ("until: 2026-08-01", "until: 2026-05-01", "line 19, until: 2026-05-01 is before 2026-05-02, when the"),
        ("until: 2026-08-01", "until: 2026-02-30", "line 19, until: '2026-02-30' is no day of the calendar"),
        ("until: 2026-08-01", "until: 20260801", "line 19, until: 20260801 is no date; expected a date as YYYY"),
        ("until: 2026-08-01", "until: 9999-12-31", "line 19, until: '9999-12-31' is out of range"),
        ("on: 2026-06-24", "on: 2026-06-31", "line 22, events.1.on: '2026-06-31' is no day of the calendar"),
        ("on: 2026-06-24", "on: 2026-05-01", "line 22, events.1.on: 2026-05-01 is before 2026-05-02, when the"),
        (
            "{until: 2026-06-12}",
            "{untill: 2026-06-12}",
            "line 21, events.0.pause.untill: unknown key; expected until",
        ),
        (EVENT, "finish: S2", "line 22, events.1.finish: unknown key; expected on, complete, ignore,"),
        (EVENT, "complete: S9", "line 22, events.1.complete: there is no step 'S9'; expected S0, S1, S2 or X0"),
        (EVENT, "snooze: {step: S9, until: 2026-06-26}", "line 22, events.1.snooze.step: there is no step 'S9'"),
        (EVENT, "contact: {channel: email, as_step: S9}", "line 22, events.1.contact.as_step: there is no step"),
        (EVENT, "contact: fax", "line 22, events.1.contact: 'fax' is wrong; expected email, sms, letter,"),
        (EVENT, "contact: task", "line 22, events.1.contact: a task is no contact"),
        (EVENT, "reassign: Y", "line 22, events.1.reassign: there is no cadence 'Y'; expected W, X or null"),
        (EVENT, "resolve_dispute: maybe", "line 22, events.1.resolve_dispute: 'maybe' is wrong; expected resume,"),
        (EVENT, "pay: much", "line 22, events.1.pay: 'much' is no amount"),
        (EVENT, "pause: ", "line 22, events.1.pause: null is wrong; expected a value, or {}"),
        (EVENT, "resume: {}, dispute: {}", "line 22, events.1: expected exactly one of complete, ignore, "),
        (f", {EVENT}", "", "line 22, events.1: expected exactly one of complete, ignore, "),
        ("name: a story\n", "", "line 1, name: is missing"),
    ],
)
def test_a_bad_scenario_is_refused_with_place_and_reason(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    bad = changed(SCENARIO, before, after)

    assert refusal(a_file(tmp_path, bad)).startswith(f"w.yaml, {said}")

    # The same key and reason in a file of JSON lines, where the second line is to blame.
    text = as_json(SCENARIO) + as_json(bad)
    assert refusal(a_file(tmp_path, text, "w.jsonl")).startswith(f"w.jsonl, line 2, {said.partition(', ')[2]}")


def test_of_several_documents_the_bad_one_is_named(tmp_path: Path) -> None:
    bad = changed(SCENARIO, "offset: 21", "offset: soon")

    said = refusal(a_file(tmp_path, "---\n".join([SCENARIO, SCENARIO, bad])))

    assert said.startswith("w.yaml, document 3, line 60, cadence.steps.2.offset: 'soon' is wrong")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"name": }', "line 2: not JSON: Expecting value, column 10"),
        ('{"name": "a", "name": "b"}', "line 2: the key 'name' stands twice in one object"),
        ('{"name": NaN}', "line 2: NaN is no number"),
        ('{"name": ' + "1" * 5000 + "}", "line 2, name: '111"),
        ("[1]", "line 2: a list is wrong; expected keys with values"),
        ("[" * 100_000, "line 2: nested too deep"),
        ('{"name": "' + "a" * 10_000_000 + '"}', "line 2: is longer than 1,000,000 characters"),
        (r'{"name": "\ud800"}', r"line 2, name: '\ud800' is wrong; expected text"),
    ],
    ids=["syntax", "twice", "nan", "digits", "list", "deep", "long", "surrogate"],
)
def test_a_bad_line_of_json_is_told_with_its_number(tmp_path: Path, line: str, said: str) -> None:
    path = a_file(tmp_path, f"{as_json(SCENARIO)}{line}\n", "w.jsonl")

    assert refusal(path).startswith(f"w.jsonl, {said}")


def test_blank_lines_between_json_objects_are_nothing(tmp_path: Path) -> None:
    text = f"\n{as_json(SCENARIO)}\n  \n{as_json(SCENARIO)}"

    assert len(read_scenarios(a_file(tmp_path, text, "w.jsonl"))) == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("w.jsonl", "w.jsonl: is empty"),
        ("w.yml", "w.yml: is empty"),
        ("w.txt", "w.txt: expected a file of scenarios, .yaml, .yml or .jsonl"),
    ],
)
def test_a_file_without_scenarios_is_refused(tmp_path: Path, name: str, said: str) -> None:
    assert refusal(a_file(tmp_path, "\n", name)) == said


def test_holidays_that_leave_no_day_to_send_on_are_refused(tmp_path: Path) -> None:
    first = on("2026-01-01").toordinal()
    days = [str(date.fromordinal(first + ahead)) for ahead in range(400)]

    said = refusal(a_file(tmp_path, changed(SCENARIO, "2026-07-14", ", ".join(days))))

    assert said.startswith("w.yaml, line 6, organization.holidays: no business day within 180 days of ")


@pytest.mark.parametrize(("name", "seconds_max"), [("w.yaml", 1.2), ("w.jsonl", 0.3)])
def test_thousands_of_scenarios_are_read_in_seconds(tmp_path: Path, name: str, seconds_max: float) -> None:
    """A thousand here, in a tenth of what ten thousand may take; CPU time, so that neighbours do not count."""
    one = f"---\n{SCENARIO}" if name == "w.yaml" else as_json(SCENARIO)
    path = a_file(tmp_path, one * 1000, name)
    # What other tests left in memory is not for this one to walk through.
    gc.freeze()
    began = time.process_time()

    scenarios = read_scenarios(path)

    seconds = time.process_time() - began
    gc.unfreeze()
    assert seconds < seconds_max
    assert len(scenarios) == 1000
