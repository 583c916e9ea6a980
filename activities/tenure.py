"""Keeps an attempt that was taken for lost from handing its message over beside the attempt that followed it.

A worker that Temporal does not hear of is no dead worker: its attempt may still be waiting for a slow mail server
while another one is under way (docs/decisions/0007).
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from db.engine import Engine, transaction
from db.operations.messages.sending import Claim
from db.queries.attempts import is_handing_over
from mailer.transport import Overtaken

# The workflow gives an attempt up after 15 seconds without a heartbeat, and not sooner: until then nobody else has
# the message, and the ledger need not be asked.
ALONE_FOR = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Tenure:
    """The right of an attempt to hand over what it claimed. `started_at` is the server's time of its start."""

    engine: Engine
    claim: Claim
    started_at: datetime
    began: float = field(default_factory=time.monotonic)

    def holds(self) -> bool:
        """Say whether no other attempt has the message, nor a person. Raises LedgerUnavailable."""
        # Both clocks, because the server's task itself may have been held up on its way here.
        here, there = timedelta(seconds=time.monotonic() - self.began), datetime.now(UTC) - self.started_at
        if max(here, there) < ALONE_FOR:
            return True
        with transaction(self.engine) as session:
            return is_handing_over(session, self.claim.action_id, self.claim.attempt)

    def confirm(self) -> None:
        """Raise Overtaken if the message is somebody else's by now, who records what becomes of it."""
        if not self.holds():
            raise Overtaken("another attempt has the message by now")
