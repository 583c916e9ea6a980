"""Versions of one cadence, its collections before and after a new one, and what the pure core expects of them."""

from dataclasses import replace

from db.engine import Session
from db.queries.catalogue import version_of
from db.queries.collections import OpenCollection, open_collection
from dunning.apply import after
from dunning.cadence import Cadence, Channel, Logic, Repeat, Step
from dunning.decide import decide
from dunning.decision import OpenTodo, Send
from dunning.facts import Facts
from tests.db.book import Book, at
from tests.dunning.builders import a_cadence, a_step

NAME = "Edited"


def a_version(*steps: Step, logic: Logic = Logic.STANDARD, delay_days: int = 5) -> Cadence:
    """Return a version of the cadence, whose steps have texts."""
    texts = [replace(step, template=step.template or "reminder") for step in steps]
    return a_cadence(texts, logic, contact_delay_days_min=delay_days, name=NAME)


def mail(step_id: str, offset_days: int, *, manual: bool = False) -> Step:
    """Return a step that mails."""
    return a_step(step_id, offset_days, manual=manual)


def call(step_id: str, offset_days: int) -> Step:
    """Return a step that asks a person to call."""
    return a_step(step_id, offset_days, Channel.CALL)


def repeating(step: Step, every_days: int, limit: int) -> Step:
    """Return the step so that it runs again."""
    return replace(step, repeat=Repeat(every_days, limit))


def collection_of(book: Book, invoice_id: int) -> OpenCollection:
    """Return the open collection of the invoice."""
    found: OpenCollection | None = book.do(lambda session: open_collection(session, invoice_id))
    assert found is not None
    return found


def facts_of(book: Book, invoice_id: int) -> Facts:
    """Return the facts as the ledger has them."""
    return collection_of(book, invoice_id).facts


def at_rest(facts: Facts, moment: str) -> Facts:
    """Return the facts once everything there is to do at the moment was done, but nothing sent."""
    now = at(moment)
    for _ in range(20):
        decision = decide(facts, now)
        if isinstance(decision, Send):
            return facts
        facts = after(facts, decision, now.date())
        if not isinstance(decision, OpenTodo):
            return facts
    raise AssertionError("it never comes to rest")


def is_in_force(session: Session, cadence: Cadence) -> bool:
    """Say whether the published version says exactly this."""
    version = version_of(session, cadence.name, "published")
    return version is not None and version.cadence == cadence
