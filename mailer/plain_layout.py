"""Writes Markdown's tokens as plain text: links written out, a row of a table as a line."""

from collections.abc import Iterable
from typing import Any

from markdown_it.token import Token

from mailer.liquid_marks import ONLY_TAGS


def as_text(tokens: Iterable[Token]) -> str:
    """Return the tokens of a body as plain text, with their marks of Liquid still in it."""
    writer = _Writer()
    for token in tokens:
        writer.write(token)
    return "".join(writer.parts)


class _Writer:
    """Writes Markdown's tokens as plain text."""

    def __init__(self) -> None:
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
        elif ONLY_TAGS.fullmatch(said):
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
        elif cells and ONLY_TAGS.fullmatch(cells[0]) and not any(cells[1:]):
            self.parts.append(cells[0].strip())
        else:
            named = [
                f"{head}: {cell}" if head else cell for head, cell in zip(self.heads, cells, strict=False) if cell
            ]
            self.parts.append(f"- {', '.join(named)}\n")


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
