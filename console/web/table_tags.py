"""The parts of a table as tags of templates, which are written in place.

    {% row %} … {% endrow %}
    {% cell HEADING %} … {% endcell %}
    {% row_heading HEADING, kind="number" %} … {% endrow_heading %}

`cell` is a cell, `row_heading` the one that says what its row is about; HEADING is that of its column, which
stands beside the cell where the window is narrow, and `kind` a class. What is around them, `ui.table`, is a macro.
A list of fifty lines has four hundred cells: as macros they took a fifth of its page's time (docs/benchmarks.md).
"""

from collections.abc import Sequence
from typing import Final

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

# The roles keep it a table for screen readers where each row is a block of its own.
_BEGINS: Final = {
    "row": '<tr role="row"',
    "cell": '<td role="cell"',
    "row_heading": '<th scope="row" role="rowheader"',
}
_ENDS: Final = {"row": "</tr>", "cell": "</td>", "row_heading": "</th>"}


class TableTags(Extension):
    """Teaches templates the tags. What stands around the content of a cell is cut: an empty one is empty."""

    tags = set(_BEGINS)  # noqa: RUF012  # as its base declares it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Return what a tag stands for."""
        tag = next(parser.stream)
        begin: list[nodes.Expr] = [nodes.TemplateData(_BEGINS[tag.value])]
        if tag.value != "row":
            begin += [nodes.TemplateData(' data-label="'), parser.parse_expression(), nodes.TemplateData('"')]
            if parser.stream.skip_if("comma"):
                parser.stream.expect("name:kind")
                parser.stream.expect("assign")
                begin += [nodes.TemplateData(' class="'), parser.parse_expression(), nodes.TemplateData('"')]
        begin.append(nodes.TemplateData(">"))
        body = parser.parse_statements((f"name:end{tag.value}",), drop_needle=True)
        _cut(body)
        end = nodes.TemplateData(_ENDS[tag.value])
        return [
            nodes.Output(begin, lineno=tag.lineno),
            *body,
            nodes.Output([end], lineno=tag.lineno),
        ]


def _cut(body: Sequence[nodes.Node]) -> None:
    """Cut the blanks before and behind what a tag has in it."""
    for place, cut in ((0, str.lstrip), (-1, str.rstrip)):
        if body and isinstance(output := body[place], nodes.Output):
            data = output.nodes[place]
            if isinstance(data, nodes.TemplateData):
                data.data = cut(data.data)
