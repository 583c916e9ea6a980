"""Takes the Liquid out of a body and puts it back, so that Markdown and Liquid never see each other."""

import re

LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
# Private characters stand for Liquid: an output and a tag, each with its number.
MARK = re.compile("([\ue000\ue001])([0-9]+)\ue002")
ONLY_TAGS = re.compile("(?:\\s*\ue001[0-9]+\ue002)+\\s*")
_COMMENT = re.compile(r"\{%-?\s*comment\s*-?%\}.*?\{%-?\s*endcomment\s*-?%\}", re.DOTALL)
_NAME = re.compile(r"\{%-?\s*(#|\w*)")


class Marks:
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
        return MARK.sub(lambda match: self.sources[int(match[2])], html)

    def put_back_text(self, text: str) -> str:
        """Return text with its Liquid; a brace that is none of it is written by Liquid, or it would begin some."""
        return MARK.sub(lambda match: self.sources[int(match[2])], re.sub(r"\{(?=[{%])", "{{ '{' }}", text))

    def _checked(self, number: str) -> str:
        source = self.sources[int(number)]
        inner = source.removeprefix("{{").removesuffix("}}").strip("-")
        return "{{" + inner.rstrip() + " | web_address }}"


def without_comments(body: str) -> str:
    """Return the body with its comments left out and its lines kept."""
    return _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), body)
