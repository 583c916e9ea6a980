"""Sets a ledger up: its schema, its organization, and the cadence that ships with the product."""

from db.engine import Engine, transaction
from db.operations.cadences import has_cadence, publish
from db.operations.organization import ensure_organization
from db.schema import migrate
from intake.cadence_file import STANDARD, read_cadence


def set_up(engine: Engine, name: str = "Your company", email: str = "accounts@company.example") -> bool:
    """Migrate the ledger to this release, and give a new one an organization and the default cadence.

    Returns whether the organization is new. What exists is left as it is.
    """
    migrate(engine)
    with transaction(engine) as session:
        is_new = ensure_organization(session, name, email)
        if not has_cadence(session):
            publish(session, read_cadence(STANDARD), make_default=True)
    return is_new
