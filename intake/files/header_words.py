"""Header words: what accounting programs in four languages write above the columns they export.

Case, accents, punctuation and small words do not matter, nor how "number" is written (see `header_keys`): a word
is listed once for "Rechnungs-Nr.", "Rechnungsnummer" and "RECHNUNGS NR".
"""

from typing import Final

from intake.cells import InvoiceStatus
from intake.files.columns import FileKind

# Separated by bars; a line each for English, French, German and Spanish.
_WORDS: Final[dict[str, str]] = {
    "invoice_number": """
        invoice number | invoice | invoice id | invoice ref | invoice reference | bill number
        numéro de facture | facture | réf facture | référence facture
        Rechnungsnummer | Rechnung | Rechnungs-ID | Fakturanummer | Faktura | OP-Nummer
        número de factura | factura | ref factura | referencia factura
    """,
    "customer_id": """
        customer id | customer number | customer code | customer account | client id | client number
        | account number | account code | debtor number | debtor | account
        numéro client | code client | identifiant client | compte client | réf client | compte tiers
        | code tiers | compte auxiliaire | compte
        Kundennummer | Kunden-ID | Debitorennummer | Debitor | Debitorenkonto | Kundenkonto | Konto
        | Kontonummer | Personenkonto
        número de cliente | código de cliente | id cliente | cuenta cliente | cód cliente | cuenta
        | código cuenta
    """,
    "customer_name": """
        customer name | customer | client name | client | company | company name | debtor name | bill to
        | account name | billing name
        nom client | nom du client | raison sociale | client | tiers | nom du tiers | société | intitulé
        | dénomination
        Kundenname | Kunde | Firma | Firmenname | Name des Kunden | Debitorenname | Debitor Name
        | Rechnungsempfänger | Kontobezeichnung
        nombre del cliente | cliente | razón social | nombre cliente | empresa | deudor | nombre fiscal
    """,
    "issue_date": """
        issue date | invoice date | document date | date issued | issued on | billing date | bill date
        | posting date
        date de facture | date d'émission | date facturation | date de facturation | date de pièce
        | date du document
        Rechnungsdatum | Belegdatum | Ausstellungsdatum | Datum der Rechnung | Fakturadatum | Ausgestellt am
        fecha de factura | fecha de emisión | fecha emisión | fecha de expedición | fecha factura
        | fecha documento
    """,
    "due_date": """
        due date | due | due on | payment due | payment due date | date due | maturity date | maturity
        échéance | date d'échéance | date limite de paiement | date limite de règlement | à payer avant le
        Fälligkeit | Fälligkeitsdatum | fällig am | fällig | Zahlbar bis | Zahlungsziel Datum
        | Fälligkeitstermin
        fecha de vencimiento | vencimiento | fecha vto | vto | fecha límite de pago | vence el
    """,
    "currency": """
        currency | currency code | ccy | cur | iso currency
        devise | code devise | monnaie
        Währung | Währungscode | Währungskennung | WKZ | WKZ Umsatz | Währungskennzeichen | WHG
        moneda | divisa | código de moneda
    """,
    "total": """
        total | invoice total | total amount | gross amount | gross total | amount incl vat | total incl tax
        | total including tax | total incl vat | invoice amount | gross | grand total
        total TTC | montant TTC | montant total | montant facture | total TTC facture | montant de la facture
        | net à payer
        Bruttobetrag | Rechnungsbetrag | Gesamtbetrag | Brutto | Summe brutto | Gesamt brutto
        | Rechnungssumme | Betrag brutto | Gesamtsumme | Endbetrag
        importe total | total factura | importe factura | importe bruto | total con IVA | total IVA incluido
        | importe con IVA
    """,
    "paid": """
        paid | amount paid | paid amount | paid to date | payments received | received
        payé | montant payé | déjà payé | réglé | montant réglé | montant encaissé | encaissé | acompte
        bezahlt | gezahlt | Zahlbetrag | bereits bezahlt | bezahlter Betrag | Zahlungen | erhalten | Anzahlung
        pagado | importe pagado | cobrado | importe cobrado | abonado
    """,
    "outstanding": """
        outstanding | open amount | amount due | balance | balance due | outstanding amount | remaining
        | open balance | amount outstanding | unpaid
        reste à payer | solde | solde dû | montant dû | restant dû | reste dû | montant restant dû | impayé
        offen | offener Betrag | Restbetrag | Saldo | offener Saldo | OP-Betrag | Offener Posten | noch offen
        pendiente | importe pendiente | saldo pendiente | saldo | pendiente de cobro | pendiente de pago
    """,
    "status": """
        status | invoice status | state | payment status
        statut | état | statut facture | état de la facture | statut de paiement
        Status | Rechnungsstatus | Zustand | Zahlungsstatus
        estado | estado de la factura | situación | estado factura
    """,
    "po_number": """
        PO number | purchase order | purchase order number | PO | customer reference | customer order number
        | your reference | buyer reference
        numéro de commande | bon de commande | commande client | référence commande | votre référence | commande
        Bestellnummer | Bestellung | Kundenbestellnummer | Auftragsnummer | Ihr Zeichen | Ihre Bestellung
        | Kundenreferenz
        número de pedido | pedido | orden de compra | su referencia | referencia cliente | pedido cliente
    """,
    "external_id": """
        external id | internal id | record id | guid | uuid
        identifiant externe | id externe | identifiant interne
        externe ID | interne ID | Datensatz-ID
        id externo | identificador externo | id interno
    """,
    "email": """
        email | e-mail address | mail | email address | contact email | billing email | invoice email
        courriel | adresse e-mail | mél | adresse mail | e-mail facturation | adresse électronique
        E-Mail-Adresse | Mailadresse | E-Mail Kontakt | Rechnungs-E-Mail
        correo electrónico | correo | dirección de correo | email de contacto
    """,
    "contact_first_name": """
        contact first name | first name | given name | forename
        prénom | prénom du contact | prénom contact
        Vorname | Vorname Ansprechpartner | Vorname Kontakt
        nombre de contacto | nombre de pila | nombre contacto
    """,
    "contact_last_name": """
        contact last name | last name | surname | family name | contact name | contact person | contact
        nom de famille | nom du contact | nom contact | interlocuteur
        Nachname | Nachname Ansprechpartner | Ansprechpartner | Familienname | Kontaktperson
        apellido | apellidos | apellidos contacto | persona de contacto
    """,
    "contact_role": """
        contact role | role | contact type | function
        rôle | rôle du contact | fonction | type de contact
        Rolle | Funktion | Kontaktrolle | Kontaktart
        rol | función | cargo | tipo de contacto
    """,
    "locale": """
        locale | language | language code | customer language
        langue | code langue | langue client
        Sprache | Sprachcode | Korrespondenzsprache
        idioma | código de idioma | lengua
    """,
    "payment_term_days": """
        payment term days | payment terms | payment term | net days | terms days | credit days
        délai de paiement | délai de règlement | conditions de paiement | délai paiement jours
        Zahlungsziel | Zahlungsziel Tage | Zahlungsfrist | Zahlungsbedingung Tage | Zahlungsfrist Tage
        plazo de pago | días de pago | plazo | condiciones de pago
    """,
    "payment_date": """
        payment date | paid on | date paid | received on | date received | value date | booking date
        | transaction date
        date de paiement | date de règlement | date d'encaissement | date valeur | date opération | payé le
        Zahlungsdatum | Zahlungseingang | Datum der Zahlung | Buchungsdatum | Wertstellung | Valuta
        | bezahlt am | Valutadatum
        fecha de pago | fecha de cobro | fecha valor | fecha operación | pagado el
    """,
    "amount": """
        amount | payment amount | amount received | amount paid | paid amount
        montant | montant payé | montant réglé | montant du paiement | montant du règlement | montant encaissé
        Betrag | Zahlbetrag | Zahlungsbetrag | Umsatz | Betrag der Zahlung | bezahlter Betrag
        importe | importe pagado | importe cobrado | importe del pago | monto
    """,
    "payment_id": """
        payment id | payment number | transaction id | transaction number | receipt number
        numéro de paiement | numéro de règlement | id paiement | identifiant du paiement | numéro d'écriture
        Zahlungsnummer | Zahlungs-ID | Transaktions-ID | Buchungsnummer | Transaktionsnummer
        número de pago | id pago | número de cobro | número de transacción | número de recibo
    """,
    "reference": """
        reference | payment reference | remittance information | description | memo | narrative | text
        référence | libellé | référence de paiement | communication | objet
        Referenz | Verwendungszweck | Buchungstext | Zahlungsreferenz | Text | Betreff
        referencia | concepto | descripción | referencia de pago
    """,
    "reversal_date": """
        reversal date | reversed on | returned on | chargeback date
        date d'annulation | date de rejet | rejeté le | date d'impayé
        Stornodatum | Rückbuchung | Rücklastschrift am | storniert am
        fecha de devolución | fecha de anulación | devuelto el
    """,
    "credit_note_number": """
        credit note number | credit note | credit memo | credit memo number | credit number
        numéro d'avoir | avoir | réf avoir | référence avoir
        Gutschriftsnummer | Gutschrift | Gutschrift-Nr | Rechnungskorrektur
        nota de crédito | número de nota de crédito | número de abono | abono | factura rectificativa
        | nota de abono
    """,
}

