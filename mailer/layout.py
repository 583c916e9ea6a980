"""Lays a body out: Markdown with Liquid in it becomes HTML and plain text, with the Liquid in its places.

Liquid is taken out before Markdown is read and put back afterwards, so that neither sees the other. A line of
nothing but {% … %} belongs to what it stands beside: a list, the rows of a table, or the paragraphs around.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from mailer.liquid_marks import MARK, ONLY_TAGS, Marks, without_comments
from mailer.plain_layout import as_text
from mailer.refusals import BadText
from mailer.values import CELL_STYLE, HEAD_STYLE, LINK_STYLE, TABLE_STYLE

_ITEM = re.compile(r"\s*([-*+]|[0-9]{1,9}[.)])\s")
_PRIVATE = re.compile("[\ue000-\uf8ff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
COLUMNS_MAX = 20
_OPENING = frozenset({"if", "unless", "case", "for"})
_BETWEEN = frozenset({"elsif", "else", "when"})
_ELEMENT = re.compile('<(/?)([a-z][a-z0-9]*)((?:[^<>"]|"[^"]*")*?)(/?)>|\ue001([0-9]+)\ue002')
_STYLES = {
    "p": "margin:0 0 16px",
    "ul": "margin:0 0 16px;padding-left:22px",
    "ol": "margin:0 0 16px;padding-left:22px",
    "li": "margin:0 0 6px",
    "blockquote": "margin:0 0 16px;padding-left:14px;border-left:3px solid #c9ced6",
    "h1": "margin:0 0 16px;font-size:22px;line-height:1.3",
    "h2": "margin:0 0 12px;font-size:18px;line-height:1.3",
    "h3": "margin:0 0 12px;font-size:16px;line-height:1.3",
    "hr": "border:0;border-top:1px solid #e3e6ea;margin:24px 0",
    "a": LINK_STYLE,
    "table": TABLE_STYLE,
    "th": HEAD_STYLE,
    "td": CELL_STYLE,
}
_CLASSES = {"a": "link", "th": "head", "td": "cell", "table": "list"}


@dataclass(frozen=True, slots=True)
class Laid:
    """A body, laid out: two Liquid sources."""

    html: str
    text: str


class Markdown(MarkdownIt):
    """A safe subset of CommonMark with tables: no HTML, no code, and a line break is one."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "breaks": True, "xhtmlOut": True, "maxNesting": 12})
        self.enable("table")
        self.disable(["code", "fence", "backticks", "lheading", "html_block", "html_inline", "reference"])

    def normalizeLink(self, url: str) -> str:  # noqa: N802
        """Write an address as a link needs it, and leave Liquid alone."""
        parts = MARK.split(url)
        plain = [super(Markdown, self).normalizeLink(part) if part else "" for part in parts[::3]]
        marks = [f"{kind}{number}\ue002" for kind, number in zip(parts[1::3], parts[2::3], strict=True)]
        return "".join(one for pair in zip(plain, [*marks, ""], strict=True) for one in pair)


_MARKDOWN = Markdown()


def lay_out(body: str) -> Laid:
    """Lay a body out. Raises BadText with the line for Liquid that does not go with the Markdown around it."""
    body = without_comments(body.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4))
    if odd := _PRIVATE.search(body):
        raise BadText("there is a character that cannot be shown", body.count("\n", 0, odd.start()) + 1)
    marks = Marks()
    marked = marks.take_out(body)
    if left := re.search(r"\{\{|\{%", marked):
        raise BadText(f"'{left[0]}' is not closed", _line_of(marked, left.start(), marks))
    _require_narrow(body)
    tokens = _MARKDOWN.parse(_aligned(marked, marks))
    for token in _all(tokens):
        if token.type == "image":
            raise BadText("images are not sent with messages; the logo of the organization is all there is")
        dress(token)
    html = _HTML_PARAGRAPHS.sub(
        lambda match: _unwrapped(match, marks), _MARKDOWN.renderer.render(tokens, _OPTIONS, {})
    )
    html = _HTML_ITEMS.sub(r"\1", html)
    html = _HTML_ROWS.sub(r"\1", html)
    _require_nested(html, marks)
    return Laid(marks.put_back_html(html), marks.put_back_text(as_text(tokens)))


_OPTIONS = _MARKDOWN.options
_TAGS = "((?:\\s*\ue001[0-9]+\ue002)+)\\s*"
_HTML_PARAGRAPHS = re.compile("<p[^>]*>((?:\\s*[\ue000\ue001][0-9]+\ue002|<br />)+)\\s*</p>")
_HTML_ITEMS = re.compile(f"<li[^>]*>\\s*(?:<p[^>]*>)?{_TAGS}(?:</p>)?\\s*</li>")
_HTML_ROWS = re.compile(f"<tr>\\s*<td[^>]*>\\s*{_TAGS}</td>(?:\\s*<td[^>]*>\\s*</td>)*\\s*</tr>")


def _require_narrow(body: str) -> None:
    """Raise BadText for a table of many columns: Markdown fills each row up to the last one."""
    for number, line in enumerate(body.split("\n"), 1):
        if line.count("|") > COLUMNS_MAX and not line.strip(" |:-"):
            raise BadText(f"a table has more than {COLUMNS_MAX} columns", number)


