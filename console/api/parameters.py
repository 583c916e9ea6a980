"""Parts of paths and parameters that many operations have in common."""

from collections.abc import Sequence
from typing import Annotated, Protocol, TypeVar
from urllib.parse import quote

from fastapi import Header, Path, Query
from pydantic import BeforeValidator, StringConstraints

from console.api.encoded_paths import part_of
from console.api.etags import CONDITION
from console.api.fields import Identifier, Name, schema_of

LIMIT_MAX = 200
LIMIT_DEFAULT = 50


def _decoded(value: object) -> object:
    return part_of(value) if isinstance(value, str) else value


IdentifierInPath = Annotated[Identifier, BeforeValidator(_decoded), Path()]
CustomerInPath = Annotated[Identifier, BeforeValidator(_decoded), Path(examples=["C-1"])]
InvoiceInPath = Annotated[Identifier, BeforeValidator(_decoded), Path(examples=["INV-2026-017"])]
PaymentInPath = Annotated[Identifier, BeforeValidator(_decoded), Path(examples=["P-1"])]
CreditNoteInPath = Annotated[Identifier, BeforeValidator(_decoded), Path(examples=["CN-1"])]
CadenceInPath = Annotated[Name, BeforeValidator(_decoded), Path(examples=["Standard"])]
RuleInPath = Annotated[Name, BeforeValidator(_decoded), Path(examples=["assign Standard"])]
IdInPath = Annotated[int, Path(alias="id", ge=1, le=2**63 - 1)]
DeliveryInPath = Annotated[int, Path(alias="delivery", ge=1, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="How many at most.")]
CursorText = Annotated[str, StringConstraints(pattern="^[0-9a-z]{1,12}$")]
Cursor = Annotated[
    CursorText | None,
    schema_of(CursorText),
    Query(description="The `next_cursor` of the page before; without it, the first page."),
]
IdentifierParameter = Annotated[Identifier | None, schema_of(Identifier)]
NameParameter = Annotated[Name | None, schema_of(Name)]
ConditionText = Annotated[str, StringConstraints(pattern=CONDITION)]
Condition = Annotated[ConditionText | None, schema_of(ConditionText)]
IdempotencyText = Annotated[str, StringConstraints(pattern="^[!-~]{1,200}$")]
IdempotencyKey = Annotated[
    IdempotencyText | None,
    schema_of(IdempotencyText),
    Header(description="Makes it safe to send the request again, for 24 hours."),
]
IfMatch = Annotated[Condition, Header(description="Only if its ETag is still one of these.")]
IfNoneMatch = Annotated[Condition, Header(description="Only if its ETag is none of these.")]

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def place_in(*parts: str) -> str:
    """Return where a resource is."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def place_of(cursor: str | None) -> int:
    """Return the id behind which a page begins. Whatever has the form of a cursor is one."""
    return 0 if cursor is None else int(cursor, 36)


def cursor_at(number: int) -> str:
    """Return the cursor of the page behind this id."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


class Numbered(Protocol):
    """What is listed in the order of its numbers."""

    @property
    def id(self) -> int:
        """Return its number."""
        ...


NumberedT = TypeVar("NumberedT", bound=Numbered)


def page_of(found: Sequence[NumberedT], limit: int) -> tuple[Sequence[NumberedT], str | None]:
    """Return the page, for which one more was looked for than it holds, and the cursor of the next one."""
    return found[:limit], cursor_at(found[limit - 1].id) if len(found) > limit else None
