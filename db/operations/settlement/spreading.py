"""Decides how much of a payment or a credit note goes to which invoice; pure, on what was read under lock."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from db.operations.refusal import Refused
from db.operations.settlement.amounts import require_amount
from db.operations.settlement.kinds import Kind
from db.operations.settlement.stated import Automatic
from db.operations.settlement.under_lock import Source, Target
from dunning.facts import InvoiceState
from dunning.money import Money
from phrase import Phrase, phrase

# Invoices that money is to go to; None is as much as is outstanding and left.
Named = Mapping[int, Decimal | None]

_NONE = Decimal(0)
_BETWEEN_WORDS = re.compile(r"[\s,;|()\[\]]+")
_AROUND_A_WORD = ".:'\"#"
# A shorter word, or one without a digit, is no number of an invoice that anybody would rely on.
_NUMBER_LENGTH_MIN = 3


@dataclass(frozen=True, slots=True)
class Spread:
    """What goes where, and what of that the statement led to: the rest is what people moved."""

    allocations: Mapping[int, Decimal]
    led_to: Mapping[int, Decimal]


def numbers_in(reference: str | None) -> list[str]:
    """Return the words of a reference that may be numbers of invoices, as they stand and in capitals."""
    words = [word.strip(_AROUND_A_WORD) for word in _BETWEEN_WORDS.split(reference or "")]
    parts = [part for word in words for part in (word, *word.split(":"))]
    likely = [word for word in parts if len(word) >= _NUMBER_LENGTH_MIN and any(map(str.isdigit, word))]
    return list(dict.fromkeys(form for word in likely for form in (word, word.upper())))


def room_on(target: Target, source: Source) -> Decimal:
    """Return how much of the source the invoice takes at most, with what it has of it already."""
    own = source.allocations.get(target.id, _NONE) if source.counts else _NONE
    return target.outstanding + own + (target.unnamed if source.explains_paid else _NONE)


def restate(
    kind: Kind,
    source: Source,
    after: Source,
    named: Named,
    automatic: Sequence[int],
    targets: Mapping[int, Target],
) -> Spread:
    """Return what the statement `named` makes of the source; `after` is it with its new amount and its new end.

    What people moved stays where it is, unless the statement says something new about that invoice, or the amount
    does not reach any more. `automatic` are the invoices that get what is left, in their order. Raises Refused.
    """
    led_to = {id_: amount for id_, amount in named_from(source.stated.get("led_to")).items() if amount}
    touched = [*source.allocations, *(id_ for id_ in led_to if id_ not in source.allocations)]
    moved = {id_ for id_ in touched if source.allocations.get(id_, _NONE) != led_to.get(id_, _NONE)}
    kept: dict[int, Decimal] = {}
    asked: dict[int, Decimal] = {}
    filled: list[int] = []
    for id_ in dict.fromkeys([*touched, *named]):
        answer = _answer(id_, named, source, id_ in moved, after.counts and not source.counts)
        if not after.counts or answer == "keep":
            kept[id_] = source.allocations.get(id_, _NONE)
        elif answer == "fill":
            filled.append(id_)
        elif answer != "drop":
            asked[id_] = answer
    if after.counts and not source.counts:
        # Of what people took off there is nothing to fit in, and the invoice is none of those under lock.
        kept = {id_: min(have, _takes(targets[id_], source)) if have else have for id_, have in kept.items()}
    _trim(kept, sum(asked.values(), _NONE), after)
    allocations = {**kept, **asked}
    found = [id_ for id_ in automatic if id_ not in allocations and id_ not in filled] if after.counts else []
    fill(kind, allocations, source, after, [*filled, *found], targets)
    allocations = {id_: amount for id_, amount in allocations.items() if amount}
    by_people = moved & kept.keys()
    return Spread(
        allocations,
        {id_: amount for id_, amount in allocations.items() if id_ not in by_people}
        | {id_: led_to[id_] for id_ in by_people & led_to.keys()},
    )


def _answer(
    id_: int, named: Named, source: Source, is_moved: bool, is_reinstated: bool
) -> Decimal | Literal["keep", "fill", "drop"]:
    """Say what becomes of what is on an invoice: it stays, gets as much as possible or an amount, or comes off."""
    before = named_from(source.stated.get("named"))
    if id_ not in named:
        # What was named is so no more; what was found by itself gives way to what is named now.
        return "keep" if id_ not in before and (is_moved or not named) else "drop"
    want = named[id_]
    is_as_before = id_ in before and before[id_] == want
    if is_as_before and (is_moved or (want is not None and not is_reinstated)):
        return "keep"
    return "fill" if want is None else want


def named_from(stated: Mapping[str, str | None] | None) -> dict[int, Decimal | None]:
    """Return what is remembered of invoices, from JSON."""
    return {int(id_): None if one is None else Decimal(one) for id_, one in (stated or {}).items()}


def _trim(kept: dict[int, Decimal], asked: Decimal, after: Source) -> None:
    """Take back what the amount does not reach for, the newest first."""
    over = sum(kept.values(), _NONE) + asked - after.amount
    for id_ in reversed(kept):
        part = min(kept[id_], max(over, _NONE))
        kept[id_] -= part
        over -= part
    if over > 0:
        raise Refused(
            "{asked} is allocated, more than the {whole} there is of it",
            asked=Money(asked, after.currency),
            whole=_money(after),
        )


def fill(
    kind: Kind,
    allocations: dict[int, Decimal],
    source: Source,
    after: Source,
    ids: Iterable[int],
    targets: Mapping[int, Target],
) -> None:
    """Give each of the invoices as much as it takes of what is left, on top of what it has in `allocations`."""
    left = after.amount - sum(allocations.values(), _NONE)
    for id_ in ids:
        require_same(kind, after, targets[id_])
        have = allocations.get(id_, _NONE)
        more = max(min(left, _takes(targets[id_], source) - have), _NONE)
        allocations[id_] = have + more
        left -= more


def _takes(target: Target, source: Source) -> Decimal:
    if target.state == InvoiceState.OPEN:
        return room_on(target, source)
    return source.allocations.get(target.id, _NONE) if source.counts else _NONE


def found_by_itself(
    automatic: Automatic, source: Source, numbers: Mapping[str, int], targets: Mapping[int, Target]
) -> list[int]:
    """Return the open invoices that what nobody allocated goes to, in their order; `numbers` are known ones."""
    fitting = {
        target.id: target
        for target in targets.values()
        if (target.customer_id, target.currency) == (source.customer_id, source.currency)
        and target.state == InvoiceState.OPEN
    }
    ids: list[int] = []
    if automatic is not Automatic.NONE:
        ids = [numbers[word] for word in numbers_in(source.text) if numbers.get(word) in fitting]
    if automatic is Automatic.OLDEST:
        owing = [target for target in fitting.values() if target.outstanding > 0]
        ids += [target.id for target in sorted(owing, key=lambda one: (one.due_on, one.id))]
    return list(dict.fromkeys(ids))


def require_same(kind: Kind, source: Source, target: Target) -> None:
    """Raise Refused if the invoice is of another customer or in another currency."""
    if target.customer_id != source.customer_id:
        raise Refused(
            "{number} belongs to another customer than the {kind}", number=target.number, kind=phrase(kind.name)
        )
    if target.currency != source.currency:
        raise Refused(
            "{number} is in {currency}, and the {kind} in {other}",
            number=target.number,
            currency=target.currency,
            kind=phrase(kind.name),
            other=source.currency,
        )


def require_room(kind: Kind, source: Source, after: Source, targets: Mapping[int, Target]) -> None:
    """Raise Refused if an invoice would get more of the source than it takes."""
    if not after.counts:
        return
    for id_, amount in after.allocations.items():
        had = source.allocations.get(id_, _NONE) if source.counts else _NONE
        if amount <= had:
            continue
        target = targets[id_]
        require_same(kind, after, target)
        if target.state != InvoiceState.OPEN:
            state = target.state.replace("_", " ")
            raise Refused(
                "{number} is {state}; a {kind} needs an open invoice",
                number=target.number,
                state=phrase(state),
                kind=phrase(kind.name),
            )
        room = Money(room_on(target, source), target.currency)
        require_amount(
            amount, Phrase("an allocation"), room, Phrase("outstanding on {number}", number=target.number)
        )


def _money(source: Source) -> Money:
    return Money(source.amount, source.currency)
