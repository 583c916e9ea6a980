"""What a list of actions is asked for, as the address has it; each filter that is empty does not filter."""

from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import Depends, Path
from starlette.exceptions import HTTPException
from starlette.requests import Request

from console.web.local_paths import local_path
from console.web.words import N_
from db.engine import Session
from db.queries.coming import ComingPlace
from db.queries.customers import customer_id_of
from db.queries.todos import ActionFilter, Place, cadence_id_of, owners_of
from db.queries.worklist import WorkOrder, WorkPlace, Worth

TODOS, ALL = "/actions", "/actions/all"
MINE, ANYBODY = "@me", "@all"
CHANNELS = (N_("email"), N_("sms"), N_("letter"), N_("call"), N_("task"))
STATES = (N_("sending"), N_("open"), N_("done"), N_("ignored"), N_("expired"), N_("canceled"))
COMING, LATER = "coming", "later"
SORTS: tuple[WorkOrder, ...] = ("value", "due", "newest")
# By name: the days by which the invoices are overdue, the first and the last.
AGES: dict[str, tuple[int | None, int | None]] = {
    "not-due": (None, 0),
    "1-30": (1, 30),
    "31-60": (31, 60),
    "61-90": (61, 90),
    "91": (91, None),
}
_CHARACTERS_MAX = 300
_AMOUNT_MAX = Decimal(10) ** 18
_BIGINT_MAX = 2**63 - 1
View = Literal["todo", "all"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A list as it is asked for: To-do or All, its filters and order, where the page begins, and what is open."""

    view: View = "todo"
    owner: str = ""
    cadence: str = ""
    channel: str = ""
    status: str = ""
    customer: str = ""
    min: str = ""
    max: str = ""
    age: str = ""
    sort: str = ""
    after: str = ""
    open: str = ""

    def __post_init__(self) -> None:
        statuses = (LATER,) if self.view == "todo" else (COMING, *STATES)
        choices = ((self.channel, CHANNELS), (self.status, statuses), (self.age, AGES), (self.sort, SORTS))
        if any(value and value not in known for value, known in choices):
            raise HTTPException(422)
        for name in _NAMES:
            value = getattr(self, name)
            if len(value) > _CHARACTERS_MAX or not (value.isprintable() and _is_text(value)):
                raise HTTPException(422)
        _ = self.worth, self.place, self.open_id

    @classmethod
    def of_path(cls, path: str) -> "Asked":
        """Return what a list's path asks for; any other path asks for To-do. Raises HTTPException."""
        parts = urlsplit(local_path(path))
        given = dict(parse_qsl(parts.query)) if parts.path in (TODOS, ALL) else {}
        return cls("all" if parts.path == ALL else "todo", **_strings(given))

    def path(self, **changed: Any) -> str:
        """Return the address of the list, with some values changed."""
        values = {name: str(changed.get(name, getattr(self, name))) for name in _NAMES}
        given = {name: value for name, value in values.items() if value}
        base = ALL if self.view == "all" else TODOS
        return f"{base}?{urlencode(given)}" if given else base

    @property
    def opens(self) -> str:
        """Return the address of the list with an action opened, up to its number: each line asks for it."""
        path = self.path(open="")
        return f"{path}{'&' if '?' in path else '?'}open="

    @property
    def list_path(self) -> str:
        """Return the address of the whole list from its beginning, with nothing opened: what a view keeps."""
        return self.path(after="", open="")

    @property
    def filters(self) -> int:
        """Return how many filters there are."""
        return sum(bool(getattr(self, name)) for name in _FILTERS)

    def written(self, email: str) -> str:
        """Return which list it is, for whoever reads later what was ordered of it."""
        whose = {MINE: f"{email} and their groups", ANYBODY: "everybody"}.get(self.whose, self.whose)
        said = [("owner", whose), *((label, getattr(self, name)) for name, label in _WRITTEN.items())]
        return ", ".join(f"{label} {value}" for label, value in said if value)

    @property
    def whose(self) -> str:
        """Return whose actions are listed: by default my own to-dos, and everybody's actions."""
        return self.owner or (MINE if self.view == "todo" else ANYBODY)

    @property
    def order(self) -> WorkOrder:
        """Return the order: what is worth most first in To-do, and the newest first in All."""
        usual: WorkOrder = "value" if self.view == "todo" else "newest"
        return next((order for order in SORTS if order == self.sort), usual)

    @property
    def is_coming(self) -> bool:
        """Say whether what is planned is listed, and no action."""
        return self.status == COMING

    @property
    def open_id(self) -> int | None:
        """Return the action that is opened beside the list."""
        return _whole(self.open) if self.open else None

    @property
    def worth(self) -> Worth:
        """Return what is asked of the invoices."""
        days_min, days_max = AGES.get(self.age, (None, None))
        return Worth(_amount(self.min), _amount(self.max), days_min, days_max)

    @property
    def place(self) -> WorkPlace | None:
        """Return where the page begins."""
        if not self.after or self.is_coming:
            _ = self.coming_place
            return None
        try:
            day, action_id, *value = self.after.split("_")
            return WorkPlace(Place(date.fromisoformat(day), _whole(action_id)), _amount(*value) if value else None)
        except (ValueError, TypeError) as error:
            raise HTTPException(422) from error

    @property
    def coming_place(self) -> ComingPlace | None:
        """Return where the page of plans begins."""
        if not self.after or not self.is_coming:
            return None
        try:
            at, collection_id = self.after.split("_")
            moment = datetime.fromisoformat(at)
        except ValueError as error:
            raise HTTPException(422) from error
        if moment.tzinfo is None:
            raise HTTPException(422)
        return ComingPlace(moment, _whole(collection_id))

    def chosen(self, session: Session, email: str, today: date) -> ActionFilter | None:
        """Return the filter with its names looked up, None where one is nobody's."""
        customer_id = customer_id_of(session, self.customer) if self.customer else None
        cadence_id = cadence_id_of(session, self.cadence) if self.cadence else None
        if (self.customer and customer_id is None) or (self.cadence and cadence_id is None):
            return None
        owners = {MINE: lambda: owners_of(session, email), ANYBODY: tuple}
        found = ActionFilter(
            owners=owners.get(self.whose, lambda: (self.whose,))(),
            cadence_id=cadence_id,
            customer_id=customer_id,
            channels=(self.channel,) if self.channel else (),
            states=(self.status,) if self.status in STATES else (),
        )
        if self.view == "all":
            return found
        if self.status == LATER:
            return replace(found, states=("open",), listed_from=today + timedelta(days=1))
        return replace(found, states=("open",), listed_to=today)


_NAMES = tuple(field.name for field in fields(Asked) if field.name != "view")
_WRITTEN = {
    "cadence": "cadence",
    "channel": "channel",
    "status": "due",
    "customer": "customer",
    "min": "outstanding from",
    "max": "outstanding up to",
    "age": "days overdue",
}
_FILTERS = ("owner", "cadence", "channel", "status", "customer", "min", "max", "age")


def written(place: WorkPlace | ComingPlace) -> str:
    """Return where a page ends, as the address has it."""
    if isinstance(place, ComingPlace):
        return f"{place.acts_at.isoformat()}_{place.collection_id}"
    text = f"{place.place.listed_on.isoformat()}_{place.place.action_id}"
    return text if place.value is None else f"{text}_{place.value:f}"


def _of_todo(request: Request) -> Asked:
    return Asked("todo", **_strings(request.query_params))


def _of_all(request: Request) -> Asked:
    return Asked("all", **_strings(request.query_params))


def _strings(given: Any) -> dict[str, str]:
    return {name: given[name].strip() for name in _NAMES if name in given}


def _is_text(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _amount(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise HTTPException(422) from error
    if not amount.is_finite() or abs(amount) > _AMOUNT_MAX or int(amount.as_tuple().exponent) < -6:
        raise HTTPException(422)
    return amount


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_BIGINT_MAX))) or int(text) > _BIGINT_MAX:
        raise HTTPException(422)
    return int(text)


ActionId = Annotated[int, Path(ge=1, le=_BIGINT_MAX)]
AskedTodo = Annotated[Asked, Depends(_of_todo)]
AskedAll = Annotated[Asked, Depends(_of_all)]
