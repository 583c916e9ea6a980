"""The naive simulator reproduces the worked examples of the collection rules."""

import json
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.dunning.naive import simulate
from tests.dunning.random_scenarios import random_scenario

Entry = dict[str, Any]

S4_DONE = {"on": "2026-06-24", "complete": "S4"}
S4_DONE_LATE = {"on": "2026-07-10", "complete": "S4"}
S4_DONE_LAST = {"on": "2026-07-07", "complete": "S4"}
PAUSE = {"on": "2026-06-05", "pause": {"until": "2026-06-22"}}
DISPUTE = {"on": "2026-06-09", "dispute": {}}
RESOLVE = {"on": "2026-06-25", "resolve_dispute": "resume"}
PROMISE = {"on": "2026-06-05", "promise": "2026-06-12"}
PARTIAL = {"on": "2026-06-08", "pay": "6000.00"}
CONTACT_0608 = {"on": "2026-06-08", "contact": "email"}
CONTACT_0612 = {"on": "2026-06-12", "contact": "email"}
S2_IGNORED = {"on": "2026-06-10", "ignore": "S2"}
REASSIGN = {"on": "2026-06-09", "reassign": "X"}


def email(step_id: str, offset: int, anchor: str = "due_date") -> Entry:
    return {"id": step_id, "anchor": anchor, "offset": offset, "channel": "email"}


def emails(*offsets: int) -> list[Entry]:
    return [email(f"D{offset}", offset) for offset in offsets]


W = [
    *(email(f"S{number}", offset) for number, offset in enumerate((-5, 3, 8, 14))),
    {"id": "S4", "anchor": "due_date", "offset": 21, "channel": "call", "execution": "manual"},
    {"id": "S5", "anchor": "due_date", "offset": 30, "channel": "letter", "execution": "automatic"},
]
W_MANUAL_S2 = [{**step, "execution": "manual"} if step["id"] == "S2" else step for step in W]
MIXED = [email("A", 7, "issue_date"), email("B", -3), email("C", 35, "issue_date"), email("D", 7)]


def play(logic: str, *events: Entry, steps: list[Entry] = W, **more: str) -> str:
    """Return the log of fixture W, with changes, as `MM-DD step event, …`."""
    result = simulate(
        {
            "name": "example",
            "cadence": {"name": "W", "logic": logic, "minimum_contact_delay": 5, "steps": steps},
            "cadences": [{"name": "X", "logic": logic, "minimum_contact_delay": 5, "steps": emails(2, 6, 12)}],
            "invoice": {
                "number": "INV-1",
                "issued": more.get("issued", "2026-05-02"),
                "due": more.get("due", "2026-06-01"),
                "total": "10000.00",
                "currency": "EUR",
            },
            "enters": more.get("enters", more.get("issued", "2026-05-02")),
            "until": more.get("until", "2026-08-01"),
            "events": sorted(events, key=lambda event: str(event["on"])),
        }
    )
    lines = [
        (entry["on"][5:], entry.get("step"), entry.get("reason") or entry["event"]) for entry in result["log"]
    ]
    return ", ".join(" ".join(word for word in line if word) for line in lines)


