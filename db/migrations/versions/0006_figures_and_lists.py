"""Hold what the overview counted last, and find what lists of invoices ask for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_UNSETTLED = "state = 'open' AND settled < total"
_INDEXES = (
    ("ix_customers_name", "customers", ["name", "id"], None),
    ("ix_invoices_outstanding", "invoices", ["currency", "outstanding", "id"], _UNSETTLED),
    ("ix_invoices_customer", "invoices", ["customer_id", "id"], _UNSETTLED),
    ("ix_invoices_undated", "invoices", ["issued_on", "id"], f"{_UNSETTLED} AND due_on IS NULL"),
    ("ix_invoices_hidden", "invoices", ["id"], "is_hidden"),
    ("ix_invoices_ended", "invoices", ["state", "id"], "state <> 'open'"),
    ("ix_next_actions_due_on", "next_actions", ["due_on", "channel", "execution"], "due_on IS NOT NULL"),
    ("ix_promises_broken", "promises", ["invoice_id"], "outcome = 'broken'"),
    ("ix_promises_due", "promises", ["promised_for", "id"], "outcome = 'open'"),
)


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "kept_figures",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_kept_figures")),
    )
    for name, table, columns, where in _INDEXES:
        op.create_index(name, table, columns, postgresql_where=None if where is None else sa.text(where))
    op.create_index("ix_invoices_issued_on", "invoices", ["issued_on"], postgresql_using="brin")
    op.create_index("ix_invoices_number_begins", "invoices", [sa.text("lower(number) text_pattern_ops")])
    op.create_index("ix_invoices_number_ends", "invoices", [sa.text("reverse(lower(number)) text_pattern_ops")])


def downgrade() -> None:
    """Go down."""
    op.drop_index("ix_invoices_number_ends", table_name="invoices")
    op.drop_index("ix_invoices_number_begins", table_name="invoices")
    op.drop_index("ix_invoices_issued_on", table_name="invoices", postgresql_using="brin")
    for name, table, _, where in reversed(_INDEXES):
        op.drop_index(name, table_name=table, postgresql_where=None if where is None else sa.text(where))
    op.drop_table("kept_figures")
