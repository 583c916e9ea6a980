"""What the messages that are kept take in the ledger: python -m benchmarks.kept_messages [--messages N].

On an embedded PostgreSQL of its own; each kind of message is stored by itself, and its table measured with indexes
and TOAST.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import insert, text

from benchmarks.messages import AT, LOOK, drawn
from db.engine import Engine, make_engine
from db.tables.actions import Message
from devstack.postgres import EmbeddedPostgres
from intake.setup import set_up
from mailer.compose import Attachment, compose
from mailer.render import render
from mailer.sheet import Sheet, draw
from mailer.tags import Letter, Listed

PDF = "application/pdf"
OWN_PDF_BYTES = 100 * 1024


def main() -> None:
    """Store messages of each kind, and print what a thousand of them take, in MB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000)
    count = parser.parse_args().messages
    kinds: dict[str, Callable[[Letter, random.Random], tuple[Attachment, ...]]] = {
        "no file": lambda _letter, _chance: (),
        "the page that is drawn": lambda letter, _chance: (Attachment("a.pdf", PDF, draw(_sheet(letter))),),
        # A PDF is compressed already, so that chance stands for it.
        "a PDF of 100 KB": lambda _letter, chance: (Attachment("a.pdf", PDF, chance.randbytes(OWN_PDF_BYTES)),),
    }
    with tempfile.TemporaryDirectory() as home, EmbeddedPostgres(Path(home), durable=False) as server:
        engine = make_engine(server.create_database("kept"))
        set_up(engine, "Duewell", "ar@duewell.example")
        taken = {kind: round(_megabytes(engine, count, files) * 1000 / count, 1) for kind, files in kinds.items()}
        engine.dispose()
    print(json.dumps({"messages": count, "megabytes_per_thousand": taken}))


def _megabytes(
    engine: Engine, count: int, files: Callable[[Letter, random.Random], tuple[Attachment, ...]]
) -> float:
    chance = random.Random(1)
    rows = []
    for number in range(1, count + 1):
        template, letter, envelope = drawn(chance, number)
        rendered = render(template, letter, LOOK)
        rows.append(
            {
                "action_id": number,
                "message_id": envelope.message_id.replace("<", f"<{number}."),
                "sender": envelope.sender.email,
                "recipients": [one.email for one in envelope.to],
                "subject": rendered.subject,
                "mime": compose(rendered, envelope, AT, None, files(letter, chance)),
                "state": "sent",
                "reply_token": f"{number:020}",
            }
        )
    with engine.begin() as connection:
        # The actions that they belong to are measured by benchmarks.actions.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("TRUNCATE messages CASCADE"))
        for row in rows:
            connection.execute(insert(Message).values(row))
    with engine.connect() as connection:
        return float(connection.execute(text("SELECT pg_total_relation_size('messages')")).scalar_one()) / 1024**2


def _sheet(letter: Letter) -> Sheet:
    invoice = Listed(
        number=letter.invoice_number,
        po_number=letter.po_number,
        issued_on=letter.issued_on,
        due_on=letter.due_on,
        total=letter.total,
        paid=letter.paid,
        outstanding=letter.outstanding,
    )
    sheet = Sheet(letter.locale, letter.today, LOOK.colour, LOOK.name, LOOK.address, "", "", invoice)
    return replace(sheet, bank_details=letter.bank_details, customer_name=letter.customer_name)


if __name__ == "__main__":
    main()
