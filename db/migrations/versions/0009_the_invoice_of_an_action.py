"""Write at each action which invoice it is about, and into the indexes of its lists (docs/decisions/0034)."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_LISTED = ["state", "channel", "kind", "listed_on", "id"]
# By name: what the index begins with, and what else it has in its entries.
_LISTS: dict[str, tuple[list[str], list[str]]] = {
    "ix_actions_list": ([], []),
    "ix_actions_list_owner": (["owner"], []),
    "ix_actions_list_cadence": (["cadence_id"], []),
    "ix_actions_list_cadence_owner": (["cadence_id", "owner"], []),
    "ix_actions_list_customer": (["customer_id"], ["cadence_id", "owner"]),
}
_KEY, _PAIR = "fk_actions_collection_id_collections", "fk_actions_collection_id_invoice_id_collections"


def upgrade() -> None:
    """Go up."""
    _drop_lists()
    op.add_column("actions", sa.Column("invoice_id", sa.BigInteger(), nullable=True))
    op.execute("UPDATE actions a SET invoice_id = c.invoice_id FROM collections c WHERE c.id = a.collection_id")
    op.alter_column("actions", "invoice_id", nullable=False)
    op.create_unique_constraint(op.f("uq_collections_id_invoice_id"), "collections", ["id", "invoice_id"])
    op.drop_constraint(op.f(_KEY), "actions", type_="foreignkey")
    op.create_foreign_key(
        op.f(_PAIR), "actions", "collections", ["collection_id", "invoice_id"], ["id", "invoice_id"]
    )
    _create_lists(["invoice_id"])


def downgrade() -> None:
    """Go down."""
    _drop_lists()
    op.drop_constraint(op.f(_PAIR), "actions", type_="foreignkey")
    op.create_foreign_key(op.f(_KEY), "actions", "collections", ["collection_id"], ["id"])
    op.drop_constraint(op.f("uq_collections_id_invoice_id"), "collections", type_="unique")
    op.drop_column("actions", "invoice_id")
    _create_lists([])


def _drop_lists() -> None:
    for name in _LISTS:
        op.drop_index(name, table_name="actions")


def _create_lists(also: list[str]) -> None:
    for name, (begins, has) in _LISTS.items():
        columns, included = [*begins, *_LISTED], [*has, *also]
        op.create_index(name, "actions", columns, unique=False, postgresql_include=included)
