"""The invariants that the database itself keeps, whoever writes to it: collections, cadences and closed sets."""

from typing import Any

import pytest

from db.schema import metadata
from dunning.cadence import Channel, Logic
from dunning.facts import HoldKind, InvoiceState, StepStatus
from tests.db.ledger import Ledger, Refusing


def a_collection(ledger: Ledger, **changed: Any) -> dict[str, Any]:
    """Return the values of a further collection of the invoice, under the cadence that it is under."""
    cadence_id, version_id = ledger.rows("SELECT cadence_id, version_id FROM collections")[0]
    values = {"invoice_id": ledger.invoice_id, "cadence_id": cadence_id, "version_id": version_id}
    return values | {"entered_on": "2026-06-01"} | {"assigned_by": "ana"} | changed


def an_action(ledger: Ledger, step: str = "call", **changed: Any) -> dict[str, Any]:
    """Return the values of an action."""
    cadence_id = ledger.rows("SELECT cadence_id FROM collections WHERE id = :id", id=ledger.collection_id)[0][0]
    owned = {
        "collection_id": ledger.collection_id,
        "invoice_id": ledger.invoice_id,
        "customer_id": ledger.customer_id,
        "cadence_id": cadence_id,
    }
    values = {"step_id": step, "channel": "call", "execution": "manual", "state": "open", "due_on": "2026-06-01"}
    return owned | values | changed


# Collections and actions.


def test_an_invoice_has_one_open_collection(ledger: Ledger) -> None:
    other = ledger.add("cadences", name="Other")

    for state in ("active", "exhausted"):
        with Refusing("uq_collections_open"):
            ledger.add("collections", **a_collection(ledger, cadence_id=other, state=state))
    closed = a_collection(ledger, cadence_id=other, state="stopped", closed_at="2026-06-01")
    ledger.add("collections", **closed)


def test_a_collection_is_open_or_says_when_it_was_closed(ledger: Ledger) -> None:
    contradictions: list[dict[str, Any]] = [{"state": "paid"}, {"state": "active", "closed_at": "2026-06-01"}]
    for changed in contradictions:
        with Refusing("ck_collections_closed_at"):
            ledger.add("collections", **a_collection(ledger, cycle=2, **changed))


def test_a_collection_is_one_invoice_under_one_cadence_in_one_cycle(ledger: Ledger) -> None:
    closed = {"state": "stopped", "closed_at": "2026-06-01"}

    with Refusing("uq_collections_invoice_id_cadence_id_cycle"):
        ledger.add("collections", **a_collection(ledger, **closed))
    with Refusing("ck_collections_cycle"):
        ledger.add("collections", **a_collection(ledger, cycle=0, **closed))
    ledger.add("collections", **a_collection(ledger, cycle=2, **closed))


def test_a_step_has_one_action_for_each_occurrence(ledger: Ledger) -> None:
    ledger.add("actions", **an_action(ledger))

    for state in ("open", "sending", "done", "canceled"):
        with Refusing("uq_actions_collection_id_step_id_occurrence"):
            ledger.add("actions", **an_action(ledger, state=state))
    ledger.add("actions", **an_action(ledger, occurrence=2))
    ledger.add("actions", **an_action(ledger, "reminder"))


def test_an_action_is_about_the_invoice_of_its_collection(ledger: Ledger) -> None:
    with Refusing("fk_actions_collection_id_invoice_id_collections"):
        ledger.add("actions", **an_action(ledger, invoice_id=ledger.invoice_id + 1))


def test_an_action_has_one_message_and_a_message_id_is_used_once(ledger: Ledger) -> None:
    first = ledger.add("actions", **an_action(ledger))
    second = ledger.add("actions", **an_action(ledger, occurrence=2))
    message = {"sender": "a", "recipients": "[]", "subject": "x", "mime": b"x", "state": "sent"}
    ledger.add("messages", action_id=first, message_id="<1@duewell.example>", **message)

    with Refusing("uq_messages_action_id"):
        ledger.add("messages", action_id=first, message_id="<2@duewell.example>", **message)
    with Refusing("uq_messages_message_id"):
        ledger.add("messages", action_id=second, message_id="<1@duewell.example>", **message)


# Cadences.


def test_one_cadence_is_the_default(ledger: Ledger) -> None:
    ledger.add("cadences", name="Other")

    with Refusing("uq_cadences_default"):
        ledger.change("UPDATE cadences SET is_default = true")
    with Refusing("uq_cadences_name"):
        ledger.add("cadences", name="Standard")


