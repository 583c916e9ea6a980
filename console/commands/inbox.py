"""`duewell inbox`: what came back, and which invoices it is about."""

from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

LINES_MAX = 500

inbox = App(
    name="inbox",
    help="See what came back: replies, automatic replies, bounces, complaints; take messages in, and assign them.",
    sort_key=6,
)


@inbox.command(name="list")
def list_inbox(
    *,
    unmatched: bool = False,
    invoice: str | None = None,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=LINES_MAX))] = 50,
    json: bool = False,
) -> int:
    """List what came in, the newest first.

    Parameters
    ----------
    unmatched
        Only what no message of ours matches, and nobody assigned yet.
    invoice
        Only what is about the invoice with this number.
    limit
        How many at most, up to 500.
    json
        Print one JSON document: a list of objects.
    """
    from dataclasses import asdict

    from console.connections.ledger import open_ledger
    from console.failure import ASKED_WRONGLY, Failure
    from console.terminal.inbox_table import inbox_table
    from console.terminal.printing import out, say, say_json
    from db.engine import transaction
    from db.queries.incoming import inbox_page
    from db.queries.invoices import invoice_id_of

    if invoice is not None and unmatched:
        raise Failure("what is unmatched is about no invoice; leave out --unmatched or --invoice", ASKED_WRONGLY)
    with open_ledger() as ledger:
        with transaction(ledger.engine) as session:
            if invoice is not None and invoice_id_of(session, invoice) is None:
                raise Failure(f"there is no invoice {invoice!r}", ASKED_WRONGLY)
            lines = inbox_page(session, limit, unmatched=unmatched, invoice=invoice)
        if json:
            say_json([asdict(line) for line in lines])
        elif lines:
            out().print(inbox_table(lines, ledger.organization.time_zone))
        else:
            say(out(), "Nothing came in that matches." if invoice or unmatched else "Nothing came in yet.")
    return 0


@inbox.command
def show(message: int, /, *, raw: bool = False, json: bool = False) -> int:
    """Show a message of the inbox.

    Parameters
    ----------
    message
        Its number in `duewell inbox list`.
    raw
        Print the message as it came, to the byte.
    json
        Print one JSON document.
    """
    import sys
    from dataclasses import asdict

    from console.connections.ledger import open_ledger
    from console.failure import ASKED_WRONGLY, Failure
    from console.terminal.inbox_table import print_message
    from console.terminal.printing import out, say_json
    from db.engine import transaction
    from db.queries.incoming import inbox_message

    with open_ledger() as ledger:
        with transaction(ledger.engine) as session:
            found = inbox_message(session, message)
        if found is None:
            raise Failure(f"there is no incoming message {message}", ASKED_WRONGLY)
        if raw:
            sys.stdout.flush()
            sys.stdout.buffer.write(found.content)
            sys.stdout.buffer.flush()
        elif json:
            say_json(asdict(found.line) | {"about": found.about, "bytes": len(found.content)})
        else:
            print_message(out(), found, ledger.organization.time_zone)
    return 0


@inbox.command
def assign(message: int, invoice: str, /, *, json: bool = False) -> int:
    """Say which invoice a message is about that nothing of ours matched; a person's then asks for an answer.

    Parameters
    ----------
    message
        Its number in `duewell inbox list`.
    invoice
        The invoice's number.
    json
        Print one JSON document.
    """
    from console.connections.ledger import open_ledger
    from console.orders.clerk import clerk
    from console.terminal.printing import out, say, say_json
    from intake.commands import Desk

    with open_ledger() as ledger:
        Desk(ledger.engine, clerk()).assign_incoming(message, invoice)
    if json:
        say_json({"message": message, "invoice": invoice})
    else:
        say(out(), f"Message {message} is about {invoice}.")
    return 0


@inbox.command
def take(file: str, /, *, json: bool = False) -> int:
    """Take in one message, as a mail server hands it over or somebody saved it; once however often.

    Parameters
    ----------
    file
        The message (.eml), or `-` for the standard input.
    json
        Print one JSON document.
    """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path

    from console.connections.ledger import open_ledger
    from console.failure import ASKED_WRONGLY, Failure
    from console.terminal.inbox_table import taken_sentence
    from console.terminal.printing import out, say, say_json
    from db.engine import transaction
    from db.operations.messages.incoming import NotYet
    from db.queries.incoming import invoice_numbers
    from intake.inbox import take_message

    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise Failure(f"{file}: {error.strerror or error}", ASKED_WRONGLY) from error
    if not raw.strip():
        raise Failure(f"{'the standard input' if file == '-' else file} is empty", ASKED_WRONGLY)
    with open_ledger() as ledger:
        try:
            taken = take_message(ledger.engine, raw, datetime.now(UTC))
        except NotYet as early:
            raise Failure(f"{early}; take it in again in a minute") from early
        with transaction(ledger.engine) as session:
            numbers = invoice_numbers(session, taken.invoice_ids)
    if json:
        say_json({"message": taken.id, "kind": taken.kind, "is_new": taken.is_new, "invoices": numbers})
    else:
        say(out(), taken_sentence(taken, numbers))
    return 0
