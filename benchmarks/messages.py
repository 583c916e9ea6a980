"""Messages made one after the other, text to MIME: python -m benchmarks.messages [--messages N] [--rounds N]."""

import argparse
import json
import os
import platform
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

from dunning.money import Money
from mailer.compose import Envelope, compose, message_id, reply_token
from mailer.frame import Look
from mailer.headers import Mailbox
from mailer.render import render
from mailer.tags import Letter, Listed
from mailer.texts import Text, shipped_languages, shipped_text, template_names

AT = datetime(2026, 6, 11, 6, 30, tzinfo=UTC)
LOOK = Look("Nordlicht Solartechnik GmbH", "Hafenstr. 12\n20457 Hamburg", "#0B6E4F", has_logo=False)
REGIONS = {
    "en": ("en", "en-GB", "en-US"),
    "fr": ("fr", "fr-CA"),
    "de": ("de", "de-AT", "de-CH"),
    "es": ("es", "es-MX"),
}


def drawn(draw: random.Random, number: int) -> tuple[Text, Letter, Envelope]:
    """Return a message to make: any shipped e-mail in any language, about one or several invoices."""
    language = draw.choice(shipped_languages())
    text = shipped_text(draw.choice(sorted(template_names() - {"call"})), language)
    assert text is not None
    invoices = [_invoice(draw, number * 10 + index) for index in range(draw.choice((1, 1, 1, 1, 2, 5)))]
    own = invoices[0]
    assert own.due_on is not None
    letter = Letter(
        locale=draw.choice(REGIONS.get(language, (language,))),
        today=own.due_on + timedelta(days=draw.randint(-5, 40)),
        organization_name=LOOK.name,
        organization_email="ar@nordlicht.example",
        organization_address=LOOK.address,
        bank_details="IBAN DE02 1203 0000 0000 2020 51\nBIC BYLADEM1001",
        customer_name=f"Société Hélios {number}",
        contact_first_name=draw.choice(("Ana", "Zoë", None)),
        contact_last_name="Lima",
        invoice_number=own.number,
        po_number=own.po_number,
        issued_on=own.issued_on,
        due_on=own.due_on,
        total=own.total,
        paid=own.paid,
        outstanding=own.outstanding,
        step_number=2,
        step_of=5,
        reminders_sent=1,
        listed=tuple(invoices) if len(invoices) > 1 else (),
        pay_link=draw.choice((None, f"https://pay.nordlicht.example/{own.number}")),
        sender_name="Mara Petersen",
        sender_signature=draw.choice((None, "Mara Petersen\nNordlicht Solartechnik GmbH")),
    )
    identity = message_id("ar@nordlicht.example", number, "reminder", 1)
    sender = Mailbox("Mara Petersen", "mara@nordlicht.example")
    envelope = Envelope(
        sender=sender,
        to=(Mailbox("Ana Lima", f"ana{number}@helios.example"),),
        message_id=identity,
        reply_to=replace(sender, email=f"mara+{reply_token(identity)}@nordlicht.example"),
    )
    return text, letter, envelope


def _invoice(draw: random.Random, number: int) -> Listed:
    issued_on = date(2026, 1, 1) + timedelta(days=draw.randrange(150))
    currency = draw.choice(("EUR", "EUR", "EUR", "USD", "CHF", "JPY"))
    total = Decimal(draw.randrange(10_000, 10_000_000)) / (1 if currency == "JPY" else 100)
    paid = draw.choice((Decimal(0), Decimal(0), Decimal(50)))
    return Listed(
        number=f"INV-{number:06}",
        po_number=draw.choice((None, f"PO-{number}")),
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=30),
        total=Money(total, currency),
        paid=Money(paid, currency),
        outstanding=Money(total - paid, currency),
    )


def _made(text: Text, letter: Letter, envelope: Envelope) -> bytes:
    return compose(render(text, letter, LOOK), envelope, AT)


def timed(work: Callable[[], object]) -> float:
    """Return the milliseconds of CPU that the work takes."""
    before = time.thread_time()
    work()
    return (time.thread_time() - before) * 1000


def main() -> None:
    """Measure each message by itself, and print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    draw = random.Random(1)
    messages = [drawn(draw, number) for number in range(options.messages)]
    # The texts are compiled once in the life of a worker; that is measured apart.
    texts = {text for text, _, _ in messages}
    compiling = [timed(partial(_first, text, messages)) for text in sorted(texts, key=str)]
    rendering, both, sizes = [], [], []
    for _ in range(options.rounds):
        for text, letter, envelope in messages:
            rendering.append(timed(partial(render, text, letter, LOOK)))
            both.append(timed(partial(_made, text, letter, envelope)))
            sizes.append(len(_made(text, letter, envelope)))
    result = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "messages": options.messages * options.rounds,
        "texts": len(texts),
        "render_ms_median": round(statistics.median(rendering), 3),
        "render_and_mime_ms_median": round(statistics.median(both), 3),
        "render_and_mime_ms_p95": round(statistics.quantiles(both, n=20)[-1], 3),
        "first_use_of_a_text_ms_median": round(statistics.median(compiling), 1),
        "bytes_median": statistics.median(sizes),
    }
    print(json.dumps(result))


def _first(text: Text, messages: list[tuple[Text, Letter, Envelope]]) -> None:
    letter = next(letter for one, letter, _ in messages if one == text)
    render(text, letter, LOOK)


if __name__ == "__main__":
    main()
