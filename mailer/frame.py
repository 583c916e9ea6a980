"""The frame that every message in HTML stands in: MJML, with the organization's logo, colour and address."""

import re
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import escape
from mjml import mjml2html

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_CONTENT = "@@CONTENT@@"
_FONTS = "-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"
LOGO = "cid:logo"
# A colour of text on white, or white on a colour, is readable from here on (WCAG 2.1, level AA).
CONTRAST_MIN = 4.5
DARK = "#1b1f24"
WHITE = "#ffffff"


@dataclass(frozen=True, slots=True)
class Look:
    """How an organization's messages look. The colour is written #1F4E79; the logo comes with the message."""

    name: str
    address: str = ""
    colour: str = "#1F4E79"
    has_logo: bool = False

    def __post_init__(self) -> None:
        if not _COLOUR.fullmatch(self.colour):
            raise ValueError(f"{self.colour!r} is no colour such as #1F4E79")

    @property
    def ink(self) -> str:
        """What can be read on the colour: white or a dark grey."""
        return WHITE if contrast(self.colour, WHITE) >= contrast(self.colour, DARK) else DARK


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands before and after the content."""

    before: str
    after: str


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.1)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(64)
def frame(look: Look, language: str) -> Frame:
    """Return the frame of a look, for texts in the language."""
    html = mjml2html(_source(look, language))
    before, found, after = html.partition(_CONTENT)
    # MJML leaves out what it does not know, and says nothing.
    for part in (_CONTENT, _escaped(look.name), _DARK_MODE.strip()[:40], "color-scheme"):
        assert part in html, f"the frame lost {part!r}"
    assert found
    assert not look.has_logo or LOGO in html, "the frame lost its logo"
    return Frame(before, after)


def _escaped(text: str) -> str:
    return str(escape(text))


_DARK_MODE = """
@media (prefers-color-scheme: dark) {
  body, .page { background: #14171b !important; background-color: #14171b !important; }
  .card, .card > table { background: #1e2329 !important; background-color: #1e2329 !important; }
  .content div, .content p, .content li, .content h1, .content h2, .content h3, .content .cell,
  .name div { color: #e8eaed !important; }
  .content .link { color: #9ecbff !important; }
  .foot div, .content .small, .content .head { color: #a4acb7 !important; }
  .content .cell, .content .head, .content hr { border-color: #3a424c !important; }
  .mark img { background: #ffffff; border-radius: 6px; padding: 6px; }
}
@media only screen and (max-width: 479px) {
  .content, .name, .mark, .foot { padding-left: 20px !important; padding-right: 20px !important; }
  .content .cell, .content .head { padding-right: 8px !important; }
  .content .cell:last-child, .content .head:last-child { padding-right: 0 !important; }
}
"""


def _source(look: Look, language: str) -> str:
    name = _escaped(look.name)
    address = "<br />".join(_escaped(line.strip()) for line in look.address.splitlines() if line.strip())
    if look.has_logo:
        head = (
            f'<mj-image css-class="mark" src="{LOGO}" alt="{name}" align="left" width="180px" '
            'padding="24px 32px 4px" font-size="20px" />'
        )
    else:
        head = (
            f'<mj-text css-class="name" font-size="18px" font-weight="bold" padding="24px 32px 0">{name}</mj-text>'
        )
    foot = f"{name}<br />{address}" if address else name
    return f"""
<mjml lang="{language}">
  <mj-head>
    <mj-title>{name}</mj-title>
    <mj-attributes>
      <mj-all font-family="{_FONTS}" />
      <mj-text font-size="16px" line-height="1.55" color="#22272e" padding="0" />
      <mj-section padding="0" />
    </mj-attributes>
    <mj-raw>
      <meta name="color-scheme" content="light dark" />
      <meta name="supported-color-schemes" content="light dark" />
    </mj-raw>
    <mj-style>{_DARK_MODE}</mj-style>
  </mj-head>
  <mj-body background-color="#eef1f4" css-class="page" width="600px">
    <mj-section padding="12px 0" />
    <mj-wrapper css-class="card" background-color="#ffffff" border-top="4px solid {look.colour}" padding="0">
      <mj-section><mj-column>{head}</mj-column></mj-section>
      <mj-section><mj-column>
        <mj-text css-class="content" padding="20px 32px 16px">{_CONTENT}</mj-text>
      </mj-column></mj-section>
    </mj-wrapper>
    <mj-section padding="16px 0 24px"><mj-column>
      <mj-text css-class="foot" font-size="13px" line-height="1.5" color="#5b6470" padding="0 32px">
        {foot}
      </mj-text>
    </mj-column></mj-section>
  </mj-body>
</mjml>
"""
