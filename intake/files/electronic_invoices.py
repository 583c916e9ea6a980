"""Electronic invoices: what UBL 2.1 and the Cross Industry Invoice of Factur-X state, by the fields of EN 16931.

A document becomes one record in the columns of a file, so that the same rules are asked of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from intake.files.columns import FileKind
from intake.files.xml_documents import XmlDocument, parse_xml
from intake.problems import Wrong

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_CII = "urn:un:unece:uncefact:data:standard:"
_PREFIXES = {
    "cac": f"{_UBL}CommonAggregateComponents-2",
    "cbc": f"{_UBL}CommonBasicComponents-2",
    "rsm": f"{_CII}CrossIndustryInvoice:100",
    "ram": f"{_CII}ReusableAggregateBusinessInformationEntity:100",
    "udt": f"{_CII}UnqualifiedDataType:100",
}
_UBL_INVOICE = f"{{{_UBL}Invoice-2}}Invoice"
_UBL_CREDIT_NOTE = f"{{{_UBL}CreditNote-2}}CreditNote"
_CII_INVOICE = f"{{{_CII}CrossIndustryInvoice:100}}CrossIndustryInvoice"
# UNTDID 1001: the types that EN 16931 counts as credit notes.
_CREDIT_NOTE_TYPES = {"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"}


@dataclass(frozen=True, slots=True)
class ElectronicDocument:
    """An invoice or a credit note, as texts by column."""

    kind: FileKind
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Paths:
    """Where a syntax keeps what is read, by the terms of EN 16931; the first path that has a text counts."""

    number: str  # BT-1
    issued_on: str  # BT-2
    type_code: tuple[str, ...]  # BT-3
    currency: str  # BT-5
    due_on: tuple[str, ...]  # BT-9
    order: str  # BT-13
    earlier_invoices: str  # BT-25
    customer_name: tuple[str, ...]  # BT-44, BT-45
    # BT-46, else BT-48, BT-47, BT-49: the seller's own number of the customer before what others gave it.
    customer_id: tuple[str, ...]
    contact: tuple[str, ...]  # BT-56
    email: tuple[str, ...]  # BT-58, else BT-49 if it is an address
    total: str  # BT-112
    paid: str  # BT-113
    rounding: str  # BT-114
    payable: str  # BT-115
    amount_currencies: str


_BUYER = "cac:AccountingCustomerParty/cac:Party"
_SUM = "cac:LegalMonetaryTotal"
_UBL_PATHS = _Paths(
    number="cbc:ID",
    issued_on="cbc:IssueDate",
    type_code=("cbc:InvoiceTypeCode", "cbc:CreditNoteTypeCode"),
    currency="cbc:DocumentCurrencyCode",
    due_on=("cbc:DueDate", "cac:PaymentMeans/cbc:PaymentDueDate"),
    order="cac:OrderReference/cbc:ID",
    earlier_invoices="cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID",
    customer_name=(f"{_BUYER}/cac:PartyLegalEntity/cbc:RegistrationName", f"{_BUYER}/cac:PartyName/cbc:Name"),
    customer_id=(
        "cac:AccountingCustomerParty/cbc:SupplierAssignedAccountID",
        f"{_BUYER}/cac:PartyIdentification/cbc:ID",
        f"{_BUYER}/cac:PartyTaxScheme/cbc:CompanyID",
        f"{_BUYER}/cac:PartyLegalEntity/cbc:CompanyID",
        f"{_BUYER}/cbc:EndpointID",
    ),
    contact=(f"{_BUYER}/cac:Contact/cbc:Name",),
    email=(f"{_BUYER}/cac:Contact/cbc:ElectronicMail", f"{_BUYER}/cbc:EndpointID[@schemeID='EM']"),
    total=f"{_SUM}/cbc:TaxInclusiveAmount",
    paid=f"{_SUM}/cbc:PrepaidAmount",
    rounding=f"{_SUM}/cbc:PayableRoundingAmount",
    payable=f"{_SUM}/cbc:PayableAmount",
    amount_currencies=f"{_SUM}/*/@currencyID",
)

_DOCUMENT = "rsm:ExchangedDocument"
_TRADE = "rsm:SupplyChainTradeTransaction"
_AGREEMENT = f"{_TRADE}/ram:ApplicableHeaderTradeAgreement"
_SETTLEMENT = f"{_TRADE}/ram:ApplicableHeaderTradeSettlement"
_CII_BUYER = f"{_AGREEMENT}/ram:BuyerTradeParty"
_CII_CONTACT = f"{_CII_BUYER}/ram:DefinedTradeContact"
_CII_SUM = f"{_SETTLEMENT}/ram:SpecifiedTradeSettlementHeaderMonetarySummation"
_CII_PATHS = _Paths(
    number=f"{_DOCUMENT}/ram:ID",
    issued_on=f"{_DOCUMENT}/ram:IssueDateTime/udt:DateTimeString[@format='102']",
    type_code=(f"{_DOCUMENT}/ram:TypeCode",),
    currency=f"{_SETTLEMENT}/ram:InvoiceCurrencyCode",
    due_on=(
        f"{_SETTLEMENT}/ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime/udt:DateTimeString[@format='102']",
    ),
    order=f"{_AGREEMENT}/ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID",
    earlier_invoices=f"{_SETTLEMENT}/ram:InvoiceReferencedDocument/ram:IssuerAssignedID",
    customer_name=(f"{_CII_BUYER}/ram:Name",),
    customer_id=(
        f"{_CII_BUYER}/ram:ID",
        f"{_CII_BUYER}/ram:GlobalID",
        f"{_CII_BUYER}/ram:SpecifiedTaxRegistration/ram:ID[@schemeID='VA']",
        f"{_CII_BUYER}/ram:SpecifiedLegalOrganization/ram:ID",
        f"{_CII_BUYER}/ram:URIUniversalCommunication/ram:URIID",
    ),
    contact=(f"{_CII_CONTACT}/ram:PersonName",),
    email=(
        f"{_CII_CONTACT}/ram:EmailURIUniversalCommunication/ram:URIID",
        f"{_CII_BUYER}/ram:URIUniversalCommunication/ram:URIID[@schemeID='EM']",
    ),
    total=f"{_CII_SUM}/ram:GrandTotalAmount",
    paid=f"{_CII_SUM}/ram:TotalPrepaidAmount",
    rounding=f"{_CII_SUM}/ram:RoundingAmount",
    payable=f"{_CII_SUM}/ram:DuePayableAmount",
    amount_currencies=f"{_CII_SUM}/*[not(self::ram:TaxTotalAmount)]/@currencyID",
)


def read_xml(data: bytes) -> ElectronicDocument | Wrong:
    """Return what a UBL 2.1 invoice or credit note states, or a Cross Industry Invoice."""
    document = parse_xml(data, _PREFIXES)
    if isinstance(document, Wrong):
        return document
    if document.name in (_UBL_INVOICE, _UBL_CREDIT_NOTE):
        return _stated(document, _UBL_PATHS)
    if document.name == _CII_INVOICE:
        return _stated(document, _CII_PATHS)
    return Wrong("XML of another kind", "an invoice or credit note in UBL 2.1 or Factur-X")


def _stated(document: XmlDocument, paths: _Paths) -> ElectronicDocument | Wrong:
    currency = document.text(paths.currency)
    if currency and (foreign := set(document.texts(paths.amount_currencies)) - {currency}):
        return Wrong(f"an invoice in {currency} with amounts in {', '.join(sorted(foreign))}", "one currency")
    if not document.text(paths.number):
        return Wrong("an electronic invoice without a number", "an invoice or credit note by EN 16931")
    total, paid = _total(document, paths), document.text(paths.paid)
    cells = {
        "customer_id": document.text(*paths.customer_id),
        "issue_date": _day(document.text(paths.issued_on)),
        "currency": currency,
        "total": total,
    }
    if document.name == _UBL_CREDIT_NOTE or document.text(*paths.type_code) in _CREDIT_NOTE_TYPES:
        earlier = ";".join(document.texts(paths.earlier_invoices))
        number = document.text(paths.number)
        return ElectronicDocument(
            "credit notes", {"credit_note_number": number, "invoice_number": earlier, **cells}
        )
    return ElectronicDocument(
        "invoices",
        {
            "invoice_number": document.text(paths.number),
            **cells,
            "customer_name": document.text(*paths.customer_name),
            "due_date": _day(document.text(*paths.due_on)),
            "paid": _plain(paid),
            "po_number": document.text(paths.order),
            "email": document.text(*paths.email),
            # A whole name stands in one field; where it divides is not said.
            "contact_last_name": document.text(*paths.contact),
        },
    )


def _total(document: XmlDocument, paths: _Paths) -> str:
    """Return all that is to be paid in the end: BT-112 + BT-114, which is BT-115 + BT-113."""
    for whole, further in ((paths.total, paths.rounding), (paths.payable, paths.paid)):
        if written := document.text(whole):
            try:
                return f"{Decimal(written) + Decimal(document.text(further) or 0):f}"
            except InvalidOperation:
                return written
    return ""


def _plain(written: str) -> str:
    """Return an amount without zeros at its end: 100.00 is an amount of yen."""
    try:
        return f"{Decimal(written).normalize():f}"
    except InvalidOperation:
        return written


def _day(written: str) -> str:
    """Return a day written as YYYYMMDD, as the Cross Industry Invoice does, in the form of files."""
    return f"{written[:4]}-{written[4:6]}-{written[6:]}" if len(written) == 8 and written.isdigit() else written
