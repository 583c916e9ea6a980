"""Money that settles invoices: payments and credit notes, allocated, moved, taken back (rules 3.13 to 3.17).

Each operation locks what it touches by itself (docs/decisions/0020), so call it first in a transaction. All refuse
to settle across customers or currencies, more than there is, more than is outstanding, and more exactly than the
currency counts. The signals that the processes must get are owed: `Taken.owed_ids`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Literal

from sqlalchemy.orm import Session

from db.operations.change import Change, is_known
from db.operations.refusal import Refused
from db.operations.settlement.effects import owe_each
from db.operations.settlement.kinds import (
    CREDIT_NOTES,
    PAYMENTS,
    PERSON,
    Kind,
    of_credit_note,
    of_payment,
    require_sound_allocations,
)
from db.operations.settlement.pages import Page, take_page
from db.operations.settlement.spreading import fill, found_by_itself, numbers_in, require_room
from db.operations.settlement.stated import Allocation, Automatic, StatedCreditNote, StatedPayment, Taken
from db.operations.settlement.under_lock import (
    Source,
    invoices_called,
    invoices_under,
    lock_money,
    lock_targets,
    oldest_of,
    sources_of,
)
from dunning.money import Money
from phrase import phrase


def take_payment(session: Session, stated: StatedPayment, change: Change, source: str = PERSON) -> Taken:
    """Bring the ledger to what is stated of a payment; the same statement again changes nothing.

    What people moved or reversed here stays, unless something new is stated of it. Invoices that are not there yet
    are no contradiction: `Taken.unknown` has them. `source` is import, api, bank or user. Raises Refused, and
    leaves no trace, where the ledger contradicts the statement.
    """
    return _only(take_payments(session, [stated], change, source))


def take_payments(
    session: Session, stated: Sequence[StatedPayment], change: Change, source: str = "import"
) -> list[Taken | Refused]:
    """Take in a page of payments in their order; what is refused leaves no trace and holds up no other."""
    return take_page(session, PAYMENTS, [of_payment(one) for one in stated], change, source)


def take_credit_note(session: Session, stated: StatedCreditNote, change: Change) -> Taken:
    """Bring the ledger to what is stated of a credit note. Raises Refused as `take_payment` does."""
    return _only(take_credit_notes(session, [stated], change))


def take_credit_notes(
    session: Session, stated: Sequence[StatedCreditNote], change: Change
) -> list[Taken | Refused]:
    """Take in a page of credit notes in their order; what is refused leaves no trace and holds up no other."""
    return take_page(session, CREDIT_NOTES, [of_credit_note(one) for one in stated], change, "")


def allocate_payment(
    session: Session,
    payment_id: int,
    allocations: Sequence[Allocation],
    change: Change,
    automatic: Automatic = Automatic.NONE,
) -> Taken:
    """Let what is left of a payment settle further invoices, on top of what it settles. Raises Refused."""
    return _allocate(session, PAYMENTS, payment_id, allocations, automatic, change)


def unallocate_payment(session: Session, payment_id: int, invoices: Sequence[str], change: Change) -> Taken:
    """Take a payment off these invoices, off all of them if none is named. Raises Refused."""
    return _unallocate(session, PAYMENTS, payment_id, invoices, change)


def reverse_payment(session: Session, payment_id: int, reversed_on: date, change: Change) -> Taken:
    """Take a whole payment back: its allocations stop counting (rule 3.12). Raises Refused."""
    return _end(session, PAYMENTS, payment_id, reversed_on, change)


def allocate_credit_note(
    session: Session,
    credit_note_id: int,
    allocations: Sequence[Allocation],
    change: Change,
    automatic: Automatic = Automatic.NONE,
) -> Taken:
    """Let what is left of a credit note settle further invoices, on top of what it settles. Raises Refused."""
    return _allocate(session, CREDIT_NOTES, credit_note_id, allocations, automatic, change)


def unallocate_credit_note(
    session: Session, credit_note_id: int, invoices: Sequence[str], change: Change
) -> Taken:
    """Take a credit note off these invoices, off all of them if none is named. Raises Refused."""
    return _unallocate(session, CREDIT_NOTES, credit_note_id, invoices, change)


def void_credit_note(session: Session, credit_note_id: int, voided_on: date, change: Change) -> Taken:
    """Make a credit note void: its allocations stop counting (rule 3.12). Raises Refused."""
    return _end(session, CREDIT_NOTES, credit_note_id, voided_on, change)


def _only(taken: Sequence[Taken | Refused]) -> Taken:
    (one,) = taken
    if isinstance(one, Refused):
        raise one
    return one


def _allocate(
    session: Session,
    kind: Kind,
    id_: int,
    allocations: Sequence[Allocation],
    automatic: Automatic,
    change: Change,
) -> Taken:
    page, source, numbers = _opened(session, kind, id_, [one.invoice for one in allocations], automatic)
    if is_known(session, change.event_id):
        return Taken(id_, "unchanged", source.unallocated)
    if not source.counts:
        raise Refused(
            "the {kind} {called} is {ended}",
            kind=phrase(kind.name),
            called=source.called,
            ended=phrase(kind.ended),
        )
    require_sound_allocations(tuple(allocations), Money(source.unallocated, source.currency), kind)
    after = dict(source.allocations)
    for one in allocations:
        if one.amount is not None:
            invoice_id = numbers[one.invoice]
            after[invoice_id] = after.get(invoice_id, Decimal(0)) + one.amount
    open_ids = [numbers[one.invoice] for one in allocations if one.amount is None]
    named = {numbers[one.invoice] for one in allocations}
    found = found_by_itself(automatic, source, numbers, page.targets)
    fill(kind, after, source, source, [*open_ids, *(one for one in found if one not in named)], page.targets)
    after = {one: amount for one, amount in after.items() if amount}
    return _moved(session, page, source, replace(source, allocations=after), kind.moves, change)


def _unallocate(session: Session, kind: Kind, id_: int, invoices: Sequence[str], change: Change) -> Taken:
    page, source, numbers = _opened(session, kind, id_, invoices)
    if is_known(session, change.event_id):
        return Taken(id_, "unchanged", source.unallocated)
    named = {numbers[name] for name in invoices} or set(source.allocations)
    missing = next((page.targets[one].number for one in named if one not in source.allocations), None)
    if missing is not None:
        raise Refused(
            "nothing of the {kind} {called} is allocated to {missing}",
            kind=phrase(kind.name),
            called=source.called,
            missing=missing,
        )
    left = {one: amount for one, amount in source.allocations.items() if one not in named}
    return _moved(session, page, source, replace(source, allocations=left), kind.moves, change)


def _end(session: Session, kind: Kind, id_: int, ended_on: date, change: Change) -> Taken:
    page, source, _ = _opened(session, kind, id_, [])
    if is_known(session, change.event_id):
        return Taken(id_, "unchanged", source.unallocated)
    if source.ended_on is not None:
        raise Refused(
            "the {kind} {called} was {ended} on {ended_on} already",
            kind=phrase(kind.name),
            called=source.called,
            ended=phrase(kind.ended),
            ended_on=source.ended_on,
        )
    if ended_on < source.on:
        raise Refused(
            "a {kind} of {on} cannot be {ended} on {ended_on}, before that",
            kind=phrase(kind.name),
            on=source.on,
            ended=phrase(kind.ended),
            ended_on=ended_on,
        )
    return _moved(session, page, source, replace(source, ended_on=ended_on), kind.ends, change)


def _opened(
    session: Session, kind: Kind, id_: int, names: Sequence[str], automatic: Automatic = Automatic.NONE
) -> tuple[Page, Source, dict[str, int]]:
    """Lock a payment or a credit note with its invoices, those named, and those that it may go to by itself."""
    source = sources_of(session, kind, [id_]).get(id_)
    if source is None:
        raise Refused("there is no {kind} {id_}", kind=phrase(kind.name), id_=id_)
    words = [] if automatic is Automatic.NONE else numbers_in(source.text)
    found = invoices_called(session, [*names, *words])
    unknown = next((name for name in names if name not in found), None)
    if unknown is not None:
        raise Refused("there is no invoice {unknown!r}", unknown=unknown)
    lock_money(session, [source.customer_id])
    oldest: Sequence[int] = ()
    if automatic is Automatic.OLDEST:
        oldest = oldest_of(session, source.customer_id, source.currency, source.amount)
    ids = [*(one for one, _ in found.values()), *invoices_under(session, kind, [id_]), *oldest]
    targets = lock_targets(session, ids)
    sources = sources_of(session, kind, [id_])
    return Page(kind, PERSON, targets, sources), sources[id_], {name: one for name, (one, _) in found.items()}


def _moved(session: Session, page: Page, source: Source, after: Source, because: str, change: Change) -> Taken:
    require_room(page.kind, source, after, page.targets)
    page.move(source, after, because)
    owed = owe_each(session, page.write(session, change), change)
    outcome: Literal["unchanged", "changed"] = "unchanged" if after == source else "changed"
    return Taken(source.id, outcome, after.unallocated, tuple(owed), tuple(owed.values()))
