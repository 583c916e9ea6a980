"""Finds the PDFs that go with a message: the invoices' own, or one that is drawn for an invoice without."""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime

from activities.letter_values import sheet_of
from db.engine import Engine, Session, transaction
from db.queries.calendar import local_date
from db.queries.correspondence import Correspondence, correspondence
from db.queries.invoice_files import InvoiceFile, attaches_and_has_file, invoice_files
from mailer.compose import Attachment
from mailer.pdf import fault_of
from mailer.refusals import CannotRender
from mailer.sheet import draw

PDF = "application/pdf"
# Most servers refuse messages of more than 25 MB, and in a message a file takes a third more.
TOGETHER_BYTES_MAX = 15 * 1024 * 1024
ASKED_AGAIN_SECONDS = 60.0


def attachments_for(
    session: Session, about: Correspondence, others: Sequence[int], locale: str, today: date
) -> tuple[Attachment, ...]:
    """Return what goes with a message about the invoice, and about others with it (rule 2.15).

    A page is drawn for a message about one invoice only: one about several lists them all. Raises CannotRender
    for a file that is broken or too big.
    """
    if not others and not about.brings_files:
        return ()
    draws, files = invoice_files(session, [about.invoice_id, *others])
    own = tuple(map(_sound, files))
    together = sum(len(file.content) for file in own)
    if together > TOGETHER_BYTES_MAX:
        most = TOGETHER_BYTES_MAX // 1024**2
        raise CannotRender(f"the PDFs have {together / 1024**2:.1f} MB together, and at most {most} can be sent")
    if own or others or not draws:
        return own
    return (Attachment(f"{about.number}.pdf", PDF, draw(sheet_of(about, locale, today))),)


class DrawnAhead:
    """Draws the page of an invoice that has no PDF, so that it need not be drawn while its row is locked.

    That takes about 20 ms, ten times as long as all the rest of a claim. What is drawn is kept for a while; if a
    fact changes in between, it is drawn again in the claim. Where the organization attaches nothing, it is asked
    again a minute later only: until then pages are drawn in the claim.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._nothing_until = 0.0

    def draw(self, invoice_id: int, now: datetime) -> None:
        """Draw the invoice's page, if its messages get one. Raises LedgerUnavailable."""
        if time.monotonic() < self._nothing_until:
            return
        with transaction(self._engine) as session:
            attaches, has_file = attaches_and_has_file(session, invoice_id)
            if not attaches:
                self._nothing_until = time.monotonic() + ASKED_AGAIN_SECONDS
            if not attaches or has_file:
                return
            about = correspondence(session, invoice_id)
            today = local_date(session, now)
        if about is None:
            return
        # What cannot be drawn is met again in the claim, where it becomes a to-do with the reason.
        with suppress(CannotRender):
            draw(sheet_of(about, about.contacts[0].locale or about.locale, today))


def _sound(file: InvoiceFile) -> Attachment:
    fault = fault_of(file.content)
    if fault is not None:
        raise CannotRender(f"{file.name} cannot be attached: {fault}")
    return Attachment(file.name, PDF, file.content)
