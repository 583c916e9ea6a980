"""What the command line and the settings offer stands in the docs, and the docs offer nothing else."""

import re
from collections.abc import Iterator

import pytest
from cyclopts import App

from console.app import app
from intake.files.columns import FILE_KINDS, FileKind, columns_of
from intake.files.profile import read_profile
from settings import Settings
from tests.installation import ROOT

DOCS = ROOT / "docs"


def sections(page: str) -> dict[str, str]:
    """Return the text under each heading of the second level."""
    parts = re.split(r"^## ", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {part.splitlines()[0].strip("` "): part for part in parts}


def commands() -> dict[str, App]:
    """Return all commands by name; those of a group bear its name too, such as `cadence check`."""
    return dict(_commands_of(app, ""))


def _commands_of(group: App, prefix: str) -> Iterator[tuple[str, App]]:
    for name in group:
        if name.startswith("-"):
            continue
        command = group[name]
        if command.default_command is None:
            yield from _commands_of(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def test_every_command_has_a_section_with_an_example() -> None:
    documented = sections("commands.md")

    for name in commands():
        assert f"duewell {name}" in documented, name
        assert f"$ duewell {name}" in documented[f"duewell {name}"], f"no example of {name}"


def test_no_command_is_documented_that_is_not_there() -> None:
    documented = [heading for heading in sections("commands.md") if heading.startswith("duewell ")]

    assert sorted(documented) == sorted(f"duewell {name}" for name in commands())


def test_every_argument_and_option_is_documented_with_its_command() -> None:
    documented = sections("commands.md")

    for name, command in commands().items():
        section = documented[f"duewell {name}"]
        arguments = command.assemble_argument_collection(default_parameter=app.default_parameter)
        # Options that several commands share come in a group, which itself is called *.
        offered = {spelling for argument in arguments for spelling in argument.names if spelling != "*"}
        listed = {word.split()[0] for word in re.findall(r"^- `([^`]+)`", section, flags=re.MULTILINE)}
        assert {word.lower() for word in listed} == {word.lower() for word in offered}, name


def test_every_setting_is_documented_with_its_default() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+?) \|", page, flags=re.MULTILINE))

    assert rows.keys() == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        default = "none" if field.default is None else f"`{str(field.default).lower()}`"
        assert rows[name.upper()].lower() == default


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_every_column_of_a_file_is_documented(kind: FileKind) -> None:
    page = (DOCS / "import.md").read_text(encoding="utf-8")
    section = page.split(f"### {kind.capitalize()}\n")[1].split("\n#")[0]

    listed = re.findall(r"^\| `([a-z_]+)` \| (yes|no) \|", section, flags=re.MULTILINE)

    assert listed == [(column.name, "yes" if column.is_required else "no") for column in columns_of(kind)]


def test_the_example_profile_can_be_used() -> None:
    page = (DOCS / "import.md").read_text(encoding="utf-8")
    example = re.search(r"```json\n(.*?)```", page, flags=re.DOTALL)
    assert example is not None

    assert read_profile(example[1]).kind == "invoices"


def test_the_example_file_can_be_imported() -> None:
    from intake.files.reading import read_file

    page = (DOCS / "import.md").read_text(encoding="utf-8")
    example = re.search(r"```csv\n(.*?)```", page, flags=re.DOTALL)
    assert example is not None

    reading = read_file(example[1].encode())

    assert (reading.problems, reading.notes) == ((), ())
    assert len(reading.invoices) >= 3
