"""What was done or asked for: actions, and the messages they sent."""

from datetime import date, datetime

from sqlalchemy import Computed, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Id, Ref, one_of
from dunning.cadence import Channel, Execution

ACTION_STATES = ("sending", "open", "done", "ignored", "expired", "canceled")
# A step of the cadence, or work beside it: a reply that asks for an answer, a message by hand, a parked
# collection. What is no step has an id in brackets, which no step can have.
ACTION_KINDS = ("step", "reply", "message", "parked")
MESSAGE_STATES = ("sending", "deferred", "sent", "bounced", "complained", "failed", "withdrawn")

# What every list is asked by, and then the order that it is read in.
_LISTED = ("state", "channel", "kind", "listed_on", "id")
# What an invoice owes is looked up for hundreds of actions, of which a list shows the best: without their rows.
_SEEN = ["invoice_id"]


class Action(Base):
    """One occurrence of a step, or of work beside the steps. The unique key makes a step run once in a cycle.

    `owner` is a user's e-mail address or a group's name. `draft_subject` and `draft_body` are what a person made
    of the message before sending it, and `approved_by` is who said that it goes out. `as_step` is the step that is
    done by a message beside the steps. `listed_on` is the day that lists sort by: the due date, or the later day
    until which the to-do is put off. The invoice, the customer and the cadence are those of the collection, for
    the lists.
    """

    __tablename__ = "actions"
    __table_args__ = (
        UniqueConstraint("collection_id", "step_id", "occurrence"),
        # A collection stays with its invoice.
        ForeignKeyConstraint(["collection_id", "invoice_id"], ["collections.id", "collections.invoice_id"]),
        one_of("kind", ACTION_KINDS),
        one_of("channel", Channel),
        one_of("execution", Execution),
        one_of("state", ACTION_STATES),
        Index("ix_actions_open", "due_on", "id", postgresql_where=text("state = 'open'")),
        Index("ix_actions_open_owner", "collection_id", "owner", postgresql_where=text("state = 'open'")),
        # A page of a list, whatever is asked of it: see db/queries/todos.py and docs/decisions/0014.
        Index("ix_actions_list", *_LISTED, postgresql_include=_SEEN),
        Index("ix_actions_list_owner", "owner", *_LISTED, postgresql_include=_SEEN),
        Index("ix_actions_list_cadence", "cadence_id", *_LISTED, postgresql_include=_SEEN),
        Index("ix_actions_list_cadence_owner", "cadence_id", "owner", *_LISTED, postgresql_include=_SEEN),
        # Of a customer with many actions those of an owner or a cadence are picked without a look at the rows.
        Index(
            "ix_actions_list_customer", "customer_id", *_LISTED, postgresql_include=["cadence_id", "owner", *_SEEN]
        ),
        Index("ix_actions_sending", "id", postgresql_where=text("state = 'sending'")),
        Index("ix_actions_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    )

    id: Mapped[Id]
    collection_id: Mapped[Ref]
    invoice_id: Mapped[Ref]
    customer_id: Mapped[Ref] = mapped_column(ForeignKey("customers.id"))
    cadence_id: Mapped[Ref] = mapped_column(ForeignKey("cadences.id"))
    kind: Mapped[str] = mapped_column(server_default="step")
    step_id: Mapped[str]
    occurrence: Mapped[int] = mapped_column(server_default="1")
    channel: Mapped[str]
    execution: Mapped[str]
    state: Mapped[str]
    owner: Mapped[str | None]
    due_on: Mapped[date]
    obstacle: Mapped[str | None]
    # The step goes out by itself once its obstacle is gone, unless a person was faster (rule 4.4).
    mends: Mapped[bool] = mapped_column(server_default=text("false"))
    outcome: Mapped[str | None]
    snoozed_until: Mapped[date | None]
    draft_subject: Mapped[str | None]
    draft_body: Mapped[str | None]
    # A manual message that a person said goes out: its process sends it.
    approved_by: Mapped[str | None]
    # A message that a person wrote beside the steps may be used as one of them (rule 4.8).
    as_step: Mapped[str | None]
    listed_on: Mapped[date] = mapped_column(Computed("GREATEST(due_on, snoozed_until)", persisted=True))
    # When its sender has a slot for it (throttling); it goes out within a few minutes of that, or takes another.
    slot_at: Mapped[datetime | None]
    # The action whose message lists this one's invoice too (rule 2.15).
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("actions.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    ended_on: Mapped[date | None]
    ended_by: Mapped[str | None]


class Message(Base):
    """A message as it goes out, to the byte: a repeat after a crash is the same message again."""

    __tablename__ = "messages"
    __table_args__ = (
        one_of("state", MESSAGE_STATES),
        Index(
            "ix_messages_reply_token", "reply_token", unique=True, postgresql_where=text("reply_token IS NOT NULL")
        ),
        Index("ix_messages_provider_id", "provider_id", postgresql_where=text("provider_id IS NOT NULL")),
    )

    id: Mapped[Id]
    action_id: Mapped[Ref] = mapped_column(ForeignKey("actions.id"), unique=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    sender: Mapped[str]
    recipients: Mapped[list[str]]
    # Who got it beside them, openly or not: whether it reached the customer does not depend on them.
    copies: Mapped[list[str]] = mapped_column(server_default="[]")
    subject: Mapped[str]
    mime: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    # How many attempts ended without an answer: the message may have been delivered that often.
    unanswered: Mapped[int] = mapped_column(server_default="0")
    last_error: Mapped[str | None]
    # When the latest attempt began, by the database's clock.
    handed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
    response: Mapped[str | None]
    # What replies are recognised by when they lost the Message-ID: a part of the address that they go to.
    reply_token: Mapped[str | None]
    provider_id: Mapped[str | None]
    # When it came back, and what the other side said.
    returned_at: Mapped[datetime | None]
    returned_because: Mapped[str | None]
