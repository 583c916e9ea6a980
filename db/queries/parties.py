"""Reads customers with their contacts, as statements about them are compared with the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.custom_fields import Values, custom_values

# By uq_customers_external_id and ix uq_contacts_email; bounded by the ids of a page.
_CUSTOMERS = text("""
SELECT cu.id, cu.external_id, cu.name, cu.locale, cu.payment_term_days,
       (SELECT jsonb_agg(jsonb_build_array(k.id, k.role, k.is_main, k.email, k.first_name, k.last_name,
                                           k.unreachable_because) ORDER BY k.id)
          FROM contacts k WHERE k.customer_id = cu.id) AS contacts
  FROM customers cu WHERE cu.external_id = ANY(:external_ids)
""")


@dataclass(frozen=True, slots=True)
class KnownContact:
    """A contact as the ledger has it; one that is not written yet has no id."""

    id: int | None
    role: str
    is_main: bool
    email: str | None
    first_name: str | None
    last_name: str | None
    unreachable_because: str | None = None


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """A customer as the ledger has it, with its contacts from the oldest on."""

    id: int
    external_id: str
    name: str
    locale: str | None
    payment_term_days: int | None
    contacts: tuple[KnownContact, ...]
    custom: Values = field(default_factory=dict)


def known_customers(session: Session, external_ids: Iterable[str], *, custom: bool) -> dict[str, KnownCustomer]:
    """Return those of the customers that there are, by external id; their custom values where that is asked."""
    rows = session.execute(_CUSTOMERS, {"external_ids": list(external_ids)}).all()
    values = custom_values(session, "customer", [row.id for row in rows]) if custom else {}
    return {
        row.external_id: KnownCustomer(
            row.id,
            row.external_id,
            row.name,
            row.locale,
            row.payment_term_days,
            tuple(KnownContact(*contact) for contact in row.contacts or ()),
            values.get(row.id, {}),
        )
        for row in rows
    }
