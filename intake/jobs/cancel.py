"""Cancels bulk jobs, of those kinds that can be left half-way."""

from collections.abc import Mapping

from db.engine import Session
from db.operations.jobs import ask_cancel
from db.operations.refusal import Refused
from db.queries.jobs import job_view
from phrase import N_, phrase

NEVER: Mapping[str, str] = {
    "publish": N_(
        "the version is in force already, and all its collections are to show that; "
        "publish the older version again instead"
    ),
}


def cancel_job(session: Session, job_id: int, by: str) -> bool:
    """Let the job end after the page under way; say whether that is new. What it did stays.

    Raises Refused if it has ended, or is of a kind that cannot be left half-way.
    """
    job = job_view(session, job_id)
    if job is not None and not job.is_over and job.kind in NEVER:
        raise Refused("job {job_id} cannot be canceled: {because}", job_id=job_id, because=phrase(NEVER[job.kind]))
    return ask_cancel(session, job_id, by)
