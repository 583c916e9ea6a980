"""Lays a body out: Markdown with Liquid in it becomes HTML and plain text, with the Liquid in its places.

Liquid is taken out before Markdown is read and put back afterwards, so that neither sees the other. A line of
nothing but {% … %} belongs to what it stands beside: a list, the rows of a table, or the paragraphs around.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from mailer.refusals import BadText
from mailer.values import CELL_STYLE, HEAD_STYLE, LINK_STYLE, TABLE_STYLE

LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_COMMENT = re.compile(r"\{%-?\s*comment\s*-?%\}.*?\{%-?\s*endcomment\s*-?%\}", re.DOTALL)
_NAME = re.compile(r"\{%-?\s*(#|\w*)")
# Private characters stand for Liquid: an output and a tag, each with its number.
_MARK = re.compile("([\ue000\ue001])([0-9]+)\ue002")
_ONLY_TAGS = re.compile("(?:\\s*\ue001[0-9]+\ue002)+\\s*")
_ONLY_MARKS = re.compile("(?:\\s*[\ue000\ue001][0-9]+\ue002)+\\s*")
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


class _Markdown(MarkdownIt):
    """A safe subset of CommonMark with tables: no HTML, no code, and a line break is one."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "breaks": True, "xhtmlOut": True, "maxNesting": 12})
        self.enable("table")
        self.disable(["code", "fence", "backticks", "lheading", "html_block", "html_inline", "reference"])

    def normalizeLink(self, url: str) -> str:  # noqa: N802
        """Write an address as a link needs it, and leave Liquid alone."""
        parts = _MARK.split(url)
        plain = [super(_Markdown, self).normalizeLink(part) if part else "" for part in parts[::3]]
        marks = [f"{kind}{number}\ue002" for kind, number in zip(parts[1::3], parts[2::3], strict=True)]
        return "".join(one for pair in zip(plain, [*marks, ""], strict=True) for one in pair)


_MARKDOWN = _Markdown()


class _Marks:
    """The Liquid of a body, taken out of it."""

    def __init__(self) -> None:
        self.sources: list[str] = []
        self.lines: list[int] = []

    def take_out(self, body: str) -> str:
        """Return the body with a mark for each piece of Liquid. Raises BadText where it does not end."""
        parts, end = [], 0
        for match in LIQUID.finditer(body):
            parts.append(body[end : match.start()])
            kind = "\ue000" if match[0].startswith("{{") else "\ue001"
            parts.append(f"{kind}{len(self.sources)}\ue002")
            self.sources.append(match[0])
            self.lines.append(body.count("\n", 0, match.start()) + 1)
            end = match.end()
        parts.append(body[end:])
        return "".join(parts)

    def name(self, number: str) -> str:
        """Return the name of a tag, such as if."""
        match = _NAME.match(self.sources[int(number)])
        return match[1] if match else ""

    def put_back_html(self, html: str) -> str:
        """Return HTML with its Liquid; braces that are none of it stay braces of the text."""
        html = html.replace("{", "&#123;").replace("}", "&#125;")
        # Wherever an address begins with Liquid, what it stands for has to be an address.
        html = re.sub('href="\ue000([0-9]+)\ue002', lambda match: f'href="{self._checked(match[1])}', html)
        return _MARK.sub(lambda match: self.sources[int(match[2])], html)

    def put_back_text(self, text: str) -> str:
        """Return text with its Liquid; a brace that is none of it is written by Liquid, or it would begin some."""
        return _MARK.sub(lambda match: self.sources[int(match[2])], re.sub(r"\{(?=[{%])", "{{ '{' }}", text))

    def _checked(self, number: str) -> str:
        source = self.sources[int(number)]
        inner = source.removeprefix("{{").removesuffix("}}").strip("-")
        return "{{" + inner.rstrip() + " | web_address }}"


def without_comments(body: str) -> str:
    """Return the body with its comments left out and its lines kept."""
    return _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), body)


def lay_out(body: str) -> Laid:
    """Lay a body out. Raises BadText with the line for Liquid that does not go with the Markdown around it."""
    body = without_comments(body.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4))
    if odd := _PRIVATE.search(body):
        raise BadText("there is a character that cannot be shown", body.count("\n", 0, odd.start()) + 1)
    marks = _Marks()
    marked = marks.take_out(body)
    if left := re.search(r"\{\{|\{%", marked):
        raise BadText(f"'{left[0]}' is not closed", _line_of(marked, left.start(), marks))
    _require_narrow(body)
    tokens = _MARKDOWN.parse(_aligned(marked, marks))
    for token in _all(tokens):
        if token.type == "image":
            raise BadText("images are not sent with messages; the logo of the organization is all there is")
        _dress(token)
    html = _HTML_PARAGRAPHS.sub(
        lambda match: _unwrapped(match, marks), _MARKDOWN.renderer.render(tokens, _OPTIONS, {})
    )
    html = _HTML_ITEMS.sub(r"\1", html)
    html = _HTML_ROWS.sub(r"\1", html)
    _require_nested(html, marks)
    return Laid(marks.put_back_html(html), marks.put_back_text(_as_text(tokens, marks)))


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


def _line_of(marked: str, position: int, marks: _Marks) -> int:
    hidden = sum(marks.sources[int(match[2])].count("\n") for match in _MARK.finditer(marked, 0, position))
    return marked.count("\n", 0, position) + hidden + 1


