"""SVG: elements without styles or scripts, patterns that do without colours.

All that is drawn takes the colour of the text around it, so that it is right on light and on dark pages. It is a
tree until a template writes it down, so that no word of the ledger is ever taken for an element.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, tostring

# Widths are in user units, in which a letter is about six wide at the size of labels.
LABEL: Final = 11
SMALL: Final = 9
LETTER_WIDTH: Final = 0.58
# Five ways to fill an area that nobody confuses in print: full, empty, and three hatchings.
FULL, HATCHED, DOTTED, LINED, EMPTY = "full", "hatched", "dotted", "lined", "empty"
_PATTERNS: Final[Mapping[str, tuple[int, str, Mapping[str, object]]]] = {
    HATCHED: (5, "path", {"d": "M-1 6 6 -1M-1 1 1 -1M4 6 6 4", "stroke": "currentColor", "stroke-width": 1.3}),
    DOTTED: (4, "circle", {"cx": 2, "cy": 2, "r": 0.9, "fill": "currentColor"}),
    LINED: (4, "path", {"d": "M0 2H4", "stroke": "currentColor", "stroke-width": 1.1}),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart that is drawn; a template shows it as the element that it is."""

    root: Element

    def __html__(self) -> str:
        """Return it as text, with all words and attributes escaped."""
        return tostring(self.root, encoding="unicode")


def element(name: str, attributes: Mapping[str, object], *children: Element, said: str | None = None) -> Element:
    """Return an element with words or children; what is None is left out, numbers are written short."""
    made = Element(name, {key: _written(value) for key, value in attributes.items() if value is not None})
    made.text = said
    made.extend(children)
    return made


def words(
    x: float, y: float, said: str, anchor: str = "start", size: float = LABEL, bold: bool = False
) -> Element:
    """Return a line of text."""
    attributes: dict[str, object] = {
        "x": x,
        "y": y,
        "font-size": size,
        "text-anchor": None if anchor == "start" else anchor,
        "font-weight": "600" if bold else None,
        "fill": "currentColor",
    }
    return element("text", attributes, said=said)


def area(x: float, y: float, width: float, height: float, fill: str, chart: str, said: str) -> Element:
    """Return a rectangle in one of the five fillings, and what it says to a pointer that rests there."""
    attributes: dict[str, object] = {
        "x": x,
        "y": y,
        "width": width,
        "height": height,
        "fill": fill_of(fill, chart),
        "stroke": "currentColor",
        "stroke-width": 0.8,
        "class": f"chart-{fill}",
    }
    return element("rect", attributes, element("title", {}, said=said))


def line(x: float, y: float, to_x: float, to_y: float, is_faint: bool = False) -> Element:
    """Return a line: an axis, or a faint one to read values by."""
    attributes: dict[str, object] = {
        "x1": x,
        "y1": y,
        "x2": to_x,
        "y2": to_y,
        "stroke": "currentColor",
        "stroke-width": 0.5 if is_faint else 1,
        "stroke-opacity": 0.3 if is_faint else None,
    }
    return element("line", attributes)


def fill_of(fill: str, chart: str) -> str:
    """Return what fills an area in the chart with this id."""
    if fill == FULL:
        return "currentColor"
    return "none" if fill == EMPTY else f"url(#{chart}-{fill})"


def picture(
    chart: str, width: float, height: float, title: str, description: str, drawn: Iterable[Element]
) -> Picture:
    """Return the whole of a chart. `chart` is its id, unique on its page: plain letters, digits and hyphens."""
    assert chart.replace("-", "").isalnum(), "the id of a chart is plain"
    patterns = [
        element(
            "pattern",
            {"id": f"{chart}-{name}", "width": size, "height": size, "patternUnits": "userSpaceOnUse"},
            element(shape, attributes),
        )
        for name, (size, shape, attributes) in _PATTERNS.items()
    ]
    attributes: dict[str, object] = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {_written(width)} {_written(height)}",
        "role": "img",
        "aria-labelledby": f"{chart}-title {chart}-description",
        "class": "chart",
        "font-family": "inherit",
    }
    root = element(
        "svg",
        attributes,
        element("title", {"id": f"{chart}-title"}, said=title),
        element("desc", {"id": f"{chart}-description"}, said=description),
        element("defs", {}, *patterns),
        *drawn,
    )
    return Picture(root)


def width_of(said: str, size: float = LABEL) -> float:
    """Return about how wide the words are."""
    return len(said) * size * LETTER_WIDTH


def shortened(said: str, width: float, size: float = LABEL) -> str:
    """Return the words, cut short where they are wider than that."""
    letters = int(width / (size * LETTER_WIDTH))
    return said if len(said) <= letters else said[: max(1, letters - 1)].rstrip() + "…"


def _written(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
