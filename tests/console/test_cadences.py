"""duewell cadence: files are checked, drafted, shown and published, and a bad one changes nothing."""

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import Engine, transaction
from db.queries.catalogue import version_of
from dunning.cadence import Cadence
from intake.cadence_file import STANDARD, read_cadence
from tests.console.conftest import RunHere
from tests.console.program import AWAY, environment
from tests.installation import Installation
from tests.intake.stories import a_file

SHIPPED = STANDARD.read_text(encoding="utf-8")
LATER = SHIPPED.replace("offset: 3,", "offset: 5,")
OTHER = SHIPPED.replace("name: Standard", "name: Other")
# The bad cadences that the issue names, as changes of the one that ships.
BAD = {
    "a call that is automatic": ("execution: manual", "execution: automatic", "line 10, steps.3.execution"),
    "a negative offset from the issue date": (
        "anchor: due_date, offset: -3",
        "anchor: issue_date, offset: -3",
        "line 7, steps.0.offset",
    ),
    "two steps with one id": ("id: second-reminder", "id: reminder", "line 9, steps.2.id"),
    "a minimum contact delay of 31": ("delay: 5", "delay: 31", "line 5, minimum_contact_delay"),
    "an unknown template": ("template: call", "template: shout", "line 10, steps.3.template"),
}


def in_force(engine: Engine, name: str = "Standard") -> tuple[int, Cadence] | None:
    """Return number and content of the published version."""
    with transaction(engine) as session:
        version = version_of(session, name, "published")
    return None if version is None else (version.number, version.cadence)


def bad_files(tmp_path: Path) -> list[tuple[Path, str]]:
    """Return a file for each bad cadence, with the place that is named."""
    files = []
    for index, (before, after, said) in enumerate(BAD.values()):
        assert SHIPPED.count(before) == 1, before
        path = tmp_path / f"bad-{index}.yaml"
        path.write_text(SHIPPED.replace(before, after), encoding="utf-8")
        files.append((path, said))
    empty = tmp_path / "empty.yaml"
    empty.write_text(SHIPPED.split("steps:")[0] + "steps: []\n", encoding="utf-8")
    return [*files, (empty, "line 6, steps: has none; expected at least 1")]


def test_a_bad_cadence_is_refused_in_one_line_and_the_old_version_stays_in_force(
    engine: Engine, here: RunHere, tmp_path: Path
) -> None:
    before = in_force(engine)

    for path, said in bad_files(tmp_path):
        here("cadence", "check", str(path)).failed(2, f"{path}, {said}")
        here("cadence", "draft", str(path)).failed(2, said)
        here("cadence", "publish", str(path), "--yes").failed(2, said)
        here("cadence", "publish", str(path), "--yes", "--json").failed(2, said)

    assert before is not None
    assert in_force(engine) == before
    assert here("cadence", "list", "--json").data[0]["draft"] is None


def test_a_file_is_checked_without_any_server(nowhere: RunHere, tmp_path: Path) -> None:
    turned = SHIPPED.replace("anchor: due_date, offset: 30", "anchor: issue_date, offset: 40")
    path = a_file(tmp_path, turned)

    ran, data = nowhere("cadence", "check", str(path)), nowhere("cadence", "check", str(path), "--json").data

    assert (ran.code, ran.err) == (0, "")
    assert "Standard: 5 steps, standard logic, 5 days between contacts" in ran.out
    assert "issue date +40 days" in ran.out
    assert "warning: The order of steps differs with the payment term" in ran.out
    assert [step["id"] for step in data["steps"]][-1] == "final-notice"
    assert data["warnings"]


def test_what_is_shown_can_be_edited_and_published_again(engine: Engine, here: RunHere, tmp_path: Path) -> None:
    shown = here("cadence", "show", "Standard")
    path = a_file(tmp_path, shown.out)
    same = here("cadence", "publish", str(path), "--yes")
    path.write_text(shown.out.replace("offset: 3,", "offset: 5,"), encoding="utf-8")

    published = here("cadence", "publish", str(path), "--yes", "--json").data

    assert shown.out.startswith("# Standard, version 1: published 20")
    assert same.out.startswith("Standard: nothing to publish, version 1 says the same.")
    assert (published["published"], published["version"]) == (True, 2)
    assert published["changes"]["changed"] == [
        {"step": "reminder", "differences": ["due date +3 days → due date +5 days"]}
    ]
    assert read_cadence(
        a_file(tmp_path, here("cadence", "show", "Standard", "--version", "1").out)
    ) == read_cadence(STANDARD)
    here("cadence", "show", "Standard", "--version", "3").failed(2, "Standard has no version 3")
    here("cadence", "show", "Nobody").failed(2, "there is no cadence 'Nobody'; there is Standard")


