"""Bulk work: jobs with their progress and their reports, the files that they read, and profiles of such files."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Id, Ref, one_of

JOB_STATES = ("running", "canceling", "done", "failed", "canceled")
ROW_OUTCOMES = ("created", "changed", "unchanged", "refused")


class Job(Base):
    """A piece of bulk work: what was ordered, how far it is, and its report.

    `cursor` is written in the transaction of the page that it ends, so that a job goes on after the last page that
    was done. `total` is how many objects it is about, None until that is counted. `counts` has done, changed,
    unchanged and failed, or what the kind of job counts beside them. `report` is a short one; what is said of each
    row is in `job_rows`.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        one_of("state", JOB_STATES),
        CheckConstraint("(ended_at IS NULL) = (state IN ('running', 'canceling'))", name="ended_at"),
        Index("ix_jobs_running", "id", postgresql_where=text("ended_at IS NULL")),
        Index("ix_jobs_kind", "kind", "id"),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    state: Mapped[str]
    order: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    started_by: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    canceled_by: Mapped[str | None]
    failed_because: Mapped[str | None]
    total: Mapped[int | None]
    cursor: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    # When the last page was done, for the rate and the time left.
    moved_at: Mapped[datetime | None]
    # Objects done each second, over about the last half minute of work.
    rate: Mapped[float | None]
    counts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    report: Mapped[list[dict[str, Any]]] = mapped_column(server_default="[]")


class JobFile(Base):
    """The file that a job reads, to the byte, so that any worker can go on with it."""

    __tablename__ = "job_files"

    job_id: Mapped[Ref] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Upload(Base):
    """A file that a user uploaded at a page and has not imported yet, for some hours. `token` is in its address.

    `report` is what the last dry run said, as JSON to the byte; `job_id` the job that imports it,
    once that is ordered.
    """

    __tablename__ = "uploads"
    __table_args__ = (Index("ix_uploads_kept_at", "kept_at"), Index("ix_uploads_job_id", "job_id"))

    id: Mapped[Id]
    token: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[Ref] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int] = mapped_column(Integer)
    kept_at: Mapped[datetime]
    report: Mapped[bytes | None] = mapped_column(LargeBinary)
    job_id: Mapped[Ref | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))


class JobRow(Base):
    """What became of one row or object of a job. `subject` is what people know it by, `said` is why."""

    __tablename__ = "job_rows"
    __table_args__ = (
        one_of("outcome", ROW_OUTCOMES),
        Index("ix_job_rows_refused", "job_id", "position", postgresql_where=text("outcome = 'refused'")),
    )

    job_id: Mapped[Ref] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    # The line of the file, or the id of the object.
    position: Mapped[Ref] = mapped_column(primary_key=True)
    subject: Mapped[str]
    outcome: Mapped[str]
    said: Mapped[str | None]


class ImportProfile(Base):
    """How files of one kind from one program are read (intake.files.profile), settled once."""

    __tablename__ = "import_profiles"
    __table_args__ = (
        one_of("kind", ("customers", "invoices", "payments", "credit notes")),
        UniqueConstraint("name", "kind"),
    )

    id: Mapped[Id]
    name: Mapped[str]
    kind: Mapped[str]
    profile: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime] = mapped_column(server_default=func.now())
    saved_by: Mapped[str]
