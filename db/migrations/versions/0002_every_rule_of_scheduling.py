"""Hold what every rule of scheduling needs: versions in force, repeats, snoozes, promises, merges, graces."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_IS_OPEN = "state IN ('active', 'exhausted')"
_STATES = "state IN ('active', 'exhausted', 'paid', 'void', 'written off', 'stopped'{})"
_KINDS = "kind IN ('pause', 'dispute', 'promise', 'payment_in_flight', 'partial_payment'{})"


def upgrade() -> None:
    """Go up."""
    op.add_column(
        "organization", sa.Column("promise_grace_days", sa.Integer(), server_default="2", nullable=False)
    )
    op.add_column(
        "organization", sa.Column("reversal_grace_days", sa.Integer(), server_default="3", nullable=False)
    )
    op.add_column(
        "organization", sa.Column("contact_delay_scope", sa.Text(), server_default="collection", nullable=False)
    )
    op.add_column(
        "organization", sa.Column("merges_same_day", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("organization", sa.Column("holiday_calendar", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_organization_contact_delay_scope"),
        "organization",
        "contact_delay_scope IN ('collection', 'customer')",
    )
    op.add_column("cadence_versions", sa.Column("published_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cadence_versions", sa.Column("published_by", sa.Text(), nullable=True))
    # Until now a version was published as it was written.
    op.execute("UPDATE cadence_versions SET published_at = created_at WHERE state <> 'draft'")
    op.add_column("cadence_steps", sa.Column("repeat_every_days", sa.Integer(), nullable=True))
    op.add_column("cadence_steps", sa.Column("repeat_limit", sa.Integer(), nullable=True))
    op.create_check_constraint(
        op.f("ck_cadence_steps_repeat"),
        "cadence_steps",
        "num_nulls(repeat_every_days, repeat_limit) IN (0, 2)"
        " AND repeat_every_days BETWEEN 1 AND 365 AND repeat_limit BETWEEN 1 AND 100",
    )
    op.add_column("collections", sa.Column("version_id", sa.BigInteger(), nullable=True))
    # Until now every collection was reckoned by the published version; a cadence has always had one.
    op.execute(
        "UPDATE collections c SET version_id = (SELECT v.id FROM cadence_versions v"
        " WHERE v.cadence_id = c.cadence_id ORDER BY (v.state = 'published') DESC, v.number DESC LIMIT 1)"
    )
    op.alter_column("collections", "version_id", nullable=False)
    op.create_foreign_key(
        op.f("fk_collections_version_id_cadence_versions"),
        "collections",
        "cadence_versions",
        ["version_id"],
        ["id"],
    )
    op.drop_index("ix_collections_cadence_id", table_name="collections")
    op.create_index(
        "ix_collections_version_id",
        "collections",
        ["cadence_id", "version_id", "invoice_id"],
        postgresql_where=sa.text(_IS_OPEN),
    )
    op.drop_constraint(op.f("ck_collections_state"), "collections")
    op.create_check_constraint(op.f("ck_collections_state"), "collections", _STATES.format(", 'restarted'"))
    op.add_column("step_statuses", sa.Column("ran_on", sa.Date(), nullable=True))
    op.execute("UPDATE step_statuses SET ran_on = on_date WHERE status IN ('done', 'ignored')")
    op.drop_constraint(op.f("ck_holds_kind"), "holds")
    op.create_check_constraint(op.f("ck_holds_kind"), "holds", _KINDS.format(", 'reversal'"))
    op.add_column("actions", sa.Column("snoozed_until", sa.Date(), nullable=True))
    op.add_column("actions", sa.Column("merged_into", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_actions_merged_into_actions"), "actions", "actions", ["merged_into"], ["id"])
    op.create_index(
        "ix_actions_merged_into", "actions", ["merged_into"], postgresql_where=sa.text("merged_into IS NOT NULL")
    )
    op.add_column("invoices", sa.Column("contacted_on", sa.Date(), nullable=True))
    op.add_column(
        "invoices", sa.Column("stated", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)
    )
    op.create_table(
        "promises",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("promised_for", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=19, scale=4), nullable=True),
        sa.Column("outstanding_before", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="open", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(outcome = 'open') = (decided_at IS NULL)", name=op.f("ck_promises_decided_at")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_promises_amount")),
        sa.CheckConstraint(
            "outcome IN ('open', 'kept', 'partially kept', 'broken', 'replaced')",
            name=op.f("ck_promises_outcome"),
        ),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_promises_invoice_id_invoices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promises")),
    )
    op.create_index("ix_promises_invoice_id", "promises", ["invoice_id", "id"])
    op.create_index(
        "uq_promises_open", "promises", ["invoice_id"], unique=True, postgresql_where=sa.text("outcome = 'open'")
    )


def downgrade() -> None:
    """Go down. Collections that were restarted become stopped ones, and holds of reversals are dropped."""
    op.drop_table("promises")
    op.drop_column("invoices", "stated")
    op.drop_column("invoices", "contacted_on")
    op.drop_column("actions", "merged_into")
    op.drop_column("actions", "snoozed_until")
    op.execute("DELETE FROM holds WHERE kind = 'reversal'")
    op.drop_constraint(op.f("ck_holds_kind"), "holds")
    op.create_check_constraint(op.f("ck_holds_kind"), "holds", _KINDS.format(""))
    op.drop_column("step_statuses", "ran_on")
    op.execute("UPDATE collections SET state = 'stopped' WHERE state = 'restarted'")
    op.drop_constraint(op.f("ck_collections_state"), "collections")
    op.create_check_constraint(op.f("ck_collections_state"), "collections", _STATES.format(""))
    op.drop_column("collections", "version_id")
    op.create_index("ix_collections_cadence_id", "collections", ["cadence_id"], postgresql_where=sa.text(_IS_OPEN))
    op.drop_column("cadence_steps", "repeat_limit")
    op.drop_column("cadence_steps", "repeat_every_days")
    op.drop_column("cadence_versions", "published_by")
    op.drop_column("cadence_versions", "published_at")
    op.drop_column("organization", "holiday_calendar")
    op.drop_column("organization", "merges_same_day")
    op.drop_column("organization", "contact_delay_scope")
    op.drop_column("organization", "reversal_grace_days")
    op.drop_column("organization", "promise_grace_days")
