"""Writes headers: any text becomes lines that every mail program reads back as that text, and no other header.

The library's own headers parse each value into a tree to fold it, which takes longer than to render the message.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from mailer.addresses import wire_address

CRLF = "\r\n"
# RFC 5322 asks for lines of 78 characters, and RFC 2047 for encoded words of 75.
_LINE_MAX = 76
_WORD_MAX = 75
_PLAIN_WORD_MAX = 200
_QUOTED_MAX = 60
_FILE_NAME_MAX = 60
# A line break would begin another header; other controls and half characters have no business in one.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_MESSAGE_ID = re.compile(r"<[!#-'*+\-/-9=?A-Z^-~.]+@[!#-'*+\-/-9=?A-Z^-~.]+>")
# What stands for itself in an encoded word, wherever that stands (RFC 2047, 5 (3)).
_SELVES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")
# How each byte is written there, a space as "_".
_QUOTED = ["_" if byte == 0x20 else chr(byte) if byte in _SELVES else f"={byte:02X}" for byte in range(256)]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A person or an organization at an address; the name may be empty."""

    name: str
    email: str


def text_header(name: str, text: str) -> str:
    """Return the header for a text of any characters. Raises ValueError for a line break or another control."""
    require_one_line(text)
    words = text.split(" ")
    is_plain = text.isascii() and "=?" not in text and all(0 < len(word) <= _PLAIN_WORD_MAX for word in words)
    return _folded(name, words if is_plain or not text else _encoded_words(text))


def mailboxes_header(name: str, mailboxes: Sequence[Mailbox]) -> str:
    """Return the header for people and their addresses. Raises ValueError for a name or address that cannot be."""
    return f"{name}: " + f",{CRLF} ".join(map(_mailbox, mailboxes)) + CRLF


def ids_header(name: str, message_ids: Iterable[str]) -> str:
    """Return the header for Message-IDs, one on each line. Raises ValueError for what is none."""
    ids = list(message_ids)
    for one in ids:
        if not _MESSAGE_ID.fullmatch(one):
            raise ValueError(f"{one!r} is no Message-ID; a header holds no line break")
    return f"{name}: " + f"{CRLF} ".join(ids) + CRLF


def disposition_header(disposition: str, file_name: str) -> str:
    """Return the header that names a file, for any name (RFC 2231), without a way out of its folder."""
    stem, dot, suffix = _FORBIDDEN.sub("", re.sub(r'[/\\:*?"<>|%]', "-", file_name)).strip(". ").rpartition(".")
    safe = f"{stem[: _FILE_NAME_MAX - len(suffix) - 1]}{dot}{suffix}" if stem and len(suffix) < 10 else "file"
    named = f'filename="{safe}"' if safe.isascii() else f"filename*=utf-8''{quote(safe, safe='')}"
    return f"Content-Disposition: {disposition};{CRLF} {named}{CRLF}"


def require_one_line(text: str) -> None:
    """Raise ValueError if the text holds a line break or another control character."""
    found = _FORBIDDEN.search(text)
    if found is not None:
        raise ValueError(f"a header holds no line break or control character, as in {text[:60]!r}")


def _mailbox(mailbox: Mailbox) -> str:
    address = wire_address(mailbox.email)
    require_one_line(mailbox.name)
    name = " ".join(mailbox.name.split())
    if not name:
        return address
    phrase = _phrase(name)
    between = " " if len(phrase) + len(address) < _LINE_MAX - 10 else f"{CRLF} "
    return f"{phrase}{between}<{address}>"


def _phrase(name: str) -> str:
    if name.isascii() and "=?" not in name and len(name) <= _QUOTED_MAX:
        if _ATOMS.fullmatch(name):
            return name
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return f"{CRLF} ".join(_encoded_words(name))


def _folded(name: str, words: Sequence[str]) -> str:
    lines, line = [], f"{name}:"
    for index, word in enumerate(words):
        # The first word stays beside the name: a line of nothing but the name is read as an empty header by some.
        if index and len(line) + 1 + len(word) > _LINE_MAX:
            lines.append(line)
            line = ""
        line += f" {word}"
    return CRLF.join((*lines, line)) + CRLF


def _encoded_words(text: str) -> list[str]:
    """Return RFC 2047's encoded words, each of whole characters; spaces between them are not part of the text."""
    data = text.encode()
    is_quoted = len(_quoted(text)) * 3 <= len(data) * 4
    # The header's own name stands on the first line too. Base64 makes 4 characters of 3 bytes.
    room = _WORD_MAX - len("=?utf-8?q??=") - 12
    room = room if is_quoted else room // 4 * 3
    words, chunk, taken = [], "", 0
    for character in text:
        size = len(_quoted(character)) if is_quoted else len(character.encode())
        if taken + size > room:
            words.append(chunk)
            chunk, taken = "", 0
        chunk, taken = chunk + character, taken + size
    encode, kind = (_quoted, "q") if is_quoted else (_based, "b")
    return [f"=?utf-8?{kind}?{encode(word)}?=" for word in (*words, chunk)]


def _quoted(text: str) -> str:
    return "".join([_QUOTED[byte] for byte in text.encode()])


def _based(text: str) -> str:
    return b64encode(text.encode()).decode()