def _line_of(marked: str, position: int, marks: Marks) -> int:
    hidden = sum(marks.sources[int(match[2])].count("\n") for match in MARK.finditer(marked, 0, position))
    return marked.count("\n", 0, position) + hidden + 1


def _aligned(marked: str, marks: Marks) -> str:
    """Put each line of nothing but tags where it belongs: into a list, into a table, or between blocks."""
    lines = marked.split("\n")
    out: list[str] = []
    opened: list[str | None] = []
    around: str | None = None
    for index, line in enumerate(lines):
        if not ONLY_TAGS.fullmatch(line):
            around = _kind(line, around)
            if around is None and line.strip() and out and _is_of_tags(out[-1]):
                out.append("")
            out.append(line)
            continue
        prefix = _prefix_of_tags(line, marks, opened, around, lines[index + 1 :])
        if prefix is None:
            out += ["", line.strip(), ""]
        else:
            out.append(prefix + line.strip() + (" |" if prefix == "| " else ""))
    return "\n".join(out)


def _prefix_of_tags(
    line: str, marks: Marks, opened: list[str | None], around: str | None, rest: Sequence[str]
) -> str | None:
    """Return what a line of tags begins with: that of its opening tag, which has that of its surroundings."""
    following = next((each for each in rest if not ONLY_TAGS.fullmatch(each)), "")
    here = around
    if here is None and (item := _ITEM.match(following)):
        here = item[0]
    first: list[str | None] = []
    for match in MARK.finditer(line):
        name = marks.name(match[2])
        if name in _OPENING:
            opened.append(here)
            first.append(here)
        elif name.startswith("end") and opened:
            first.append(opened.pop())
        elif name in _BETWEEN and opened:
            first.append(opened[-1])
    return first[0] if first else here


def _kind(line: str, before: str | None) -> str | None:
    """Return the prefix for tags beside the line: of a list's item, of a table's row, or None among paragraphs."""
    if not line.strip():
        return None
    if item := _ITEM.match(line):
        return item[0]
    if line.lstrip().startswith("|"):
        return "| "
    # A line that goes on is a part of the item above it.
    return before if before != "| " else None


def _is_of_tags(line: str) -> bool:
    without = _ITEM.sub("", line, count=1).strip("| ")
    return bool(without and ONLY_TAGS.fullmatch(without) and without != line)


def _all(tokens: Iterable[Token]) -> Iterable[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def dress(token: Token) -> None:
    """Give an element its style: mail programs keep no style sheet that would."""
    if token.nesting < 0 or token.tag not in _STYLES:
        return
    align = str(token.attrGet("style") or "text-align:left").removeprefix("text-align:")
    token.attrSet("style", _STYLES[token.tag].replace("{align}", align))
    if token.tag in _CLASSES:
        token.attrSet("class", _CLASSES[token.tag])


def _unwrapped(match: re.Match[str], marks: Marks) -> str:
    """Return a paragraph of Liquid alone without the paragraph, if what it makes is a block itself."""
    sources = [marks.sources[int(found[2])] for found in MARK.finditer(match[1])]
    is_block = all(source.startswith("{%") for source in sources) or any(
        re.search(r"_table\b|\|\s*button\b", source) for source in sources
    )
    return match[1].replace("<br />", "") if is_block else match[0]


def _require_nested(html: str, marks: Marks) -> None:
    """Raise BadText for a tag that begins inside an element and ends outside: half of it would be left out."""
    stack: list[tuple[str, str, int]] = []
    for match in _ELEMENT.finditer(html):
        closing, element, attributes, alone, number = match.groups()
        if number is None:
            if inner := re.search("\ue001([0-9]+)\ue002", attributes):
                raise BadText("a {% … %} cannot stand in the address of a link", marks.lines[int(inner[1])])
            if alone:
                continue
            if not closing:
                stack.append(("element", element, 0))
            elif not stack or stack.pop()[:2] != ("element", element):
                raise _crossing(stack, marks, html, match)
            continue
        name, line = marks.name(number), marks.lines[int(number)]
        if name in _OPENING:
            stack.append(("tag", name, line))
        elif name in _BETWEEN or name.startswith("end"):
            opened = stack[-1] if stack else ("", "", 0)
            if opened[0] != "tag":
                raise BadText(_CROSSES.format(tag=name), line)
            if name.startswith("end"):
                stack.pop()
    if stack:
        raise BadText(f"{{% {stack[-1][1]} %}} is not closed", stack[-1][2] or None)


_CROSSES = (
    "{{% {tag} %}} stands in another paragraph, item or emphasis than what it belongs to; put both on own lines"
)


def _crossing(stack: object, marks: Marks, html: str, match: re.Match[str]) -> BadText:
    before = [found for found in MARK.finditer(html, 0, match.start()) if found[1] == "\ue001"]
    number = before[-1][2] if before else "0"
    return BadText(_CROSSES.format(tag=marks.name(number)), marks.lines[int(number)])
