"""The kinds of bulk work there are, by name."""

from collections.abc import Mapping

from intake.imports.job import IMPORTS
from intake.jobs.apply_rules import APPLY_RULES
from intake.jobs.invoice_kinds import INVOICE_KINDS
from intake.jobs.kind import JobKind
from intake.jobs.publish import Publish
from intake.jobs.todo_kinds import TODO_KINDS


class UnknownKind(Exception):
    """A newer release opened the job: its workers do it, and those of this one wait for them."""


_ALL: tuple[JobKind, ...] = (*INVOICE_KINDS, *TODO_KINDS, APPLY_RULES, IMPORTS, Publish())
KINDS: Mapping[str, JobKind] = {kind.name: kind for kind in _ALL}


def kind_of(name: str) -> JobKind:
    """Return the kind of that name. Raises UnknownKind."""
    if name not in KINDS:
        raise UnknownKind(f"this release knows no jobs of the kind {name!r}")
    return KINDS[name]