_DOCUMENT = """document number | voucher number | numéro de pièce | pièce | Belegnummer | Beleg | Belegfeld 1
    | número de documento | documento | folio"""

# Words that say enough only where the kind of the file is known, and words that mean something else there.
_WORDS_OF_KIND: Final[dict[FileKind, dict[str, str]]] = {
    "customers": {
        "customer_id": "number | id | code | código",
        "customer_name": "name | nom | nombre | Bezeichnung",
    },
    "invoices": {
        "invoice_number": f"number | {_DOCUMENT}",
        "issue_date": "date | Datum | fecha | date d'écriture | Buchungsdatum",
        "total": "amount | montant | Betrag | importe | monto | Umsatz",
    },
    "payments": {"payment_date": "date | Datum | fecha | Belegdatum | date d'écriture"},
    "credit notes": {
        "credit_note_number": f"number | {_DOCUMENT}",
        "issue_date": """date | Datum | fecha | credit note date | date d'avoir | Gutschriftsdatum
            | fecha de abono""",
        "total": """amount | montant | Betrag | importe | credit amount | montant de l'avoir | Gutschriftsbetrag
            | importe del abono""",
        "invoice_number": "applied to | original invoice | facture d'origine | zu Rechnung | factura original",
    },
}

_STATUSES: Final[dict[InvoiceStatus, str]] = {
    "open": """open | unpaid | sent | overdue | due | not paid | partially paid | issued | authorised
        | ouvert | ouverte
        | impayé | impayée | non payée | en attente | envoyée | émise | en retard | échue
        | partiellement payée | à payer
        | offen | unbezahlt | versendet | überfällig | fällig | teilbezahlt | teilweise bezahlt | gesendet
        | verschickt
        | abierta | abierto | pendiente | enviada | vencida | parcialmente pagada | emitida | impagada
        | no pagada""",
    "draft": "draft | brouillon | en préparation | Entwurf | borrador",
    "disputed": """disputed | in dispute | en litige | litige | contestée | strittig | bestritten | reklamiert
        | en disputa""",
    "void": """void | voided | cancelled | canceled | annulé | annulée | storniert | Storno | ungültig
        | anulada | anulado
        | cancelada""",
    "written_off": """written off | write off | bad debt | passée en perte | irrécouvrable | ausgebucht
        | abgeschrieben
        | uneinbringlich | incobrable | cancelada por incobrable""",
    "paid": """paid | settled | closed | paid in full | payé | payée | réglé | réglée | soldée | acquittée
        | bezahlt
        | beglichen | ausgeglichen | erledigt | pagada | pagado | cobrada | liquidada""",
}


def words_of(kind: FileKind, column: str) -> list[str]:
    """Return what may stand above the column: its own name first, then what is most surely meant."""
    lines = [*_WORDS.get(column, "").splitlines(), _WORDS_OF_KIND[kind].get(column, "")]
    return [column, *(word.strip() for line in lines for word in line.split("|") if word.strip())]


def status_words() -> dict[str, InvoiceStatus]:
    """Return the status that each word means."""
    return {word.strip(): status for status, words in _STATUSES.items() for word in words.split("|")}
