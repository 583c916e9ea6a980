"""Tests of rules applied to what exists: a page does what the rules do one by one, and a second time nothing."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import text

from db.engine import Session, transaction
from db.operations.change import Change
from db.operations.jobs import open_job
from db.operations.rules.application import InvoicePage, apply_by_one, apply_page
from db.operations.rules.asked import settle_page_by_rules
from db.operations.settle import settle_locked, settle_many
from db.queries.collections import open_collections
from db.queries.jobs import JobView
from db.queries.next_actions import waiting
from db.queries.smart_rules import active_rules
from intake.jobs.driver import drive
from rules.fields import Field
from rules.index import Event
from rules.rule import Rule
from tests.db.book import Book, at
from tests.db.rule_book import fill
from tests.dunning.builders import reminders
from tests.dunning.seeds import NAIVE_SEED
from tests.rules.random_rules import TODAY, random_rules
from tests.rules.test_outcomes import rules

INVOICES = 60
# More on demand.
ROUNDS = int(os.environ.get("ROUND_COUNT", "3"))
# Before, within and after the minutes at which messages go out, and after the send hours.
HOURS = ("07:00", "08:45", "10:00", "19:00")
# Whatever an application may write, without the ids that a repetition cannot have.
_LOOKS = (
    "SELECT * FROM rule_records ORDER BY 1",
    "SELECT * FROM rule_matches ORDER BY 1, 2",
    "SELECT invoice_id, at, on_date, event, causation_id, depth, caused_by, slot, rule_id, became, shadowed"
    " FROM rule_log ORDER BY invoice_id, id",
    "SELECT invoice_id, rule_id, causation_id, depth, recipient, channel, text, state, due_at"
    " FROM rule_notifications ORDER BY invoice_id, id",
    "SELECT t.invoice_id, c.cadence_id, c.cycle, t.at, t.on_date, t.kind, t.actor, t.data FROM timeline t"
    " LEFT JOIN collections c ON c.id = t.collection_id ORDER BY t.invoice_id, t.id",
    "SELECT invoice_id, cadence_id, version_id, cycle, state, entered_on, last_contact_on, assigned_by, closed_at"
    " FROM collections ORDER BY 1, 2, 4",
    "SELECT c.invoice_id, c.cadence_id, c.cycle, s.step_id, s.status, s.on_date, s.because, s.occurrence, s.ran_on"
    " FROM step_statuses s JOIN collections c ON c.id = s.collection_id ORDER BY 1, 2, 3, 4",
    "SELECT c.invoice_id, c.cadence_id, a.step_id, a.kind, a.state, a.owner, a.due_on, a.ended_at, a.ended_by"
    " FROM actions a JOIN collections c ON c.id = a.collection_id ORDER BY 1, 2, 3",
    "SELECT c.invoice_id, c.cadence_id, n.stage, n.step_id, n.channel, n.execution, n.due_on, n.acts_at,"
    " n.because, n.sentence, n.decided_at"
    " FROM next_actions n JOIN collections c ON c.id = n.collection_id ORDER BY 1, 2",
    "SELECT id, is_hidden FROM invoices ORDER BY 1",
)


def read_all(session: Session) -> list[list[Any]]:
    """Return what the ledger holds of it all."""
    return [[tuple(row) for row in session.execute(text(look))] for look in _LOOKS]


def keep(session: Session, drawn: Sequence[Rule]) -> None:
    """Write the rules, with their ids; those that bear these ids already say something else from now on."""
    insert = "INSERT INTO smart_rules (id, name, position, is_active, definition, created_by, changed_by)"
    insert += " OVERRIDING SYSTEM VALUE VALUES (:id, :name, :position, :is_active, :definition, 'ana', 'ana')"
    insert += " ON CONFLICT (id) DO UPDATE SET position = excluded.position, is_active = excluded.is_active,"
    insert += " definition = excluded.definition"
    for rule in drawn:
        values = {"id": rule.id, "name": rule.name, "position": rule.position, "is_active": rule.is_active}
        session.execute(text(insert), values | {"definition": rule.definition.model_dump_json()})
    session.execute(text("UPDATE organization SET rules_revision = rules_revision + 1"))


def apply_all(session: Session, notifies: bool, change: Change, page: int = 25) -> int:
    """Apply the active rules to all invoices, page by page, and return how many changed.

    A page ends early behind a few that need a closer look.
    """
    bounds = InvoicePage(0, 1000, page, by_one_max=page // 3)
    changed = 0
    while (done := apply_page(session, None, bounds, change, "job/7", notifies=notifies)) is not None:
        bounds = replace(bounds, after_id=done.last_id)
        changed += done.changed
    return changed


def apply_each(session: Session, ids: Sequence[int], notifies: bool, change: Change) -> int:
    """Do the same with one invoice after the other."""
    changed = 0
    for id_ in ids:
        now = apply_by_one(session, active_rules(session), [id_], change, "job/7", notifies)
        settle_locked(session, open_collections(session, now), change)
        changed += len(now)
    return changed


def a_lived_book(book: Book, random: Random) -> list[int]:
    """Fill the book with invoices under cadences of steps, to which rules and people did something before."""
    ids = sorted(book.do(lambda session: fill(session, random, INVOICES)))
    steps = "INSERT INTO cadence_steps (version_id, step_id, position, anchor, offset_days, channel, execution,"
    steps += " template) SELECT id, :step, :position, 'due_date', :offset, :channel, :execution, :template"
    steps += " FROM cadence_versions WHERE NOT EXISTS (SELECT FROM cadence_steps s WHERE s.version_id ="
    steps += " cadence_versions.id AND s.position >= :position) AND id % :every = 0"
    mail = {"channel": "email", "execution": "automatic", "template": "reminder"}
    call = {"channel": "call", "execution": "manual", "template": None}
    book.run(steps, step="first", position=1, offset=-30, every=2, **mail)
    book.run(steps, step="call", position=2, offset=-5, every=2, **call)
    book.run(steps, step="mail", position=3, offset=3, every=1, **mail)
    book.do(lambda session: settle_many(session, ids, Change(at("2026-06-14 10:00"), TODAY - timedelta(days=1))))

    def lived(session: Session) -> None:
        keep(session, random_rules(random, 8))
        before = Change(at("2026-06-14 11:00"), TODAY - timedelta(days=1))
        settle_page_by_rules(session, random.sample(ids, INVOICES // 2), before, Event.CREATED)
        session.execute(text("DELETE FROM outbox"))

    book.do(lived)
    book.run("UPDATE invoices SET cadence_locked_at = now(), cadence_locked_by = 'ana' WHERE id % 7 = 0")
    book.run("UPDATE collections SET last_contact_on = '2026-06-10' WHERE id % 3 = 0")
    book.run("UPDATE invoices SET contacted_on = '2026-06-12' WHERE id % 5 = 0")
    return ids


def drawn_rules(random: Random, asks_what_changes: bool) -> tuple[Rule, ...]:
    """Return random rules; those that ask about what rules change are seldom wanted."""
    drawn = random_rules(random, 12)
    if asks_what_changes:
        return drawn
    changing = (Field.CADENCE, Field.VISIBILITY)
    return tuple(
        rule.model_copy(
            update={
                "definition": rule.definition.model_copy(
                    update={
                        "conditions": tuple(one for one in rule.definition.conditions if one.field not in changing)
                    }
                )
            }
        )
        for rule in drawn
    )


def test_a_page_does_what_rules_do_one_by_one_and_a_second_time_nothing(book: Book) -> None:
    random = Random(NAIVE_SEED)
    book.set(jitter_minutes=60)
    ids = a_lived_book(book, random)
    moved = 0
    for round_number in range(ROUNDS):
        is_chain = round_number % 3 == 2
        hour = HOURS[(NAIVE_SEED + round_number) % len(HOURS)]
        change = Change(at(f"{TODAY} {hour}"), TODAY, "ana", job_id=7)
        drawn = drawn_rules(random, asks_what_changes=is_chain)
        notifies = round_number % 2 == 0
        found = []
        for way in ("pages", "each"):
            with transaction(book.engine) as session:
                keep(session, drawn)
                before = waiting(session, ids)
                if way == "pages":
                    changed = apply_all(session, notifies, change)
                    after = waiting(session, ids)
                    told = session.scalars(text("SELECT invoice_id FROM outbox WHERE is_bulk ORDER BY 1")).all()
                    assert told == [id_ for id_ in ids if before.get(id_) != after.get(id_)]
                else:
                    changed = apply_each(session, ids, notifies, change)
                found.append((changed, read_all(session)))
                if way == "pages" and not is_chain:
                    rested = read_all(session)
                    again = apply_all(session, notifies, change)
                    assert_same(rested, read_all(session))
                    assert again == 0
                session.rollback()
        (changed, by_page), (one_by_one, each) = found
        assert changed == one_by_one, f"NAIVE_SEED={NAIVE_SEED}, round {round_number}"
        assert_same(each, by_page)
        moved += changed

    assert moved > 5, "rules that change nothing would prove nothing"


def assert_same(expected: list[list[Any]], actual: list[list[Any]]) -> None:
    """Compare look by look, so that what differs is seen."""
    for look, wanted, found in zip(_LOOKS, expected, actual, strict=True):
        assert found == wanted, f"NAIVE_SEED={NAIVE_SEED}: {look}"


def test_a_job_applies_rules_to_what_they_match_and_passes_over_what_cannot_be_decided(book: Book) -> None:
    book.publish(reminders(1, name="W-KEY"))
    ids = [book.invoice(f"INV-{number}", total=Decimal(100 + number)) for number in range(6)]
    book.pause(ids[2], "2026-05-05 09:00")
    # No decision knows that day.
    book.run("UPDATE holds SET until_on = 'infinity'")

    def keep_rules(session: Session) -> None:
        keep(session, rules("total > 103 then hide", "total > 101 then assign W-KEY"))

    book.do(keep_rules)
    job = applied(book, {"rule_ids": [2], "notify": False})
    assert (job.state, job.total, job.done, job.changed, job.failed) == ("done", 4, 4, 3, 1)
    assert book.rows("SELECT subject, outcome FROM job_rows") == [("INV-2", "refused")]
    assert [book.collections(id_)[-1][0] for id_ in ids] == ["Standard"] * 3 + ["W-KEY"] * 3
    hidden = book.rows("SELECT number FROM invoices WHERE is_hidden ORDER BY id")
    assert hidden == ["INV-4", "INV-5"]
    batch = f"SELECT DISTINCT kind FROM timeline WHERE data ->> 'job' = '{job.id}' ORDER BY 1"
    assert book.rows(batch) == ["collection closed", "hidden", "reassigned"]
    book.run("DELETE FROM holds")
    again = applied(book, {"rule_ids": None})
    assert (again.total, again.done, again.changed) == (6, 6, 1)
    assert applied(book, {}).changed == 0
    book.run("UPDATE smart_rules SET is_active = false WHERE id = 2")
    book.run("UPDATE organization SET rules_revision = rules_revision + 1")
    assert applied(book, {"rule_ids": [2]}).state == "failed"


def applied(book: Book, order: dict[str, Any]) -> JobView:
    """Carry out a job that applies rules."""
    job_id = book.do(lambda session: open_job(session, "apply rules", "ana", order))
    return drive(book.engine, job_id)
