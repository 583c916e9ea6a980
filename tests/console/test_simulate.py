"""`duewell simulate`: what would happen if, for people and for scripts."""

import json
import re
from pathlib import Path

import pytest

from intake.stated_scenario import StatedEvent, StatedOrganization, StatedScenario
from tests.console.conftest import RunHere
from tests.installation import ROOT
from tests.intake.stories import SCENARIO, a_file, as_json, changed

PAGE = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")


def test_a_story_is_told_day_by_day_with_its_reasons_and_its_end(nowhere: RunHere, tmp_path: Path) -> None:
    ran = nowhere("simulate", str(a_file(tmp_path, SCENARIO)))

    assert (ran.code, ran.err) == (0, "")
    assert [re.sub("  +", " | ", line.strip()) for line in ran.out.splitlines()] == [
        "a story",
        "day | step | what happens | why",
        "Wed 2026-05-27 | S0 | email sent | due date -5 days",
        "Thu 2026-06-04 | S1 | email sent | issue date +33 days",
        "Fri 2026-06-05 | paused until Fri 2026-06-12",
        "Mon 2026-06-22 | S2 | call to do | due date +21 days",
        "Wed 2026-06-24 | S2 | done",
        "At the end of Sat 2026-08-01: exhausted, every step is done and money is still open.",
    ]


def test_a_step_on_another_day_than_its_own_says_which_that_was(nowhere: RunHere, tmp_path: Path) -> None:
    longer = changed(SCENARIO, "until: 2026-06-12", "until: 2026-06-30")

    told = nowhere("simulate", str(a_file(tmp_path, longer))).out

    assert "due date +21 days: Mon 2026-06-22; " in " ".join(told.split())


def test_events_that_could_not_happen_are_told_below_the_story(nowhere: RunHere, tmp_path: Path) -> None:
    events = "complete: S2}\n  - {on: 2026-06-01, resume: {}}\n  - {on: 2026-06-02, pay: 20000"

    ran = nowhere("simulate", str(a_file(tmp_path, changed(SCENARIO, "complete: S2", events))))

    assert ran.code == 0
    assert ran.out.splitlines()[-2:] == [
        "Refused on Mon 2026-06-01, resumed: it is not paused.",
        "Refused on Tue 2026-06-02, 20000.00 EUR paid: 20000 is more than the 10000.00 outstanding.",
    ]


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ("ignore: S2", "S2 ignored"),
        ("snooze: {step: S2, until: 2026-06-26}", "step S2 put off until Fri 2026-06-26"),
        ('pay: "100"', "100.00 EUR paid"),
        ("pay: 10000", "10000.00 EUR paid Wed 2026-06-24 S2 canceled the invoice is paid"),
        ("dispute: {}", "disputed"),
        ("promise: 2026-06-30", "payment promised for Tue 2026-06-30"),
        ("due_date: 2026-06-30", "due date moved to Tue 2026-06-30"),
        ("due_date: 2026-06-30", "S2 canceled the cadence begins anew Wed 2026-06-24 cycle 2 begins"),
        ("reassign: X", "put under cadence X Wed 2026-06-24 S2 canceled another cadence, or none, takes over"),
        ("reassign: X", "X0 letter sent due date +2 days: Wed 2026-06-03; cadence assigned Wed 2026-06-24"),
        ("reassign: null", "put under no cadence"),
        ("contact: sms", "contact by sms"),
        ("contact: {channel: email, as_step: S2}", "S2 contact by email Wed 2026-06-24 S2 done"),
    ],
)
def test_what_happens_from_outside_stands_in_the_story(
    nowhere: RunHere, tmp_path: Path, event: str, told: str
) -> None:
    ran = nowhere("simulate", str(a_file(tmp_path, changed(SCENARIO, "complete: S2", event))))

    assert ran.code == 0
    assert told in " ".join(ran.out.split())


