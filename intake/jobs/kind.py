"""Kinds of bulk work: what each does in one page of a job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from db.engine import Session

RowOutcome = Literal["created", "changed", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class Running:
    """A job as the ledger has it: what was ordered by whom, and after which page it goes on; {} at first."""

    id: int
    kind: str
    by: str
    order: Mapping[str, Any]
    cursor: Mapping[str, Any]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one object. `position` is its line in a file, or its id; `subject` what people know it by."""

    position: int
    subject: str
    outcome: RowOutcome
    said: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What a page did. `cursor` None ends the job; `counts` are added to those of the job.

    Every kind counts done, changed, unchanged and failed; done is the sum of the other three.
    """

    cursor: Mapping[str, Any] | None
    counts: Mapping[str, int]
    rows: Sequence[Row] = field(default=())


class JobKind(Protocol):
    """What jobs of one kind do. A page is about a second of work at most."""

    name: ClassVar[str]

    def total(self, session: Session, job: Running) -> int | None:
        """Count the objects that the job is about, for the time left; None if that is not known beforehand."""
        ...

    def page(self, session: Session, job: Running) -> Page:
        """Do the next page in the transaction that also moves the job's cursor: both happen, or neither.

        Timeline entries bear the job's id (`Change.job_id`). Raises Refused to end the job as failed.
        """
        ...


@runtime_checkable
class DoneSingly(Protocol):
    """A kind whose objects can be done one by one, where a page as a whole fails in a way that nobody expected."""

    def single(self, session: Session, job: Running) -> Page:
        """Do the next object alone, as a page of its own."""
        ...

    def give_up(self, session: Session, job: Running, because: str) -> Page:
        """Pass the next object over, which cannot be done: a page with its refusal."""
        ...
