"""Statuses: what the words of accounting programs say about an invoice."""

from collections.abc import Callable, Mapping
from functools import cache

from intake.cells import INVOICE_STATUSES, InvoiceStatus
from intake.files.header_keys import header_key
from intake.files.header_words import status_words
from intake.problems import Wrong


def status_reader(own: Mapping[str, InvoiceStatus]) -> Callable[[str], InvoiceStatus | Wrong]:
    """Return what reads a status: in words of the organization's own, or those of the four languages."""
    known = _shipped() | {header_key(word): status for word, status in own.items()}

    def read(text: str) -> InvoiceStatus | Wrong:
        status = known.get(header_key(text))
        return status or Wrong("no known status", "one of " + ", ".join(INVOICE_STATUSES))

    return read


@cache
def _shipped() -> dict[str, InvoiceStatus]:
    return {header_key(word): status for word, status in status_words().items()}