def _aligned(marked: str, marks: _Marks) -> str:
    """Put each line of nothing but tags where it belongs: into a list, into a table, or between blocks."""
    lines = marked.split("\n")
    out: list[str] = []
    opened: list[str | None] = []
    around: str | None = None
    for index, line in enumerate(lines):
        if not _ONLY_TAGS.fullmatch(line):
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
    line: str, marks: _Marks, opened: list[str | None], around: str | None, rest: Sequence[str]
) -> str | None:
    """Return what a line of tags begins with: that of its opening tag, which has that of its surroundings."""
    following = next((each for each in rest if not _ONLY_TAGS.fullmatch(each)), "")
    here = around
    if here is None and (item := _ITEM.match(following)):
        here = item[0]
    first: list[str | None] = []
    for match in _MARK.finditer(line):
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
    return bool(without and _ONLY_TAGS.fullmatch(without) and without != line)


def _all(tokens: Iterable[Token]) -> Iterable[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _dress(token: Token) -> None:
    """Give an element its style: mail programs keep no style sheet that would."""
    if token.nesting < 0 or token.tag not in _STYLES:
        return
    align = str(token.attrGet("style") or "text-align:left").removeprefix("text-align:")
    token.attrSet("style", _STYLES[token.tag].replace("{align}", align))
    if token.tag in _CLASSES:
        token.attrSet("class", _CLASSES[token.tag])


def _unwrapped(match: re.Match[str], marks: _Marks) -> str:
    """Return a paragraph of Liquid alone without the paragraph, if what it makes is a block itself."""
    sources = [marks.sources[int(found[2])] for found in _MARK.finditer(match[1])]
    is_block = all(source.startswith("{%") for source in sources) or any(
        re.search(r"_table\b|\|\s*button\b", source) for source in sources
    )
    return match[1].replace("<br />", "") if is_block else match[0]


def _require_nested(html: str, marks: _Marks) -> None:
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


def _crossing(stack: object, marks: _Marks, html: str, match: re.Match[str]) -> BadText:
    before = [found for found in _MARK.finditer(html, 0, match.start()) if found[1] == "\ue001"]
    number = before[-1][2] if before else "0"
    return BadText(_CROSSES.format(tag=marks.name(number)), marks.lines[int(number)])


class _Writer:
    """Writes Markdown's tokens as plain text."""

    def __init__(self, marks: _Marks) -> None:
        self.marks = marks
        self.parts: list[str] = []
        self.lists: list[list[Any]] = []
        self.is_new_item = False
        self.quotes = 0
        self.heads: list[str] = []
        self.cells: list[str] | None = None
        self.is_head = False

    def write(self, token: Token) -> None:
        """Write one token."""
        kind = token.type
        if kind in ("bullet_list_open", "ordered_list_open"):
            self.lists.append(["-" if kind == "bullet_list_open" else int(token.attrGet("start") or 1)])
        elif kind in ("bullet_list_close", "ordered_list_close"):
            self.lists.pop()
            if not self.lists:
                self.parts.append("\n")
        elif kind == "list_item_open":
            self.is_new_item = True
        elif kind == "blockquote_open":
            self.quotes += 1
        elif kind == "blockquote_close":
            self.quotes -= 1
        elif kind == "hr":
            self.parts.append("---\n\n")
        elif kind in ("thead_open", "thead_close"):
            self.is_head = kind == "thead_open"
        elif kind == "table_open":
            self.heads = []
        elif kind == "table_close":
            self.parts.append("\n")
        elif kind == "tr_open":
            self.cells = []
        elif kind == "tr_close":
            self._end_row()
        elif kind == "inline":
            self._write_inline(_inline(token.children or ()))

    def _write_inline(self, said: str) -> None:
        if self.cells is not None:
            self.cells.append(said)
        elif _ONLY_TAGS.fullmatch(said):
            self.is_new_item = False
            self.parts.append(said.strip())
        elif self.lists:
            self._write_item(said)
        else:
            lead = "> " * self.quotes
            self.parts.append(lead + said.replace("\n", f"\n{lead}") + "\n\n")

    def _write_item(self, said: str) -> None:
        counter = self.lists[-1]
        indent = "  " * (len(self.lists) - 1)
        sign = "  "
        if self.is_new_item:
            self.is_new_item = False
            sign = "- " if counter[0] == "-" else f"{counter[0]}. "
            if counter[0] != "-":
                counter[0] += 1
        hanging = indent + " " * len(sign)
        self.parts.append(indent + sign + said.replace("\n", f"\n{hanging}") + "\n")

    def _end_row(self) -> None:
        cells, self.cells = self.cells or [], None
        if self.is_head:
            self.heads = cells
        elif cells and _ONLY_TAGS.fullmatch(cells[0]) and not any(cells[1:]):
            self.parts.append(cells[0].strip())
        else:
            named = [
                f"{head}: {cell}" if head else cell for head, cell in zip(self.heads, cells, strict=False) if cell
            ]
            self.parts.append(f"- {', '.join(named)}\n")


def _as_text(tokens: Iterable[Token], marks: _Marks) -> str:
    writer = _Writer(marks)
    for token in tokens:
        writer.write(token)
    return "".join(writer.parts)


def _inline(tokens: Iterable[Token]) -> str:
    """Return a run of text, with links written out."""
    parts: list[str] = []
    links: list[tuple[int, str]] = []
    for token in tokens:
        if token.type == "link_open":
            links.append((len(parts), str(token.attrGet("href") or "")))
        elif token.type == "link_close":
            start, address = links.pop()
            label = "".join(parts[start:])
            shown = address.removeprefix("mailto:").removeprefix("tel:")
            if label != shown:
                parts.append(f" ({shown})")
        elif token.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        else:
            parts.append(token.content)
    return "".join(parts)
