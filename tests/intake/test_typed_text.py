"""What people type is taken as it is meant: any script and any space, and never a control character."""

from email import message_from_bytes, policy
from unicodedata import category, normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from intake.problems import Wrong
from intake.typed_text import typed_line, typed_lines
from mailer.headers import Mailbox, mailboxes_header

SPACES = "\N{NO-BREAK SPACE}\u202f\u2009\u3000\t "
ODD = SPACES + '\r\n\x0b\x85\u2028\u2029\u200d\u00ad\u200b\ufeff\u202e\x00\x1b\x1f,<>@"\\=?e\u0301'
TYPED = st.text(st.one_of(st.sampled_from(ODD), st.characters()), max_size=40)
TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_command(character: str) -> bool:
    """Say whether it may end a header, move a cursor, or turn the direction of a text."""
    return category(character) in ("Cc", "Cs", "Zl", "Zp") or character in TURNS


@given(TYPED)
@example("Ana\N{NO-BREAK SPACE}Lima")
@example("a\r\nBcc: b@c.example")
def test_a_line_is_refused_or_is_one_name_in_a_header(text: str) -> None:
    read = typed_line(text)

    if isinstance(read, Wrong):
        assert any(map(is_command, text))
        return
    assert not any(map(is_command, read))
    assert read.split() == normalize("NFC", text).split() or not read
    header = mailboxes_header("From", [Mailbox(read, "ana@company.example")])
    parsed = message_from_bytes(header.encode() + b"\r\n", policy=policy.default)
    assert parsed.keys() == ["From"]
    assert typed_line(read) == read


@given(TYPED)
def test_lines_are_refused_or_hold_line_feeds_alone(text: str) -> None:
    read = typed_lines(text)

    if isinstance(read, Wrong):
        assert any(map(is_command, text))
        return
    assert not any(is_command(one) for one in read if one != "\n")
    assert read.split() == normalize("NFC", text).split()
    assert typed_lines(read) == read


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Ana\N{NO-BREAK SPACE}Lima", "Ana Lima"),
        ("  Zoe\u0308\tÜbel ", "Zoë Übel"),
        ("+33\u202f1\u202f23", "+33 1 23"),
        ("株式会社\u3000日本", "株式会社 日本"),
        ("سارا\u200cنژاد", "سارا\u200cنژاد"),
        ("\u200b\ufeff", ""),
    ],
)
def test_what_is_pasted_is_taken_as_it_is_meant(typed: str, meant: str) -> None:
    assert typed_line(typed) == meant


def test_a_signature_that_was_pasted_keeps_its_lines_and_spaces() -> None:
    assert typed_lines("Ana Lima\r\nTél.\N{NO-BREAK SPACE}: +33\u202f1\x0bARR\u2028Paris\t\r\n") == (
        "Ana Lima\nTél.\N{NO-BREAK SPACE}: +33\u202f1\nARR\nParis"
    )
