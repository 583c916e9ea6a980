"""Lay the ledger."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "cadences",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cadences")),
        sa.UniqueConstraint("name", name=op.f("uq_cadences_name")),
    )
    op.create_index(
        "uq_cadences_default", "cadences", ["is_default"], unique=True, postgresql_where=sa.text("is_default")
    )
    op.create_table(
        "custom_fields",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.CheckConstraint(
            "(type = 'select') = (jsonb_array_length(options) > 0)", name=op.f("ck_custom_fields_options")
        ),
        sa.CheckConstraint("entity IN ('customer', 'invoice')", name=op.f("ck_custom_fields_entity")),
        sa.CheckConstraint(
            "type IN ('text', 'number', 'date', 'boolean', 'select')", name=op.f("ck_custom_fields_type")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_fields")),
        sa.UniqueConstraint("entity", "key", name=op.f("uq_custom_fields_entity_key")),
        sa.UniqueConstraint("id", "entity", "type", name=op.f("uq_custom_fields_id_entity_type")),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("payment_term_days", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("external_id", name=op.f("uq_customers_external_id")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.CheckConstraint("state IN ('running', 'done', 'failed', 'canceled')", name=op.f("ck_jobs_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_table(
        "organization",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("bank_details", sa.Text(), server_default="", nullable=False),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="Europe/Paris", nullable=False),
        sa.Column("send_time", sa.Time(), server_default="08:30", nullable=False),
        sa.Column("send_until", sa.Time(), server_default="18:00", nullable=False),
        sa.Column(
            "business_days", postgresql.ARRAY(sa.SmallInteger()), server_default="{0,1,2,3,4}", nullable=False
        ),
        sa.Column("holidays", postgresql.ARRAY(sa.Date()), server_default="{}", nullable=False),
        sa.Column("jitter_minutes", sa.Integer(), server_default="60", nullable=False),
        sa.Column("payment_term_days", sa.Integer(), nullable=True),
        sa.Column("tolerance", sa.Numeric(precision=19, scale=4), server_default="0", nullable=False),
        sa.Column("partial_payment_hold_days", sa.Integer(), server_default="3", nullable=False),
        sa.Column("sends_automatically", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("todo_owner", sa.Text(), server_default="Cash Collectors", nullable=False),
        sa.CheckConstraint("cardinality(business_days) > 0", name=op.f("ck_organization_business_days")),
        sa.CheckConstraint("id = 1", name=op.f("ck_organization_single_row")),
        sa.CheckConstraint("jitter_minutes BETWEEN 0 AND 1440", name=op.f("ck_organization_jitter_minutes")),
        sa.CheckConstraint("send_time < send_until", name=op.f("ck_organization_send_hours")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
    )
    op.create_table(
        "cadence_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cadence_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("logic", sa.Text(), nullable=False),
        sa.Column("contact_delay_days_min", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("logic IN ('standard', 'contextual')", name=op.f("ck_cadence_versions_logic")),
        sa.CheckConstraint("state IN ('draft', 'published', 'retired')", name=op.f("ck_cadence_versions_state")),
        sa.CheckConstraint(
            "contact_delay_days_min BETWEEN 0 AND 30", name=op.f("ck_cadence_versions_contact_delay_days_min")
        ),
        sa.ForeignKeyConstraint(
            ["cadence_id"], ["cadences.id"], name=op.f("fk_cadence_versions_cadence_id_cadences")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cadence_versions")),
        sa.UniqueConstraint("cadence_id", "number", name=op.f("uq_cadence_versions_cadence_id_number")),
    )
    op.create_index(
        "uq_cadence_versions_published",
        "cadence_versions",
        ["cadence_id"],
        unique=True,
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), server_default="main", nullable=False),
        sa.Column("is_main", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("unreachable_because", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_contacts_customer_id_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    op.create_index(
        "uq_contacts_email", "contacts", ["customer_id", sa.literal_column("lower(email)")], unique=True
    )
    op.create_index(
        "uq_contacts_main", "contacts", ["customer_id"], unique=True, postgresql_where=sa.text("is_main")
    )
    op.create_table(
        "credit_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_credit_notes_currency")),
        sa.CheckConstraint("total > 0", name=op.f("ck_credit_notes_total")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_credit_notes_customer_id_customers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_notes")),
        sa.UniqueConstraint("external_id", name=op.f("uq_credit_notes_external_id")),
    )
    op.create_index("ix_credit_notes_customer_id", "credit_notes", ["customer_id"], unique=False)
    op.create_table(
        "invoices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("po_number", sa.Text(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("settled", sa.Numeric(precision=19, scale=4), server_default="0", nullable=False),
        sa.Column(
            "outstanding",
            sa.Numeric(precision=19, scale=4),
            sa.Computed("total - settled", persisted=True),
            nullable=False,
        ),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("is_hidden", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_invoices_currency")),
        sa.CheckConstraint("state IN ('draft', 'open', 'void', 'written_off')", name=op.f("ck_invoices_state")),
        sa.CheckConstraint("due_on >= issued_on", name=op.f("ck_invoices_due_after_issue")),
        sa.CheckConstraint("settled BETWEEN 0 AND total", name=op.f("ck_invoices_settled")),
        sa.CheckConstraint("total > 0", name=op.f("ck_invoices_total")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_invoices_customer_id_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("external_id", name=op.f("uq_invoices_external_id")),
        sa.UniqueConstraint("number", name=op.f("uq_invoices_number")),
    )
    op.create_index("ix_invoices_customer_id", "invoices", ["customer_id"], unique=False)
    op.create_index(
        "ix_invoices_unsettled",
        "invoices",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'open' AND settled < total"),
    )
    op.create_table(
        "payments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("reversed_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_payments_currency")),
        sa.CheckConstraint("source IN ('import', 'user', 'api', 'bank')", name=op.f("ck_payments_source")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payments_amount")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_payments_customer_id_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("external_id", name=op.f("uq_payments_external_id")),
    )
    op.create_index("ix_payments_customer_id", "payments", ["customer_id"], unique=False)
    op.create_table(
        "cadence_steps",
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("offset_days", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("execution", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("never_supersede", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("anchor IN ('due_date', 'issue_date')", name=op.f("ck_cadence_steps_anchor")),
        sa.CheckConstraint(
            "channel IN ('email', 'sms', 'letter', 'call', 'task')", name=op.f("ck_cadence_steps_channel")
        ),
        sa.CheckConstraint(
            "execution = 'manual' OR channel NOT IN ('call', 'task')", name=op.f("ck_cadence_steps_manual_only")
        ),
        sa.CheckConstraint("execution IN ('automatic', 'manual')", name=op.f("ck_cadence_steps_execution")),
        sa.CheckConstraint("offset_days >= 0 OR anchor = 'due_date'", name=op.f("ck_cadence_steps_offset_days")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["cadence_versions.id"], name=op.f("fk_cadence_steps_version_id_cadence_versions")
        ),
        sa.PrimaryKeyConstraint("version_id", "step_id", name=op.f("pk_cadence_steps")),
        sa.UniqueConstraint("version_id", "position", name=op.f("uq_cadence_steps_version_id_position")),
    )
    op.create_table(
        "collections",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("cadence_id", sa.BigInteger(), nullable=False),
        sa.Column("cycle", sa.Integer(), server_default="1", nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("last_contact_on", sa.Date(), nullable=True),
        sa.Column("assigned_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('active', 'exhausted')) = (closed_at IS NULL)", name=op.f("ck_collections_closed_at")
        ),
        sa.CheckConstraint(
            "state IN ('active', 'exhausted', 'paid', 'void', 'written off', 'stopped')",
            name=op.f("ck_collections_state"),
        ),
        sa.CheckConstraint("cycle >= 1", name=op.f("ck_collections_cycle")),
        sa.ForeignKeyConstraint(["cadence_id"], ["cadences.id"], name=op.f("fk_collections_cadence_id_cadences")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_collections_invoice_id_invoices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collections")),
        sa.UniqueConstraint(
            "invoice_id", "cadence_id", "cycle", name=op.f("uq_collections_invoice_id_cadence_id_cycle")
        ),
    )
    op.create_index(
        "ix_collections_cadence_id",
        "collections",
        ["cadence_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('active', 'exhausted')"),
    )
    op.create_index(
        "uq_collections_open",
        "collections",
        ["invoice_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('active', 'exhausted')"),
    )
    op.create_table(
        "credit_allocations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("credit_note_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_credit_allocations_amount")),
        sa.ForeignKeyConstraint(
            ["credit_note_id"], ["credit_notes.id"], name=op.f("fk_credit_allocations_credit_note_id_credit_notes")
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_credit_allocations_invoice_id_invoices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_allocations")),
        sa.UniqueConstraint(
            "credit_note_id", "invoice_id", name=op.f("uq_credit_allocations_credit_note_id_invoice_id")
        ),
    )
    op.create_index("ix_credit_allocations_invoice_id", "credit_allocations", ["invoice_id"], unique=False)
    op.create_table(
        "custom_values",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("field_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.Column("text_value", sa.Text(), nullable=True),
        sa.Column("number_value", sa.Numeric(precision=19, scale=4), nullable=True),
        sa.Column("date_value", sa.Date(), nullable=True),
        sa.Column("boolean_value", sa.Boolean(), nullable=True),
        sa.CheckConstraint(
            "CASE entity WHEN 'customer' THEN customer_id IS NOT NULL AND invoice_id IS NULL ELSE invoice_id IS NOT NULL AND customer_id IS NULL END",
            name=op.f("ck_custom_values_owner"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(text_value, number_value, date_value, boolean_value) = 1 AND CASE type WHEN 'number' THEN number_value IS NOT NULL WHEN 'date' THEN date_value IS NOT NULL WHEN 'boolean' THEN boolean_value IS NOT NULL ELSE text_value IS NOT NULL END",
            name=op.f("ck_custom_values_typed"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_custom_values_customer_id_customers")
        ),
        sa.ForeignKeyConstraint(
            ["field_id", "entity", "type"],
            ["custom_fields.id", "custom_fields.entity", "custom_fields.type"],
            name=op.f("fk_custom_values_field_id_entity_type_custom_fields"),
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_custom_values_invoice_id_invoices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_values")),
    )
    op.create_index(
        "uq_custom_values_customer",
        "custom_values",
        ["customer_id", "field_id"],
        unique=True,
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )
    op.create_index(
        "uq_custom_values_invoice",
        "custom_values",
        ["invoice_id", "field_id"],
        unique=True,
        postgresql_where=sa.text("invoice_id IS NOT NULL"),
    )
    op.create_table(
        "holds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('pause', 'dispute', 'promise', 'payment_in_flight', 'partial_payment')",
            name=op.f("ck_holds_kind"),
        ),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_holds_ended_at")),
        sa.CheckConstraint("num_nonnulls(invoice_id, customer_id) = 1", name=op.f("ck_holds_owner")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_holds_customer_id_customers")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_holds_invoice_id_invoices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_customer_id", "holds", ["customer_id", "ended_at"], unique=False)
    op.create_index("ix_holds_invoice_id", "holds", ["invoice_id", "ended_at"], unique=False)
    op.create_index(
        "uq_holds_customer_open",
        "holds",
        ["customer_id", "kind"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL AND customer_id IS NOT NULL"),
    )
    op.create_index(
        "uq_holds_invoice_open",
        "holds",
        ["invoice_id", "kind"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL AND invoice_id IS NOT NULL"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_outbox_invoice_id_invoices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_invoice_id"), "outbox", ["invoice_id"], unique=False)
    op.create_table(
        "payment_allocations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_allocations_amount")),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_payment_allocations_invoice_id_invoices")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_payment_allocations_payment_id_payments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_allocations")),
        sa.UniqueConstraint("payment_id", "invoice_id", name=op.f("uq_payment_allocations_payment_id_invoice_id")),
    )
    op.create_index("ix_payment_allocations_invoice_id", "payment_allocations", ["invoice_id"], unique=False)
    op.create_table(
        "actions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("collection_id", sa.BigInteger(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), server_default="1", nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("execution", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("obstacle", sa.Text(), nullable=True),
        sa.Column("mends", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "channel IN ('email', 'sms', 'letter', 'call', 'task')", name=op.f("ck_actions_channel")
        ),
        sa.CheckConstraint("execution IN ('automatic', 'manual')", name=op.f("ck_actions_execution")),
        sa.CheckConstraint(
            "state IN ('sending', 'open', 'done', 'ignored', 'expired', 'canceled')", name=op.f("ck_actions_state")
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name=op.f("fk_actions_collection_id_collections")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actions")),
        sa.UniqueConstraint(
            "collection_id", "step_id", "occurrence", name=op.f("uq_actions_collection_id_step_id_occurrence")
        ),
    )
    op.create_index(
        "ix_actions_open", "actions", ["due_on", "id"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index(
        "ix_actions_sending", "actions", ["id"], unique=False, postgresql_where=sa.text("state = 'sending'")
    )
    op.create_table(
        "next_actions",
        sa.Column("collection_id", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("execution", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("acts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("because", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "stage IN ('waiting', 'due', 'held', 'todo', 'exhausted', 'blocked', 'closed')",
            name=op.f("ck_next_actions_stage"),
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name=op.f("fk_next_actions_collection_id_collections")
        ),
        sa.PrimaryKeyConstraint("collection_id", name=op.f("pk_next_actions")),
    )
    op.create_index("ix_next_actions_acts_at", "next_actions", ["acts_at"], unique=False)
    op.create_index("ix_next_actions_stage", "next_actions", ["stage", "acts_at"], unique=False)
    op.create_table(
        "step_statuses",
        sa.Column("collection_id", sa.BigInteger(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("because", sa.Text(), nullable=True),
        sa.Column("occurrence", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'open', 'done', 'ignored', 'expired', 'skipped', 'canceled')",
            name=op.f("ck_step_statuses_status"),
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name=op.f("fk_step_statuses_collection_id_collections")
        ),
        sa.PrimaryKeyConstraint("collection_id", "step_id", name=op.f("pk_step_statuses")),
    )
    op.create_table(
        "timeline",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("collection_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name=op.f("fk_timeline_collection_id_collections")
        ),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_timeline_invoice_id_invoices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline")),
    )
    op.create_index("ix_timeline_invoice_id", "timeline", ["invoice_id", "id"], unique=False)
    op.create_index(
        "uq_timeline_event_id",
        "timeline",
        ["event_id"],
        unique=True,
        postgresql_where=sa.text("event_id IS NOT NULL"),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("action_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipients", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("mime", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unanswered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('sending', 'deferred', 'sent', 'bounced', 'complained', 'failed', 'withdrawn')",
            name=op.f("ck_messages_state"),
        ),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"], name=op.f("fk_messages_action_id_actions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("action_id", name=op.f("uq_messages_action_id")),
        sa.UniqueConstraint("message_id", name=op.f("uq_messages_message_id")),
    )
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_timeline_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the timeline is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER timeline_is_append_only BEFORE UPDATE OR DELETE ON timeline "
        "FOR EACH ROW EXECUTE FUNCTION refuse_timeline_change()"
    )
    op.execute(
        "CREATE TRIGGER timeline_is_not_truncated BEFORE TRUNCATE ON timeline "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_timeline_change()"
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("messages")
    op.drop_index("uq_timeline_event_id", table_name="timeline", postgresql_where=sa.text("event_id IS NOT NULL"))
    op.drop_index("ix_timeline_invoice_id", table_name="timeline")
    op.drop_table("timeline")
    op.drop_table("step_statuses")
    op.drop_index("ix_next_actions_stage", table_name="next_actions")
    op.drop_index("ix_next_actions_acts_at", table_name="next_actions")
    op.drop_table("next_actions")
    op.drop_index("ix_actions_sending", table_name="actions", postgresql_where=sa.text("state = 'sending'"))
    op.drop_index("ix_actions_open", table_name="actions", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("actions")
    op.drop_index("ix_payment_allocations_invoice_id", table_name="payment_allocations")
    op.drop_table("payment_allocations")
    op.drop_index(op.f("ix_outbox_invoice_id"), table_name="outbox")
    op.drop_table("outbox")
    op.drop_index(
        "uq_holds_invoice_open",
        table_name="holds",
        postgresql_where=sa.text("ended_at IS NULL AND invoice_id IS NOT NULL"),
    )
    op.drop_index(
        "uq_holds_customer_open",
        table_name="holds",
        postgresql_where=sa.text("ended_at IS NULL AND customer_id IS NOT NULL"),
    )
    op.drop_index("ix_holds_invoice_id", table_name="holds")
    op.drop_index("ix_holds_customer_id", table_name="holds")
    op.drop_table("holds")
    op.drop_index(
        "uq_custom_values_invoice", table_name="custom_values", postgresql_where=sa.text("invoice_id IS NOT NULL")
    )
    op.drop_index(
        "uq_custom_values_customer",
        table_name="custom_values",
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )
    op.drop_table("custom_values")
    op.drop_index("ix_credit_allocations_invoice_id", table_name="credit_allocations")
    op.drop_table("credit_allocations")
    op.drop_index(
        "uq_collections_open",
        table_name="collections",
        postgresql_where=sa.text("state IN ('active', 'exhausted')"),
    )
    op.drop_index(
        "ix_collections_cadence_id",
        table_name="collections",
        postgresql_where=sa.text("state IN ('active', 'exhausted')"),
    )
    op.drop_table("collections")
    op.drop_table("cadence_steps")
    op.drop_index("ix_payments_customer_id", table_name="payments")
    op.drop_table("payments")
    op.drop_index(
        "ix_invoices_unsettled",
        table_name="invoices",
        postgresql_where=sa.text("state = 'open' AND settled < total"),
    )
    op.drop_index("ix_invoices_customer_id", table_name="invoices")
    op.drop_table("invoices")
    op.drop_index("ix_credit_notes_customer_id", table_name="credit_notes")
    op.drop_table("credit_notes")
    op.drop_index("uq_contacts_main", table_name="contacts", postgresql_where=sa.text("is_main"))
    op.drop_index("uq_contacts_email", table_name="contacts")
    op.drop_table("contacts")
    op.drop_index(
        "uq_cadence_versions_published",
        table_name="cadence_versions",
        postgresql_where=sa.text("state = 'published'"),
    )
    op.drop_table("cadence_versions")
    op.drop_table("organization")
    op.drop_table("jobs")
    op.drop_table("customers")
    op.drop_table("custom_fields")
    op.drop_index("uq_cadences_default", table_name="cadences", postgresql_where=sa.text("is_default"))
    op.drop_table("cadences")
    op.execute("DROP FUNCTION refuse_timeline_change()")
