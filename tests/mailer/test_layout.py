"""Markdown with Liquid becomes HTML and readable text, from one source."""

import re
from typing import Any

import pytest

from mailer.frame import CONTRAST_MIN, Look, contrast
from mailer.refusals import BadText
from mailer.render import Rendered, render
from mailer.texts import Text, read_text, write_text
from tests.mailer.builders import LOOK, a_letter
from tests.mailer.test_several_invoices import THREE


def made(body: str, look: Look = LOOK, **letter: Any) -> Rendered:
    """Return the body rendered for a letter."""
    return render(Text("x", body), a_letter(**letter), look)


def inner(rendered: Rendered) -> str:
    """Return the HTML of the content without styles."""
    assert rendered.html is not None
    content = rendered.html.split('class="content"', 1)[1].partition("<div")[2].partition(">")[2]
    return re.sub(r' (style|class|role|border|cellpadding|cellspacing)="[^"]*"', "", content).partition("</div>")[
        0
    ]


def test_paragraphs_emphasis_and_line_breaks_are_those_of_the_source() -> None:
    rendered = made("Dear **{{ contact.first_name }}**,\n\none\n*two*\n\n# Head\n\n> quoted\n\n---\n")

    assert rendered.body == "Dear Ana,\n\none\ntwo\n\nHead\n\n> quoted\n\n---\n"
    html = inner(rendered)
    assert "<p>Dear <strong>Ana</strong>,</p>" in html
    assert "<p>one<br />\n<em>two</em></p>" in html
    assert "<h1>Head</h1>" in html


def test_a_link_is_written_out_in_text() -> None:
    rendered = made(
        "[See it]({{ invoice.view_link }}), [here](https://a.example/{{ invoice.number | url_encode }}?x=1), "
        "<ar@duewell.example>, {{ invoice.view_link }}",
        view_link="https://b.example/?a=1&b=2",
        invoice_number="INV 1/2",
    )

    assert rendered.body == (
        "See it (https://b.example/?a=1&b=2), here (https://a.example/INV%201%2F2?x=1), ar@duewell.example, "
        "https://b.example/?a=1&b=2\n"
    )
    html = inner(rendered)
    assert '<a href="https://b.example/?a=1&amp;b=2">See it</a>' in html
    assert '<a href="https://a.example/INV%201%2F2?x=1">here</a>' in html
    assert '<a href="https://b.example/?a=1&amp;b=2">https://b.example/?a=1&amp;b=2</a>' in html


def test_a_button_is_a_link_in_text() -> None:
    rendered = made('{{ invoice.pay_link | button: "Pay now" }}', pay_link="https://pay.example/1")

    assert rendered.body == "Pay now: https://pay.example/1\n"
    assert '<a href="https://pay.example/1">Pay now</a>' in inner(rendered)
    assert "<p><table" not in inner(rendered)


def test_a_loop_makes_the_items_of_one_list() -> None:
    rendered = made(
        "Open:\n\n{% for one in invoices %}\n- {{ one.number }}: {{ one.outstanding }}\n{% endfor %}\n\nThanks.",
        listed=THREE,
    )

    assert rendered.body == "Open:\n\n- INV-1: €4,000.00\n- INV-2: €1,200.50\n- INV-3: $50.00\n\nThanks.\n"
    assert inner(rendered).count("<ul>") == 1
    assert inner(rendered).count("<li>") == 3


def test_a_loop_makes_the_rows_of_one_table() -> None:
    rendered = made(
        "| Invoice | Open |\n|---|--:|\n{% for one in invoices %}\n| {{ one.number }} | {{ one.outstanding }} |\n"
        "{% endfor %}\n\nThanks.",
        listed=THREE,
    )

    assert rendered.body == (
        "- Invoice: INV-1, Open: €4,000.00\n- Invoice: INV-2, Open: €1,200.50\n"
        "- Invoice: INV-3, Open: $50.00\n\nThanks.\n"
    )
    assert inner(rendered).count("<table>") == 1
    assert inner(rendered).count("<tr>") == 4


