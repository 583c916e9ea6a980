"""Write at each payment and credit note what of it settles nothing yet (docs/decisions/0034)."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_AMOUNTS = {"payments": "amount", "credit_notes": "total"}
# Of what was taken back nothing can settle anything any more.
_LEFT = {
    "payments": ("payment_allocations", "payment_id", "reversed_on"),
    "credit_notes": ("credit_allocations", "credit_note_id", "voided_on"),
}


def upgrade() -> None:
    """Go up."""
    for table, amount in _AMOUNTS.items():
        allocations, key, ended_on = _LEFT[table]
        op.add_column(
            table, sa.Column("unallocated", sa.Numeric(19, 4), server_default=sa.text("0"), nullable=False)
        )
        op.execute(f"""
        UPDATE {table} p SET unallocated = s.unallocated
          FROM (SELECT m.id, m.{amount} - COALESCE(sum(a.amount), 0) AS unallocated
                  FROM {table} m LEFT JOIN {allocations} a ON a.{key} = m.id
                 WHERE m.{ended_on} IS NULL GROUP BY m.id) s
         WHERE p.id = s.id AND s.unallocated > 0""")  # noqa: S608  # constants alone
        op.create_check_constraint(
            op.f(f"ck_{table}_unallocated"), table, f"unallocated >= 0 AND unallocated <= {amount}"
        )


def downgrade() -> None:
    """Go down."""
    for table in _AMOUNTS:
        op.drop_constraint(op.f(f"ck_{table}_unallocated"), table, type_="check")
        op.drop_column(table, "unallocated")