START = "05-27 S0 sent, 06-04 S1 sent"
UNDISTURBED = f"{START}, 06-09 S2 sent, 06-15 S3 sent, 06-22 S4 opened, 06-24 S4 done, 07-01 S5 sent"
EXAMPLES: list[tuple[str, Callable[[], str], str]] = [
    ("undisturbed, standard", partial(play, "standard", S4_DONE), UNDISTURBED),
    ("undisturbed, contextual", partial(play, "contextual", S4_DONE), UNDISTURBED),
    (
        "standard, enters late",
        partial(play, "standard", S4_DONE_LAST, enters="2026-06-18"),
        "06-18 S0 overdue, 06-18 S1 sent, 06-23 S2 sent, 06-29 S3 sent, 07-04 S4 opened, 07-07 S4 done, "
        "07-13 S5 sent",
    ),
    (
        "contextual, enters late",
        partial(play, "contextual", enters="2026-06-18"),
        "06-18 S0 overdue, 06-18 S1 superseded, 06-18 S2 superseded, 06-18 S3 sent, 06-23 S4 opened, "
        "07-01 S4 superseded, 07-01 S5 sent",
    ),
    (
        "minimum contact delay",
        partial(play, "standard", steps=emails(0, 4, 8), due="2026-06-05"),
        "06-05 D0 sent, 06-10 D4 sent, 06-15 D8 sent",
    ),
    (
        "dense steps, contextual",
        partial(play, "contextual", steps=emails(1, 3, 5, 7)),
        "06-02 D1 sent, 06-06 D3 superseded, 06-08 D5 superseded, 06-08 D7 sent",
    ),
    (
        "dense steps, standard",
        partial(play, "standard", steps=emails(1, 3, 5, 7)),
        "06-02 D1 sent, 06-08 D3 sent, 06-15 D5 sent, 06-22 D7 sent",
    ),
    (
        "weekend before the due date",
        partial(play, "standard", steps=emails(-1), due="2026-06-07"),
        "06-05 D-1 sent",
    ),
    (
        "mixed anchors, net 15",
        partial(play, "standard", steps=MIXED, issued="2026-06-01", due="2026-06-16"),
        "06-08 A sent, 06-15 B sent, 06-23 D sent, 07-06 C sent",
    ),
    (
        "mixed anchors, net 45",
        partial(play, "standard", steps=MIXED, issued="2026-06-01", due="2026-07-16"),
        "06-08 A sent, 07-06 C sent, 07-13 B sent, 07-23 D sent",
    ),
    (
        "pause, standard",
        partial(play, "standard", PAUSE, until="2026-07-04"),
        f"{START}, 06-22 S2 sent, 06-29 S3 sent, 07-04 S4 opened",
    ),
    (
        "pause, contextual",
        partial(play, "contextual", PAUSE),
        f"{START}, 06-22 S2 superseded, 06-22 S3 superseded, 06-22 S4 opened, 07-01 S4 superseded, 07-01 S5 sent",
    ),
    ("partial payment", partial(play, "standard", PARTIAL, until="2026-06-14"), f"{START}, 06-11 S2 sent"),
    (
        "dispute, standard",
        partial(play, "standard", DISPUTE, RESOLVE),
        f"{START}, 06-25 S2 sent, 06-30 S3 sent, 07-05 S4 opened",
    ),
    (
        "dispute, contextual",
        partial(play, "contextual", DISPUTE, RESOLVE, until="2026-06-30"),
        f"{START}, 06-25 S2 superseded, 06-25 S3 superseded, 06-25 S4 opened",
    ),
    ("promise", partial(play, "standard", PROMISE, until="2026-06-19"), f"{START}, 06-15 S2 sent"),
    (
        "to-do done late",
        partial(play, "standard", S4_DONE_LATE),
        f"{START}, 06-09 S2 sent, 06-15 S3 sent, 06-22 S4 opened, 07-10 S4 done, 07-15 S5 sent",
    ),
    (
        "to-do ignored",
        partial(play, "standard", S2_IGNORED, steps=W_MANUAL_S2, until="2026-06-15"),
        f"{START}, 06-09 S2 opened, 06-10 S2 ignored, 06-15 S3 sent",
    ),
    (
        "ad hoc message",
        partial(play, "standard", CONTACT_0612, until="2026-06-17"),
        f"{START}, 06-09 S2 sent, 06-12 contact, 06-17 S3 sent",
    ),
    (
        "reassigned, standard",
        partial(play, "standard", CONTACT_0608, REASSIGN),
        f"{START}, 06-08 contact, 06-15 D2 sent, 06-22 D6 sent, 06-29 D12 sent",
    ),
    (
        "reassigned, contextual",
        partial(play, "contextual", CONTACT_0608, REASSIGN),
        f"{START}, 06-08 contact, 06-09 D2 superseded, 06-13 D6 superseded, 06-15 D12 sent",
    ),
    (
        "due date a little later",
        partial(play, "standard", {"on": "2026-06-02", "due_date": "2026-06-04"}, until="2026-06-15"),
        "05-27 S0 sent, 06-08 S1 sent, 06-15 S2 sent",
    ),
    (
        "due date much later",
        partial(play, "standard", {"on": "2026-06-05", "due_date": "2026-06-30"}, until="2026-07-14"),
        f"{START}, 06-05 cycle, 06-25 S0 sent, 07-03 S1 sent, 07-08 S2 sent, 07-14 S3 sent",
    ),
]


@pytest.mark.parametrize(("play_it", "expected"), [pytest.param(*rest, id=name) for name, *rest in EXAMPLES])
def test_worked_example_is_reproduced(play_it: Callable[[], str], expected: str) -> None:
    assert play_it() == expected


def test_random_scenarios_are_sorted_repeatable_and_plain_json() -> None:
    for seed in range(100):
        scenario = random_scenario(random.Random(seed))
        days = [event["on"] for event in scenario["events"]]

        assert days == sorted(days)
        assert days == [] or scenario["enters"] <= days[0] <= days[-1] <= scenario["until"]
        assert json.loads(json.dumps(scenario)) == scenario
        assert random_scenario(random.Random(seed)) == scenario
        assert simulate(scenario) == simulate(scenario)
