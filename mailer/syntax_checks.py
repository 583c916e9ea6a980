"""Reads the Liquid of a text, and says on which line it cannot be read."""

import re

from mailer.findings import Finding, Part, line_of
from mailer.known_tags import block_names, hinting
from mailer.liquid_limits import TAGS, Liquid, parse
from mailer.liquid_marks import LIQUID, without_comments
from mailer.refusals import BadText
from mailer.tag_paths import Mentions, mentions_of
from phrase import phrase

_BLOCK = re.compile(r"\{%-?\s*(\w+)")
_OPENING = frozenset({"if", "unless", "case", "for"})
_ENDS = frozenset({"endif", "endunless", "endcase", "endfor", "comment", "endcomment"})


class Unreadable(Exception):
    """A part of a text whose Liquid cannot be read; `finding` says where and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def read(source: str, part: Part) -> Mentions:
    """Return what a part of a text mentions. Raises Unreadable."""
    plain = without_comments(source)
    for block in _BLOCK.finditer(plain):
        if block[1] not in TAGS | _ENDS:
            problem = hinting(phrase(f"there is no {{% {block[1]} %}}"), block[1], block_names())
            raise Unreadable(Finding("error", problem, part, line_of(plain, block.start(), part)))
    for piece in LIQUID.finditer(plain):
        if "{{" in piece[0][2:] or "{%" in piece[0][2:]:
            line = line_of(plain, piece.start(), part)
            raise Unreadable(Finding("error", f"'{piece[0][:2]}' is not closed", part, line))
    try:
        return mentions_of(parse(Liquid(is_html=False), plain))
    except BadText as error:
        broken = (error.line or _broken_line(plain)) if part == "body" else None
        raise Unreadable(Finding("error", error.problem, part, broken)) from error


def _broken_line(source: str) -> int | None:
    """Return the line of the first piece of Liquid that cannot be, or that nothing closes."""
    opened: list[tuple[str, int]] = []
    for found in LIQUID.finditer(source):
        name = _BLOCK.match(found[0])
        line = line_of(source, found.start(), "body")
        assert line is not None
        if name is None:
            alone = found[0]
        elif name[1] in _OPENING:
            opened.append((name[1], line))
            alone = found[0] + ("{% when 1 %}" if name[1] == "case" else "") + f"{{% end{name[1]} %}}"
        elif name[1].startswith("end"):
            if not opened or opened.pop()[0] != name[1].removeprefix("end"):
                return line
            continue
        else:
            continue
        try:
            parse(Liquid(is_html=False), alone)
        except BadText:
            return line
    return opened[-1][1] if opened else None
