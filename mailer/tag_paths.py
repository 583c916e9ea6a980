"""What a text mentions: each tag with its place, and whether something stands in for it when it has no value."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from liquid.ast import ConditionalBlockNode, Node
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.expressions.filtered import Filter
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.expression import Expression

from mailer.liquid_limits import Template


@dataclass(frozen=True, slots=True)
class Mention:
    """A tag in a text. `position` counts characters; guarded is what a condition around or a fallback covers."""

    path: tuple[object, ...]
    position: int
    is_written: bool
    is_guarded: bool

    @property
    def name(self) -> str:
        """Return how the tag is written."""
        return ".".join(str(segment) for segment in self.path)

    @property
    def tag(self) -> str:
        """Return the tag without its parts, such as invoice.number."""
        return ".".join(str(segment) for segment in self.path[:2])


@dataclass(frozen=True, slots=True)
class Mentions:
    """All that a text mentions. `names` are those it made by assign or for, with the tag that a loop is over."""

    tags: tuple[Mention, ...]
    filters: tuple[tuple[str, int], ...]
    names: Mapping[str, str | None]


@dataclass
class _Reader:
    tags: list[Mention] = field(default_factory=list)
    filters: list[tuple[str, int]] = field(default_factory=list)
    names: dict[str, str | None] = field(default_factory=dict)

    def read(self, nodes: Iterable[Node], guards: frozenset[str]) -> None:
        """Read nodes that stand under conditions about `guards`."""
        for node in nodes:
            self._read(node, guards)

    def _read(self, node: Node, guards: frozenset[str]) -> None:
        if isinstance(node, IfNode | UnlessNode):
            here = guards | self._condition(node.condition, guards)
            # What is asked for is there inside an `if`, and inside the `else` of an `unless`.
            first, last = (here, guards) if isinstance(node, IfNode) else (guards, here)
            self._read(node.consequence, first)
            for alternative in node.alternatives:
                self._read(alternative, guards)
            if node.default is not None:
                self._read(node.default, last)
        elif isinstance(node, ConditionalBlockNode):
            self._read(node.block, guards | self._condition(node.expression, guards))
        elif isinstance(node, CaseNode):
            here = guards | self._condition(node.expression, guards)
            for block in node.blocks:
                self._read(block, here)
        elif isinstance(node, MultiExpressionBlockNode):
            self.read(node.children(None), guards)  # type: ignore[arg-type]
        elif isinstance(node, ForNode):
            over = _first_name(node.expression)
            self.names[str(node.expression.identifier)] = over
            here = guards | self._condition(node.expression, guards)
            self.read(node.children(None), here)  # type: ignore[arg-type]
        else:
            if isinstance(node, AssignNode):
                self.names[str(node.name)] = None
            for expression in node.expressions():
                self._expression(expression, guards, is_written=isinstance(node, OutputNode | AssignNode))
            self.read(node.children(None), guards)  # type: ignore[arg-type]

    def _condition(self, expression: Expression, guards: frozenset[str]) -> frozenset[str]:
        """Note the tags of a condition and return their names."""
        before = len(self.tags)
        self._expression(expression, guards, is_written=False)
        return frozenset(mention.name for mention in self.tags[before:])

    def _expression(self, expression: Expression, guards: frozenset[str], *, is_written: bool) -> None:
        has_fallback = False
        if isinstance(expression, FilteredExpression):
            used: list[Filter] = expression.filters or []
            self.filters += [(one.name, one.token.start_index) for one in used]
            has_fallback = any(one.name == "default" for one in used)
            self._part(expression.left, guards, is_written, has_fallback)
            for one in used:
                for argument in one.children():
                    self._part(argument, guards, is_written, False)
            return
        self._part(expression, guards, is_written, has_fallback)

    def _part(self, expression: Expression, guards: frozenset[str], is_written: bool, has_fallback: bool) -> None:
        if isinstance(expression, Path):
            path = tuple(expression.path)
            mention = Mention(path, expression.token.start_index, is_written, False)
            is_guarded = has_fallback or mention.name in guards
            self.tags.append(Mention(path, mention.position, is_written, is_guarded))
        for child in expression.children():
            self._expression(child, guards, is_written=is_written)


def _first_name(expression: Expression) -> str | None:
    return next((str(part) for part in _paths(expression)), None)


def _paths(expression: Expression) -> Iterator[Path]:
    if isinstance(expression, Path):
        yield expression
    for child in expression.children():
        yield from _paths(child)


def mentions_of(template: Template) -> Mentions:
    """Return what the template mentions."""
    reader = _Reader()
    reader.read(template.nodes, frozenset())
    return Mentions(tuple(reader.tags), tuple(reader.filters), reader.names)
