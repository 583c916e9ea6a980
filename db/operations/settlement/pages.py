"""Takes in a page of statements about payments or credit notes: one path for one of them and for a thousand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy.orm import Session

from db.operations.arrival.copying import reserve_ids
from db.operations.change import Change
from db.operations.refusal import Refused
from db.operations.settlement.effects import Effect, follow, owe_each
from db.operations.settlement.kinds import PAYMENTS, PERSON, Kind, Statement, require_sound
from db.operations.settlement.spreading import found_by_itself, numbers_in, require_room, require_same, restate
from db.operations.settlement.stated import Automatic, Taken
from db.operations.settlement.under_lock import (
    Source,
    Target,
    customers_called,
    ids_called,
    invoices_called,
    invoices_under,
    lock_money,
    lock_targets,
    oldest_of,
    sources_of,
)
from db.operations.settlement.writing import shrink_unnamed, write_sources
from dunning.money import Money
from phrase import phrase

_NONE = Decimal(0)


@dataclass(slots=True)
class Page:
    """Payments or credit notes and the invoices they may settle, under lock, and what became of them so far."""

    kind: Kind
    source: str
    targets: Mapping[int, Target]
    before: Mapping[int, Source]
    after: dict[int, Source] = field(default_factory=dict)
    effects: dict[int, Effect] = field(default_factory=dict)
    # How much of what is stated as paid on an invoice has a name now.
    explained: dict[int, Decimal] = field(default_factory=dict)

    def move(self, source: Source, after: Source, because: str) -> tuple[int, ...]:
        """Put `after` in place of the source, and return the invoices on which it settles something else now.

        `because` is what the timeline calls money that comes off an invoice.
        """
        self.after[after.id] = after
        touched = []
        for id_ in dict.fromkeys([*source.allocations, *after.allocations]):
            had = source.allocations.get(id_, _NONE) if source.counts else _NONE
            has = after.allocations.get(id_, _NONE) if after.counts else _NONE
            if had != has:
                self._move_on(self.targets[id_], after, has - had, because)
                touched.append(id_)
            elif has and source.on != after.on:
                self.effects.setdefault(id_, Effect(self.targets[id_].outstanding))
        return tuple(touched)

    def _move_on(self, target: Target, after: Source, more: Decimal, because: str) -> None:
        effect = self.effects.setdefault(target.id, Effect(target.outstanding))
        said = {"currency": after.currency, self.kind.name.replace(" ", "_"): after.called}
        if more < 0:
            effect.entries.append((because, {"amount": plain(-more), **said}))
            effect.taken_off -= more
            target.outstanding -= more
            return
        known = min(more, target.unnamed) if after.explains_paid else _NONE
        if known:
            target.unnamed -= known
            self.explained[target.id] = self.explained.get(target.id, _NONE) + known
            effect.entries.append(("payment named", {"amount": plain(known), **said}))
        if more > known:
            effect.entries.append((self.kind.settles, {"amount": plain(more - known), **said}))
            target.outstanding -= more - known
            if self.kind is PAYMENTS:
                effect.paid += more - known
                effect.paid_on = max(after.on, effect.paid_on or after.on)

    def write(self, session: Session, change: Change) -> list[int]:
        """Write all that moved, let the invoices follow, and return those that owe something else now."""
        write_sources(session, self.kind, self.before, self.after, self.source)
        shrink_unnamed(session, sorted(self.explained.items()))
        return follow(session, self.effects, change) if self.effects else []


def take_page(
    session: Session, kind: Kind, statements: Sequence[Statement], change: Change, source: str
) -> list[Taken | Refused]:
    """Bring the ledger to what is stated, each in its turn. What is refused leaves no trace."""
    found = invoices_called(session, _names(statements))
    customers = customers_called(session, [one.customer for one in statements if one.customer is not None])
    external_ids = [one.external_id for one in statements if one.external_id is not None]
    called = ids_called(session, kind, external_ids)
    owners = [_owner(one, found, customers, called) for one in statements]
    lock_money(session, [owner for owner in owners if owner is not None])
    # Again, now that nobody else can take the same in.
    known = {name: id_ for name, (id_, _) in ids_called(session, kind, external_ids).items()}
    oldest = _oldest(session, statements, owners)
    targets = lock_targets(
        session, [*(id_ for id_, _ in found.values()), *invoices_under(session, kind, [*known.values()]), *oldest]
    )
    page = Page(kind, source, targets, sources_of(session, kind, list(known.values())))
    new_ids = iter(reserve_ids(session, kind.row, sum(one.external_id not in known for one in statements)))
    numbers = {name: id_ for name, (id_, _) in found.items()}
    taken: list[_Result | Refused] = []
    for stated, owner in zip(statements, owners, strict=True):
        try:
            id_ = known.get(stated.external_id or "") or next(new_ids)
            taken.append(_take(page, stated, id_, owner, numbers))
            if stated.external_id is not None:
                known[stated.external_id] = id_
        except Refused as refusal:
            taken.append(refusal)
    owed = owe_each(session, page.write(session, change), change)
    return [one if isinstance(one, Refused) else one.taken(owed) for one in taken]


@dataclass(frozen=True, slots=True)
class _Result:
    source: Source
    outcome: Literal["created", "changed", "unchanged"]
    touched: tuple[int, ...]
    unknown: tuple[str, ...]

    def taken(self, owed: Mapping[int, int]) -> Taken:
        moved = tuple(id_ for id_ in self.touched if id_ in owed)
        owed_ids = tuple(owed[id_] for id_ in moved)
        return Taken(self.source.id, self.outcome, self.source.unallocated, moved, owed_ids, self.unknown)


def _names(statements: Sequence[Statement]) -> list[str]:
    names = [one.invoice for stated in statements for one in stated.allocations]
    for stated in statements:
        if stated.automatic is not Automatic.NONE and not stated.allocations:
            names += numbers_in(stated.text)
    return names


def _owner(
    stated: Statement,
    found: Mapping[str, tuple[int, int]],
    customers: Mapping[str, int],
    known: Mapping[str, tuple[int, int]],
) -> int | None:
    """Return whose money it is: as it says, or whose invoices it names, or as it was."""
    if stated.customer is not None:
        return customers.get(stated.customer)
    named = next((found[one.invoice][1] for one in stated.allocations if one.invoice in found), None)
    return named if named is not None else known.get(stated.external_id or "", (0, None))[1]


def _oldest(session: Session, statements: Sequence[Statement], owners: Sequence[int | None]) -> list[int]:
    amounts: dict[tuple[int, str], Decimal] = {}
    for stated, owner in zip(statements, owners, strict=True):
        if stated.automatic is Automatic.OLDEST and owner is not None:
            key = owner, stated.currency
            amounts[key] = amounts.get(key, _NONE) + stated.amount
    return [
        id_ for (owner, currency), amount in amounts.items() for id_ in oldest_of(session, owner, currency, amount)
    ]


def _take(page: Page, stated: Statement, id_: int, owner: int | None, numbers: Mapping[str, int]) -> _Result:
    kind = page.kind
    require_sound(kind, stated)
    source = page.after.get(id_) or page.before.get(id_)
    named: dict[int, Decimal | None] = {
        numbers[one.invoice]: one.amount for one in stated.allocations if one.invoice in numbers
    }
    unknown = tuple(one.invoice for one in stated.allocations if one.invoice not in numbers)
    is_new = source is None
    if source is None:
        source = _begun(page, stated, id_, owner, unknown)
    elif owner != source.customer_id:
        raise Refused(
            "the {kind} {called} belongs to another customer", kind=phrase(kind.name), called=source.called
        )
    elif stated.currency != source.currency:
        raise Refused(
            "the {kind} {called} is in {currency}; a currency never changes",
            kind=phrase(kind.name),
            called=source.called,
            currency=source.currency,
        )
    after = _restated(page, source, stated, is_new)
    memory = {
        "amount": plain(stated.amount),
        **stated.values(),
        "named": {str(one): None if amount is None else plain(amount) for one, amount in named.items()},
        "unknown": list(unknown),
        "automatic": stated.automatic.value,
    }
    if {key: value for key, value in source.stated.items() if key != "led_to"} == memory:
        return _Result(source, "unchanged", (), unknown)
    targets = page.targets
    for one in named:
        require_same(kind, source, targets[one])
    # Where invoices are named, the reference names no others; what is due longest may still get the rest.
    words = {} if stated.allocations else numbers
    automatic = found_by_itself(stated.automatic, after, words, targets)
    spread = restate(kind, source, after, named, automatic, targets)
    led_to = {str(one): plain(amount) for one, amount in spread.led_to.items()}
    after = replace(after, allocations=spread.allocations, stated={**memory, "led_to": led_to})
    require_room(kind, source, after, targets)
    because = kind.moves if after.counts else kind.ends
    touched = page.move(source, after, because)
    is_same = replace(after, stated=source.stated) == source and not is_new
    return _Result(after, "created" if is_new else "unchanged" if is_same else "changed", touched, unknown)


def _begun(page: Page, stated: Statement, id_: int, owner: int | None, unknown: tuple[str, ...]) -> Source:
    if owner is None:
        if stated.customer is not None:
            raise Refused("there is no customer {customer!r}", customer=stated.customer)
        if unknown:
            raise Refused("there is no invoice {number!r}, and no customer is named", number=unknown[0])
        raise Refused("a {kind} needs a customer, or an invoice of one", kind=phrase(page.kind.name))
    explains_paid = page.kind is PAYMENTS and page.source != PERSON
    return Source(
        id_, stated.external_id, owner, stated.currency, stated.amount, stated.on, stated.ended_on, stated.text,
        explains_paid=explains_paid,
    )  # fmt: skip


def _restated(page: Page, source: Source, stated: Statement, is_new: bool) -> Source:
    """Return the source with what is news in the statement: what people changed here stays otherwise."""
    if is_new:
        return source
    before: Mapping[str, Any] = source.stated
    values = stated.values()
    changes: dict[str, Any] = {}
    if before.get("on") != values["on"]:
        changes["on"] = stated.on
    if before.get("text") != values["text"]:
        changes["text"] = stated.text
    if before.get("ended_on") != values["ended_on"] and (source.counts or before.get("ended_on") is not None):
        changes["ended_on"] = stated.ended_on
    further = stated.amount - Decimal(before.get("amount", source.amount))
    amount = source.amount + further
    if amount <= 0:
        taken_back = Money(stated.amount - amount, stated.currency)
        raise Refused(
            "{amount} is not more than the {taken_back} of it that was taken back here",
            amount=stated.amount,
            taken_back=taken_back,
        )
    return replace(source, amount=amount, **changes)


def plain(amount: Decimal) -> str:
    """Return the amount as it is remembered."""
    return f"{amount.normalize():f}"
