"""Fields that an organization adds to invoices and customers, each of one type."""

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Id, Ref, one_of

ENTITIES = ("customer", "invoice")
TYPES = ("text", "number", "date", "boolean", "select")


class CustomField(Base):
    """The definition of a field; `options` are the allowed values of a select."""

    __tablename__ = "custom_fields"
    __table_args__ = (
        one_of("entity", ENTITIES),
        one_of("type", TYPES),
        UniqueConstraint("entity", "key"),
        UniqueConstraint("id", "entity", "type"),
        CheckConstraint("(type = 'select') = (jsonb_array_length(options) > 0)", name="options"),
    )

    id: Mapped[Id]
    entity: Mapped[str]
    key: Mapped[str]
    type: Mapped[str]
    label: Mapped[str]
    options: Mapped[list[str]] = mapped_column(server_default="[]")


class CustomValue(Base):
    """One value. Its type is the field's, by foreign key, and only the column of that type is filled."""

    __tablename__ = "custom_values"
    __table_args__ = (
        ForeignKeyConstraint(
            ["field_id", "entity", "type"], ["custom_fields.id", "custom_fields.entity", "custom_fields.type"]
        ),
        CheckConstraint(
            "CASE entity WHEN 'customer' THEN customer_id IS NOT NULL AND invoice_id IS NULL"
            " ELSE invoice_id IS NOT NULL AND customer_id IS NULL END",
            name="owner",
        ),
        CheckConstraint(
            "num_nonnulls(text_value, number_value, date_value, boolean_value) = 1 AND CASE type"
            " WHEN 'number' THEN number_value IS NOT NULL WHEN 'date' THEN date_value IS NOT NULL"
            " WHEN 'boolean' THEN boolean_value IS NOT NULL ELSE text_value IS NOT NULL END",
            name="typed",
        ),
        Index(
            "uq_custom_values_customer",
            "customer_id",
            "field_id",
            unique=True,
            postgresql_where=text("customer_id IS NOT NULL"),
        ),
        Index(
            "uq_custom_values_invoice",
            "invoice_id",
            "field_id",
            unique=True,
            postgresql_where=text("invoice_id IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    field_id: Mapped[Ref]
    entity: Mapped[str]
    type: Mapped[str]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoices.id"))
    text_value: Mapped[str | None]
    number_value: Mapped[Decimal | None] = mapped_column(Numeric(19, 4))
    date_value: Mapped[date | None]
    boolean_value: Mapped[bool | None]
