"""What a comparison of ledger and processes found, as it is counted and as it is said."""

from db.queries.reconciling import Reconciled

STARTED = "started"
NOT_STARTED = "not started"
LOOKED = "told to look again"
ENDED = "told to end"
UNKNOWN = "unknown to the ledger"
UNBALANCED = "out of balance"
# What was mended, what could not be, and what only a person can judge.
MENDED, FAILED, STRANGE = (STARTED, LOOKED, ENDED), (NOT_STARTED,), (UNKNOWN, UNBALANCED)

SAYINGS = {
    STARTED: "had no process, and one was started",
    NOT_STARTED: "has no process, and none could be started",
    LOOKED: "had a process with another plan, which was told to look again",
    ENDED: "is not followed up any more, and its process was told to end",
    UNKNOWN: "is a process that the ledger knows nothing of; nothing can be sent for it",
    UNBALANCED: "is settled by another amount than its payments and credit notes come to",
}


def sentence_of(job: Reconciled) -> str:
    """Return what the comparison came to, in one sentence."""
    counts = job.counts
    compared = f"{counts.get('open', 0)} open collections with {counts.get('running', 0)} running processes"
    if job.ended_at is None:
        return f"Comparing {compared}"
    found = [f"{counts[name]} {name}" for name in (*MENDED, *FAILED, *STRANGE) if counts.get(name)]
    came_to = ", ".join(found) or "they agree"
    stopped = (
        "" if job.state == "done" else f" ({job.state}: {job.failed_because or 'by ' + (job.canceled_by or '')})"
    )
    return f"Compared {compared}{stopped}: {came_to}"


def is_well(job: Reconciled) -> bool:
    """Say whether it came to its end, and left nothing for a person to look at."""
    return job.state == "done" and not any(job.counts.get(name) for name in (*FAILED, *STRANGE))
