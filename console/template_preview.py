"""Shows or sends the message that a template makes."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from activities.previews import Preview, preview
from console.environment import environment
from console.failure import ASKED_WRONGLY, Failure
from console.ledger import open_ledger
from console.printing import out, printable, say, say_json
from db.engine import transaction
from db.queries.invoices import invoice_id_of
from mailer.choice import transport_of
from mailer.refusals import CannotRender
from mailer.transport import Deferred, Rejected, Uncertain, Unreachable

_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")


def carry_out(
    name: str, invoice: str, locale: str | None, to: str | None, html: Path | None, *, text: bool, as_json: bool
) -> int:
    """Show or send the message. Raises Failure."""
    if locale is not None and not _LOCALE.fullmatch(locale):
        raise Failure(f"{locale!r} is no language; expected a code such as de or fr-CA", ASKED_WRONGLY)
    if to is not None and not _ADDRESS.fullmatch(to):
        raise Failure(f"{to!r} is no e-mail address", ASKED_WRONGLY)
    made = _made(name, invoice, locale, to)
    if html is not None:
        _write(html, made)
    if to is not None:
        _send(made)
    if as_json:
        rendered = made.rendered
        said = {
            "template": name,
            "invoice": invoice,
            "from": made.sender,
            "to": list(made.recipients),
            "sent": to is not None,
            "message_id": made.message_id,
            "subject": rendered.subject,
            "text": rendered.body,
            "html": rendered.html,
        }
        say_json(said)
        return 0
    if text or (html is None and to is None):
        _print(made)
    if html is not None:
        say(out(), f"The HTML is in {html}.")
    if to is not None:
        say(out(), f"Sent to {to} as {made.message_id}; it counts as no contact.")
    return 0


def _made(name: str, invoice: str, locale: str | None, to: str | None) -> Preview:
    with open_ledger() as ledger, transaction(ledger.engine) as session:
        invoice_id = invoice_id_of(session, invoice)
        if invoice_id is None:
            raise Failure(f"there is no invoice {invoice!r}", ASKED_WRONGLY)
        try:
            return preview(session, name, invoice_id, datetime.now(UTC), locale, to)
        except CannotRender as obstacle:
            raise Failure(f"{invoice}: {obstacle}", ASKED_WRONGLY) from obstacle


def _write(path: Path, made: Preview) -> None:
    if made.rendered.html is None:
        raise Failure("the message has no HTML", ASKED_WRONGLY)
    try:
        path.write_text(made.rendered.html, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}", ASKED_WRONGLY) from error


def _send(made: Preview) -> None:
    chosen = environment()
    transport = transport_of(chosen.smtp_url, chosen.resend_api_key, chosen.resend_url, connections=1)
    try:
        transport.send(made.sender, made.recipients, made.message_id, made.mime)
    except (Deferred, Uncertain, Unreachable, Rejected) as refusal:
        raise Failure(f"the preview could not be sent: {refusal}") from refusal
    finally:
        transport.close()


def _print(made: Preview) -> None:
    lines = [
        f"From: {made.sender}",
        f"To: {', '.join(made.recipients)}",
        f"Subject: {made.rendered.subject}",
        "",
        *made.rendered.body.splitlines(),
    ]
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))
