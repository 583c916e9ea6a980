"""YAML files of one or more documents, read so that every complaint can name the line.

What YAML 1.1 guesses is left alone: `on`, `yes` and `no`, dates and `08:30` are texts, as they would be in JSON;
only whole numbers, `true`, `false` and `null` are not. Numbers with a point are texts too: no amount is rounded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import Reader

from intake.documents import BadDocument, Place, dotted, read_text
from intake.problems import visible

DEPTH_MAX = 30
"""How deep values may be nested; a cadence needs 4, a scenario 6."""

VALUES_MAX = 100_000
"""How many values one document may have, those of aliases counted each time."""

_WHOLE_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_PLAIN = "plain"
_TEXT = "tag:yaml.org,2002:str"


class _Wrong(Exception):
    """What is wrong at a line, counted from 1."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document of a YAML file; `number` is None if the file has no other."""

    path: Path
    number: int | None
    value: Any
    root: Node

    def where(self, place: Place) -> str:
        """Say where the value stands, such as `w.yaml, document 2, line 7, steps.2.execution`."""
        document = () if self.number is None else (f"document {self.number}",)
        keys = (dotted(place),) if place else ()
        return ", ".join((str(self.path), *document, f"line {_line_of(self.root, place)}", *keys))


def yaml_documents(path: Path) -> Iterator[YamlDocument]:
    """Yield the documents of the file that are not empty, in order. Raises BadDocument."""
    text = read_text(path)
    stray = Reader.NON_PRINTABLE.search(text)
    if stray is not None:
        line = text.count("\n", 0, stray.start()) + 1
        raise BadDocument(f"{path}, line {line}: the character '{visible(stray[0])}' is not allowed in YAML")
    found = False
    try:
        loader = _Loader(text)
        number = 0
        while loader.check_node():
            number += 1
            root = loader.next_root()
            value = _Values().of(root, 0)
            if value is not None:
                found = True
                is_only = number == 1 and not loader.check_node()
                yield YamlDocument(path, None if is_only else number, value, root)
    except _Wrong as error:
        raise BadDocument(f"{path}, line {error.line}: {error}") from error
    except yaml.YAMLError as error:
        raise BadDocument(f"{path}{_syntax_error(error, text)}") from error
    if not found:
        raise BadDocument(f"{path}: is empty")


# libyaml's loader composes ten times as fast; the other one is there for Pythons without it.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """Composes the nodes of documents, with their lines, and leaves what they mean to `_Values`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._values = 0

    def next_root(self) -> Node:
        """Return the next document."""
        self._depth = self._values = 0
        root: Node = self.get_node()
        return root

    def resolve(self, kind: type[Node], value: str | None, implicit: Any) -> str:
        """Return the tag of a node that has none of its own: quoted scalars are texts."""
        return _PLAIN if kind is not ScalarNode or implicit[0] else _TEXT

    def descend_resolver(self, parent: Node | None, index: Any) -> None:
        """Count a node; libyaml's own recursion would take the process down before Python's notices."""
        self._depth += 1
        self._values += 1
        if self._depth > DEPTH_MAX or self._values > VALUES_MAX:
            line = 1 if parent is None else parent.start_mark.line + 1
            raise _Wrong(line, _too_deep() if self._depth > DEPTH_MAX else _too_many())

    def ascend_resolver(self) -> None:
        """Leave a node."""
        self._depth -= 1


class _Values:
    """Makes values of the nodes of one document."""

    def __init__(self) -> None:
        self._left = VALUES_MAX

    def of(self, node: Node, depth: int) -> Any:
        """Return what the node states."""
        self._left -= 1
        if self._left < 0:
            raise _Wrong(_line(node), _too_many())
        # An alias may stand within what it names.
        if depth > DEPTH_MAX:
            raise _Wrong(_line(node), _too_deep())
        tag = node.tag
        if tag == _PLAIN:
            if isinstance(node, ScalarNode):
                return _plain(node.value)
            if isinstance(node, MappingNode):
                return self._mapping(node, depth + 1)
            assert isinstance(node, SequenceNode)
            return [self.of(item, depth + 1) for item in node.value]
        if tag == _TEXT and isinstance(node, ScalarNode):
            return node.value
        raise _Wrong(_line(node), f"the tag '{visible(tag)}' is not read here; write the value without it")

    def _mapping(self, node: MappingNode, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key_node, ScalarNode):
                raise _Wrong(_line(key_node), "a list or a mapping cannot be a key")
            if key in mapping:
                raise _Wrong(_line(key_node), f"the key '{visible(key)}' stands twice in one mapping")
            mapping[key] = self.of(value_node, depth)
        return mapping


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else text


def _line(node: Node) -> int:
    line: int = node.start_mark.line
    return line + 1


def _line_of(root: Node, place: Place) -> int:
    """Return the line, from 1, of the key or list item at the path, or of what should hold it."""
    node, line = root, _line(root)
    for key in place:
        if isinstance(node, MappingNode):
            pairs = {key_node.value: (key_node, value_node) for key_node, value_node in node.value}
            if key not in pairs:
                break
            named, node = pairs[str(key)]
            line = _line(named)
        elif isinstance(node, SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = _line(node)
        else:
            break
    return line


def _too_deep() -> str:
    return f"nested more than {DEPTH_MAX} deep"


def _too_many() -> str:
    return f"more than {VALUES_MAX:,} values in one document"


def _syntax_error(error: yaml.YAMLError, text: str) -> str:
    """Return `, line 3: not YAML: …` for what the parser met."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return f": not YAML: {' '.join(str(error).split())}"
    mark = error.problem_mark
    lines = text.splitlines()
    at_fault = lines[mark.line] if mark.line < len(lines) else ""
    if at_fault[: mark.column + 1].strip(" ") == "\t":
        return f", line {mark.line + 1}: not YAML: a tab indents the line; expected spaces"
    if error.problem == "found character that cannot start any token":
        stray = visible(at_fault[mark.column : mark.column + 1])
        return f", line {mark.line + 1}: not YAML: no value starts with '{stray}'; expected it in quotes"
    since = error.context_mark
    began = f" that began on line {since.line + 1}" if since is not None and since.line != mark.line else ""
    context = f" {error.context}{began}" if error.context else ""
    return f", line {mark.line + 1}: not YAML: {error.problem}{context}"
