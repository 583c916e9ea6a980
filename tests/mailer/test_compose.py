"""The bytes of a message: headers that survive any name, a body that survives any server, one Message-ID."""

from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose import compose, message_id
from mailer.headers import Mailbox
from mailer.render import Rendered
from tests.mailer.builders import AT, a_letter, an_envelope, rendered_text

BREAKS = "line break|no domain|no address"
LONG_DOMAIN = "accounts.some-very-long-company-name-of-holdings-and-partners.region.duewell.example"


def read(message: bytes) -> EmailMessage:
    """Return the message as a mail program reads it."""
    parsed = message_from_bytes(message, policy=SMTP)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def body_of(message: bytes) -> str:
    """Return the text of the message, its line ends as the template has them."""
    return str(read(message).get_content()).replace("\r\n", "\n")


def decoded(header: str) -> str:
    """Return a header's value as people read it."""
    return str(make_header(decode_header(header.replace("\r\n", ""))))


def lines_of(message: bytes) -> list[bytes]:
    """Return the lines, without their ends."""
    return message.split(b"\r\n")


def test_the_message_id_is_a_pure_function_of_its_key() -> None:
    assert message_id("ar@duewell.example", 7, "S1", 1) == message_id("ar@duewell.example", 7, "S1", 1)
    assert message_id("ar@duewell.example", 7, "S1", 1) == "<cae2384ec96557c04bf4f40c.7.1@duewell.example>"


def test_message_ids_differ_whatever_part_of_the_key_does() -> None:
    keys = list(
        product(("ar@a.example", "bo@a.example", "ar@b.example"), (1, 2, 11), ("S1", "S11", "1/1"), (1, 2, 11))
    )

    assert len({message_id(*key) for key in keys}) == len(keys)


@given(
    first=st.tuples(st.integers(1, 10**6), st.text(min_size=1, max_size=12), st.integers(1, 50)),
    second=st.tuples(st.integers(1, 10**6), st.text(min_size=1, max_size=12), st.integers(1, 50)),
)
def test_two_keys_share_a_message_id_only_if_they_are_one(
    first: tuple[int, str, int], second: tuple[int, str, int]
) -> None:
    same = message_id("ar@duewell.example", *first) == message_id("ar@duewell.example", *second)

    assert same == (first == second)


def test_a_message_is_the_same_bytes_again() -> None:
    rendered = rendered_text("reminder", a_letter())

    assert compose(rendered, an_envelope(), AT) == compose(rendered, an_envelope(), AT)
    assert compose(rendered, an_envelope(), AT) != compose(rendered, an_envelope(), AT + timedelta(seconds=1))


def test_every_line_ends_with_crlf() -> None:
    message = compose(Rendered("Grüße", "a\nb\r\nc\rd\n\n.\n"), an_envelope(), AT)

    assert message.endswith(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines_of(message))


@pytest.mark.parametrize(
    "name", ["Société Hélios", "株式会社", 'Müller "& Söhne", GmbH <AG>', "a" * 200, "Ø" * 200, "Ana", ""]
)
def test_any_name_and_subject_decode_back(name: str) -> None:
    ana = Mailbox(name, "ana@helios.example")
    envelope = an_envelope(sender=Mailbox(name, "ar@duewell.example"), to=(ana,))

    message = message_from_bytes(compose(Rendered(f"Rappel: {name}".strip(), "x\n"), envelope, AT))

    assert decoded(message["Subject"]) == f"Rappel: {name}".strip()
    for header, email in (("From", "ar@duewell.example"), ("To", "ana@helios.example")):
        display_name, address = parseaddr(message[header])
        assert (decoded(display_name), address) == (name, email)


@pytest.mark.parametrize("text", ["é" * 2000, "a" * 5000 + "\n.\n..\nFrom here\n", "€ 1 234,50\n" * 50, "\n"])
def test_any_body_decodes_back_and_passes_any_server(text: str) -> None:
    message = compose(Rendered("x", text), an_envelope(), AT)

    assert body_of(message).rstrip("\n") == text.rstrip("\n")
    assert message.isascii()
    assert max(len(line) for line in lines_of(message)) <= 998


@given(
    text=st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), max_size=300)
)
def test_a_body_of_any_characters_decodes_back(text: str) -> None:
    message = compose(Rendered("x", text + "\n"), an_envelope(), AT)

    assert body_of(message) == text + "\n"
    assert message.isascii()


@pytest.mark.parametrize("injected", ["x\r\nBcc: all@helios.example", "x\nBcc: all@helios.example", "x\rBcc: y"])
def test_a_line_break_in_a_header_is_refused(injected: str) -> None:
    with pytest.raises(ValueError, match=BREAKS):
        compose(Rendered(injected, "x\n"), an_envelope(), AT)
    for bad in (Mailbox(injected, "ana@helios.example"), Mailbox("Ana", f"ana@helios.example{injected}")):
        for changed in ({"sender": bad}, {"to": (bad,)}, {"cc": (bad,)}, {"reply_to": bad}):
            with pytest.raises(ValueError, match=BREAKS):
                compose(Rendered("x", "x\n"), an_envelope(**changed), AT)
    with pytest.raises(ValueError, match=BREAKS):
        compose(Rendered("x", "x\n"), an_envelope(message_id=f"<a@b.example>{injected}"), AT)
    with pytest.raises(ValueError, match=BREAKS):
        compose(Rendered("x", "x\n"), an_envelope(thread=(f"<a@b>{injected}",)), AT)


def test_the_first_message_starts_a_thread() -> None:
    message = read(compose(Rendered("x", "x\n"), an_envelope(), AT))

    assert message["Message-ID"] == "<1234.1.1@duewell.example>"
    assert message["In-Reply-To"] is None
    assert message["References"] is None


def test_later_messages_answer_the_last_and_refer_to_all() -> None:
    thread = tuple(message_id("ar@duewell.example", 7, f"S{step}", 1) for step in range(12))

    message = read(compose(Rendered("x", "x\n"), an_envelope(thread=thread), AT))

    assert message["In-Reply-To"] == thread[-1]
    assert message["References"].split() == list(thread)


def test_message_ids_longer_than_a_line_are_written_as_they_are() -> None:
    """An encoded word inside a thread header would break the thread in every mail program."""
    thread = tuple(message_id(f"ar@{LONG_DOMAIN}", 123_456_789, step, 1) for step in ("S0", "S1"))

    message = compose(Rendered("x", "x\n"), an_envelope(message_id=thread[0], thread=thread), AT)

    assert b"=?" not in message
    assert read(message)["In-Reply-To"] == thread[-1]
    assert read(message)["References"].split() == list(thread)
    assert max(len(line) for line in lines_of(message)) <= 998


def test_a_message_says_that_a_machine_wrote_it() -> None:
    message = read(compose(Rendered("x", "x\n"), an_envelope(), AT))

    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == AT
