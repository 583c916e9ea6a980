"""PDF invoices: takes the XML out of a Factur-X or ZUGFeRD invoice."""

import io
import logging

from pypdf import PdfReader

from intake.files.xml_documents import XML_BYTES_MAX
from intake.problems import Wrong

PDF_BYTES_MAX = 50 * 1024 * 1024
# The names that Factur-X, ZUGFeRD 2 and XRechnung give to the XML.
_NAMES = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml")
_FILES_MAX = 100
# It tells of each thing that it mended, with what stands there: no part of an invoice belongs into a log.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def is_pdf(data: bytes) -> bool:
    """Say whether the file is a PDF."""
    return data[:1024].lstrip().startswith(b"%PDF-")


def xml_in(data: bytes) -> bytes | Wrong:
    """Return the XML of the invoice that is embedded in a PDF."""
    if len(data) > PDF_BYTES_MAX:
        return Wrong("a PDF too large", f"at most {PDF_BYTES_MAX >> 20} MB")
    try:
        return _embedded(data)
    except RecursionError:
        return Wrong("a PDF that cannot be read", "a Factur-X invoice")
    except Exception:
        # The reader meets a broken file with whatever error the broken place leads to; none of it is ours to mend.
        return Wrong("a PDF that cannot be read", "a Factur-X invoice")


def _embedded(data: bytes) -> bytes | Wrong:
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        return Wrong("a protected PDF", "a Factur-X invoice without a password")
    for count, embedded in enumerate(reader.attachment_list):
        if count >= _FILES_MAX:
            break
        if embedded.name.lower() in _NAMES:
            content = bytes(embedded.content)
            return (
                content if len(content) <= XML_BYTES_MAX else Wrong("an invoice too large", "at most 20 MB of XML")
            )
    return Wrong("a PDF without an electronic invoice in it", "a Factur-X invoice, which holds factur-x.xml")
