"""What the command line prints of words that others wrote."""

import pytest

from console.terminal.printing import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("3.071,33\N{NO-BREAK SPACE}€", "3.071,33\N{NO-BREAK SPACE}€"),
        ("1\N{NARROW NO-BREAK SPACE}200 €", "1\N{NARROW NO-BREAK SPACE}200 €"),
        ("red\x1b[31m", "red\\x1b[31m"),
        ("a\rb", "a\\rb"),
        ("left\N{RIGHT-TO-LEFT OVERRIDE}right", "left\\u202eright"),
        ("two\nlines", "two lines"),
    ],
)
def test_spaces_are_shown_and_what_commands_a_terminal_is_not(text: str, shown: str) -> None:
    assert printable(text) == shown
