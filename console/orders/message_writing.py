"""Writes to a customer outside the cadence, or shows what would be written."""

from datetime import UTC, datetime
from pathlib import Path

from activities.own_words import Wish, in_own_words
from console.connections.ledger import open_ledger
from console.failure import ASKED_WRONGLY, Failure
from console.orders.order import Order, carry_out
from console.orders.todo_editing import content_of
from console.terminal.printing import out, say, say_json
from console.views.writing import Writable, read_writable
from db.engine import transaction
from db.queries.invoices import invoice_id_of
from mailer.refusals import CannotRender


def asked_wish(
    subject: str | None, body: str | None, body_file: Path | None, template: str | None, as_step: str | None
) -> Wish:
    """Return what shall be written. Raises Failure."""
    if body is not None and body_file is not None:
        raise Failure("give the text by --body or by --body-file, not by both", ASKED_WRONGLY)
    text = body if body_file is None else content_of(body_file)
    if template is None and (subject is None or text is None):
        raise Failure("a message needs --subject and --body or --body-file, or a --template", ASKED_WRONGLY)
    return Wish(subject, text, template, as_step)


def show(number: str, wish: Wish, as_json: bool) -> int:
    """Show the message as it would go out now. Raises Failure."""
    with open_ledger() as ledger, transaction(ledger.engine) as session:
        invoice_id = invoice_id_of(session, number)
        if invoice_id is None:
            raise Failure(f"there is no invoice {number!r}", ASKED_WRONGLY)
        now = datetime.now(UTC)
        standing = read_writable(session, invoice_id, now)
        try:
            made = in_own_words(session, invoice_id, wish, now)
        except CannotRender as obstacle:
            raise Failure(f"{number}: {obstacle}", ASKED_WRONGLY) from obstacle
    if as_json:
        data = {"from": made.sender, "to": list(made.recipients), "copies": list(made.copies)}
        said = {
            "subject": made.subject,
            "text": made.body,
            "warning": standing.warning,
            "refused": standing.because,
        }
        say_json({"invoice": number, **data, **said})
        return 0
    console = out()
    lines = [("From", made.sender), ("To", ", ".join(made.recipients)), ("Copies", ", ".join(made.copies))]
    for what, value in (*lines, ("Subject", made.subject)):
        if value:
            say(console, f"{what}: {value}")
    say(console, f"\n{made.body}")
    _warn(standing)
    return 0


def write(number: str, wish: Wish, as_json: bool) -> int:
    """Let the message go out, and say what comes next. Raises Failure."""
    with open_ledger() as ledger, transaction(ledger.engine) as session:
        invoice_id = invoice_id_of(session, number)
        standing = None if invoice_id is None else read_writable(session, invoice_id, datetime.now(UTC))
    done = "the message goes out" + (f" as step {wish.as_step}" if wish.as_step else "")
    code = carry_out(number, Order(lambda desk: desk.write(number, wish), lambda _: done), as_json)
    if standing is not None and not as_json:
        _warn(standing)
    return code


def _warn(standing: Writable) -> None:
    if standing.because is not None:
        say(out(), f"It would be refused now: {standing.because}.", "yellow")
    if standing.warning is not None:
        say(out(), standing.warning, "yellow")
