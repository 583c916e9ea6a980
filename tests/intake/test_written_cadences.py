"""A cadence that is written out can be saved, edited and read again."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dunning.cadence import Anchor, Cadence, Channel, Execution, Logic, Repeat, Step
from intake.cadence_file import STANDARD, BadCadence, read_cadence
from intake.written_cadence import written
from mailer.texts import template_names
from tests.intake.stories import CADENCE, a_file

ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", fullmatch=True)
# Control characters and separators are not printable; drawn and thrown away, they would cost most examples.
printable = st.characters(exclude_categories=["C", "Z"], include_characters=" ")
names = st.text(printable, min_size=1, max_size=100).filter(
    lambda name: name == name.strip() and name.isprintable() and name.lower() != "none"
)


addresses = st.sampled_from(["ana@helios.example", "o'neil+x@müller.example"])
people = st.lists(names | addresses, max_size=3).map(tuple)
copies = st.fixed_dictionaries(
    {
        "sender": st.none() | addresses,
        "cc": st.lists(addresses, max_size=20).map(tuple),
        "bcc": st.lists(addresses, max_size=20).map(tuple),
    }
)


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """Return a step as a file may state it."""
    channel = draw(st.sampled_from(Channel))
    automatic = channel.may_be_automatic and draw(st.booleans())
    anchor = draw(st.sampled_from(Anchor))
    templates = st.sampled_from(sorted(template_names()))
    people_of_a_mail: dict[str, Any] = draw(copies) if channel is Channel.EMAIL else {}
    return Step(
        id=draw(ids),
        anchor=anchor,
        offset_days=draw(st.integers(0 if anchor is Anchor.ISSUE_DATE else -3650, 3650)),
        channel=channel,
        execution=Execution.AUTOMATIC if automatic else Execution.MANUAL,
        template=draw(templates) if automatic else draw(st.none() | templates),
        never_supersede=draw(st.booleans()),
        name=draw(st.none() | names),
        responsible=draw(people),
        recipients=draw(st.lists(st.sampled_from(["main", "billing", "no"]), max_size=2).map(tuple)),
        **people_of_a_mail,
    )


@st.composite
def cadences(draw: st.DrawFn) -> Cadence:
    """Return a cadence as a file may state it."""
    some = draw(st.lists(steps(), min_size=1, max_size=6, unique_by=lambda step: step.id))
    if draw(st.booleans()):
        last = some[-1]
        kind = last.id, last.anchor, last.offset_days, last.channel, last.execution, last.template
        some[-1] = Step(*kind, repeat=Repeat(draw(st.integers(1, 365)), draw(st.integers(1, 100))))
    return Cadence(draw(names), tuple(some), draw(st.sampled_from(Logic)), draw(st.integers(0, 30)))


@given(cadence=cadences())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_back_as_it_was(tmp_path: Path, cadence: Cadence) -> None:
    path = tmp_path / "cadence.yaml"
    path.write_text(written(cadence), encoding="utf-8")

    assert read_cadence(path) == cadence


@pytest.mark.parametrize(
    "name", ["true", "007", "null", "~", "a: b", "# no", "it's", 'say "hi"', "back\\slash", "–"]
)
def test_names_that_yaml_would_guess_at_survive(tmp_path: Path, name: str) -> None:
    cadence = Cadence(name, read_cadence(STANDARD).steps)

    assert read_cadence(a_file(tmp_path, written(cadence))) == cadence


def test_the_cadence_that_ships_is_written_as_it_ships() -> None:
    shipped = [line for line in STANDARD.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]

    assert written(read_cadence(STANDARD)).splitlines() == shipped


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none", "line 1, name: 'none' is wrong; it stands for no cadence"),
        ('" None "', "line 1, name: ' None ' is wrong; it stands for no cadence"),
        ('" spaced "', "line 1, name: ' spaced ' is wrong; expected text without spaces around it"),
        ('"two\\nlines"', "line 1, name: 'two\\nlines' is wrong; expected text without spaces"),
    ],
)
def test_a_name_that_nobody_could_call_it_by_is_refused(tmp_path: Path, name: str, said: str) -> None:
    path = a_file(tmp_path, CADENCE.replace("name: Reminders", f"name: {name}"))

    with pytest.raises(BadCadence) as refused:
        read_cadence(path)

    assert str(refused.value).startswith(f"{path}, {said}")
