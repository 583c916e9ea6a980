"""What the database itself keeps of what was written down: the timeline, holds, and custom fields."""

from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from tests.db.ledger import Ledger, Refusing

# The timeline.


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE timeline SET actor = 'nobody'",
        "UPDATE timeline SET actor = actor WHERE id = (SELECT min(id) FROM timeline)",
        "DELETE FROM timeline",
        "TRUNCATE timeline",
        "TRUNCATE invoices CASCADE",
    ],
)
def test_the_timeline_only_grows(ledger: Ledger, statement: str) -> None:
    before = ledger.rows("SELECT * FROM timeline ORDER BY id")

    with pytest.raises(DBAPIError, match="the timeline is append-only"):
        ledger.change(statement)

    assert ledger.rows("SELECT * FROM timeline ORDER BY id") == before
    assert before


def test_an_event_takes_effect_once(ledger: Ledger) -> None:
    entry = {
        "invoice_id": ledger.invoice_id,
        "at": "2026-06-01",
        "on_date": "2026-06-01",
        "kind": "paused",
        "actor": "ana",
    }
    ledger.add("timeline", event_id="e1", **entry)

    with Refusing("uq_timeline_event_id"):
        ledger.add("timeline", event_id="e1", **entry)
    ledger.add("timeline", **entry)
    ledger.add("timeline", **entry)


# Holds.


def a_hold(**changed: Any) -> dict[str, Any]:
    """Return the values of a pause."""
    return {"kind": "pause", "started_at": "2026-06-01 10:00+00", "started_by": "ana"} | changed


def test_a_hold_is_of_one_invoice_or_of_one_customer(ledger: Ledger) -> None:

    with Refusing("ck_holds_owner"):
        ledger.add("holds", **a_hold())
    with Refusing("ck_holds_owner"):
        ledger.add("holds", **a_hold(invoice_id=ledger.invoice_id, customer_id=ledger.customer_id))
    ledger.add("holds", **a_hold(invoice_id=ledger.invoice_id))
    ledger.add("holds", **a_hold(customer_id=ledger.customer_id))


@pytest.mark.parametrize(
    ("owner", "index"), [("invoice", "uq_holds_invoice_open"), ("customer", "uq_holds_customer_open")]
)
def test_of_each_kind_one_hold_is_open(ledger: Ledger, owner: str, index: str) -> None:
    owned = {f"{owner}_id": ledger.invoice_id if owner == "invoice" else ledger.customer_id}
    ledger.add("holds", **a_hold(**owned))

    with Refusing(index):
        ledger.add("holds", **a_hold(**owned))
    ledger.add("holds", **a_hold(kind="dispute", **owned))
    ledger.change("UPDATE holds SET ended_at = now() WHERE kind = 'pause'")
    ledger.add("holds", **a_hold(**owned))


def test_a_hold_ends_after_it_began(ledger: Ledger) -> None:
    with Refusing("ck_holds_ended_at"):
        ledger.add("holds", **a_hold(invoice_id=ledger.invoice_id, ended_at="2026-06-01 09:59+00"))


# Custom fields.

VALUES: dict[str, Any] = {"text": "VIP", "number": 12.5, "date": "2026-06-01", "boolean": False, "select": "gold"}
COLUMNS = {kind: f"{kind}_value" for kind in ("text", "number", "date", "boolean")} | {"select": "text_value"}


def a_field(ledger: Ledger, kind: str, entity: str = "invoice") -> dict[str, Any]:
    """Define a field, and return what a value of it must bear."""
    options = '["gold", "silver"]' if kind == "select" else "[]"
    field_id = ledger.add("custom_fields", entity=entity, key=kind, type=kind, label=kind, options=options)
    return {"field_id": field_id, "entity": entity, "type": kind}


@pytest.mark.parametrize("kind", VALUES)
def test_a_custom_value_stands_in_the_column_of_its_type(ledger: Ledger, kind: str) -> None:
    field = a_field(ledger, kind) | {"invoice_id": ledger.invoice_id}
    others = {column: value for other, value in VALUES.items() if (column := COLUMNS[other]) != COLUMNS[kind]}

    with Refusing("ck_custom_values_typed"):
        ledger.add("custom_values", **field)
    for column, value in others.items():
        with Refusing("ck_custom_values_typed"):
            ledger.add("custom_values", **field, **{column: value})
        with Refusing("ck_custom_values_typed"):
            ledger.add("custom_values", **field, **{COLUMNS[kind]: VALUES[kind], column: value})
    ledger.add("custom_values", **field, **{COLUMNS[kind]: VALUES[kind]})


def test_a_custom_value_has_the_type_and_entity_of_its_field(ledger: Ledger) -> None:
    field = a_field(ledger, "text")

    for wrong in ({"type": "number", "number_value": 1}, {"entity": "customer", "text_value": "x"}):
        owner = {"customer_id" if "entity" in wrong else "invoice_id": ledger.customer_id}
        with Refusing("fk_custom_values_field_id_entity_type_custom_fields"):
            ledger.add("custom_values", **(field | wrong | owner))


def test_a_custom_value_is_of_one_owner_and_one_for_each_field(ledger: Ledger) -> None:
    field = a_field(ledger, "text") | {"text_value": "x"}

    for owners in (
        {},
        {"customer_id": ledger.customer_id},
        {"invoice_id": ledger.invoice_id, "customer_id": ledger.customer_id},
    ):
        with Refusing("ck_custom_values_owner"):
            ledger.add("custom_values", **field, **owners)
    ledger.add("custom_values", **field, invoice_id=ledger.invoice_id)
    with Refusing("uq_custom_values_invoice"):
        ledger.add("custom_values", **field, invoice_id=ledger.invoice_id)


def test_a_select_has_options_and_nothing_else_has(ledger: Ledger) -> None:
    field = {"entity": "invoice", "key": "k", "label": "K"}

    for kind, options in (("select", "[]"), ("text", '["a"]')):
        with Refusing("ck_custom_fields_options"):
            ledger.add("custom_fields", type=kind, options=options, **field)
    ledger.add("custom_fields", type="select", options='["a"]', **field)
    with Refusing("uq_custom_fields_entity_key"):
        ledger.add("custom_fields", type="text", **field)
