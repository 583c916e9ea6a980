"""Shows, opens or sends the message that a template makes."""

import os
import re
import sys
import tempfile
import webbrowser
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from activities.previews import Preview, preview
from console.connections.ledger import open_ledger
from console.connections.outgoing_mail import send_preview
from console.failure import ASKED_WRONGLY, Failure
from console.terminal.printing import err, out, printable, say, say_json
from db.engine import transaction
from db.queries.invoices import invoice_id_of
from db.queries.under import hold_still
from mailer.addresses import BadAddress, wire_address
from mailer.refusals import CannotRender

_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


def carry_out(
    name: str,
    invoice: str,
    locale: str | None,
    to: str | None,
    html: Path | None,
    *,
    opens: bool | None,
    text: bool,
    as_json: bool,
) -> int:
    """Show, open or send the message; without any wish, show it, and open it where there is a screen.

    Raises Failure.
    """
    if locale is not None and not _LOCALE.fullmatch(locale):
        raise Failure(f"{locale!r} is no language; expected a code such as de or fr-CA", ASKED_WRONGLY)
    if to is not None:
        _require_address(to)
    has_no_wish = to is None and html is None and not opens
    made = _made(name, invoice, locale, to)
    if html is not None:
        _write(html, made)
    if opens or (opens is None and has_no_wish and not (text or as_json) and _has_a_screen()):
        _open(made)
    if to is not None:
        send_preview(made)
    if as_json:
        say_json({"template": name, "invoice": invoice, "sent": to is not None, **_data(made)})
        return 0
    say(err(), made.sentence)
    if text or has_no_wish:
        _print(made)
    if html is not None:
        say(out(), f"The HTML is in {html}.")
    if to is not None:
        say(out(), f"Sent to {to} as {made.message_id}; it counts as no contact.")
    return 0


def _has_a_screen() -> bool:
    """Say whether somebody is there who sees a window; a browser without one would take over the terminal."""
    is_graphical = sys.platform in ("darwin", "win32") or os.environ.keys() & {"DISPLAY", "WAYLAND_DISPLAY"}
    return sys.stdout.isatty() and bool(is_graphical)


def _data(made: Preview) -> dict[str, Any]:
    shown = _read(made)
    return {
        "written_as": made.sentence,
        "from": made.sender,
        "to": list(made.recipients),
        "cc": _addresses(shown, "Cc"),
        "bcc": list(made.blind_copies),
        "reply_to": _addresses(shown, "Reply-To"),
        "message_id": made.message_id,
        "subject": made.rendered.subject,
        "text": made.rendered.body,
        "html": made.rendered.html,
        "attachments": [name for name, _ in _attachments(shown)],
    }


def _require_address(to: str) -> None:
    try:
        wire_address(to)
    except BadAddress as bad:
        raise Failure(str(bad), ASKED_WRONGLY) from bad


def _made(name: str, invoice: str, locale: str | None, to: str | None) -> Preview:
    with open_ledger() as ledger, transaction(ledger.engine) as session:
        # So that whatever is looked at to make it, PostgreSQL itself refuses to write anything down.
        hold_still(session)
        invoice_id = invoice_id_of(session, invoice)
        if invoice_id is None:
            raise Failure(f"there is no invoice {invoice!r}", ASKED_WRONGLY)
        try:
            return preview(session, name, invoice_id, datetime.now(UTC), locale, to)
        except CannotRender as obstacle:
            raise Failure(f"{invoice}: {obstacle}", ASKED_WRONGLY) from obstacle


def _page(made: Preview) -> str:
    if made.page is None:
        raise Failure("the message has no HTML", ASKED_WRONGLY)
    return made.page


def _write(path: Path, made: Preview) -> None:
    try:
        path.write_text(_page(made), encoding="utf-8")
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}", ASKED_WRONGLY) from error


def _open(made: Preview) -> None:
    # It stays behind: the browser may read it after this program has ended.
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix="duewell-preview-", suffix=".html", delete=False
    ) as file:
        file.write(_page(made))
    if not webbrowser.open(Path(file.name).as_uri()):
        raise Failure(f"no browser could be started here; the HTML is in {file.name}")


def _print(made: Preview) -> None:
    """Print what a mail program shows: the headers that people look at, the plain text, and the files."""
    shown = _read(made)
    lines = [f"{name}: {shown[name]}" for name in ("From", "To", "Cc", "Reply-To", "Subject") if shown[name]]
    if made.blind_copies:
        lines.insert(-2, f"Bcc: {', '.join(made.blind_copies)}")
    lines += [f"Attached: {name} ({max(size // 1024, 1)} KB)" for name, size in _attachments(shown)]
    lines += ["", *made.rendered.body.splitlines()]
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))


def _read(made: Preview) -> EmailMessage:
    return message_from_bytes(made.mime, EmailMessage, policy=policy.default)


def _addresses(shown: EmailMessage, header: str) -> list[str]:
    found = shown[header]
    return [] if found is None else [one.addr_spec for one in found.addresses]


def _attachments(shown: EmailMessage) -> list[tuple[str, int]]:
    return [(str(part.get_filename()), len(part.get_content())) for part in shown.iter_attachments()]