def test_a_cadence_is_not_published_with_a_text_that_says_overdue_too_early(
    engine: Engine, here: RunHere, tmp_path: Path
) -> None:
    """Rule 8.7."""
    early = a_file(tmp_path, SHIPPED.replace("offset: 10,", "offset: 0,"))
    assert here("cadence", "draft", str(early)).code == 0
    said = (
        "the text second-reminder (de, en, es and fr), subject: invoice.days_overdue says that it is overdue, "
        "and step second-reminder can run before that"
    )

    here("cadence", "publish", str(early), "--yes").failed(2, said)
    here("cadence", "publish", "Standard", "--yes").failed(2, said)

    in_force_now = in_force(engine)
    assert in_force_now is not None
    assert in_force_now[0] == 1
    good = tmp_path / "second-reminder.txt"
    good.write_text('Subject: x\n\n{{ invoice.pay_link | default: "none" }}\n', encoding="utf-8")
    here("cadence", "publish", str(a_file(tmp_path, SHIPPED)), "--yes")
    for language in ("en", "fr", "de", "es"):
        assert here("template", "save", "second-reminder", str(good), "--language", language).code == 0
    assert here("cadence", "publish", str(early), "--yes").code == 0


def test_publishing_warns_of_what_its_texts_may_not_mean(engine: Engine, here: RunHere, tmp_path: Path) -> None:
    """Rule 8.7."""
    text = tmp_path / "reminder.txt"
    text.write_text(
        "Subject: x\n\n{% if customer.overdue_table %}{{ customer.overdue_table }}{% endif %}\n", encoding="utf-8"
    )
    assert here("template", "save", "reminder", str(text), "--language", "nl").code == 0
    path = a_file(tmp_path, LATER)

    dry = here("cadence", "publish", str(path), "--dry-run")
    data = here("cadence", "publish", str(path), "--yes", "--json").data

    link, list_ = data["warnings"]
    assert list_.startswith("the text reminder (nl): customer.overdue_table lists other invoices too")
    assert link.startswith("the text reminder (nl): there is no pay link")
    assert f"warning: {link}" in dry.out


def test_publishing_shows_what_it_changes(installation: Installation, here: RunHere, tmp_path: Path) -> None:
    for number in range(3):
        installation.invoice(f"INV-{number}", due_in_days=1)
    installation.invoice("INV-9", due_in_days=40)
    path = a_file(tmp_path, LATER)

    dry = here("cadence", "publish", str(path), "--dry-run")

    assert (dry.code, dry.err) == (0, "")
    assert dry.out.splitlines() == [
        "Standard: changes version 1",
        "  ~ step reminder: due date +3 days → due date +5 days",
        "      4 open collections are under it",
        "      0 next actions change",
        "      0 to-dos are canceled",
        "      0 to-dos are opened",
        *[line for line in dry.out.splitlines() if "more messages go out by the end of" in line],
        "Nothing was published, this was a dry run.",
    ]
    assert in_force(installation.engine) == (1, read_cadence(STANDARD))


