"""Hold what smart rules, bulk jobs, imports, the REST API and webhooks need."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Copied from db/tables/webhook_events.py as it was released.
_OWE_WEBHOOKS = """\
CREATE OR REPLACE FUNCTION owe_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM webhook_endpoints WHERE is_active) THEN
    INSERT INTO webhook_deliveries (endpoint_id, event_id, kind, invoice_id, payload)
    WITH told (noted, kind, fields) AS (VALUES
      ('invoice created', 'invoice.created', ARRAY['total', 'currency']::text[]),
      ('invoice changed', 'invoice.changed', ARRAY['changed']::text[]),
      ('due date changed', 'invoice.due_date_changed', ARRAY['was', 'due_on']::text[]),
      ('hidden', 'invoice.hidden', ARRAY['rule']::text[]),
      ('shown', 'invoice.shown', ARRAY['rule']::text[]),
      ('voided', 'invoice.voided', ARRAY['was']::text[]),
      ('written off', 'invoice.written_off', ARRAY['was']::text[]),
      ('reinstated', 'invoice.reinstated', ARRAY['was']::text[]),
      ('disputed', 'invoice.disputed', ARRAY[]::text[]),
      ('dispute resolved', 'invoice.dispute_resolved', ARRAY['then']::text[]),
      ('paid', 'payment.received', ARRAY['amount', 'currency', 'payment']::text[]),
      ('payment moved', 'payment.moved', ARRAY['amount', 'currency', 'payment']::text[]),
      ('payment reversed', 'payment.reversed', ARRAY['amount', 'currency', 'payment']::text[]),
      ('credited', 'credit.received', ARRAY['amount', 'currency', 'credit_note']::text[]),
      ('credit moved', 'credit.moved', ARRAY['amount', 'currency', 'credit_note']::text[]),
      ('credit note voided', 'credit.voided', ARRAY['amount', 'currency', 'credit_note']::text[]),
      ('payment announced', 'payment.announced', ARRAY['until']::text[]),
      ('promised', 'payment.promised', ARRAY['promised_for']::text[]),
      ('promise replaced', 'payment.promise_replaced', ARRAY['promised_for']::text[]),
      ('promise kept', 'payment.promise_kept', ARRAY['promised_for']::text[]),
      ('promise partially kept', 'payment.promise_partially_kept', ARRAY['promised_for']::text[]),
      ('promise broken', 'payment.promise_broken', ARRAY['promised_for']::text[]),
      ('paused', 'collection.paused', ARRAY['until']::text[]),
      ('customer paused', 'collection.paused', ARRAY['until']::text[]),
      ('resumed', 'collection.resumed', ARRAY[]::text[]),
      ('customer resumed', 'collection.resumed', ARRAY[]::text[]),
      ('collection started', 'collection.started', ARRAY['cadence', 'rule']::text[]),
      ('reassigned', 'collection.reassigned', ARRAY['cadence', 'rule']::text[]),
      ('restarted', 'collection.restarted', ARRAY[]::text[]),
      ('cycle begun', 'collection.cycle_begun', ARRAY['cycle']::text[]),
      ('collection closed', 'collection.ended', ARRAY['because']::text[]),
      ('collection reopened', 'collection.reopened', ARRAY[]::text[]),
      ('collection exhausted', 'collection.exhausted', ARRAY[]::text[]),
      ('collection parked', 'collection.blocked', ARRAY[]::text[]),
      ('to-do opened', 'action.opened', ARRAY['step', 'channel', 'action', 'todo']::text[]),
      ('to-do ended', 'action.completed', ARRAY['step', 'channel', 'action', 'todo', 'outcome']::text[]),
      ('to-do ended: ignored', 'action.ignored', ARRAY['step', 'channel', 'action', 'todo']::text[]),
      ('to-do snoozed', 'action.snoozed', ARRAY['step', 'channel', 'action', 'todo', 'until']::text[]),
      ('to-do canceled', 'action.canceled', ARRAY['step', 'channel', 'action', 'todo', 'because']::text[]),
      ('to-do assigned', 'action.assigned', ARRAY['step', 'channel', 'action', 'todo']::text[]),
      ('step expired', 'action.expired', ARRAY['step', 'channel', 'action', 'todo', 'because']::text[]),
      ('step skipped', 'action.skipped', ARRAY['step', 'channel', 'action', 'todo', 'because']::text[]),
      ('message sent', 'action.sent', ARRAY['step', 'channel', 'action', 'todo', 'together_with']::text[]),
      ('message refused', 'action.refused', ARRAY['step', 'channel', 'action', 'todo', 'together_with']::text[]),
      ('message withdrawn', 'action.withdrawn', ARRAY['step', 'channel', 'action', 'todo']::text[]),
      ('message came back', 'action.bounced', ARRAY['step', 'channel', 'action', 'todo']::text[]),
      ('reply received', 'action.replied', ARRAY[]::text[]),
      ('complaint received', 'action.complained', ARRAY['step', 'channel', 'action', 'todo']::text[]),
      ('contacted', 'action.contacted', ARRAY['step', 'channel', 'action', 'todo']::text[])
    ), happened AS MATERIALIZED (
      SELECT n.id, n.invoice_id, n.at, n.on_date, n.data, told.kind, told.fields, i.external_id, i.number,
             c.external_id AS customer, 'evt_' || replace(gen_random_uuid()::text, '-', '') AS event_id
        FROM noted n
        JOIN told ON told.noted = n.kind || CASE WHEN n.kind = 'to-do ended' AND n.data ->> 'outcome' = 'ignored'
                                                 THEN ': ignored' ELSE '' END
        JOIN invoices i ON i.id = n.invoice_id
        JOIN customers c ON c.id = i.customer_id
    )
    SELECT e.id, h.event_id, h.kind, h.invoice_id, jsonb_build_object(
             'version', 1, 'id', h.event_id, 'kind', h.kind,
             'at', to_char(h.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'on', h.on_date,
             'invoice', jsonb_build_object('external_id', h.external_id, 'number', h.number),
             'customer', jsonb_build_object('external_id', h.customer),
             'data', (SELECT coalesce(jsonb_object_agg(d.key, d.value), '{}')
                        FROM jsonb_each(h.data) d WHERE d.key = ANY (h.fields)))
      FROM happened h
      JOIN webhook_endpoints e
        ON e.is_active AND (e.kinds = '[]' OR e.kinds ? h.kind OR e.kinds ? (split_part(h.kind, '.', 1) || '.*'))
     ORDER BY h.id, e.id
       FOR KEY SHARE OF e;
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
        sa.UniqueConstraint("name", name=op.f("uq_api_keys_name")),
    )
    op.create_table(
        "import_profiles",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("profile", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('customers', 'invoices', 'payments', 'credit notes')", name=op.f("ck_import_profiles_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_profiles")),
        sa.UniqueConstraint("name", "kind", name=op.f("uq_import_profiles_name_kind")),
    )
    op.create_table(
        "rule_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("causation_id", sa.Text(), nullable=False),
        sa.Column("depth", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("caused_by", sa.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=True),
        sa.Column("became", sa.Text(), nullable=False),
        sa.Column("shadowed", sa.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.CheckConstraint("event IN ('created', 'updated', 'applied')", name=op.f("ck_rule_log_event")),
        sa.CheckConstraint("slot IN ('cadence', 'visibility', 'notification')", name=op.f("ck_rule_log_slot")),
        sa.CheckConstraint("depth >= 0", name=op.f("ck_rule_log_depth")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_log")),
    )
    op.create_index("ix_rule_log_invoice_id", "rule_log", ["invoice_id", "id"], unique=False)
    op.create_table(
        "smart_rules",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(deleted_at IS NULL) = (position IS NOT NULL)", name=op.f("ck_smart_rules_position")),
        sa.CheckConstraint("deleted_at IS NULL OR NOT is_active", name=op.f("ck_smart_rules_is_active")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_smart_rules")),
        sa.UniqueConstraint(
            "position", deferrable=True, initially="DEFERRED", name=op.f("uq_smart_rules_position")
        ),
    )
    op.create_index(
        "uq_smart_rules_name", "smart_rules", ["name"], unique=True, postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kinds", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("allows_private", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("stopped_because", sa.Text(), nullable=True),
        sa.Column("previous_secret", sa.Text(), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("told_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("removed_at IS NULL OR NOT is_active", name=op.f("ck_webhook_endpoints_removed_at")),
        sa.CheckConstraint("url ~ '^https?://'", name=op.f("ck_webhook_endpoints_url")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_table(
        "idempotent_requests",
        sa.Column("api_key_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status_code", sa.SmallInteger(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(status_code IS NULL) = (body IS NULL)", name=op.f("ck_idempotent_requests_answered")),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_keys.id"], name=op.f("fk_idempotent_requests_api_key_id_api_keys")
        ),
        sa.PrimaryKeyConstraint("api_key_id", "key", name=op.f("pk_idempotent_requests")),
    )
    op.create_index("ix_idempotent_requests_created_at", "idempotent_requests", ["created_at"], unique=False)
    op.create_table(
        "job_files",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_files_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_files")),
    )
    op.create_table(
        "job_rows",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('created', 'changed', 'unchanged', 'refused')", name=op.f("ck_job_rows_outcome")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_rows_job_id_jobs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_job_rows")),
    )
    op.create_index(
        "ix_job_rows_refused",
        "job_rows",
        ["job_id", "position"],
        unique=False,
        postgresql_where=sa.text("outcome = 'refused'"),
    )
    op.create_table(
        "rule_matches",
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["smart_rules.id"], name=op.f("fk_rule_matches_rule_id_smart_rules")),
        sa.PrimaryKeyConstraint("rule_id", "invoice_id", name=op.f("pk_rule_matches")),
    )
    op.create_index("ix_rule_matches_invoice_id", "rule_matches", ["invoice_id"], unique=False)
    op.create_table(
        "rule_notifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("causation_id", sa.Text(), nullable=False),
        sa.Column("depth", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="owed", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("rendered", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("sent_to", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("channel IN ('email', 'webhook')", name=op.f("ck_rule_notifications_channel")),
        sa.CheckConstraint("state IN ('owed', 'sent', 'failed')", name=op.f("ck_rule_notifications_state")),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_rule_notifications_invoice_id_invoices")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["smart_rules.id"], name=op.f("fk_rule_notifications_rule_id_smart_rules")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_notifications")),
        sa.UniqueConstraint(
            "rule_id",
            "invoice_id",
            "causation_id",
            name=op.f("uq_rule_notifications_rule_id_invoice_id_causation_id"),
        ),
    )
    op.create_index("ix_rule_notifications_invoice_id", "rule_notifications", ["invoice_id", "id"], unique=False)
    op.create_index(
        "ix_rule_notifications_owed",
        "rule_notifications",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'owed'"),
    )
    op.create_table(
        "rule_records",
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("cadence_rule_id", sa.BigInteger(), nullable=True),
        sa.Column("visibility_rule_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_rule_records_invoice_id_invoices")),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_rule_records")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), server_default="owed", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (state = 'owed')", name=op.f("ck_webhook_deliveries_ended_at")),
        sa.CheckConstraint("state IN ('owed', 'delivered', 'given up')", name=op.f("ck_webhook_deliveries_state")),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_webhook_deliveries_endpoint_id_webhook_endpoints"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_webhook_deliveries_invoice_id_invoices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("endpoint_id", "event_id", name=op.f("uq_webhook_deliveries_endpoint_id_event_id")),
    )
    op.create_index(
        "ix_webhook_deliveries_owed",
        "webhook_deliveries",
        ["endpoint_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'owed'"),
    )
    op.create_index(
        "ix_webhook_deliveries_waiting",
        "webhook_deliveries",
        ["endpoint_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'owed' AND attempts > 0"),
    )
    op.create_index(
        "ix_webhook_deliveries_given_up",
        "webhook_deliveries",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'given up'"),
    )
    op.create_index("ix_webhook_deliveries_endpoint_id", "webhook_deliveries", ["endpoint_id", "id"], unique=False)
    op.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["created_at"], unique=False)
    op.execute(_OWE_WEBHOOKS)
    op.execute(
        "CREATE TRIGGER timeline_owes_webhooks AFTER INSERT ON timeline "
        "REFERENCING NEW TABLE AS noted FOR EACH STATEMENT EXECUTE FUNCTION owe_webhooks()"
    )
    op.add_column("contacts", sa.Column("external_id", sa.Text(), nullable=True))
    op.create_index(
        "uq_contacts_external_id",
        "contacts",
        ["customer_id", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.add_column("credit_notes", sa.Column("voided_on", sa.Date(), nullable=True))
    op.add_column("invoices", sa.Column("cadence_locked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("invoices", sa.Column("cadence_locked_by", sa.Text(), nullable=True))
    op.create_index(
        "ix_invoices_due_on",
        "invoices",
        ["due_on", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'open' AND settled < total"),
    )
    op.add_column(
        "jobs", sa.Column("order", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False)
    )
    op.add_column("jobs", sa.Column("canceled_by", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("failed_because", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("total", sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("rate", sa.Float(), nullable=True))
    op.create_index("ix_jobs_running", "jobs", ["id"], unique=False, postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index("ix_jobs_kind", "jobs", ["kind", "id"], unique=False)
    op.add_column("organization", sa.Column("rules_revision", sa.Integer(), server_default="0", nullable=False))
    op.add_column("organization", sa.Column("rules_clock_on", sa.Date(), nullable=True))
    op.add_column("organization", sa.Column("rules_clock_to", sa.Date(), nullable=True))
    clock_after = sa.Column("rules_clock_after", sa.BigInteger(), server_default="0", nullable=False)
    op.add_column("organization", clock_after)
    op.add_column(
        "organization", sa.Column("bulk_signals_per_second", sa.Integer(), server_default="10", nullable=False)
    )
    op.create_table(
        "bulk_lane",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_bulk_lane_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_lane")),
    )
    op.add_column("organization", sa.Column("reconcile_time", sa.Time(), server_default="03:30", nullable=False))
    op.add_column("outbox", sa.Column("is_bulk", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index("ix_outbox_bulk", "outbox", ["is_bulk", "id"], unique=False)
    op.add_column("payments", sa.Column("reference", sa.Text(), nullable=True))
    for settling in ("payments", "credit_notes"):
        op.add_column(
            settling,
            sa.Column("stated", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        )
    op.drop_constraint(op.f("ck_jobs_state"), "jobs", type_="check")
    op.create_check_constraint(
        op.f("ck_jobs_state"), "jobs", "state IN ('running', 'canceling', 'done', 'failed', 'canceled')"
    )
    op.execute("UPDATE jobs SET ended_at = started_at WHERE ended_at IS NULL AND state <> 'running'")
    op.create_check_constraint(
        op.f("ck_jobs_ended_at"), "jobs", "(ended_at IS NULL) = (state IN ('running', 'canceling'))"
    )
    # What people chose before there were rules is left alone by them too.
    op.execute(
        "UPDATE invoices i SET cadence_locked_at = t.at, cadence_locked_by = t.actor"
        " FROM (SELECT DISTINCT ON (invoice_id) invoice_id, at, actor FROM timeline WHERE kind = 'reassigned'"
        " ORDER BY invoice_id, id DESC) t WHERE t.invoice_id = i.id"
    )
    op.create_check_constraint(
        op.f("ck_invoices_cadence_locked"),
        "invoices",
        "(cadence_locked_at IS NULL) = (cadence_locked_by IS NULL)",
    )
    op.create_check_constraint(
        op.f("ck_organization_bulk_signals_per_second"),
        "organization",
        "bulk_signals_per_second BETWEEN 1 AND 1000",
    )
    # What a release before this one left of a publication half-way is a job now.
    op.execute(
        "INSERT INTO jobs (kind, state, started_by, started_at) SELECT 'publish', 'running', 'duewell', now()"
        " WHERE EXISTS (SELECT FROM collections c JOIN cadence_versions v ON v.id = c.version_id"
        " JOIN cadence_versions p ON p.cadence_id = c.cadence_id AND p.state = 'published'"
        " WHERE c.state IN ('active', 'exhausted') AND v.state = 'retired')"
    )


def downgrade() -> None:
    """Go back."""
    op.drop_constraint(op.f("ck_organization_bulk_signals_per_second"), "organization", type_="check")
    op.drop_constraint(op.f("ck_invoices_cadence_locked"), "invoices", type_="check")
    op.drop_constraint(op.f("ck_jobs_ended_at"), "jobs", type_="check")
    op.drop_constraint(op.f("ck_jobs_state"), "jobs", type_="check")
    op.execute("UPDATE jobs SET state = 'failed', ended_at = now() WHERE state = 'canceling'")
    op.create_check_constraint(op.f("ck_jobs_state"), "jobs", "state IN ('running', 'done', 'failed', 'canceled')")
    op.drop_column("credit_notes", "stated")
    op.drop_column("payments", "stated")
    op.drop_column("payments", "reference")
    op.drop_index("ix_outbox_bulk", table_name="outbox")
    op.drop_column("outbox", "is_bulk")
    op.drop_column("organization", "reconcile_time")
    op.drop_table("bulk_lane")
    op.drop_column("organization", "bulk_signals_per_second")
    op.drop_column("organization", "rules_clock_after")
    op.drop_column("organization", "rules_clock_to")
    op.drop_column("organization", "rules_clock_on")
    op.drop_column("organization", "rules_revision")
    op.drop_index("ix_jobs_kind", table_name="jobs")
    op.drop_index("ix_jobs_running", table_name="jobs", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_column("jobs", "rate")
    op.drop_column("jobs", "moved_at")
    op.drop_column("jobs", "total")
    op.drop_column("jobs", "failed_because")
    op.drop_column("jobs", "canceled_by")
    op.drop_column("jobs", "order")
    op.drop_index(
        "ix_invoices_due_on", table_name="invoices", postgresql_where=sa.text("state = 'open' AND settled < total")
    )
    op.drop_column("invoices", "cadence_locked_by")
    op.drop_column("invoices", "cadence_locked_at")
    op.drop_column("credit_notes", "voided_on")
    op.drop_index(
        "uq_contacts_external_id", table_name="contacts", postgresql_where=sa.text("external_id IS NOT NULL")
    )
    op.drop_column("contacts", "external_id")
    op.execute("DROP TRIGGER timeline_owes_webhooks ON timeline")
    op.execute("DROP FUNCTION owe_webhooks()")
    op.drop_index("ix_webhook_deliveries_created_at", table_name="webhook_deliveries")
    op.drop_index("ix_webhook_deliveries_endpoint_id", table_name="webhook_deliveries")
    op.drop_index(
        "ix_webhook_deliveries_given_up",
        table_name="webhook_deliveries",
        postgresql_where=sa.text("state = 'given up'"),
    )
    op.drop_index(
        "ix_webhook_deliveries_waiting",
        table_name="webhook_deliveries",
        postgresql_where=sa.text("state = 'owed' AND attempts > 0"),
    )
    op.drop_index(
        "ix_webhook_deliveries_owed", table_name="webhook_deliveries", postgresql_where=sa.text("state = 'owed'")
    )
    op.drop_table("webhook_deliveries")
    op.drop_table("rule_records")
    op.drop_index(
        "ix_rule_notifications_owed", table_name="rule_notifications", postgresql_where=sa.text("state = 'owed'")
    )
    op.drop_index("ix_rule_notifications_invoice_id", table_name="rule_notifications")
    op.drop_table("rule_notifications")
    op.drop_index("ix_rule_matches_invoice_id", table_name="rule_matches")
    op.drop_table("rule_matches")
    op.drop_index("ix_job_rows_refused", table_name="job_rows", postgresql_where=sa.text("outcome = 'refused'"))
    op.drop_table("job_rows")
    op.drop_table("job_files")
    op.drop_index("ix_idempotent_requests_created_at", table_name="idempotent_requests")
    op.drop_table("idempotent_requests")
    op.drop_table("webhook_endpoints")
    op.drop_index("uq_smart_rules_name", table_name="smart_rules", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_table("smart_rules")
    op.drop_index("ix_rule_log_invoice_id", table_name="rule_log")
    op.drop_table("rule_log")
    op.drop_table("import_profiles")
    op.drop_table("api_keys")
