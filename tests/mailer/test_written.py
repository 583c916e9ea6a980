"""What a person wrote goes out word by word, in the design of all messages, and commands nothing."""

import re
import time

import pytest

from mailer.frame import frame
from mailer.refusals import CannotRender
from mailer.render import fill_in
from mailer.texts import Text
from mailer.written import render_written
from tests.mailer.builders import LOOK, a_letter, rendered_text

FRAME = frame(LOOK, "en")


def laid_out(body: str) -> str:
    """Return the HTML of the body, without the frame and the styles."""
    html = render_written("x", body, LOOK, "en").html or ""
    inner = html.removeprefix(FRAME.before).removesuffix(FRAME.after)
    return re.sub(r' (?:style|class)="[^"]*"', "", inner).strip()


def test_the_plain_text_is_what_was_written_and_the_frame_is_that_of_templates() -> None:
    body = "Dear Ana,\n\n{{ invoice.number }} {% if %} **is** open.\n"

    written, template = render_written("x", body, LOOK, "en"), rendered_text("reminder", a_letter())

    assert (written.subject, written.body) == ("x", body)
    assert written.html is not None
    assert template.html is not None
    head = template.html.index("Dear ")
    assert written.html[:head] == template.html[:head]
    assert "{{ invoice.number }} {% if %} <strong>is</strong> open." in written.html


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("one\ntwo", "<p>one<br />\ntwo</p>"),
        ("- one\n- two", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>"),
        (
            "Pay: https://pay.example/INV-1.",
            '<p>Pay: <a href="https://pay.example/INV-1">https://pay.example/INV-1</a>.</p>',
        ),
        ("[here](https://pay.example)", '<p><a href="https://pay.example">here</a></p>'),
        ("<https://pay.example>", '<p><a href="https://pay.example">https://pay.example</a></p>'),
        ("<b>x</b> & <script>", "<p>&lt;b&gt;x&lt;/b&gt; &amp; &lt;script&gt;</p>"),
        ("[x](javascript:alert)", "<p>[x](javascript:alert)</p>"),
        ("![x](https://a.example/x.png)", '<p>!<a href="https://a.example/x.png">x</a></p>'),
        ("| a | b |\n|---|---|", "<p>| a | b |<br />\n|---|---|</p>"),
        ("INV_2026_07 costs 5 * 3 * 2", "<p>INV_2026_07 costs 5 * 3 * 2</p>"),
    ],
)
def test_markdown_is_laid_out_and_nothing_else_is(body: str, html: str) -> None:
    assert laid_out(body) == html


@pytest.mark.parametrize(
    "odd", ["[", "*a_", "> ", "![", "<", "https://a.example/", "- ", "`", "((", "a" * 9 + "\n"]
)
def test_the_longest_text_is_laid_out_in_time(odd: str) -> None:
    before = time.thread_time()

    render_written("x", odd * (50_000 // len(odd)), LOOK, "en")

    assert time.thread_time() - before < 2


def test_tags_are_filled_in_and_markdown_stays_as_it_is_written() -> None:
    letter = a_letter(invoice_number="INV-*1*")

    subject, body = fill_in(
        Text("About\n {{ invoice.number }}", "You **owe** {{ invoice.outstanding }}.\n"), letter
    )

    assert subject == "About INV-*1*"
    assert body.startswith("You **owe** ")
    assert "{{" not in body


@pytest.mark.parametrize("body", ["{{ invoice.nothing }}", "{{ invoice.number", "{% if %}", " "])
def test_a_text_that_cannot_be_filled_in_is_refused(body: str) -> None:
    with pytest.raises(CannotRender):
        fill_in(Text("x", body), a_letter())
