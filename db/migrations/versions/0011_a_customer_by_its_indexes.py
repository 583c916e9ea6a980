"""Find what a customer owes and paid in indexes alone, whose an invoice's to-do is, and what a person did of a kind."""

from alembic import op
from sqlalchemy import text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_UNSETTLED = text("state = 'open' AND settled < total")
_OWED = ["currency", "outstanding", "due_on", "issued_on"]
# By table: when what it has was taken back.
_ENDED = {"payments": "reversed_on", "credit_notes": "voided_on"}


def upgrade() -> None:
    """Go up."""
    op.create_index("ix_audit_log_actor_verb", "audit_log", ["actor", "verb", "id"], unique=False)
    op.create_index(
        "ix_actions_open_owner",
        "actions",
        ["collection_id", "owner"],
        unique=False,
        postgresql_where=text("state = 'open'"),
    )
    _create_owed(_OWED)
    for table, ended_on in _ENDED.items():
        op.drop_index(f"ix_{table}_customer_id", table_name=table)
        op.create_index(
            f"ix_{table}_customer",
            table,
            ["customer_id", "id"],
            unique=False,
            postgresql_include=["currency", ended_on],
        )
        op.create_index(
            f"ix_{table}_unallocated",
            table,
            ["customer_id"],
            unique=False,
            postgresql_where=text("unallocated > 0"),
        )


def downgrade() -> None:
    """Go down."""
    for table in _ENDED:
        op.drop_index(f"ix_{table}_unallocated", table_name=table)
        op.drop_index(f"ix_{table}_customer", table_name=table)
        op.create_index(f"ix_{table}_customer_id", table, ["customer_id"], unique=False)
    _create_owed([])
    op.drop_index("ix_actions_open_owner", table_name="actions")
    op.drop_index("ix_audit_log_actor_verb", table_name="audit_log")


def _create_owed(included: list[str]) -> None:
    op.drop_index("ix_invoices_customer", table_name="invoices")
    op.create_index(
        "ix_invoices_customer",
        "invoices",
        ["customer_id", "id"],
        unique=False,
        postgresql_where=_UNSETTLED,
        postgresql_include=included,
    )
