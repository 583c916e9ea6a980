"""Cadence files: what they mean, and how a bad one is refused."""

from pathlib import Path

import pytest

from dunning.cadence import Anchor, Cadence, Channel, Execution, Logic, Repeat, Step
from intake.cadence_file import STANDARD, BadCadence, read_cadence
from tests.intake.stories import CADENCE, a_file, changed

FIRST = "{id: first, anchor: due_date, offset: 3, channel: email, template: reminder}"


def test_a_cadence_file_says_all_of_a_cadence(tmp_path: Path) -> None:
    cadence = read_cadence(a_file(tmp_path, CADENCE))

    automatic, manual = Execution.AUTOMATIC, Execution.MANUAL
    assert cadence == Cadence(
        "Reminders",
        (
            Step("first", Anchor.DUE_DATE, 3, Channel.EMAIL, automatic, "reminder"),
            Step("call", Anchor.DUE_DATE, 10, Channel.CALL, manual, "call"),
            Step("last", Anchor.ISSUE_DATE, 60, Channel.EMAIL, automatic, "final-notice", False, Repeat(14, 2)),
        ),
        Logic.STANDARD,
        5,
    )


def test_what_is_left_out_has_its_usual_value(tmp_path: Path) -> None:
    text = "name: Short\nsteps:\n  - {id: a, anchor: due_date, offset: 0, channel: task, never_supersede: true}\n"

    cadence = read_cadence(a_file(tmp_path, text))

    step = Step("a", Anchor.DUE_DATE, 0, Channel.TASK, Execution.MANUAL, never_supersede=True)
    assert cadence == Cadence("Short", (step,), Logic.STANDARD, 5)


def test_a_step_says_who_is_concerned(tmp_path: Path) -> None:
    people = (
        ", name: First reminder, responsible: [bo@duewell.example, Cash Collectors], sender: ar@duewell.example,"
        " recipients: billing, cc: [cfo@helios.example], bcc: archive@duewell.example}"
    )

    step = read_cadence(a_file(tmp_path, changed(CADENCE, FIRST, FIRST[:-1] + people))).steps[0]

    assert (step.name, step.responsible) == ("First reminder", ("bo@duewell.example", "Cash Collectors"))
    assert (step.sender, step.recipients) == ("ar@duewell.example", ("billing",))
    assert (step.cc, step.bcc) == (("cfo@helios.example",), ("archive@duewell.example",))


