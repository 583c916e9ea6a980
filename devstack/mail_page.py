"""The mail catcher's pages, as text: every value that comes from a message is escaped."""

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from html import escape

from devstack.mail_store import CaughtMessage, attachments, header

# Nothing from elsewhere, no inline script, no inline style: a hostile message has nothing to work with.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

# A message's HTML part may bring its own look, and nothing else.
MESSAGE_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)

SHOWN_HEADERS = ("From", "To", "Cc", "Reply-To", "Date", "Message-ID", "In-Reply-To")


def list_page(messages: Sequence[CaughtMessage], *, total: int, smtp_address: str, is_first: bool) -> str:
    """Return the page that lists the messages, newest first."""
    newest = messages[0].id if messages else 0
    heading = (
        f'<header class="bar"><div><h1>Caught mail</h1><p>Nothing leaves this machine: '
        f"everything sent to <code>{escape(smtp_address)}</code> stays here.</p></div>"
        f'<p class="count"><strong>{total:,}</strong> {"message" if total == 1 else "messages"}</p></header>'
    )
    if not messages:
        body = (
            '<div class="empty"><p class="big">No mail yet</p>'
            "<p>A message appears here as soon as it has been sent.</p></div>"
        )
    else:
        body = f'<ol class="messages">{"".join(_row(message) for message in messages)}</ol>'
    older = (
        f'<nav class="pages"><a href="/?before={messages[-1].id}">Older messages</a></nav>'
        if messages and messages[-1].id > 1
        else ""
    )
    newer = '<nav class="pages"><a href="/">Newest messages</a></nav>' if not is_first else ""
    watch = f'<p id="news" data-newest="{newest}" role="status"></p>' if is_first else ""
    return _page("Caught mail", f"{heading}<main>{watch}{newer}{body}{older}</main>")


def message_page(message: CaughtMessage, parsed: EmailMessage) -> str:
    """Return the page with one message: headers, text, HTML in a sandbox, files."""
    text = part_text(parsed, "plain")
    html = part_text(parsed, "html")
    rows = "".join(
        f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>"
        for name in SHOWN_HEADERS
        if (value := header(parsed, name))
    )
    rows += f"<div><dt>Received</dt><dd>{_time(message.received_at, full=True)}</dd></div>"
    rows += f"<div><dt>Sent to</dt><dd>{escape(', '.join(message.recipients))}</dd></div>"
    sections = [
        f'<section><h2>HTML</h2><iframe sandbox="" src="/messages/{message.id}/html" '
        f'title="The message as a mail program shows it"></iframe></section>'
        if html is not None
        else "",
        f"<section><h2>Text</h2><pre>{escape(text)}</pre></section>" if text is not None else "",
        _files(message, parsed),
        f"<section><details><summary>All headers</summary><pre>{escape(_all_headers(parsed))}</pre>"
        "</details></section>",
    ]
    neighbours = (
        f'<nav class="pages"><a href="/">All messages</a>'
        f'<a href="/api/messages/{message.id}/raw" download>Download .eml</a></nav>'
    )
    title = message.subject or "(no subject)"
    return _page(
        title,
        f'<header class="bar"><div><h1>{escape(title)}</h1></div></header>'
        f'<main>{neighbours}<dl class="headers">{rows}</dl>{"".join(sections)}</main>',
    )


def missing_page() -> str:
    """Return the page for an address that leads nowhere."""
    body = '<div class="empty"><p class="big">Not found</p><p><a href="/">All messages</a></p></div>'
    return _page("Not found", f"<main>{body}</main>")


def part_text(message: EmailMessage, kind: str) -> str | None:
    """Return the text of the message's plain or html body, or None if it has none."""
    try:
        part = message.get_body((kind,))
        return None if part is None else str(part.get_content())
    except (LookupError, ValueError, AttributeError, TypeError):
        # An unknown character set or a broken structure: show the bytes as far as they are text.
        payload = message.get_payload(decode=True)
        return payload.decode(errors="replace") if isinstance(payload, bytes) and kind == "plain" else None


def _row(message: CaughtMessage) -> str:
    name, address = parseaddr(message.sender)
    return (
        f'<li><a href="/messages/{message.id}">'
        f'<span class="to">{escape(", ".join(message.recipients))}</span>'
        f"{_time(message.received_at)}"
        f'<span class="subject">{escape(message.subject or "(no subject)")}</span>'
        f'<span class="from">from {escape(name or address or message.envelope_sender or "nobody")}</span>'
        f"</a></li>"
    )


def _files(message: CaughtMessage, parsed: EmailMessage) -> str:
    files = "".join(
        f'<li><a href="/messages/{message.id}/files/{number}" download>'
        f"{escape(part.get_filename() or f'file {number + 1}')}</a> "
        f"<small>{escape(part.get_content_type())}, {size_in_words(len(payload_bytes(part)))}</small></li>"
        for number, part in enumerate(attachments(parsed))
    )
    return f'<section><h2>Files</h2><ul class="files">{files}</ul></section>' if files else ""


def payload_bytes(part: EmailMessage) -> bytes:
    """Return a part's decoded content; empty for a container."""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def size_in_words(size: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{size} bytes" if size < 1000 else f"{size / 1000:.0f} kB" if size < 1e6 else f"{size / 1e6:.1f} MB"


def _all_headers(message: EmailMessage) -> str:
    return "\n".join(f"{name}: {value}" for name, value in message.raw_items())


def _time(moment: datetime, *, full: bool = False) -> str:
    shown = moment.strftime("%Y-%m-%d %H:%M:%S UTC" if full else "%d %b, %H:%M")
    return f'<time datetime="{moment.isoformat()}">{shown}</time>'


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)} · Duewell mail catcher</title>"
        '<link rel="stylesheet" href="/static/mail.css"><link rel="icon" href="/static/mail.svg">'
        f'<script src="/static/mail.js" defer></script></head><body>{body}</body></html>'
    )
