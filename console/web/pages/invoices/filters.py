"""What is asked of the list of invoices, as it stands in the address: read from there, and written back."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, get_args
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from db.queries.lists.choice import Execution, InvoiceChoice, Risk, State
from db.queries.lists.orders import PARTS, Order, Place
from db.queries.timelines import BIGINT_MAX
from db.tables.collections import STAGES
from dunning.cadence import Channel
from rules.fields import Aging

PATH: Final = "/invoices"
_WORDS_MAX = 100
_VALUES_MAX = 20
_AMOUNT_MAX = Decimal(10) ** 15
_PLACE = re.compile(r"([01])\.([0-9]{1,18})\.(.{0,400})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Asked:
    """A list that was asked for: which invoices, in which order, and from where on."""

    choice: InvoiceChoice
    order: Order
    after: Place | None = None

    def address(self, **changed: Any) -> str:
        """Return where the list is, from its beginning unless a place is said."""
        after = changed.pop("after", None)
        order = changed.pop("order", self.order)
        asked = written(self.choice, order)
        asked = [(key, value) for key, value in asked if key not in changed]
        asked += [(key, str(value)) for key, value in changed.items() if value is not None]
        if after is not None:
            asked.append(("after", f"{after.part}.{after.invoice_id}.{after.key or ''}"))
        return f"{PATH}?{urlencode(asked)}" if asked else PATH


def written(choice: InvoiceChoice, order: Order = Order.OUTSTANDING) -> list[tuple[str, str]]:
    """Return the choice as parameters; what is not asked is left out."""
    nothing = InvoiceChoice()
    found: list[tuple[str, str]] = []
    for field in fields(InvoiceChoice):
        value = getattr(choice, field.name)
        if value == getattr(nothing, field.name):
            continue
        if isinstance(value, tuple):
            found += [(field.name, str(one.name.lower()) if isinstance(one, Risk) else str(one)) for one in value]
        elif isinstance(value, bool):
            found.append((field.name, "yes" if value else "no"))
        else:
            found.append((field.name, str(value)))
    if order is not Order.OUTSTANDING:
        found.append(("order", order.value))
    return found


def path_of_list(choice: InvoiceChoice) -> str:
    """Return where the invoices are listed that figures are the sum of."""
    return Asked(choice, Order.OUTSTANDING).address()


def read(given: QueryParams) -> Asked:
    """Return what an address asks for; what has no meaning in it is not asked."""
    state = given.get("state", "")
    choice = InvoiceChoice(
        state=state if state in get_args(State) else "unsettled",  # type: ignore[arg-type]  # it is one of them
        stages=_several(given, "stages", STAGES),
        cadence_id=_id(given.get("cadence_id")),
        has_cadence=_yes(given.get("has_cadence")),
        customer_id=_id(given.get("customer_id")),
        currency=_currency(given.get("currency")),
        outstanding_min=_amount(given.get("outstanding_min")),
        outstanding_max=_amount(given.get("outstanding_max")),
        aging=tuple(Aging(one) for one in _several(given, "aging", [one.value for one in Aging])),
        words=_text(given.get("words")),
        owners=tuple(filter(None, map(_text, given.getlist("owners")[:_VALUES_MAX]))),
        is_hidden=_yes(given.get("is_hidden")),
        risks=tuple(Risk[one.upper()] for one in _several(given, "risks", [one.name.lower() for one in Risk])),
        next_from=_day(given.get("next_from")),
        next_to=_day(given.get("next_to")),
        channels=_several(given, "channels", [one.value for one in Channel]),
        execution=_execution(given.get("execution")),
    )
    order = next((one for one in Order if one.value == given.get("order")), Order.OUTSTANDING)
    if choice.state != "unsettled":
        order = Order.NEWEST
    return Asked(choice, order, _place(given.get("after"), order))


def _several(given: QueryParams, name: str, known: Iterable[str]) -> tuple[str, ...]:
    allowed = set(known)
    return tuple(dict.fromkeys(one for one in given.getlist(name) if one in allowed))


def _id(said: str | None) -> int | None:
    if not said or not said.isascii() or not said.isdigit() or len(said) > len(str(BIGINT_MAX)):
        return None
    return number if 0 < (number := int(said)) <= BIGINT_MAX else None


def _yes(said: str | None) -> bool | None:
    return {"yes": True, "no": False}.get(said or "")


def _currency(said: str | None) -> str | None:
    return said if said and re.fullmatch("[A-Z]{3}", said) else None


def _amount(said: str | None) -> Decimal | None:
    try:
        amount = Decimal((said or "").strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount < _AMOUNT_MAX else None


def _text(said: str | None) -> str | None:
    # No text of PostgreSQL holds a zero, and nothing that people type is half a character.
    plain = "".join(one for one in said or "" if one >= " " and not "\ud800" <= one <= "\udfff").strip()
    return plain[:_WORDS_MAX] or None


def _day(said: str | None) -> date | None:
    try:
        return date.fromisoformat(said or "")
    except ValueError:
        return None


def _execution(said: str | None) -> Execution | None:
    return said if said in get_args(Execution) else None  # type: ignore[return-value]  # it is one of them


_KEYS: Final[Mapping[Order, Callable[[str], object]]] = {
    Order.OUTSTANDING: lambda key: _finite(Decimal(key)),
    Order.DUE: date.fromisoformat,
    Order.NEXT_ACTION: datetime.fromisoformat,
}


def _finite(amount: Decimal) -> Decimal:
    if not amount.is_finite() or abs(amount) >= _AMOUNT_MAX:
        raise ValueError("no amount of an invoice is such")
    return amount


def _place(said: str | None, order: Order) -> Place | None:
    """Return the place where a page begins. One that the order does not have is its beginning."""
    found = _PLACE.fullmatch(said or "")
    if found is None or "\0" in found[3]:
        return None
    part, key = int(found[1]), found[3] or None
    if part >= len(PARTS[order]):
        return None
    try:
        if key is not None and order in _KEYS:
            _KEYS[order](key)
    except (ValueError, InvalidOperation):
        return None
    return Place(part, key, int(found[2]))
