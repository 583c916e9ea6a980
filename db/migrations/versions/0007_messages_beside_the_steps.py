"""Let a message that a person wrote beside the steps be used as one of them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.add_column("actions", sa.Column("as_step", sa.Text(), nullable=True))


def downgrade() -> None:
    """Go down."""
    op.drop_column("actions", "as_step")
