"""Which entries of the timeline outsiders are told of, under which public name, and the trigger that owes it.

The names are for ever: receivers decide by them what to do. An entry's data goes out by named fields only, and
never what people typed or who they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

VERSION = 1
PING = "webhook.ping"
RULE_NOTIFIED = "rule.notified"


@dataclass(frozen=True, slots=True)
class Told:
    """What outsiders hear of a kind of entry: its public name, and the fields of its data that go with it."""

    kind: str
    fields: tuple[str, ...] = ()


_ACTION = ("step", "channel", "action", "todo")

EVENTS: Mapping[str, Told] = {
    # The invoice.
    "invoice created": Told("invoice.created", ("total", "currency")),
    "invoice changed": Told("invoice.changed", ("changed",)),
    "due date changed": Told("invoice.due_date_changed", ("was", "due_on")),
    "hidden": Told("invoice.hidden", ("rule",)),
    "shown": Told("invoice.shown", ("rule",)),
    "voided": Told("invoice.voided", ("was",)),
    "written off": Told("invoice.written_off", ("was",)),
    "reinstated": Told("invoice.reinstated", ("was",)),
    "disputed": Told("invoice.disputed"),
    "dispute resolved": Told("invoice.dispute_resolved", ("then",)),
    # Its money, had or promised.
    "paid": Told("payment.received", ("amount", "currency", "payment")),
    "payment moved": Told("payment.moved", ("amount", "currency", "payment")),
    "payment reversed": Told("payment.reversed", ("amount", "currency", "payment")),
    "credited": Told("credit.received", ("amount", "currency", "credit_note")),
    "credit moved": Told("credit.moved", ("amount", "currency", "credit_note")),
    "credit note voided": Told("credit.voided", ("amount", "currency", "credit_note")),
    "payment announced": Told("payment.announced", ("until",)),
    "promised": Told("payment.promised", ("promised_for",)),
    "promise replaced": Told("payment.promise_replaced", ("promised_for",)),
    "promise kept": Told("payment.promise_kept", ("promised_for",)),
    "promise partially kept": Told("payment.promise_partially_kept", ("promised_for",)),
    "promise broken": Told("payment.promise_broken", ("promised_for",)),
    # Following it up.
    "paused": Told("collection.paused", ("until",)),
    "customer paused": Told("collection.paused", ("until",)),
    "resumed": Told("collection.resumed"),
    "customer resumed": Told("collection.resumed"),
    "collection started": Told("collection.started", ("cadence", "rule")),
    "reassigned": Told("collection.reassigned", ("cadence", "rule")),
    "restarted": Told("collection.restarted"),
    "cycle begun": Told("collection.cycle_begun", ("cycle",)),
    "collection closed": Told("collection.ended", ("because",)),
    "collection reopened": Told("collection.reopened"),
    "collection exhausted": Told("collection.exhausted"),
    "collection parked": Told("collection.blocked"),
    # What is done about it.
    "to-do opened": Told("action.opened", _ACTION),
    "to-do ended": Told("action.completed", (*_ACTION, "outcome")),
    "to-do ended: ignored": Told("action.ignored", _ACTION),
    "to-do snoozed": Told("action.snoozed", (*_ACTION, "until")),
    "to-do canceled": Told("action.canceled", (*_ACTION, "because")),
    "to-do assigned": Told("action.assigned", _ACTION),
    "step expired": Told("action.expired", (*_ACTION, "because")),
    "step skipped": Told("action.skipped", (*_ACTION, "because")),
    "message sent": Told("action.sent", (*_ACTION, "together_with")),
    "message refused": Told("action.refused", (*_ACTION, "together_with")),
    "message withdrawn": Told("action.withdrawn", _ACTION),
    "message came back": Told("action.bounced", _ACTION),
    "reply received": Told("action.replied"),
    "complaint received": Told("action.complained", _ACTION),
    "contacted": Told("action.contacted", _ACTION),
}

# Of no concern to anybody outside: how a message was prepared, what signals were answered, files and addresses,
# which payment it was that was known of, and what a rule could not do.
LEFT_OUT = frozenset(
    {
        "address mended",
        "automatic reply received",
        "draft edited",
        "file attached",
        "file removed",
        "links changed",
        "message approved",
        "message delayed",
        "message written",
        "payment named",
        "reassignment changed nothing",
        "released to rules",
        "rule not carried out",
        "signal refused",
    }
)

KINDS = tuple(sorted({told.kind for told in EVENTS.values()} | {RULE_NOTIFIED}))
FAMILIES = tuple(sorted({kind.partition(".")[0] for kind in KINDS}))


def _row(noted: str, told: Told) -> str:
    fields = ", ".join(f"'{name}'" for name in told.fields)
    return f"('{noted}', '{told.kind}', ARRAY[{fields}]::text[])"


_ROWS = ",\n      ".join(_row(noted, told) for noted, told in EVENTS.items())

# One statement for all entries of a statement, so that an import of thousands costs one join, and nothing but a
# look at an empty table where nobody listens. FOR KEY SHARE leaves out an endpoint that is being removed; else
# the foreign key would undo what happened to the invoice.
_FUNCTION = """
CREATE OR REPLACE FUNCTION owe_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM webhook_endpoints WHERE is_active) THEN
    INSERT INTO webhook_deliveries (endpoint_id, event_id, kind, invoice_id, payload)
    WITH told (noted, kind, fields) AS (VALUES
      -ROWS-
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
             'version', -VERSION-, 'id', h.event_id, 'kind', h.kind,
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

WEBHOOK_TRIGGER = (
    _FUNCTION.strip().replace("-ROWS-", _ROWS).replace("-VERSION-", str(VERSION)),
    "CREATE TRIGGER timeline_owes_webhooks AFTER INSERT ON timeline "
    "REFERENCING NEW TABLE AS noted FOR EACH STATEMENT EXECUTE FUNCTION owe_webhooks()",
)
