"""Draws what is known of an invoice as a PDF of one page, for invoices that have none of their own.

It is a summary and says so: an invoice as the law of a country wants it is made by the accounts alone.
"""

import json
import threading
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import typst

from mailer.formats import format_day, format_money, locale_for
from mailer.refusals import CannotRender
from mailer.tags import Listed

_SOURCE = Path(__file__).parent / "sheets" / "invoice.typ"
_FALLBACK_LANGUAGE = "en"
_WORDS = {
    "en": {
        "title": "Invoice summary",
        "issued_on": "Date of the invoice",
        "due_on": "Due date",
        "po_number": "Your order",
        "total": "Amount of the invoice",
        "paid": "Received",
        "open": "Open amount",
        "pay_to": "Please pay to",
        "note": "This page sums up invoice {number} as our books have it on {today}. "
        "It does not replace the invoice.",
    },
    "fr": {
        "title": "Récapitulatif de la facture",
        "issued_on": "Date de la facture",
        "due_on": "Échéance",
        "po_number": "Votre commande",
        "total": "Montant de la facture",
        "paid": "Déjà réglé",
        "open": "Reste à payer",
        "pay_to": "Coordonnées de paiement",
        "note": "Ce document récapitule la facture {number} telle qu’elle figure dans nos comptes au {today}. "
        "Il ne remplace pas la facture.",
    },
    "de": {
        "title": "Übersicht zur Rechnung",
        "issued_on": "Rechnungsdatum",
        "due_on": "Fällig am",
        "po_number": "Ihre Bestellung",
        "total": "Rechnungsbetrag",
        "paid": "Bereits bezahlt",
        "open": "Offener Betrag",
        "pay_to": "Zahlbar an",
        "note": "Diese Seite fasst die Rechnung {number} nach dem Stand unserer Bücher vom {today} zusammen. "
        "Sie ersetzt die Rechnung nicht.",
    },
    "es": {
        "title": "Resumen de la factura",
        "issued_on": "Fecha de la factura",
        "due_on": "Vencimiento",
        "po_number": "Su pedido",
        "total": "Importe de la factura",
        "paid": "Ya pagado",
        "open": "Importe pendiente",
        "pay_to": "Datos para el pago",
        "note": "Este documento resume la factura {number} tal como figura en nuestros libros a {today}. "
        "No sustituye a la factura.",
    },
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the page says. `locale` chooses the language, English where there are no words of it."""

    locale: str
    today: date
    colour: str
    organization_name: str
    organization_address: str
    bank_details: str
    customer_name: str
    invoice: Listed


# A page takes about 20 ms; the same invoice on the same day is drawn once. A page has some 20 KB.
@lru_cache(maxsize=256)
def draw(sheet: Sheet) -> bytes:
    """Return the page as a PDF, the same bytes for the same values. Raises CannotRender."""
    data = json.dumps(_data(sheet), ensure_ascii=False)
    try:
        # A compiler is no business of several threads at once.
        with _drawing:
            drawn = _compiler().compile(format="pdf", sys_inputs={"data": data}, timestamp=0, pdf_tags=False)
    except typst.TypstError as error:
        raise CannotRender(f"the invoice's PDF cannot be drawn: {error.message}") from error
    assert isinstance(drawn, bytes), "a PDF is one file"
    return drawn


_drawing = threading.Lock()


@lru_cache(maxsize=1)
def _compiler() -> typst.Compiler:
    return typst.Compiler(_SOURCE, root=_SOURCE.parent)


def _data(sheet: Sheet) -> dict[str, object]:
    language = sheet.locale.replace("-", "_").partition("_")[0].lower()
    language = language if language in _WORDS else _FALLBACK_LANGUAGE
    words, locale = _WORDS[language], locale_for(sheet.locale, language)
    invoice = sheet.invoice
    rows = [(words["issued_on"], format_day(invoice.issued_on, locale))]
    if invoice.due_on is not None:
        rows.append((words["due_on"], format_day(invoice.due_on, locale)))
    if invoice.po_number:
        rows.append((words["po_number"], invoice.po_number))
    rows.append((words["total"], format_money(invoice.total, locale)))
    if invoice.paid.amount > 0:
        rows.append((words["paid"], format_money(invoice.paid, locale)))
    note = words["note"].replace("{today}", format_day(sheet.today, locale)).replace("{number}", invoice.number)
    return {
        "language": language,
        "title": words["title"],
        "number": invoice.number,
        "colour": sheet.colour,
        "organization": sheet.organization_name,
        "address": sheet.organization_address.splitlines() or [""],
        "customer": sheet.customer_name,
        "rows": rows,
        "open": (words["open"], format_money(invoice.outstanding, locale)),
        "pay_to": words["pay_to"],
        "bank": sheet.bank_details.splitlines(),
        "note": note,
    }
