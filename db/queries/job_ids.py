"""Lists of ids that jobs go over: the file of such a job, with eight bytes for each id.

So a page of a job reads its own part of the list, however long that is.
"""

from collections.abc import Sequence
from struct import Struct

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables.jobs import JobFile

FILE_NAME = "ids"
_ID = Struct(">q")


def written_ids(ids: Sequence[int]) -> bytes:
    """Return the content of the file."""
    return b"".join(map(_ID.pack, ids))


def ids_of_page(session: Session, job_id: int, after: int, limit: int) -> list[int]:
    """Return up to `limit` of the job's ids behind the first `after` of them (pk_job_files)."""
    asked = func.substring(JobFile.content, after * _ID.size + 1, limit * _ID.size)
    content = session.scalars(select(asked).where(JobFile.job_id == job_id)).one()
    return [id_ for (id_,) in _ID.iter_unpack(content)]


def count_ids(session: Session, job_id: int) -> int:
    """Return how many ids the job goes over (pk_job_files)."""
    length = select(func.octet_length(JobFile.content)).where(JobFile.job_id == job_id)
    octets: int = session.scalars(length).one()
    return octets // _ID.size
