"""Reads the messages that went to a customer, about whichever of its invoices, page by page.

As with all lists of actions (docs/decisions/0014) a page is put together from one short range of an index for each
state, channel and kind: ix_actions_list_customer.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.lists.plans import by_indexes
from db.queries.todos import Place
from db.tables.actions import ACTION_KINDS, ACTION_STATES
from dunning.cadence import Channel

PAGE_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class CustomerMessage:
    """A message, and what became of it. `invoices` are all that it speaks of, that of its step first.

    `state` is that of its delivery, `on` the day that its action is listed under.
    """

    action_id: int
    invoices: tuple[str, ...]
    cadence: str
    step: str
    channel: str
    on: date
    subject: str
    recipients: tuple[str, ...]
    state: str
    sent_at: datetime | None
    returned_because: str | None

    @property
    def place(self) -> Place:
        """Return where the message is in its list."""
        return Place(self.on, self.action_id)


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A page of messages, the newest first, and where to go on if there are more."""

    lines: tuple[CustomerMessage, ...]
    ends_at: Place | None


_CHANNELS: Final = [channel.value for channel in Channel if channel.may_be_automatic]
# What went out is done. Of the others hardly one has a message, which is seen only by looking for it: so they are
# looked through no further back than the page reaches without them.
_GONE: Final = ("done", "sending")
_FOUND: Final = """
SELECT found.* FROM unnest(CAST(:{states} AS text[])) s(state)
 CROSS JOIN unnest(CAST(:channels AS text[])) h(channel)
 CROSS JOIN unnest(CAST(:kinds AS text[])) k(kind) CROSS JOIN LATERAL (
   SELECT b.id, b.listed_on FROM actions b
    WHERE b.customer_id = :customer_id AND b.state = s.state AND b.channel = h.channel AND b.kind = k.kind
      AND {within} AND EXISTS (SELECT FROM messages m WHERE m.action_id = b.id)
    ORDER BY b.listed_on DESC, b.id DESC LIMIT :limit) found
"""
_PAGE: Final = """
WITH gone AS MATERIALIZED ({gone} ORDER BY found.listed_on DESC, found.id DESC LIMIT :limit),
others AS MATERIALIZED ({others}),
page AS MATERIALIZED (
  SELECT * FROM (SELECT * FROM gone UNION ALL SELECT * FROM others) found
   ORDER BY found.listed_on DESC, found.id DESC LIMIT :limit)
SELECT a.id, a.step_id, a.channel, a.listed_on, ca.name AS cadence, m.subject, m.recipients, m.state, m.sent_at,
       m.returned_because,
       i.number || ARRAY(SELECT o.number FROM actions t JOIN invoices o ON o.id = t.invoice_id
                          WHERE t.merged_into = a.id ORDER BY o.number) AS invoices
  FROM page JOIN actions a ON a.id = page.id JOIN messages m ON m.action_id = a.id
  JOIN invoices i ON i.id = a.invoice_id
  JOIN cadences ca ON ca.id = a.cadence_id
 ORDER BY page.listed_on DESC, page.id DESC
"""
_REACHED: Final = """
b.listed_on >= (SELECT CASE WHEN count(*) < :limit THEN '-infinity' ELSE min(gone.listed_on) END FROM gone)
"""


def message_page(session: Session, customer_id: int, limit: int, after: Place | None = None) -> MessagePage:
    """Return up to `limit` (at most 500) of the messages to the customer behind `after`, the newest first.

    One message about several invoices is there once (rule 2.15). What is being sent or came back is there too.
    """
    assert 0 < limit <= PAGE_MAX, "a page is bounded"
    by_indexes(session)
    values = {
        "customer_id": customer_id,
        "limit": limit + 1,
        "gone": list(_GONE),
        "others": [state for state in ACTION_STATES if state not in _GONE],
        "channels": _CHANNELS,
        "kinds": list(ACTION_KINDS),
    }
    if after is not None:
        values |= {"day": after.listed_on, "id": after.action_id}
    behind = "true" if after is None else "(b.listed_on, b.id) < (:day, :id)"
    gone = _FOUND.format(states="gone", within=behind)
    others = _FOUND.format(states="others", within=f"{behind} AND {_REACHED}")
    rows = session.execute(text(_PAGE.format(gone=gone, others=others)), values)
    lines = tuple(
        CustomerMessage(
            row.id,
            tuple(row.invoices),
            row.cadence,
            row.step_id,
            row.channel,
            row.listed_on,
            row.subject,
            tuple(row.recipients),
            row.state,
            row.sent_at,
            row.returned_because,
        )
        for row in rows
    )
    return MessagePage(lines[:limit], lines[limit - 1].place if len(lines) > limit else None)
