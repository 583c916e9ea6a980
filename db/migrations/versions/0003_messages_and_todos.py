"""Hold what messages and to-dos need: people, senders, texts, files of invoices, what comes back, lists of actions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "groups",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sa.UniqueConstraint("name", name=op.f("uq_groups_name")),
    )
    op.create_table(
        "templates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("is_current", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_templates")),
        sa.UniqueConstraint("name", "language", "number", name=op.f("uq_templates_name_language_number")),
    )
    op.create_index(
        "uq_templates_current",
        "templates",
        ["name", "language"],
        unique=True,
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index("uq_users_email", "users", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_group_members_group_id_groups"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_group_members_user_id_users")),
        sa.PrimaryKeyConstraint("group_id", "user_id", name=op.f("pk_group_members")),
    )
    op.create_index("ix_group_members_user_id", "group_members", ["user_id"], unique=False)
    op.create_table(
        "senders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("reply_to", sa.Text(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_digest", sa.Text(), nullable=True),
        sa.Column("code_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("minute_max", sa.Integer(), nullable=True),
        sa.Column("day_max", sa.Integer(), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("day_count", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("minute_max > 0 AND day_max > 0", name=op.f("ck_senders_throttle")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_senders_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_senders")),
    )
    op.create_index(
        "uq_senders_default", "senders", ["is_default"], unique=True, postgresql_where=sa.text("is_default")
    )
    op.create_index("uq_senders_email", "senders", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "invoice_files",
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_invoice_files_invoice_id_invoices")
        ),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_invoice_files")),
    )
    op.create_table(
        "incoming_messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("answers", sa.BigInteger(), nullable=True),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('reply', 'automatic reply', 'bounce', 'delay', 'complaint', 'other')",
            name=op.f("ck_incoming_messages_kind"),
        ),
        sa.ForeignKeyConstraint(["answers"], ["messages.id"], name=op.f("fk_incoming_messages_answers_messages")),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_incoming_messages_invoice_id_invoices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming_messages")),
        sa.UniqueConstraint("digest", name=op.f("uq_incoming_messages_digest")),
    )
    op.create_index("ix_incoming_messages_invoice_id", "incoming_messages", ["invoice_id", "id"], unique=False)
    op.create_index(
        "ix_incoming_messages_unmatched",
        "incoming_messages",
        ["id"],
        unique=False,
        postgresql_where=sa.text("invoice_id IS NULL"),
    )
    op.add_column("actions", sa.Column("customer_id", sa.BigInteger(), nullable=True))
    op.add_column("actions", sa.Column("cadence_id", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE actions a SET customer_id = i.customer_id, cadence_id = c.cadence_id"
        " FROM collections c JOIN invoices i ON i.id = c.invoice_id WHERE c.id = a.collection_id"
    )
    op.alter_column("actions", "customer_id", nullable=False)
    op.alter_column("actions", "cadence_id", nullable=False)
    op.add_column("actions", sa.Column("kind", sa.Text(), server_default="step", nullable=False))
    op.create_check_constraint(
        op.f("ck_actions_kind"), "actions", "kind IN ('step', 'reply', 'message', 'parked')"
    )
    op.execute("UPDATE actions SET kind = 'parked', step_id = '(parked)' WHERE step_id = 'parked'")
    op.add_column("actions", sa.Column("draft_subject", sa.Text(), nullable=True))
    op.add_column("actions", sa.Column("draft_body", sa.Text(), nullable=True))
    op.add_column("actions", sa.Column("slot_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("actions", sa.Column("approved_by", sa.Text(), nullable=True))
    op.add_column(
        "actions",
        sa.Column(
            "listed_on",
            sa.Date(),
            sa.Computed("GREATEST(due_on, snoozed_until)", persisted=True),
            nullable=False,
        ),
    )
    listed = ["state", "channel", "kind", "listed_on", "id"]
    op.create_index("ix_actions_list", "actions", listed, unique=False)
    op.create_index("ix_actions_list_owner", "actions", ["owner", *listed], unique=False)
    op.create_index("ix_actions_list_cadence", "actions", ["cadence_id", *listed], unique=False)
    op.create_index("ix_actions_list_cadence_owner", "actions", ["cadence_id", "owner", *listed], unique=False)
    op.create_index(
        "ix_actions_list_customer",
        "actions",
        ["customer_id", *listed],
        unique=False,
        postgresql_include=["cadence_id", "owner"],
    )
    op.create_foreign_key(
        op.f("fk_actions_customer_id_customers"), "actions", "customers", ["customer_id"], ["id"]
    )
    op.create_foreign_key(op.f("fk_actions_cadence_id_cadences"), "actions", "cadences", ["cadence_id"], ["id"])
    op.add_column("cadence_steps", sa.Column("name", sa.Text(), nullable=True))
    op.add_column(
        "cadence_steps", sa.Column("responsible", postgresql.JSONB(), server_default="[]", nullable=False)
    )
    op.add_column("cadence_steps", sa.Column("sender", sa.Text(), nullable=True))
    op.add_column(
        "cadence_steps", sa.Column("recipients", postgresql.JSONB(), server_default="[]", nullable=False)
    )
    op.add_column("cadence_steps", sa.Column("cc", postgresql.JSONB(), server_default="[]", nullable=False))
    op.add_column("cadence_steps", sa.Column("bcc", postgresql.JSONB(), server_default="[]", nullable=False))
    op.add_column("contacts", sa.Column("locale", sa.Text(), nullable=True))
    op.add_column("invoices", sa.Column("pay_link", sa.Text(), nullable=True))
    op.add_column("invoices", sa.Column("view_link", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("copies", postgresql.JSONB(), server_default="[]", nullable=False))
    op.add_column("messages", sa.Column("reply_token", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("provider_id", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("returned_because", sa.Text(), nullable=True))
    op.create_index(
        "ix_messages_provider_id",
        "messages",
        ["provider_id"],
        unique=False,
        postgresql_where=sa.text("provider_id IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_reply_token",
        "messages",
        ["reply_token"],
        unique=True,
        postgresql_where=sa.text("reply_token IS NOT NULL"),
    )
    op.add_column("organization", sa.Column("colour", sa.Text(), server_default="#1F4E79", nullable=False))
    op.add_column("organization", sa.Column("logo", sa.LargeBinary(), nullable=True))
    op.add_column("organization", sa.Column("logo_type", sa.Text(), nullable=True))
    op.add_column("organization", sa.Column("pay_link", sa.Text(), nullable=True))
    op.add_column("organization", sa.Column("view_link", sa.Text(), nullable=True))
    op.add_column(
        "organization",
        sa.Column("attaches_invoice", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "organization", sa.Column("marks_replies", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("organization", sa.Column("when_uncertain", sa.Text(), server_default="repeat", nullable=False))
    op.create_check_constraint(
        op.f("ck_organization_when_uncertain"), "organization", "when_uncertain IN ('repeat', 'ask')"
    )
    op.create_check_constraint(op.f("ck_organization_colour"), "organization", "colour ~ '^#[0-9A-Fa-f]{6}$'")
    op.create_check_constraint(
        op.f("ck_organization_logo"), "organization", "(logo IS NULL) = (logo_type IS NULL)"
    )


def downgrade() -> None:
    """Go down."""
    op.execute("DELETE FROM actions WHERE kind NOT IN ('step', 'parked')")
    op.execute("UPDATE actions SET step_id = 'parked' WHERE kind = 'parked'")
    op.drop_column("organization", "when_uncertain")
    op.drop_column("organization", "marks_replies")
    op.drop_column("organization", "attaches_invoice")
    op.drop_column("organization", "view_link")
    op.drop_column("organization", "pay_link")
    op.drop_column("organization", "logo_type")
    op.drop_column("organization", "logo")
    op.drop_column("organization", "colour")
    op.drop_index(
        "ix_messages_reply_token", table_name="messages", postgresql_where=sa.text("reply_token IS NOT NULL")
    )
    op.drop_index(
        "ix_messages_provider_id", table_name="messages", postgresql_where=sa.text("provider_id IS NOT NULL")
    )
    op.drop_column("messages", "returned_because")
    op.drop_column("messages", "returned_at")
    op.drop_column("messages", "handed_at")
    op.drop_column("messages", "provider_id")
    op.drop_column("messages", "reply_token")
    op.drop_column("messages", "copies")
    op.drop_column("invoices", "view_link")
    op.drop_column("invoices", "pay_link")
    op.drop_column("contacts", "locale")
    op.drop_column("cadence_steps", "bcc")
    op.drop_column("cadence_steps", "cc")
    op.drop_column("cadence_steps", "recipients")
    op.drop_column("cadence_steps", "sender")
    op.drop_column("cadence_steps", "responsible")
    op.drop_column("cadence_steps", "name")
    op.drop_constraint(op.f("fk_actions_cadence_id_cadences"), "actions", type_="foreignkey")
    op.drop_constraint(op.f("fk_actions_customer_id_customers"), "actions", type_="foreignkey")
    op.drop_index("ix_actions_list_customer", table_name="actions")
    op.drop_index("ix_actions_list_cadence_owner", table_name="actions")
    op.drop_index("ix_actions_list_cadence", table_name="actions")
    op.drop_index("ix_actions_list_owner", table_name="actions")
    op.drop_index("ix_actions_list", table_name="actions")
    op.drop_column("actions", "listed_on")
    op.drop_column("actions", "approved_by")
    op.drop_column("actions", "slot_at")
    op.drop_column("actions", "draft_body")
    op.drop_column("actions", "draft_subject")
    op.drop_column("actions", "kind")
    op.drop_column("actions", "cadence_id")
    op.drop_column("actions", "customer_id")
    op.drop_index(
        "ix_incoming_messages_unmatched",
        table_name="incoming_messages",
        postgresql_where=sa.text("invoice_id IS NULL"),
    )
    op.drop_index("ix_incoming_messages_invoice_id", table_name="incoming_messages")
    op.drop_table("incoming_messages")
    op.drop_table("invoice_files")
    op.drop_index("uq_senders_email", table_name="senders")
    op.drop_index("uq_senders_default", table_name="senders", postgresql_where=sa.text("is_default"))
    op.drop_table("senders")
    op.drop_index("ix_group_members_user_id", table_name="group_members")
    op.drop_table("group_members")
    op.drop_index("uq_users_email", table_name="users")
    op.drop_table("users")
    op.drop_index("uq_templates_current", table_name="templates", postgresql_where=sa.text("is_current"))
    op.drop_table("templates")
    op.drop_table("groups")