@pytest.mark.parametrize("several", [True, False])
def test_a_condition_on_lines_of_its_own_is_around_paragraphs(several: bool) -> None:
    rendered = made(
        "Hello\n{% if invoices.size > 1 %}\nmany\n{{ invoices_table }}\n\nmore\n{% else %}\none\n\n- a\n- b\n"
        "{% endif %}\nBye",
        listed=THREE if several else (),
    )

    lines = [line for line in rendered.body.splitlines() if line and not line.startswith("- INV")]
    assert lines == (["Hello", "many", "more", "Bye"] if several else ["Hello", "one", "- a", "- b", "Bye"])
    assert "\n\n\n" not in rendered.body
    assert inner(rendered).count("<p>") == inner(rendered).count("</p>")


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("one\n\n**a {% if today %}b** c{% endif %}", 3),
        ("- a {% if today %}\n- b {% endif %}", 1),
        ("one\n\n[x](https://a.example/{% if today %}1{% endif %})", 3),
        ("one {% if today %}\n\ntwo{% endif %}", 1),
    ],
)
def test_half_an_element_is_refused_with_its_line(body: str, line: int) -> None:
    with pytest.raises(BadText) as refusal:
        made(body)

    assert refusal.value.line == line


def test_values_are_escaped_in_html_and_not_in_text() -> None:
    rendered = made("{{ customer.name }} | {{ organization.bank_details }}", customer_name='<b>A & "B"</b>')

    assert rendered.body.startswith('<b>A & "B"</b> | ')
    assert "&lt;b&gt;A &amp; &#34;B&#34;&lt;/b&gt;" in inner(rendered)


def test_lines_of_a_value_stay_lines() -> None:
    rendered = made("{{ organization.bank_details }}", bank_details="IBAN 1\nBIC 2")

    assert rendered.body == "IBAN 1\nBIC 2\n"
    assert "IBAN 1<br />\nBIC 2" in inner(rendered)


def test_markdown_in_a_value_is_text() -> None:
    rendered = made("{{ customer.name }}", customer_name="**A** [x](https://y.example) # {{ today }}")

    assert rendered.body == "**A** [x](https://y.example) # {{ today }}\n"
    assert "<strong>" not in inner(rendered)


def test_braces_that_are_no_liquid_stay_braces() -> None:
    rendered = made("a { b } c \\{\\{ d } } {\\% e %}")

    assert rendered.body == "a { b } c {{ d } } {% e %}\n"
    assert "a &#123; b &#125; c &#123;&#123; d &#125; &#125; &#123;% e %&#125;" in inner(rendered)


def test_the_frame_shows_name_address_and_colour_and_nothing_from_elsewhere() -> None:
    look = Look("A & B {{ today }}", "1 Street\n<b>City</b>", "#AA3300")
    html = made("x", look).html

    assert html is not None
    assert "A &amp; B {{ today }}" in html
    assert "1 Street<br />&lt;b&gt;City&lt;/b&gt;" in html
    assert "#AA3300" in html
    assert 'lang="en"' in html
    assert "prefers-color-scheme: dark" in html
    assert "cid:" not in html
    assert re.findall(r"(?:src|background)=\"[^\"]*\"|@import|url\(|<link|<script|<img", html) == []
    assert re.findall(r"https?://[^\"' ]+", html.replace("http://www.w3.org/1999/xhtml", "")) == []


def test_the_logo_is_part_of_the_message_only_where_there_is_one() -> None:
    html = made("x", Look("A", "", "#000000", has_logo=True)).html

    assert html is not None
    assert re.findall(r'src="([^"]*)"', html) == ["cid:logo"]
    assert 'alt="A"' in html


@pytest.mark.parametrize("colour", ["#000000", "#FFFFFF", "#1F4E79", "#FFCC00", "#808080", "#00FF00", "#0000ff"])
def test_a_button_can_be_read_on_every_colour(colour: str) -> None:
    assert contrast(colour, Look("A", "", colour).ink) >= CONTRAST_MIN - 0.6


@pytest.mark.parametrize("colour", ["red", "#12345", '#12345"', "", "#GGGGGG"])
def test_a_colour_that_is_none_is_refused(colour: str) -> None:
    with pytest.raises(ValueError, match="no colour"):
        Look("A", "", colour)


@pytest.mark.parametrize("source", ["", "x", "Subject: a", "Hello\n\nbody", "Subject: a\nb\n\nbody"])
def test_a_file_without_subject_and_body_is_refused(source: str) -> None:
    with pytest.raises(BadText, match="begins with a line 'Subject: …'"):
        read_text(source)


def test_a_text_is_read_as_it_was_written() -> None:
    text = Text("a {{ today }}", "one\n\ntwo\n", "de")

    assert read_text(write_text(text), "de") == text
    assert read_text("\ufeff" + write_text(text).replace("\n", "\r\n"), "de") == text