def test_without_a_terminal_and_without_yes_nothing_is_published(
    engine: Engine, here: RunHere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", open(os.devnull, encoding="utf-8"))  # noqa: SIM115

    here("cadence", "publish", str(a_file(tmp_path, LATER))).failed(2, "nobody is there to answer; add --yes")

    assert in_force(engine) == (1, read_cadence(STANDARD))


@pytest.mark.parametrize(("answer", "code", "number"), [("y", 0, 2), ("", 1, 1), ("what?", 1, 1)])
def test_a_terminal_is_asked(
    engine: Engine, database_url: str, tmp_path: Path, answer: str, code: int, number: int
) -> None:
    ours, theirs = pty.openpty()
    env = environment({**AWAY, "DATABASE_URL": database_url})
    argv = [sys.executable, "-m", "console.main", "cadence", "publish", str(a_file(tmp_path, LATER))]
    asked = subprocess.Popen(argv, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    os.write(ours, f"{answer}\n".encode())
    out, err = asked.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)

    assert asked.returncode == code, err
    assert b"Publish Standard? [y/N]" in err
    assert (b"nothing was published" in err) is (code == 1)
    assert (b"version 2 is published" in out) is (code == 0)
    found = in_force(engine)
    assert found is not None
    assert found[0] == number


def test_a_draft_is_kept_and_published_by_name(engine: Engine, here: RunHere, tmp_path: Path) -> None:
    path = a_file(tmp_path, LATER)

    here("cadence", "publish", "Standard", "--yes").failed(2, "Standard cannot be published: it has no draft")
    drafted = here("cadence", "draft", str(path))
    listed = here("cadence", "list")
    shown = here("cadence", "show", "Standard", "--version", "2", "--json").data
    published = here("cadence", "publish", "Standard", "--yes")
    here("cadence", "publish", "Nobody", "--yes").failed(2, "there is no file and no cadence of that name")

    assert drafted.out == (
        "Standard: version 2 is kept as a draft; to put it in force: duewell cadence publish Standard\n"
    )
    assert "version 2" in listed.out
    assert (shown["state"], shown["published_at"]) == ("draft", None)
    assert "Standard: version 2 is published." in published.out
    assert in_force(engine) == (2, read_cadence(path))


def test_a_name_that_is_a_file_too_is_refused(
    engine: Engine, here: RunHere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Standard").write_text(LATER, encoding="utf-8")

    here("cadence", "publish", "Standard", "--yes").failed(2, "Standard is a file and a cadence; write ./Standard")
    assert here("cadence", "publish", "./Standard", "--yes").code == 0
    found = in_force(engine)
    assert found is not None
    assert found[0] == 2


def test_a_draft_whose_text_is_gone_is_not_published(engine: Engine, here: RunHere, tmp_path: Path) -> None:
    here("cadence", "draft", str(a_file(tmp_path, LATER)))
    with transaction(engine) as session:
        session.execute(text("UPDATE cadence_steps SET template = 'gone' WHERE step_id = 'call'"))

    ran = here("cadence", "publish", "Standard", "--yes")

    ran.failed(2, "the draft of Standard, step call, template: there is no template 'gone'")


def test_the_default_is_changed_and_taken_away(engine: Engine, here: RunHere, tmp_path: Path) -> None:
    path = a_file(tmp_path, OTHER)

    here("cadence", "default", "Other").failed(2, "there is no cadence 'Other'; there is Standard")
    published = here("cadence", "publish", str(path), "--yes", "--default")
    again = here("cadence", "default", "Other")
    none = here("cadence", "default", "none", "--json").data
    back = here("cadence", "publish", str(path), "--yes", "--default", "--json").data

    assert "Other: version 1 is published, and new invoices are put under it." in published.out
    assert again.out == "New invoices are put under Other, as before.\n"
    assert none == {"default": None, "changed": True}
    assert (back["published"], back["default_changed"]) == (False, True)
    assert {line["name"]: line["is_default"] for line in here("cadence", "list", "--json").data} == {
        "Other": True,
        "Standard": False,
    }


def test_a_cadence_in_use_is_not_deleted(installation: Installation, here: RunHere, tmp_path: Path) -> None:
    here("cadence", "publish", str(a_file(tmp_path, OTHER)), "--yes")
    installation.invoice(due_in_days=20)
    here("reassign", "INV-1", "Other")

    here("cadence", "delete", "Standard").failed(2, "Standard is the default for new invoices")
    here("cadence", "delete", "Other").failed(
        2, "1 open collection is under Other; a cadence in use is not deleted"
    )
    here("reassign", "INV-1", "Standard")
    retired = here("cadence", "delete", "Other", "--json").data
    listed: dict[str, Any] = here("cadence", "list", "--json").data[0]

    assert retired == {"cadence": "Other", "outcome": "retired"}
    assert (listed["name"], listed["published"]) == ("Other", None)
    assert "retired" in here("cadence", "list").out
    here("reassign", "INV-1", "Other").failed(2, "there is no cadence 'Other'; there is Standard")


def test_a_cadence_that_was_never_used_is_gone(here: RunHere, engine: Engine, tmp_path: Path) -> None:
    here("cadence", "publish", str(a_file(tmp_path, OTHER)), "--yes")

    assert here("cadence", "delete", "Other").out == "Other is deleted.\n"
    assert in_force(engine, "Other") is None
    assert here("cadence", "list", "--json").data[0]["name"] == "Standard"


def test_without_a_ledger_each_command_says_so_in_one_line(nowhere: RunHere, tmp_path: Path) -> None:
    path = str(a_file(tmp_path, LATER))

    for command in (
        ("list",),
        ("show", "Standard"),
        ("draft", path),
        ("publish", path, "--yes"),
        ("default", "none"),
        ("delete", "Standard"),
    ):
        nowhere("cadence", *command).failed(1, "PostgreSQL at 127.0.0.1:2")