def test_json_is_one_object_per_scenario_and_line_in_the_order_of_the_files(
    nowhere: RunHere, tmp_path: Path
) -> None:
    second = changed(SCENARIO, "name: a story", "name: Üben")
    one = a_file(tmp_path, f"{SCENARIO}---\n{second}", "one.yaml")
    two = a_file(tmp_path, as_json(changed(SCENARIO, "name: a story", "name: third")), "two.jsonl")

    ran = nowhere("simulate", str(one), str(two), "--json")

    assert (ran.code, ran.err) == (0, "")
    stories = [json.loads(line) for line in ran.out.splitlines()]
    assert [story["name"] for story in stories] == ["a story", "Üben", "third"]
    assert stories[0] == {
        "name": "a story",
        "outcome": "exhausted",
        "log": [
            {"on": "2026-05-27", "step": "S0", "event": "sent"},
            {"on": "2026-06-04", "step": "S1", "event": "sent"},
            {"on": "2026-06-22", "step": "S2", "event": "opened"},
            {"on": "2026-06-24", "step": "S2", "event": "done"},
        ],
    }


def test_a_repeat_bears_its_number(nowhere: RunHere, tmp_path: Path) -> None:
    repeating = changed(SCENARIO, "channel: call}", "channel: letter, repeat: {every: 14, limit: 2}}")
    path = a_file(tmp_path, changed(repeating, "complete: S2", "contact: email"))

    letters = [
        entry for entry in nowhere("simulate", str(path), "--json").data["log"] if entry.get("step") == "S2"
    ]
    told = nowhere("simulate", str(path)).out

    assert letters == [
        {"on": "2026-06-22", "step": "S2", "event": "sent"},
        {"on": "2026-07-06", "step": "S2", "event": "sent", "occurrence": 2},
        {"on": "2026-07-20", "step": "S2", "event": "sent", "occurrence": 3},
    ]
    assert "repetition 2 of 2, every 14 days" in " ".join(told.split())


def test_nothing_runs_if_any_file_is_bad(nowhere: RunHere, tmp_path: Path) -> None:
    good = a_file(tmp_path, SCENARIO, "good.yaml")
    bad = a_file(tmp_path, changed(SCENARIO, "complete: S2", "complete: S9"), "bad.yaml")

    for options in ([], ["--json"]):
        nowhere("simulate", str(good), str(bad), *options).failed(
            2, f"{bad}, line 22, events.1.complete: there is no step 'S9'"
        )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "simulate: expected at least one FILE"),
        (["/nowhere/w.yaml"], "/nowhere/w.yaml cannot be read: No such file or directory"),
        (["README.md"], "README.md: expected a file of scenarios, .yaml, .yml or .jsonl"),
        (["w.yaml", "--slow"], "Unknown option"),
    ],
)
def test_a_wrong_question_is_answered_in_one_line(nowhere: RunHere, arguments: list[str], said: str) -> None:
    nowhere("simulate", *arguments).failed(2, said)


def test_what_a_file_says_cannot_command_the_terminal(nowhere: RunHere, tmp_path: Path) -> None:
    named = a_file(tmp_path, changed(SCENARIO, "name: a story", r'name: "\e[31m[bold]red\nline"'))
    keyed = a_file(tmp_path, changed(SCENARIO, "enters:", r'"\e[31m[bold]":'), "keyed.yaml")

    assert nowhere("simulate", str(named)).out.splitlines()[0] == r"\x1b[31m[bold]red line"
    nowhere("simulate", str(keyed)).failed(2, r"\x1b[31m[bold]: unknown key")


def test_the_example_of_the_page_is_a_scenario(nowhere: RunHere, tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert example is not None

    story = nowhere("simulate", "--json", str(a_file(tmp_path, example[1]))).data

    assert (story["name"], story["outcome"]) == ("paused for two weeks", "running")


def test_the_page_names_every_key(nowhere: RunHere) -> None:
    keys = [*StatedScenario.model_fields, *StatedOrganization.model_fields, *StatedEvent.model_fields]

    assert [key for key in keys if not re.search(rf"`{key}[:`]|^ *{key}:", PAGE, flags=re.MULTILINE)] == []
