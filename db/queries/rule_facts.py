"""Reads what smart rules know of invoices, for those that are asked about one by one (`rules.facts`)."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from rules.facts import CustomValue, InvoiceFacts

# Bounded by the invoices' ids. The joins are by primary keys, uq_holds_invoice_open, uq_collections_open and
# ix_payment_allocations_invoice_id.
_FACTS = text("""
SELECT i.id, cu.external_id AS customer, i.number, i.po_number, i.currency, i.issued_on,
       COALESCE(i.due_on, i.issued_on + COALESCE(cu.payment_term_days, o.payment_term_days)) AS due_on,
       i.total, i.settled AS paid, i.state, i.is_hidden, h.id IS NOT NULL AS is_disputed, ca.name AS cadence,
       o.tolerance,
       (SELECT max(p.received_on) FROM payment_allocations a JOIN payments p ON p.id = a.payment_id
         WHERE a.invoice_id = i.id AND p.reversed_on IS NULL) AS paid_on
  FROM invoices i JOIN organization o ON o.id = 1
  JOIN customers cu ON cu.id = i.customer_id
  LEFT JOIN holds h ON h.invoice_id = i.id AND h.kind = 'dispute' AND h.ended_at IS NULL
  LEFT JOIN collections c ON c.invoice_id = i.id AND c.state IN ('active', 'exhausted')
  LEFT JOIN cadences ca ON ca.id = c.cadence_id
 WHERE i.id = ANY(:ids)
""")
# By uq_custom_values_invoice and uq_custom_values_customer.
_CUSTOM = text("""
SELECT v.invoice_id AS id, f.entity, f.key, v.text_value, v.number_value, v.date_value, v.boolean_value
  FROM custom_values v JOIN custom_fields f ON f.id = v.field_id WHERE v.invoice_id = ANY(:ids)
UNION ALL
SELECT i.id, f.entity, f.key, v.text_value, v.number_value, v.date_value, v.boolean_value
  FROM invoices i JOIN custom_values v ON v.customer_id = i.customer_id JOIN custom_fields f ON f.id = v.field_id
 WHERE i.id = ANY(:ids)
""")


def invoice_facts(session: Session, invoice_ids: Iterable[int], today: date) -> dict[int, InvoiceFacts]:
    """Return the facts of these invoices on the local day, by id; unknown ids are left out."""
    ids = list(invoice_ids)
    custom: dict[int, dict[tuple[str, str], CustomValue]] = {}
    for row in session.execute(_CUSTOM, {"ids": ids}):
        values: tuple[Any, ...] = (row.text_value, row.number_value, row.date_value, row.boolean_value)
        value: CustomValue = next(one for one in values if one is not None)
        custom.setdefault(row.id, {})[row.entity, row.key] = value
    found: dict[int, InvoiceFacts] = {}
    for row in session.execute(_FACTS, {"ids": ids}):
        stated = dict(row._mapping)
        id_ = stated.pop("id")
        found[id_] = InvoiceFacts(as_of=today, custom=custom.get(id_, {}), **stated)
    return found
