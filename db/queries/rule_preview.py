"""Works out what a rule would do if it were applied to the whole book: nothing is locked or written.

The rule may be saved or not. It is reckoned among the active rules, at its place; rules that would be asked again
about what it changed are not followed.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple, assert_never

from sqlalchemy import BigInteger, ColumnElement, String, and_, case, cast, func, literal, select
from sqlalchemy.orm import Session

from db.queries.rule_matches import asked_fields, matches, winner
from db.queries.rule_rows import RuleRows, rule_rows
from db.queries.smart_rules import active_rules
from db.tables.cadences import Cadence
from db.tables.collections import OPEN_STATES, Collection
from db.tables.invoices import Invoice
from db.tables.rules import RuleMatch
from rules.index import Event
from rules.rule import Assign, Notify, Rule, Show, slot_of

SAMPLE = 10
# Each text that somebody tries makes a statement of its own, thousands of objects that nobody asks for again.
# Kept, they would fill the server, and its search for garbage would keep all others waiting.
_UNKEPT: Final = {"compiled_cache": None}
CHANGES, STAYS, LOCKED, NOTHING_TO_COLLECT, TOLD = "changes", "stays", "locked", "nothing to collect", "told"


@dataclass(frozen=True, slots=True)
class RulePreview:
    """What would become of the invoices that match the rule; rules by id, cadences by name (None: none).

    `wins` of the `matching` would be the rule's own; `shadowed_by` says which rules above it win the others, and
    `shadows` from which it takes those that it wins. Of those, `changes` are put under its cadence, hidden or
    shown, `moved_from` says from which cadences; `locked` were assigned by a user, `nothing_to_collect` take no
    cadence. A notification would tell of `untold`. `sample` are the first numbers, and `changing` ids of some of
    those that change, picked from all over the book.
    """

    matching: int
    sample: Sequence[str]
    wins: int
    shadowed_by: Mapping[int, int]
    shadows: Mapping[int, int]
    changes: int
    moved_from: Mapping[str | None, int]
    locked: int
    nothing_to_collect: int
    untold: int
    changing: Sequence[int]


class _Group(NamedTuple):
    """So many invoices of which the same is to be said: who wins, who would without the rule, and what follows."""

    won: int | None
    otherwise: int | None
    becomes: str
    cadence: str | None
    size: int


def preview_rule(session: Session, rule: Rule, today: date, changing_max: int) -> RulePreview:
    """Return what the rule would do today, with up to so many ids of invoices that change.

    Reads the whole book once.
    """
    others = [one for one in active_rules(session).rules if one.id != rule.id]
    contest = sorted([*others, rule], key=lambda one: (one.position, one.id))
    rows = rule_rows(asked_fields(one.definition for one in contest), today)
    slot, nobody = slot_of(rule.definition.action), literal(None, BigInteger)
    won: ColumnElement[Any] = literal(rule.id, BigInteger)
    otherwise: ColumnElement[Any] = nobody
    if slot is not None:
        won = winner(contest, slot, rows, Event.APPLIED, nobody)
        otherwise = winner(others, slot, rows, Event.APPLIED, nobody)
    matched = (
        select(
            rows.id.label("id"),
            Invoice.number.label("number"),
            won.label("won"),
            otherwise.label("otherwise"),
            _becomes(rule, rows).label("becomes"),
            Cadence.name.label("cadence"),
        )
        .select_from(rows.rows)
        .join(Invoice, Invoice.id == rows.id)
        .outerjoin(Collection, and_(Collection.invoice_id == rows.id, Collection.state.in_(OPEN_STATES)))
        .outerjoin(Cadence, Cadence.id == Collection.cadence_id)
        .outerjoin(RuleMatch, and_(RuleMatch.invoice_id == rows.id, RuleMatch.rule_id == rule.id))
        .where(matches(rule.definition, rows))
        .cte("matched")
    )
    of = matched.c
    kinds = of.won, of.otherwise, of.becomes, of.cadence
    by_kind = select(*kinds, func.count()).group_by(*kinds).subquery()
    first = select(of.number).order_by(of.id).limit(SAMPLE)
    spread = func.md5(cast(of.id, String))
    changing = select(of.id).where(of.won == rule.id, of.becomes == CHANGES).order_by(spread).limit(changing_max)
    found = select(
        select(func.json_agg(func.json_build_array(*by_kind.c))).scalar_subquery(),
        func.array(first.scalar_subquery()),
        func.array(changing.scalar_subquery()),
    )
    groups, numbers, picked = session.execute(found, execution_options=_UNKEPT).one()
    return _summed([_Group(*group) for group in groups or ()], rule, numbers, picked)


def _becomes(rule: Rule, rows: RuleRows) -> ColumnElement[str]:
    match rule.definition.action:
        case Assign(cadence=cadence):
            stays = Cadence.name.is_not_distinct_from(cadence)
            locked = (Invoice.cadence_locked_at.is_not(None), LOCKED)
            return case(locked, (~rows.is_collectable, NOTHING_TO_COLLECT), (stays, STAYS), else_=CHANGES)
        case Show(visible=visible):
            return case((Invoice.is_hidden.is_(not visible), STAYS), else_=CHANGES)
        case Notify():
            return case((RuleMatch.rule_id.is_not(None), TOLD), else_=STAYS)
        case unknown:
            assert_never(unknown)


def _summed(groups: Sequence[_Group], rule: Rule, numbers: Sequence[str], changing: Sequence[int]) -> RulePreview:
    def count(of: Callable[[_Group], bool]) -> int:
        return sum(group.size for group in groups if of(group))

    own = [group for group in groups if group.won == rule.id]
    above: Counter[int] = Counter()
    below: Counter[int] = Counter()
    cadences: Counter[str | None] = Counter()
    for group in groups:
        if group.won is not None and group.won != rule.id:
            above[group.won] += group.size
    for group in own:
        if group.otherwise is not None:
            below[group.otherwise] += group.size
        if group.becomes == CHANGES:
            cadences[group.cadence] += group.size
    is_assigning = isinstance(rule.definition.action, Assign)
    is_telling = isinstance(rule.definition.action, Notify)
    return RulePreview(
        matching=count(lambda group: True),
        sample=numbers,
        wins=sum(group.size for group in own),
        shadowed_by=above,
        shadows=below,
        changes=cadences.total(),
        moved_from=cadences if is_assigning else {},
        locked=count(lambda group: group.won == rule.id and group.becomes == LOCKED),
        nothing_to_collect=count(lambda group: group.won == rule.id and group.becomes == NOTHING_TO_COLLECT),
        untold=count(lambda group: group.becomes == STAYS) if is_telling else 0,
        changing=changing,
    )
