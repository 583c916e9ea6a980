"""Which invoices bulk work is for: those of a list as conditions of the smart rules, or some by their numbers.

A job asks its conditions anew of each invoice when its page comes. What a list asks and no condition can say (what
is next, words in a name) is said by the numbers of the invoices that the list has now, if they are not too many.
"""

from collections.abc import Sequence
from datetime import date

from db.engine import Session
from db.operations.refusal import Refused
from db.queries.catalogue import cadence_names
from db.queries.customer_records import customer_record_of
from db.queries.lists.choice import InvoiceChoice, Risk
from db.queries.lists.invoices import invoice_page
from rules.conditions import (
    VALUES_MAX,
    AmountCondition,
    AmountOperator,
    ChoiceCondition,
    ChoiceOperator,
    Condition,
    EmptyCondition,
    TextCondition,
    TextOperator,
)
from rules.fields import Field, Status, Visibility

_ENDED = (Status.PAID, Status.DRAFT, Status.WRITTEN_OFF, Status.VOID)
_STATUSES = {
    "paid": Status.PAID,
    "draft": Status.DRAFT,
    "void": Status.VOID,
    "written_off": Status.WRITTEN_OFF,
}


def of_numbers(numbers: Sequence[str]) -> tuple[Condition, ...]:
    """Return the condition that the invoices with these numbers meet. Raises Refused for none, or too many."""
    if not numbers:
        raise Refused("no invoice is chosen")
    if len(numbers) > VALUES_MAX:
        raise Refused("that is more than {most} invoices one by one; narrow the list down", most=VALUES_MAX)
    return (TextCondition(field=Field.NUMBER, operator=TextOperator.IS_ANY_OF, values=tuple(numbers)),)


def of_list(session: Session, choice: InvoiceChoice, today: date) -> tuple[Condition, ...]:
    """Return the conditions that all invoices of the list meet, and no others; Refused if none says it."""
    if _is_said_by_conditions(choice):
        return _conditions(session, choice)
    page = invoice_page(session, choice, today, VALUES_MAX + 1)
    if len(page.lines) > VALUES_MAX or page.ends_at is not None:
        raise Refused(
            "more than {most} invoices are chosen by words, by what comes next, or by what is at "
            "risk; narrow the list down, or choose them by other filters",
            most=VALUES_MAX,
        )
    return of_numbers([line.number for line in page.lines])


def _is_said_by_conditions(choice: InvoiceChoice) -> bool:
    asks_more = (
        choice.words,
        choice.stages,
        choice.owners,
        choice.next_from,
        choice.next_to,
        choice.channels,
        choice.execution,
    )
    return not any(asks_more) and choice.risks in ((), (Risk.DISPUTED,))


def _conditions(session: Session, choice: InvoiceChoice) -> tuple[Condition, ...]:
    found: list[Condition] = []
    if choice.state == "unsettled":
        found.append(_choice(Field.STATUS, ChoiceOperator.IS_NONE_OF, *_ENDED))
    elif choice.state in _STATUSES:
        found.append(_choice(Field.STATUS, ChoiceOperator.IS_ANY_OF, _STATUSES[choice.state]))
    if choice.risks:
        found.append(_choice(Field.STATUS, ChoiceOperator.IS_ANY_OF, Status.DISPUTED))
    if choice.currency is not None:
        found.append(_choice(Field.CURRENCY, ChoiceOperator.IS_ANY_OF, choice.currency))
    if choice.aging:
        found.append(_choice(Field.AGING, ChoiceOperator.IS_ANY_OF, *choice.aging))
    if choice.is_hidden is not None:
        shown = Visibility.HIDDEN if choice.is_hidden else Visibility.VISIBLE
        found.append(_choice(Field.VISIBILITY, ChoiceOperator.IS_ANY_OF, shown))
    if choice.customer_id is not None:
        customer = customer_record_of(session, choice.customer_id)
        if customer is None:
            raise Refused("there is no such customer any more")
        found.append(_choice(Field.CUSTOMER, ChoiceOperator.IS_ANY_OF, customer.external_id))
    if choice.cadence_id is not None:
        name = cadence_names(session).get(choice.cadence_id)
        if name is None:
            raise Refused("there is no such cadence any more")
        found.append(TextCondition(field=Field.CADENCE, operator=TextOperator.IS, values=(name,)))
    if choice.has_cadence is not None:
        found.append(EmptyCondition(field=Field.CADENCE, is_empty=not choice.has_cadence))
    for amount, operator in (
        (choice.outstanding_min, AmountOperator.AT_LEAST),
        (choice.outstanding_max, AmountOperator.AT_MOST),
    ):
        if amount is not None:
            found.append(AmountCondition(field=Field.OUTSTANDING, operator=operator, amount=amount))
    return tuple(found)


def _choice(field: Field, operator: ChoiceOperator, *values: str) -> Condition:
    return ChoiceCondition(field=field, operator=operator, values=tuple(str(value) for value in values))