def test_one_version_of_a_cadence_is_published(ledger: Ledger) -> None:
    cadence_id = ledger.rows("SELECT id FROM cadences")[0][0]
    version = {"cadence_id": cadence_id, "logic": "standard", "contact_delay_days_min": 5}

    with Refusing("uq_cadence_versions_published"):
        ledger.add("cadence_versions", number=2, state="published", **version)
    with Refusing("uq_cadence_versions_cadence_id_number"):
        ledger.add("cadence_versions", number=1, state="draft", **version)
    ledger.add("cadence_versions", number=2, state="draft", **version)
    ledger.add("cadence_versions", number=3, state="draft", **version)


@pytest.mark.parametrize("days", [-1, 31])
def test_the_minimum_contact_delay_is_0_to_30_days(ledger: Ledger, days: int) -> None:
    with Refusing("ck_cadence_versions_contact_delay_days_min"):
        ledger.change(f"UPDATE cadence_versions SET contact_delay_days_min = {days}")


@pytest.mark.parametrize("channel", ["call", "task"])
def test_a_call_and_a_task_are_never_automatic(ledger: Ledger, channel: str) -> None:
    with Refusing("ck_cadence_steps_manual_only"):
        ledger.change(f"UPDATE cadence_steps SET channel = '{channel}' WHERE step_id = 'reminder'")


def test_only_the_due_date_has_steps_before_it(ledger: Ledger) -> None:
    with Refusing("ck_cadence_steps_offset_days"):
        ledger.change("UPDATE cadence_steps SET anchor = 'issue_date' WHERE step_id = 'upcoming'")
    ledger.change("UPDATE cadence_steps SET anchor = 'issue_date', offset_days = 0 WHERE step_id = 'upcoming'")


# Closed sets, and the organization.

SETS = {
    "ck_invoices_state": InvoiceState,
    "ck_holds_kind": HoldKind,
    "ck_step_statuses_status": StepStatus,
    "ck_cadence_versions_logic": Logic,
    "ck_cadence_steps_channel": Channel,
    "ck_actions_channel": Channel,
}


@pytest.mark.parametrize("constraint", SETS)
def test_the_database_knows_every_word_of_the_core(ledger: Ledger, constraint: str) -> None:
    definition = ledger.rows(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name", name=constraint
    )[0][0]

    known = set(definition.split("'")[1::2])
    assert known == {value.value for value in SETS[constraint]}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (table.name, column.name)
        for table in metadata().sorted_tables
        for column in table.columns
        if column.name in {"state", "kind", "stage", "channel", "execution", "logic", "anchor", "entity", "status"}
        and (table.name, column.name)
        not in {("timeline", "kind"), ("jobs", "kind"), ("webhook_deliveries", "kind")}
        and not (table.name == "next_actions" and column.name in {"channel", "execution"})
        and not (table.name == "custom_values" and column.name == "entity")
    ],
)
def test_every_closed_set_is_closed(table: str, column: str) -> None:
    names = {one.name for one in metadata().tables[table].constraints}

    assert f"ck_{table}_{column}" in names


def test_there_is_one_organization(ledger: Ledger) -> None:
    for id_, constraint in ((2, "ck_organization_single_row"), (1, "pk_organization")):
        with Refusing(constraint):
            ledger.add("organization", id=id_, name="x", email="x")


@pytest.mark.parametrize(
    ("setting", "constraint"),
    [
        ("send_time = send_until", "ck_organization_send_hours"),
        ("business_days = '{}'", "ck_organization_business_days"),
        ("jitter_minutes = -1", "ck_organization_jitter_minutes"),
    ],
)
def test_the_calendar_makes_sense(ledger: Ledger, setting: str, constraint: str) -> None:
    with Refusing(constraint):
        ledger.change(f"UPDATE organization SET {setting}")


def test_a_customer_has_one_main_contact_and_each_address_once(ledger: Ledger) -> None:

    with Refusing("uq_contacts_main"):
        ledger.add("contacts", customer_id=ledger.customer_id, email="b@helios.example", is_main=True)
    with Refusing("uq_contacts_email"):
        ledger.add("contacts", customer_id=ledger.customer_id, email="ANA@helios.example")


def test_every_constraint_has_a_name_of_its_own() -> None:
    """Without a name no later migration could drop it on every installation alike."""
    assert [one for table in metadata().sorted_tables for one in table.constraints if one.name is None] == []
