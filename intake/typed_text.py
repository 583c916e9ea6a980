"""What people type or paste about themselves: any script and any space is fine, and nothing that commands."""

from unicodedata import category

from intake.cells import clean
from intake.problems import Wrong


def typed_line(text: str) -> str | Wrong:
    """Return the text in one line, in Unicode NFC, each run of spaces of any kind as one plain space.

    It is empty if nothing in it can be seen. Line breaks, control characters and what turns the direction of a
    text are wrong: in a header of a message the former would begin another one.
    """
    if len(text.strip().splitlines()) > 1:
        return Wrong("more than one line", "text in one line")
    read = _clean(" ".join(text.split()))
    return read if isinstance(read, Wrong) or any(category(one)[0] not in "ZC" for one in read) else ""


def typed_lines(text: str) -> str | Wrong:
    """Return the text in lines that end in a plain line feed, however they were pasted, in Unicode NFC.

    Spaces within a line stay as they are. Control characters and what turns the direction of a text are wrong.
    """
    lines = [_clean(line.expandtabs(4)) for line in text.splitlines()]
    wrong = next((line for line in lines if isinstance(line, Wrong)), None)
    return wrong or "\n".join(line for line in lines if isinstance(line, str)).strip("\n")


def _clean(line: str) -> str | Wrong:
    if any(category(one) == "Cs" for one in line):
        return Wrong("no text in UTF-8", "text")
    return clean(line, "utf-8")
