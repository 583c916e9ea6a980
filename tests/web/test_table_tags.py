"""The parts of a table, as templates write them."""

import pytest
from jinja2 import Environment, TemplateSyntaxError
from markupsafe import Markup

from console.web.templating import EXTENSIONS


def _written(template: str, **values: object) -> str:
    return Environment(extensions=EXTENSIONS, autoescape=True).from_string(template).render(**values)


def test_a_row_has_its_cells_and_the_heading_of_each() -> None:
    template = (
        '{% row %}{% row_heading "Invoice", kind="short" %}{{ number }}{% endrow_heading %}'
        "{% cell heading %}{{ amount }}{% endcell %}{% endrow %}"
    )

    assert _written(template, number="INV-1", heading="Outstanding", amount=5) == (
        '<tr role="row"><th scope="row" role="rowheader" data-label="Invoice" class="short">INV-1</th>'
        '<td role="cell" data-label="Outstanding">5</td></tr>'
    )


def test_what_is_put_into_a_cell_and_beside_it_is_escaped() -> None:
    hostile = '"><script>alert(1)</script>'

    shown = _written(
        "{% cell said, kind=said %}{{ said }}{{ ours }}{% endcell %}", said=hostile, ours=Markup("<b>")
    )

    said = "&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"
    assert shown == f'<td role="cell" data-label="{said}" class="{said}">{said}<b></td>'


@pytest.mark.parametrize(
    "inside",
    ["", "  \n ", '{{ "" }}', "\n  {% if false %}no{% endif %}\n", "{% for one in () %}{{ one }}{% endfor %}"],
)
def test_an_empty_cell_is_empty(inside: str) -> None:
    # Where the window is narrow, a cell that is empty is not shown at all.
    assert _written(f'{{% cell "Why" %}}{inside}{{% endcell %}}') == '<td role="cell" data-label="Why"></td>'


def test_blanks_within_a_cell_stay() -> None:
    shown = _written('{% cell "Due" %}\n  1 May <b>{{ late }}</b> days\n{% endcell %}', late=3)

    assert shown == '<td role="cell" data-label="Due">1 May <b>3</b> days</td>'


def test_rows_can_be_repeated_and_hold_further_tables() -> None:
    template = (
        '{% for one in (1, 2) %}{% row %}{% cell "A" %}{% row %}{% cell "B" %}{{ one }}{% endcell %}{% endrow %}'
        "{% endcell %}{% endrow %}{% endfor %}"
    )

    shown = _written(template)

    inner = '<tr role="row"><td role="cell" data-label="B">{}</td></tr>'
    assert shown == "".join(
        f'<tr role="row"><td role="cell" data-label="A">{inner.format(one)}</td></tr>' for one in (1, 2)
    )


@pytest.mark.parametrize(
    "template",
    [
        "{% cell %}{% endcell %}",
        '{% cell "A", "B" %}{% endcell %}',
        '{% cell "A", class="b" %}{% endcell %}',
        '{% cell "A" %}',
        '{% row %}{% cell "A" %}{% endrow %}',
        '{% row "A" %}{% endrow %}',
    ],
)
def test_a_tag_that_is_written_wrongly_is_found_when_the_template_is_read(template: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        _written(template)
