"""Checks a text before it is saved: what is wrong is an error, what may not be meant a warning (rule 8.7)."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from mailer.findings import Finding, Part
from mailer.frame import Look
from mailer.refusals import BadText, CannotRender
from mailer.render import render, require_bounded
from mailer.sample_letters import sample_letters
from mailer.step_checks import StepUse, check_steps
from mailer.syntax_checks import Unreadable, read
from mailer.tag_checks import Fields, check_tags
from mailer.tag_paths import Mentions
from mailer.texts import Text

READ_MAX: Final = 128


def check(text: Text, uses: Iterable[StepUse] = (), fields: Fields = None) -> tuple[Finding, ...]:
    """Return what is found in the text, errors first.

    `uses` are the steps that use it; `fields` the organization's own fields by entity, None if they are not known.
    """
    try:
        mentions = _read(text)
    except Unreadable as error:
        return (error.finding,)
    found = [
        *check_tags("subject", text.subject, mentions["subject"], fields),
        *check_tags("body", text.body, mentions["body"], fields),
        *check_steps(text, mentions, tuple(uses)),
    ]
    if not any(finding.severity == "error" for finding in found):
        found += _try_out(text)
    return _in_order(found)


def check_use(text: Text, uses: Iterable[StepUse]) -> tuple[Finding, ...]:
    """Return what of a text that was checked before does not go with other steps, errors first."""
    try:
        return _in_order(check_steps(text, _read(text), tuple(uses)))
    except Unreadable as error:
        return (error.finding,)


# Whoever edits a cadence has all its texts looked at with each change, and they stay the same.
@lru_cache(READ_MAX)
def _read(text: Text) -> Mapping[Part, Mentions]:
    """Return what the text mentions, by part. Raises Unreadable."""
    try:
        require_bounded(text)
    except BadText as error:
        raise Unreadable(Finding("error", error.problem, line=error.line)) from error
    return {"subject": read(text.subject, "subject"), "body": read(text.body, "body")}


def _in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(
        sorted(found, key=lambda finding: (finding.severity, finding.part != "subject", finding.line or 0))
    )


def _try_out(text: Text) -> Iterator[Finding]:
    """Render the text for letters of all sorts: filters that cannot be used so show then."""
    for letter in sample_letters():
        try:
            render(text, letter, Look("Sample"))
        except BadText as error:
            # One is enough: what is wrong may also be what takes long.
            yield Finding("error", error.problem, line=error.line)
            return
        except CannotRender:
            # A value that a real letter may have: that is looked at above, tag by tag.
            continue
