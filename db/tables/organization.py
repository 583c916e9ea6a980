"""The organization itself: one row of business settings."""

from datetime import date, time
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, Date, LargeBinary, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Amount, Base, one_of


class Organization(Base):
    """The settings that the whole book shares; collection.md's defaults are the columns' defaults."""

    __tablename__ = "organization"
    __table_args__ = (
        CheckConstraint("id = 1", name="single_row"),
        CheckConstraint("send_time < send_until", name="send_hours"),
        CheckConstraint("cardinality(business_days) > 0", name="business_days"),
        CheckConstraint("jitter_minutes BETWEEN 0 AND 1440", name="jitter_minutes"),
        one_of("contact_delay_scope", ("collection", "customer")),
        CheckConstraint("bulk_signals_per_second BETWEEN 1 AND 1000", name="bulk_signals_per_second"),
        one_of("when_uncertain", ("repeat", "ask")),
        CheckConstraint("colour ~ '^#[0-9A-Fa-f]{6}$'", name="colour"),
        CheckConstraint("(logo IS NULL) = (logo_type IS NULL)", name="logo"),
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    name: Mapped[str]
    email: Mapped[str]
    address: Mapped[str] = mapped_column(server_default="")
    bank_details: Mapped[str] = mapped_column(server_default="")
    locale: Mapped[str] = mapped_column(server_default="en")
    time_zone: Mapped[str] = mapped_column(server_default="Europe/Paris")
    send_time: Mapped[time] = mapped_column(server_default="08:30")
    send_until: Mapped[time] = mapped_column(server_default="18:00")
    # Monday is 0, as in Python.
    business_days: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), server_default="{0,1,2,3,4}")
    holidays: Mapped[list[date]] = mapped_column(ARRAY(Date), server_default="{}")
    jitter_minutes: Mapped[int] = mapped_column(server_default="60")
    payment_term_days: Mapped[int | None]
    tolerance: Mapped[Amount] = mapped_column(default=Decimal(0), server_default="0")
    partial_payment_hold_days: Mapped[int] = mapped_column(server_default="3")
    promise_grace_days: Mapped[int] = mapped_column(server_default="2")
    reversal_grace_days: Mapped[int] = mapped_column(server_default="3")
    # For whom the minimum contact delay is kept (rule 2.14).
    contact_delay_scope: Mapped[str] = mapped_column(server_default="collection")
    merges_same_day: Mapped[bool] = mapped_column(server_default=text("false"))
    # A country or a subdivision of one, such as FR or DE-BY; its public holidays join `holidays`.
    holiday_calendar: Mapped[str | None]
    sends_automatically: Mapped[bool] = mapped_column(server_default=text("true"))
    todo_owner: Mapped[str] = mapped_column(Text, server_default="Cash Collectors")
    # How its messages look: a colour such as #1F4E79, and an image.
    colour: Mapped[str] = mapped_column(server_default="#1F4E79")
    logo: Mapped[bytes | None] = mapped_column(LargeBinary)
    logo_type: Mapped[str | None]
    # Where an invoice is paid and seen, with {number} and {external_id}, if the invoice itself does not say.
    pay_link: Mapped[str | None]
    view_link: Mapped[str | None]
    attaches_invoice: Mapped[bool] = mapped_column(server_default=text("false"))
    # Whether replies go to an address with a token behind a "+", which not every mail server takes.
    marks_replies: Mapped[bool] = mapped_column(server_default=text("false"))
    # What becomes of a message that may have been delivered: it is sent again, the same, or shown to a person.
    when_uncertain: Mapped[str] = mapped_column(server_default="repeat")
    # Counts the changes of rules and of fields that they may name: who keeps rules in memory reads them again.
    rules_revision: Mapped[int] = mapped_column(server_default="0")
    # The last local day of which rules know what it made of invoices: overdue, older by a bucket.
    rules_clock_on: Mapped[date | None]
    # The day that is on its way since, and up to which invoice rules know of it; None once all were raised.
    rules_clock_to: Mapped[date | None]
    rules_clock_after: Mapped[int] = mapped_column(BigInteger, server_default="0")
    # How many signals of bulk work go to processes each second, over all workers. Two cores, on which all
    # servers run beside a worker, have room for a person's orders beside so many (docs/benchmarks.md).
    bulk_signals_per_second: Mapped[int] = mapped_column(server_default="10")
    # When the ledger and the running processes are compared each night, by the organization's clock.
    reconcile_time: Mapped[time] = mapped_column(server_default="03:30")
