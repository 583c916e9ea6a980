"""Who owes: customers and the people to write to."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Id, Ref


class Customer(Base):
    """A company or person that owes; `external_id` is its number in the accounts."""

    __tablename__ = "customers"
    __table_args__ = (Index("ix_customers_name", "name", "id"),)

    id: Mapped[Id]
    external_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    locale: Mapped[str | None]
    payment_term_days: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Contact(Base):
    """A person at a customer. `unreachable_because` is the permanent refusal that their address met."""

    __tablename__ = "contacts"
    __table_args__ = (
        Index("uq_contacts_main", "customer_id", unique=True, postgresql_where=text("is_main")),
        Index(
            "uq_contacts_external_id",
            "customer_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        Index("uq_contacts_email", "customer_id", func.lower(text("email")), unique=True),
    )

    id: Mapped[Id]
    customer_id: Mapped[Ref] = mapped_column(ForeignKey("customers.id"))
    external_id: Mapped[str | None]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    email: Mapped[str | None]
    role: Mapped[str] = mapped_column(server_default="main")
    is_main: Mapped[bool] = mapped_column(server_default=text("false"))
    unreachable_because: Mapped[str | None]
    locale: Mapped[str | None]