def test_the_cadence_that_ships_can_be_read() -> None:
    assert [step.id for step in read_cadence(STANDARD).steps] == [
        "upcoming",
        "reminder",
        "second-reminder",
        "call",
        "final-notice",
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("execution: manual", "execution: automatic", "line 6, steps.1.execution: a call is manual only"),
        ("offset: 60", "offset: -60", "line 9, steps.2.offset: -60 days after the issue date would be before it"),
        (
            "id: last",
            "id: first",
            "line 7, steps.2.id: first is the id of an earlier step; expected one of its own",
        ),
        ("id: last", 'id: "two words"', "line 7, steps.2.id: 'two words' is wrong; expected 1 to 40 letters"),
        ("id: last", "id: 7", "line 7, steps.2.id: 7 is wrong; expected text in quotes"),
        ("delay: 5", "delay: 31", "line 3, minimum_contact_delay: 31 is wrong; expected 30 or less"),
        ("delay: 5", "delay: -1", "line 3, minimum_contact_delay: -1 is wrong; expected 0 or more"),
        ("delay: 5", 'delay: "5"', "line 3, minimum_contact_delay: '5' is wrong; expected a whole number"),
        ("delay: 5", "delay: true", "line 3, minimum_contact_delay: true is wrong; expected a whole number"),
        ("template: reminder", "template: dunning", "line 5, steps.0.template: there is no template 'dunning'"),
        (", template: reminder", "", "line 5, steps.0.template: is missing; an automatic email needs one of"),
        ("logic: standard", "logic: strict", "line 2, logic: 'strict' is wrong; expected standard or contextual"),
        ("logic: standard", "logics: standard", "line 2, logics: unknown key; expected name, logic, "),
        ("name: Reminders\n", "", "line 1, name: is missing"),
        ("name: Reminders", "name:", "line 1, name: null is wrong; expected text"),
        ("name: Reminders", "name: ''", "line 1, name: '' is wrong; expected text that is not empty"),
        ("channel: call", "channel: fax", "line 6, steps.1.channel: 'fax' is wrong; expected email, sms, "),
        ("offset: 10", "offset: 10.5", "line 6, steps.1.offset: '10.5' is wrong; expected a whole number"),
        ("offset: 10", "offset: 99999", "line 6, steps.1.offset: 99999 is wrong; expected 3650 or less"),
        ("offset: 10, ", "", "line 6, steps.1.offset: is missing"),
        ("offset: 10", "ofset: 10", "line 6, steps.1.ofset: unknown key; expected id, anchor, offset, channel, "),
        ("every: 14", "every: 0", "line 13, steps.2.repeat.every: 0 is wrong; expected 1 or more"),
        ("every: 14", "every: 366", "line 13, steps.2.repeat.every: 366 is wrong; expected 365 or less"),
        ("limit: 2", "limit: 101", "line 13, steps.2.repeat.limit: 101 is wrong; expected 100 or less"),
        (", limit: 2", "", "line 13, steps.2.repeat.limit: is missing"),
        (FIRST, FIRST[:-1] + ", repeat: {every: 7, limit: 1}}", "line 5, steps.0.repeat: only the last step may"),
        (FIRST, FIRST[:-1] + ", cc: [a@b.example, none]}", "line 5, steps.0.cc.1: 'none' is not an email address"),
        (FIRST, FIRST[:-1] + ", bcc: x}", "line 5, steps.0.bcc: 'x' is not an email address"),
        (FIRST, FIRST[:-1] + ", sender: Ana}", "line 5, steps.0.sender: 'Ana' is not an email address"),
        (FIRST, FIRST[:-1] + ", recipients: [1st]}", "line 5, steps.0.recipients.0: '1st' is no role"),
        (FIRST, FIRST[:-1] + ", responsible: ['']}", "line 5, steps.0.responsible.0: '' is wrong; expected text"),
        (FIRST, FIRST[:-1] + ", responsible: 7}", "line 5, steps.0.responsible: 7 is wrong; expected a list"),
        (FIRST, FIRST[:-1] + ', name: "two\\nlines"}', "line 5, steps.0.name: 'two\\x0alines' is wrong; expected"),
        (
            "execution: manual",
            "cc: a@b.example",
            "line 6, steps.1.cc: goes with an email only, and this is a call",
        ),
        (FIRST, "a", "line 5, steps.0: 'a' is wrong; expected keys with values"),
        ("id: last\n", "id: last\n    id: end\n", "line 8: the key 'id' stands twice in one mapping"),
    ],
)
def test_a_bad_cadence_is_refused_with_line_key_and_reason(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    path = a_file(tmp_path, changed(CADENCE, before, after))

    with pytest.raises(BadCadence) as refused:
        read_cadence(path)

    assert str(refused.value).startswith(f"{path}, {said}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: Empty\nsteps: []\n", ", line 2, steps: has none; expected at least 1"),
        ("name: Empty\n", ", line 1, steps: is missing"),
        ("name: Many\nsteps: a\n", ", line 2, steps: 'a' is wrong; expected a list"),
        ("- a\n", ", line 1: a list is wrong; expected keys with values"),
        ("", ": is empty"),
        (f"{CADENCE}---\n{CADENCE}", ", document 2, line 15: expected one cadence in the file"),
    ],
)
def test_a_file_without_one_cadence_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = a_file(tmp_path, text)

    with pytest.raises(BadCadence) as refused:
        read_cadence(path)

    assert str(refused.value).startswith(f"{path}{said}")


def test_a_file_that_is_not_there_is_a_bad_cadence(tmp_path: Path) -> None:
    with pytest.raises(BadCadence, match="cannot be read: No such file or directory"):
        read_cadence(tmp_path / "away.yaml")
