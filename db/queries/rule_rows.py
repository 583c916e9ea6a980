"""Invoices as rows of what smart rules ask for, to be compared by the database (`rules.fields`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    ScalarSelect,
    Select,
    and_,
    case,
    collate,
    func,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.orm import aliased

from db.tables.cadences import Cadence
from db.tables.collections import OPEN_STATES, Collection, HoldRow
from db.tables.custom_fields import CustomField as FieldRow
from db.tables.custom_fields import CustomValue
from db.tables.customers import Customer
from db.tables.invoices import Invoice, Payment, PaymentAllocation
from db.tables.organization import Organization
from dunning.facts import HoldKind
from rules.fields import Aging, AnyField, CustomField, Field, Status, Visibility
from rules.folding import FOLDED, SHARP_S, SPACES

_CAPITALS: Final = "".join(FOLDED)
_SMALL: Final = "".join(FOLDED.values())
_NFC: Final[ColumnElement[str]] = literal_column("NFC")
_NFD: Final[ColumnElement[str]] = literal_column("NFD")
Columns = Select[*tuple[Any, ...]]
# The first and the last id of invoices that lie together.
Range = tuple[ColumnElement[int], ColumnElement[int]]
_BY_DUE_DATE = (Field.DUE_DATE, Field.STATUS, Field.AGING)


@dataclass(frozen=True, slots=True)
class RuleRows:
    """A row for each invoice: its id, and a column for each field that is asked for.

    Texts are folded as `rules.folding` folds them; nothing is NULL. `is_disputed` goes with the status.
    """

    rows: FromClause
    id: ColumnElement[int]
    columns: Mapping[AnyField, ColumnElement[Any]]
    currency: ColumnElement[str]
    is_disputed: ColumnElement[bool]
    is_collectable: ColumnElement[bool]
    today: date


def rule_rows(
    fields: Iterable[AnyField], today: date, where: ColumnElement[bool] | None = None, within: Range | None = None
) -> RuleRows:
    """Return the rows of all invoices, of those `where` says, or of those of a range of ids, on the local day.

    Only what the fields need is read and joined; by ids it is bounded by them, else it reads the whole book once.
    What belongs to the invoices of a range is read by the same range: the server would read that of the whole book
    otherwise, or look it up invoice by invoice.
    """
    wanted = dict.fromkeys(fields)
    ranges = _Ranges(within)
    outstanding_open = and_(Invoice.state == "open", Invoice.outstanding > Organization.tolerance)
    statement: Columns = (
        select(
            Invoice.id.label("id"), Invoice.currency.label("currency"), outstanding_open.label("is_collectable")
        )
        .select_from(Invoice)
        .join(Organization, true())
    )
    if Field.CUSTOMER in wanted or any(field in wanted for field in _BY_DUE_DATE):
        statement = statement.join(Customer, Customer.id == Invoice.customer_id)
    if Field.STATUS in wanted:
        is_dispute = and_(HoldRow.kind == HoldKind.DISPUTE, HoldRow.ended_at.is_(None))
        is_held = ranges.of_invoice(HoldRow.invoice_id.expression)
        statement = statement.outerjoin(HoldRow, and_(is_held, is_dispute))
        statement = statement.add_columns(and_(outstanding_open, HoldRow.id.is_not(None)).label("is_disputed"))
    if Field.CADENCE in wanted:
        is_of_invoice = ranges.of_invoice(Collection.invoice_id.expression)
        is_open = and_(is_of_invoice, Collection.state.in_(OPEN_STATES))
        statement = statement.outerjoin(Collection, is_open).outerjoin(
            Cadence, Cadence.id == Collection.cadence_id
        )
    names: dict[AnyField, str] = {}
    for number, field in enumerate(wanted):
        names[field] = f"field_{number}"
        if isinstance(field, CustomField):
            statement, column = _with_custom(statement, field, ranges)
        elif field is Field.PAYMENT_DATE and within is not None:
            statement, column = _with_paid_on(statement, ranges)
        else:
            column = _column(field, today, outstanding_open)
        statement = statement.add_columns(column.label(names[field]))
    if where is not None:
        statement = statement.where(where)
    if within is not None:
        statement = statement.where(Invoice.id.between(*within))
    # The offset keeps the columns from being worked out again for each rule that asks for them.
    rows = statement.offset(literal_column("0")).subquery("rule_rows")
    is_disputed: ColumnElement[bool] = rows.c.is_disputed if Field.STATUS in wanted else ~true()
    by_field = {field: rows.c[name] for field, name in names.items()}
    return RuleRows(rows, rows.c.id, by_field, rows.c.currency, is_disputed, rows.c.is_collectable, today)


@dataclass(frozen=True, slots=True)
class _Ranges:
    """Joins rows to their invoices, by the range of those where there is one."""

    within: Range | None

    def of_invoice(self, invoice_id: ColumnElement[int] | ColumnElement[int | None]) -> ColumnElement[bool]:
        """Say that the row with the column belongs to the invoice."""
        is_of_invoice = invoice_id == Invoice.id
        return is_of_invoice if self.within is None else and_(is_of_invoice, invoice_id.between(*self.within))


def _column(field: Field, today: date, is_collectable: ColumnElement[bool]) -> ColumnElement[Any]:
    term = func.coalesce(Customer.payment_term_days, Organization.payment_term_days)
    due_on: ColumnElement[date] = func.coalesce(Invoice.due_on, Invoice.issued_on + term)
    match field:
        case Field.CUSTOMER:
            return Customer.external_id.expression
        case Field.STATUS:
            return _status(due_on, today, is_collectable)
        case Field.AGING:
            return _aging(due_on, today, is_collectable)
        case Field.DUE_DATE:
            return due_on
        case Field.ISSUE_DATE:
            return Invoice.issued_on.expression
        case Field.PAYMENT_DATE:
            return _paid_on()
        case Field.OUTSTANDING:
            return Invoice.outstanding.expression
        case Field.PAID:
            return Invoice.settled.expression
        case Field.TOTAL:
            return Invoice.total.expression
        case Field.CURRENCY:
            return Invoice.currency.expression
        case Field.CADENCE:
            return folded(Cadence.name.expression)
        case Field.VISIBILITY:
            return case((Invoice.is_hidden, Visibility.HIDDEN.value), else_=Visibility.VISIBLE.value)
        case Field.NUMBER:
            return folded(Invoice.number.expression)
        case Field.PO_NUMBER:
            return folded(Invoice.po_number.expression)


def _status(due_on: ColumnElement[date], today: date, is_collectable: ColumnElement[bool]) -> ColumnElement[str]:
    return case(
        (Invoice.state == "draft", Status.DRAFT.value),
        (Invoice.state == "void", Status.VOID.value),
        (Invoice.state == "written_off", Status.WRITTEN_OFF.value),
        (~is_collectable, Status.PAID.value),
        (due_on < today, Status.OVERDUE.value),
        (due_on == today, Status.DUE.value),
        else_=Status.NOT_DUE.value,
    )


def _aging(
    due_on: ColumnElement[date], today: date, is_collectable: ColumnElement[bool]
) -> ColumnElement[str | None]:
    days: ColumnElement[int] = func.coalesce(today - due_on, 0)
    return case(
        (~is_collectable, null()),
        (days <= 0, Aging.NOT_DUE.value),
        (days <= 30, Aging.TO_30.value),
        (days <= 60, Aging.TO_60.value),
        (days <= 90, Aging.TO_90.value),
        else_=Aging.ABOVE_90.value,
    )


def _paid_on() -> ScalarSelect[Any]:
    """Return the day of the latest payment that was not reversed (ix_payment_allocations_invoice_id)."""
    return (
        select(func.max(Payment.received_on))
        .select_from(PaymentAllocation)
        .join(Payment, Payment.id == PaymentAllocation.payment_id)
        .where(PaymentAllocation.invoice_id == Invoice.id, Payment.reversed_on.is_(None))
        .correlate(Invoice)
        .scalar_subquery()
    )


def _with_paid_on(statement: Columns, ranges: _Ranges) -> tuple[Columns, ColumnElement[Any]]:
    """Join the same for a range of invoices, which are grouped at once (ix_payment_allocations_invoice_id)."""
    assert ranges.within is not None
    paid = (
        select(PaymentAllocation.invoice_id, func.max(Payment.received_on).label("on"))
        .join(Payment, Payment.id == PaymentAllocation.payment_id)
        .where(PaymentAllocation.invoice_id.between(*ranges.within), Payment.reversed_on.is_(None))
        .group_by(PaymentAllocation.invoice_id)
        .subquery("paid")
    )
    return statement.outerjoin(paid, paid.c.invoice_id == Invoice.id), paid.c.on


def _with_custom(statement: Columns, field: CustomField, ranges: _Ranges) -> tuple[Columns, ColumnElement[Any]]:
    """Join the value of a custom field (uq_custom_values_invoice, uq_custom_values_customer).

    If the field is of another type by now, the column of the type that the rule asks for is empty.
    """
    value = aliased(CustomValue)
    definition = (
        select(FieldRow.id).where(FieldRow.entity == field.entity, FieldRow.key == field.key).scalar_subquery()
    )
    if field.entity == "invoice":
        is_of = ranges.of_invoice(value.invoice_id.expression)
    else:
        is_of = value.customer_id == Invoice.customer_id
    statement = statement.outerjoin(value, and_(is_of, value.field_id == definition))
    match field.type:
        case "text":
            return statement, folded(value.text_value.expression)
        case "select":
            return statement, value.text_value.expression
        case "number":
            return statement, value.number_value.expression
        case "date":
            return statement, value.date_value.expression
        case "boolean":
            answer = value.boolean_value.expression
            return statement, case((answer.is_(True), "true"), (answer.is_(False), "false"))


def folded(column: ColumnElement[Any]) -> ColumnElement[str | None]:
    """Return the text folded as `rules.folding.fold` does, by any locale of the server; NULL if it is empty.

    What is ASCII, as most of it is, takes the short way.
    """
    trimmed = func.btrim(column, SPACES)
    small = func.translate(func.normalize(trimmed, _NFD), _CAPITALS, _SMALL)
    for sharp in SHARP_S:
        small = func.replace(small, sharp, "ss")
    is_ascii = func.octet_length(trimmed) == func.char_length(trimmed)
    either = case((is_ascii, func.lower(collate(trimmed, "C"))), else_=func.normalize(small, _NFC))
    return func.nullif(either, "")
