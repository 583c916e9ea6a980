"""Liquid with bounds: whatever a text asks for, it ends soon, in little memory, and sees nothing but its tags.

Work is counted and not timed, so that a text that was fine yesterday is fine on a busy machine too.
"""

from collections.abc import Iterable
from typing import Any, TextIO

from liquid import Environment, Mode, RenderContext, StrictUndefined
from liquid.ast import BlockNode, Node
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.for_tag import ForNode, ForTag
from liquid.exceptions import LiquidError, UndefinedError
from liquid.template import BoundTemplate
from liquid.token import Token
from markupsafe import escape

from mailer.filters import FILTERS
from mailer.refusals import BadText, CannotRender
from mailer.values import Styled

BODY_CHARACTERS_MAX = 20_000
SUBJECT_CHARACTERS_MAX = 500
TAGS_MAX = 400
TAG_CHARACTERS_MAX = 300
NESTING_MAX = 10
WORK_MAX = 20_000
OUTPUT_BYTES_MAX = 500_000
# Of the tags that Liquid has, those that a letter needs: nothing that loads, repeats without end or keeps state.
TAGS = frozenset({"if", "elsif", "else", "unless", "case", "when", "for", "break", "continue", "assign", "#"})
_PARTS = frozenset({"content", "output", "illegal"})
# What the library raises for odd texts besides its own errors; nothing of ours is called below it but values.
_LIBRARY_ERRORS = (
    LiquidError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
)


class Context(RenderContext):
    """What a text sees while it is rendered, and how much it may still do."""

    __slots__ = ("work_left",)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.work_left = WORK_MAX

    def spend(self, work: int) -> None:
        """Count some work. Raises CannotRender when all is used up."""
        self.work_left -= work
        if self.work_left < 0:
            raise BadText(f"it does more than a message may ({WORK_MAX:,} small steps); are its loops too long?")

    def get(self, path: list[object], **options: Any) -> object:
        """Look a tag up; see RenderContext."""
        self.spend(1)
        # The library would read the clock for it.
        if path[0] == "now":
            return self.env.undefined("now", token=options.get("token"))
        value = super().get(path, **options)
        if isinstance(value, str):
            self.spend(len(value) // 500)
        return value

    def assign(self, key: str, val: Any) -> None:
        """Keep a value under a name; see RenderContext."""
        if isinstance(val, range):
            raise BadText("a range of numbers cannot be assigned")
        super().assign(key, val)


class Template(BoundTemplate):
    """A parsed text."""

    context_class = Context


class _CountedOutput(OutputNode):
    """An output that is escaped as its environment says."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        assert isinstance(context, Context)
        context.spend(1)
        value = self.expression.evaluate(context)
        assert isinstance(context.env, Liquid)
        return buffer.write(context.env.written(value))


class _Output(Output):
    node_class = _CountedOutput


class _CountedBlock(BlockNode):
    """The inside of a loop: each round counts all its nodes, whether they write something or not."""

    __slots__ = ("_work",)

    def __init__(self, block: BlockNode) -> None:
        super().__init__(block.token, block.nodes)
        self._work = _count(block.nodes)

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        assert isinstance(context, Context)
        context.spend(self._work)
        return super().render_to_output(context, buffer)


class _CountedFor(ForNode):
    def __init__(self, token: Token, expression: Any, block: BlockNode, default: BlockNode | None = None) -> None:
        super().__init__(token, expression, _CountedBlock(block), default)


class _For(ForTag):
    node_class = _CountedFor


def _count(nodes: Iterable[Node]) -> int:
    # What a node contains does not depend on the context: nothing is loaded.
    work = 0
    for node in nodes:
        work += 1 + _count(node.children(None))  # type: ignore[arg-type]
    return work


class Liquid(Environment):
    """Liquid for one kind of output. `colour` and `ink` are those of buttons."""

    template_class = Template
    block_nesting_limit = NESTING_MAX
    context_depth_limit = NESTING_MAX * 2
    loop_iteration_limit = 2_000
    local_namespace_limit = 100_000
    output_stream_limit = OUTPUT_BYTES_MAX

    def __init__(self, *, is_html: bool, colour: str = "#1F4E79", ink: str = "#ffffff") -> None:
        self.is_html = is_html
        self.colour = colour
        self.ink = ink
        super().__init__(undefined=StrictUndefined, tolerance=Mode.STRICT)

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Offer the tags and filters of texts, and no others."""
        super().setup_tags_and_filters(extra=False)
        self.add_tag(_Output)
        self.add_tag(_For)
        self.tags = {name: tag for name, tag in self.tags.items() if name in TAGS | _PARTS}
        self.filters = dict(FILTERS)

    def written(self, value: object) -> str:
        """Return how a value is written here. Raises CannotRender for one that is none."""
        if self.is_html and isinstance(value, Styled):
            return value.as_html()
        text = plain(value)
        return str(escape(text)).replace("\n", "<br />\n") if self.is_html else text


def plain(value: object) -> str:
    """Return the value as text. Raises CannotRender for what cannot be written."""
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, range) or type(value) in (list, dict):
        raise BadText("a list cannot be written itself; go through it with {% for … %}")
    return str(value)


def parse(environment: Liquid, source: str) -> Template:
    """Return the source as a template. Raises BadText."""
    try:
        template = environment.from_string(source)
    except _LIBRARY_ERRORS as error:
        raise told(error, source) from error
    assert isinstance(template, Template)
    return template


def run(template: Template, tags: dict[str, object]) -> str:
    """Return what the template says with these tags. Raises CannotRender."""
    try:
        return template.render(tags)
    except _LIBRARY_ERRORS as error:
        raise told(error, "") from error


def told(error: Exception, source: str) -> CannotRender:
    """Return the library's complaint in one line, with the line of the source where it is known."""
    if not isinstance(error, LiquidError):
        return BadText("it cannot be understood")
    cause = error.__cause__
    message = str(error.message or "it cannot be understood").strip()
    if message == "unexpected liquid parsing error":
        message = "it is nested too deeply" if isinstance(cause, RecursionError) else "it cannot be understood"
    if isinstance(error, UndefinedError):
        message = message.replace("is undefined", "is no tag")
    line = None
    if source and error.token is not None and error.token.start_index >= 0:
        line = source.count("\n", 0, error.token.start_index) + 1
    return BadText(message, line)
