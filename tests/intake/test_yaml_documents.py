"""YAML as it is read: no guesses, and every complaint names its line."""

import time
from itertools import pairwise
from pathlib import Path

import pytest

from intake.documents import BadDocument
from intake.yaml_documents import DEPTH_MAX, YamlDocument, yaml_documents
from tests.intake.stories import a_file

CPU_SECONDS_MAX = 3.0
MB = 1024 * 1024


def read(folder: Path, content: str | bytes) -> list[YamlDocument]:
    """Return all documents of a file `w.yaml`."""
    return list(yaml_documents(a_file(folder, content)))


def complaint(folder: Path, content: str | bytes) -> str:
    """Return what is said of a file that cannot be taken, without its folder."""
    with pytest.raises(BadDocument) as refused:
        read(folder, content)
    return str(refused.value).removeprefix(f"{folder}/")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("2026-06-01", "2026-06-01"),
        ("08:30", "08:30"),
        ("007", "007"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("10000.10", "10000.10"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("9" * 19, "9" * 19),
        ('"5"', "5"),
        ("!!str 5", "5"),
        ("5", 5),
        ("+21", 21),
        ("-5", -5),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_a_plain_value_is_text_unless_json_knows_another_word_for_it(
    tmp_path: Path, written: str, meant: object
) -> None:
    (document,) = read(tmp_path, f"key: {written}\n")

    assert document.value == {"key": meant}
    assert type(document.value["key"]) is type(meant)


def test_the_key_on_is_a_text(tmp_path: Path) -> None:
    (document,) = read(tmp_path, "{on: 2026-06-24, off: 1, null: 2, 3: 4}")

    assert document.value == {"on": "2026-06-24", "off": 1, "null": 2, "3": 4}


def test_an_alias_stands_for_what_it_names(tmp_path: Path) -> None:
    (document,) = read(tmp_path, "a: &same [1, 2]\nb: *same\n")

    assert document.value == {"a": [1, 2], "b": [1, 2]}


def test_documents_are_counted_and_empty_ones_are_left_out(tmp_path: Path) -> None:
    documents = read(tmp_path, "---\na: 1\n---\n# nothing\n---\na: 3\n---\n")

    assert [(document.number, document.value) for document in documents] == [(1, {"a": 1}), (3, {"a": 3})]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (document,) = read(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")

    assert document.value == {"a": 1, "b": 2}


def test_a_place_is_told_by_line_and_path(tmp_path: Path) -> None:
    first, second = read(
        tmp_path, "steps:\n  - id: a\n    offset: 1\n  - {id: b,\n     offset: 2}\n---\nname: x\n"
    )

    assert first.where(("steps", 1, "offset")) == f"{tmp_path}/w.yaml, document 1, line 5, steps.1.offset"
    assert first.where(("steps", 0, "missing")) == f"{tmp_path}/w.yaml, document 1, line 2, steps.0.missing"
    assert first.where(("steps", 0)) == f"{tmp_path}/w.yaml, document 1, line 2, steps.0"
    assert second.where(("name",)) == f"{tmp_path}/w.yaml, document 2, line 7, name"
    assert second.where(()) == f"{tmp_path}/w.yaml, document 2, line 7"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "w.yaml, line 4: the key 'c' stands twice in one mapping"),
        ("a: 1\n'a': 2\n", "w.yaml, line 2: the key 'a' stands twice in one mapping"),
        ("a: [1, 2\nb: 3\n", "w.yaml, line 2: not YAML: did not find expected ',' or ']'"),
        ('a: "b\nc: d\n', "line 3: not YAML: found unexpected end of stream while scanning a quoted scalar"),
        ("a: b: c\n", "w.yaml, line 1: not YAML: mapping values are not allowed in this context"),
        ("a:\n\tb: c\n", "w.yaml, line 2: not YAML: a tab indents the line; expected spaces"),
        ("a: 1\nb: @c\n", "w.yaml, line 2: not YAML: no value starts with '@'; expected it in quotes"),
        ("a: *nobody\n", "w.yaml, line 1: not YAML: found undefined alias"),
        ("a: 1\n[b]: 2\n", "w.yaml, line 2: a list or a mapping cannot be a key"),
        ("a: !!python/name:os.system\n", "w.yaml, line 1: the tag 'tag:yaml.org,2002:python/name:os.system'"),
        ("&a [*a]", f"w.yaml, line 1: nested more than {DEPTH_MAX} deep"),
        ("", "w.yaml: is empty"),
        ("# nothing\n---\n", "w.yaml: is empty"),
        (b"a: 1\nb: \xe9\n", "w.yaml, line 2: the byte 0xe9 is not UTF-8; expected text in UTF-8"),
        ("a: 1\nb: \x07\n", r"w.yaml, line 2: the character '\x07' is not allowed in YAML"),
        (b"\x00" * 1000, r"w.yaml, line 1: the character '\x00' is not allowed in YAML"),
        (bytes(range(256)), "w.yaml, line 2: the byte 0x80 is not UTF-8"),
        ("a: 1".encode("utf-16"), "w.yaml, line 1: the byte 0xff is not UTF-8"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path, content: str | bytes, said: str) -> None:
    assert said in complaint(tmp_path, content)


NAMES = "abcdefghi"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in pairwise(NAMES)
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[" * 100_000, "nested more than"),
        ("- " * 100_000, "nested more than"),
        ("? " * 100_000, "nested more than"),
        ("\n".join(" " * depth + "a:" for depth in range(2000)), f"line {DEPTH_MAX}: nested more than"),
        (BOMB, "more than 100,000 values in one document"),
        ("a: &a 1\nb: [" + "*a ," * 2_000_000 + "]", "more than 100,000 values in one document"),
        ("[" + "1," * 5 * MB + "]", "more than 100,000 values in one document"),
        ("{" + "a: 1, " * 2 * MB + "}", "more than 100,000 values in one document"),
        ("a" * 10 * MB + ": 1", "not YAML"),
        (" " * 10 * MB, "is empty"),
        ("\t" * 10 * MB, "a tab indents the line"),
        ("x" * 65 * MB, "is longer than 64 MB"),
    ],
    ids=[
        "flow",
        "dashes",
        "keys",
        "blocks",
        "bomb",
        "aliases",
        "list",
        "mapping",
        "key",
        "spaces",
        "tabs",
        "long",
    ],
)
def test_a_hostile_file_is_refused_soon(tmp_path: Path, content: str, said: str) -> None:
    path = a_file(tmp_path, content)
    began = time.process_time()

    with pytest.raises(BadDocument, match=said):
        list(yaml_documents(path))

    assert time.process_time() - began < CPU_SECONDS_MAX


def test_what_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadDocument, match=r"away.yaml cannot be read: No such file or directory"):
        list(yaml_documents(tmp_path / "away.yaml"))
    with pytest.raises(BadDocument, match="cannot be read: Is a directory"):
        list(yaml_documents(tmp_path))
