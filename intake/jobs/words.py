"""How a bulk job stands, in one sentence for people."""

from db.queries.jobs import JobView

_STATES = {
    "running": "under way",
    "canceling": "ends after the page under way",
    "done": "done",
    "failed": "failed",
    "canceled": "canceled",
}


def sentence_of(job: JobView) -> str:
    """Return the sentence: how it stands, what it did, how fast it is and how long it will take."""
    stands = f"{job.kind}, job {job.id}: {_STATES[job.state]}"
    if job.failed_because:
        stands += f" ({job.failed_because})"
    of_all = "" if job.total is None else f" of {job.total:,}"
    counts = f"{job.changed:,} changed, {job.unchanged:,} unchanged, {job.failed:,} failed"
    return f"{stands}; {job.done:,}{of_all} done ({counts}){_pace(job)}"


def _pace(job: JobView) -> str:
    if job.is_over or job.rate is None:
        return ""
    pace = f"; {job.rate:,.0f} each second"
    if job.seconds_left is None:
        return pace
    return f"{pace}, {lasts(job.seconds_left)} left"


def lasts(seconds: float) -> str:
    """Return the time as people say it: `45 s`, `12 min`, `3 h 20 min`."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
