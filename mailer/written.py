"""Lays out what a person wrote in place of a template: Markdown without tags, in the frame of all messages."""

import re

from markdown_it.token import Token

from mailer.frame import Look, frame
from mailer.layout import Markdown, dress
from mailer.render import Rendered

# An address that stands by itself becomes a link, as people expect; one within Markdown's own link is one already.
_BARE_LINK = re.compile(r"(?<![\w(<\[\"'=/])https?://[^\s<>]*[^\s<>.,;:!?)\]\"'*_]")
_MARKDOWN = Markdown()
# What looks like a table or an image is most often none, and neither is sent.
_MARKDOWN.disable(["table", "image"])


def render_written(subject: str, body: str, look: Look, language: str) -> Rendered:
    """Return the message: its plain text is the body to the letter, and its HTML the same laid out.

    Nothing in it is a tag, whatever its braces.
    """
    tokens = _parsed(body)
    for token in tokens:
        dress(token)
        for child in token.children or ():
            dress(child)
    around = frame(look, language)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return Rendered(subject, body, f"{around.before}{html}{around.after}")


def shown_as_written(body: str) -> str:
    """Return the HTML of the body alone, without any style of its own: for pages that show what is being written.

    As in a message, no HTML and no script of the body's gets into it.
    """
    tokens = _parsed(body)
    html: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return html


def _parsed(body: str) -> list[Token]:
    return _MARKDOWN.parse(_BARE_LINK.sub(r"<\g<0>>", body.expandtabs(4)))
