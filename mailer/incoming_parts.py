"""Opens messages from outside: within bounds, whatever bytes they are, and without ever raising for them."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from email.utils import parseaddr
from html import unescape

# What a message is about stands at its beginning: no more of it is read than this.
READ_BYTES_MAX = 512 * 1024
# The library opens parts within parts by recursion, and looks through parameters in quadratic time.
PARTS_MAX = 100
BOUNDARIES_MAX = 1000
NESTED_MAX = 30
SEMICOLONS_MAX = 100
HEADERS_MAX = 1000
HEADER_CHARACTERS_MAX = 2000
TEXT_CHARACTERS_MAX = 64 * 1024

_BOUNDARY = re.compile(rb'boundary\s*=\s*"?([^\s";]{1,200})', re.IGNORECASE)
_HEAD = re.compile(rb"\r?\n\r?\n")
_CONTAINER = re.compile(rb"content-type\s*:\s*(?:multipart|message)\s*/", re.IGNORECASE)
_FOLD = re.compile(r"[\r\n]+[ \t]*")
_NOT_SHOWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}@[^<>\s]{1,250}>")
# Where HTML is no text; what ends a line; every other tag. No pattern looks further than a tag is long.
_HTML_SILENT = re.compile(r"<(style|script|title)\b", re.IGNORECASE)
_HTML_QUOTE = re.compile(r"<blockquote\b", re.IGNORECASE)
_HTML_LINE = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^<>]{0,200}>", re.IGNORECASE)
_HTML_TAG = re.compile(r"<[^<>]{1,2000}>")


def open_message(raw: bytes) -> Message | None:
    """Return the beginning of the message, or None for one that is built to be expensive."""
    raw = raw[:READ_BYTES_MAX]
    if len(_CONTAINER.findall(raw)) > NESTED_MAX or _has_many_parts(raw) or _has_endless_headers(raw):
        return None
    return message_from_bytes(raw, policy=compat32)


def _has_many_parts(raw: bytes) -> bool:
    boundaries = set(_BOUNDARY.findall(raw))
    if len(boundaries) > NESTED_MAX:
        return True
    return sum(raw.count(b"--" + boundary) for boundary in boundaries) > BOUNDARIES_MAX


def _has_endless_headers(raw: bytes) -> bool:
    """Say whether there are more headers, or more parameters in one, than in any message that means something."""
    head = _HEAD.split(raw, maxsplit=1)[0]
    if head.count(b"\n") > HEADERS_MAX:
        return True
    semicolons = 0
    for line in raw.splitlines():
        if not line.startswith((b" ", b"\t")):
            semicolons = 0
        if b"content-" in line[:8].lower() or semicolons or line.startswith((b" ", b"\t")):
            semicolons += line.count(b";")
        if semicolons > SEMICOLONS_MAX:
            return True
    return False


def parts_of(message: Message) -> Iterator[Message]:
    """Yield the message and the parts within it, the outermost first, up to a bound."""
    for count, part in enumerate(message.walk()):
        if count >= PARTS_MAX:
            return
        yield part


def own_parts_of(message: Message) -> Iterator[Message]:
    """Yield the parts of the message that hold no other parts, but not those of messages attached to it."""
    waiting = [message]
    for _ in range(PARTS_MAX):
        if not waiting:
            return
        part = waiting.pop(0)
        if part.get_content_maintype() == "message":
            continue
        payload = part.get_payload()
        if isinstance(payload, list):
            waiting[:0] = [inner for inner in payload if isinstance(inner, Message)]
        else:
            yield part


def header(message: Message, name: str) -> str:
    """Return the header as one line of text, empty without it."""
    return next(iter(headers(message, name)), "")


def headers(message: Message, name: str) -> list[str]:
    """Return all headers of the name, each as one line of text."""
    return [_decoded(str(value)) for value in (message.get_all(name) or ())[:20]]


def message_ids(text: str) -> list[str]:
    """Return the Message-IDs in a text, with their angle brackets."""
    return _MESSAGE_ID.findall(text)


def address_of(text: str) -> str:
    """Return the address in a text such as `Ana <ana@helios.example>`, empty if there is none."""
    address = parseaddr(text[:HEADER_CHARACTERS_MAX])[1].strip()
    return shown(address) if "@" in address else ""


def shown(text: str) -> str:
    """Return the text without what cannot be stored or shown."""
    return _NOT_SHOWN.sub("", text)


def text_of(message: Message) -> str:
    """Return what the message says as plain text; of HTML, what stands before the quotation."""
    html = ""
    for part in own_parts_of(message):
        if part.get_content_disposition() == "attachment":
            continue
        if part.get_content_type() == "text/plain":
            text = text_of_part(part)
            if text.strip():
                return text
        elif part.get_content_type() == "text/html" and not html:
            html = text_of_part(part)
    return _plain(html)


def text_of_part(part: Message) -> str:
    """Return the text of a part, in whatever charset it really is."""
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    data = data[: 4 * TEXT_CHARACTERS_MAX]
    stated = str(part.get_param("charset") or "").strip("\"' ").lower()
    for charset in ("utf-8", stated, "cp1252"):
        try:
            text = data.decode(charset)
        except (LookupError, ValueError):
            continue
        return shown(text.replace("\r\n", "\n").replace("\r", "\n"))[:TEXT_CHARACTERS_MAX]
    return shown(data.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n"))[:TEXT_CHARACTERS_MAX]


def _plain(html: str) -> str:
    text = _HTML_QUOTE.split(_heard(html), maxsplit=1)[0]
    text = _HTML_TAG.sub("", _HTML_LINE.sub("\n", re.sub(r"\s+", " ", text)))
    return shown(unescape(text).replace("\xa0", " "))


def _heard(html: str) -> str:
    """Return the HTML without styles and scripts."""
    heard, position = [], 0
    while (silent := _HTML_SILENT.search(html, position)) is not None:
        heard.append(html[position : silent.start()])
        end = html.lower().find(f"</{silent[1].lower()}", silent.end()) if len(heard) < PARTS_MAX else -1
        if end < 0:
            return "".join(heard)
        position = html.find(">", end) + 1 or len(html)
    return "".join([*heard, html[position:]])


def _decoded(value: str) -> str:
    value = _FOLD.sub(" ", value[:HEADER_CHARACTERS_MAX])
    try:
        pieces = decode_header(value)
    except (MessageError, ValueError):
        return shown(value).strip()
    return shown("".join(_piece(data, charset) for data, charset in pieces)).strip()


def _piece(data: bytes | str, charset: str | None) -> str:
    if isinstance(data, str):
        return data
    for each in (charset or "utf-8", "cp1252"):
        try:
            return data.decode(each)
        except (LookupError, ValueError):
            continue
    return data.decode("latin-1")
