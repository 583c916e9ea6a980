"""The few words that the product itself puts into a text: those of its tables, in the language of the text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableWords:
    """Heads of columns, and words around an amount; {day}, {amount}, {number} and {count} are filled in."""

    invoice: str
    due: str
    outstanding: str
    dated: str
    due_on: str
    order: str
    paid: str
    more: str


_WORDS = {
    "en": TableWords(
        "Invoice", "Due", "Outstanding", "of {day}", "due on {day}", "your order {number}",
        "after your payment of {amount}", "and {count} more",
    ),
    "fr": TableWords(
        "Facture", "Échéance", "Solde dû", "du {day}", "échéance le {day}", "votre commande {number}",
        "après votre règlement de {amount}", "et {count} autres",
    ),
    "de": TableWords(
        "Rechnung", "Fällig am", "Offener Betrag", "vom {day}", "fällig am {day}", "Ihre Bestellung {number}",
        "nach Ihrer Zahlung von {amount}", "und {count} weitere",
    ),
    "es": TableWords(
        "Factura", "Vencimiento", "Importe pendiente", "del {day}", "con vencimiento el {day}",
        "su pedido {number}",
        "después de su pago de {amount}", "y {count} más",
    ),
    "it": TableWords(
        "Fattura", "Scadenza", "Importo dovuto", "del {day}", "con scadenza il {day}", "vostro ordine {number}",
        "dopo il vostro pagamento di {amount}", "e altre {count}",
    ),
    "nl": TableWords(
        "Factuur", "Vervaldatum", "Openstaand", "van {day}", "te betalen op {day}", "uw bestelling {number}",
        "na uw betaling van {amount}", "en nog {count}",
    ),
    "pt": TableWords(
        "Fatura", "Vencimento", "Em aberto", "de {day}", "com vencimento em {day}", "a sua encomenda {number}",
        "após o seu pagamento de {amount}", "e mais {count}",
    ),
}  # fmt: skip


def table_words(language: str) -> TableWords:
    """Return the words in the language, English ones where it is none of ours."""
    return _WORDS.get(language, _WORDS["en"])
