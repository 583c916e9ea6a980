"""How lists are planned: along indexes, one row after the other, as far as the page needs.

PostgreSQL takes conditions for independent, and what a page stops at for unknown; with either mistake it reads a
table from end to end for a page of fifty lines. What a page asks is bounded by ids or by an index's order, so that
there is nothing to gain by anything else (docs/decisions/0026 has the same of activities).
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

_SETTINGS: Final = {
    # A plan for whatever is asked would take a stage of ninety invoices for one of ninety thousand.
    "plan_cache_mode": "force_custom_plan",
    # In the order in which a statement joins: from the few rows that it begins with outwards.
    "join_collapse_limit": "1",
    # What pages ask for is in memory. And what is wrong by its costs is wrong by ten billion: a table of one row
    # needs an index as well, or all other plans would cost the same.
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "0",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
# One plan for all invoices, made once in a connection (docs/decisions/0026).
_ONCE: Final = {
    "plan_cache_mode": "force_generic_plan",
    "random_page_cost": "1.1",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


def _set(settings: Mapping[str, str]) -> TextClause:
    return text(
        "SELECT " + ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    )


_PLANNED = "how statements are planned"
_SET, _SET_ONCE = _set(_SETTINGS), _set(_ONCE)


def by_indexes(session: Session) -> None:
    """Let the rest of the transaction go by indexes alone."""
    _plan(session, _SET)


def planned_once(session: Session) -> None:
    """Let what the rest of the transaction asks about one object be planned once in a connection, by indexes.

    To plan the facts of an invoice takes longer than to read them. Not for lists, nor for what reads a whole book.
    """
    _plan(session, _SET_ONCE)


def _plan(session: Session, settings: TextClause) -> None:
    """Set them for the transaction, unless they are: a page asks for it before each of its questions."""
    key = session.get_nested_transaction() or session.get_transaction()
    if key is None or session.info.get(_PLANNED) != (key, settings):
        session.execute(settings)
        key = session.get_nested_transaction() or session.get_transaction()
        session.info[_PLANNED] = key, settings
