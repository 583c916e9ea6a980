"""Which invoices bulk work is about: the options that its commands share, and the conditions they stand for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from db.engine import Engine
    from rules.conditions import Condition
    from rules.fields import Field

# Spelled out for --help, which cannot wait for the rules' modules; a test compares them.
Status = Literal["not due", "due", "overdue", "disputed", "draft", "paid", "written off", "void"]
Aging = Literal["not due", "1-30", "31-60", "61-90", "91+"]
UNPAID: tuple[Status, ...] = ("not due", "due", "overdue", "disputed")
NONE = "none"


def _only(what: str) -> Parameter:
    return Parameter(help=what, show_default=False)


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Which:
    """The filters: all that are given must hold, and of one that is repeated one value is enough."""

    status: Annotated[
        tuple[Status, ...], _only("Only those of this status; without it or --number, all that are unpaid.")
    ] = ()
    customer: Annotated[tuple[str, ...], _only("Only those of the customer with this number.")] = ()
    cadence: Annotated[
        tuple[str, ...], _only("Only those under the cadence of this name; `none`: under none.")
    ] = ()
    currency: Annotated[tuple[str, ...], _only("Only those in this currency, such as EUR.")] = ()
    aging: Annotated[tuple[Aging, ...], _only("Only those that are overdue for so many days.")] = ()
    number: Annotated[tuple[str, ...], _only("Only the invoice with this number.")] = ()
    where: Annotated[
        str | None, _only('Only those that meet these conditions, as in rules: "outstanding > 5000 EUR".')
    ] = None


UNFILTERED = Which()


def conditions_of(engine: "Engine", which: Which) -> "tuple[Condition, ...]":
    """Return the conditions that the filters stand for. Raises Failure."""
    from pydantic import ValidationError

    from console.failure import ASKED_WRONGLY, Failure
    from rules.fields import Field

    status = which.status or (() if which.number else UNPAID)
    try:
        stated = (
            _any_of(Field.STATUS, status),
            _any_of(Field.CUSTOMER, which.customer),
            _any_of(Field.CURRENCY, which.currency),
            _any_of(Field.AGING, which.aging),
            _text(Field.NUMBER, which.number),
            _under(which.cadence),
        )
    except ValidationError as error:
        said = error.errors(include_url=False, include_context=False, include_input=False)[0]["msg"]
        raise Failure(said.removeprefix("Value error, "), ASKED_WRONGLY) from error
    return (*(one for one in stated if one is not None), *_read(engine, which.where))


def _any_of(field: "Field", values: tuple[str, ...]) -> "Condition | None":
    from rules.conditions import ChoiceCondition, ChoiceOperator

    return ChoiceCondition(field=field, operator=ChoiceOperator.IS_ANY_OF, values=values) if values else None


def _text(field: "Field", values: tuple[str, ...]) -> "Condition | None":
    from rules.conditions import TextCondition, TextOperator

    return TextCondition(field=field, operator=TextOperator.IS_ANY_OF, values=values) if values else None


def _under(cadences: tuple[str, ...]) -> "Condition | None":
    from console.failure import ASKED_WRONGLY, Failure
    from rules.conditions import EmptyCondition
    from rules.fields import Field

    if NONE not in cadences:
        return _text(Field.CADENCE, cadences)
    if len(cadences) > 1:
        raise Failure("--cadence none stands alone", ASKED_WRONGLY)
    return EmptyCondition(field=Field.CADENCE, is_empty=True)


def _read(engine: "Engine", where: str | None) -> "tuple[Condition, ...]":
    from console.failure import ASKED_WRONGLY, Failure
    from db.engine import transaction
    from db.queries.smart_rules import catalogue_of
    from rules.read_rule import read_conditions
    from rules.reading import Misread

    if where is None:
        return ()
    with transaction(engine) as session:
        read = read_conditions(where, catalogue_of(session))
    if isinstance(read, Misread):
        raise Failure(f"--where, {read}", ASKED_WRONGLY)
    return read
