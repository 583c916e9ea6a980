"""Orders about texts: what is found in one, and saving it."""

import re
from dataclasses import dataclass

from db.engine import Engine, Session, transaction
from db.operations.messages.templates import one_saver_at_a_time, save_template
from db.operations.refusal import Refused
from db.queries.templates import custom_field_keys, saved_texts, uses_of
from mailer.checks import check
from mailer.findings import Finding
from mailer.formats import language_of
from mailer.step_checks import StepUse
from mailer.texts import Text
from phrase import Phrase

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a text: its edition, None if it is the one in force already or is refused."""

    number: int | None
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What refuses the text."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


def sound_name(name: str) -> str:
    """Return the name of a template. Raises Refused for one that cannot be."""
    if not _NAME.fullmatch(name):
        raise Refused(
            "{name!r} is no name of a template; expected 1 to 40 of a-z, 0-9 and -, such as second-reminder",
            name=name,
        )
    return name


def sound_language(language: str) -> str:
    """Return the code of a language. Raises Refused for one that nobody speaks."""
    if not _LANGUAGE.fullmatch(language) or language_of(language) != language:
        raise Refused("{language!r} is no language; expected a code such as en, fr, de or es", language=language)
    return language


def findings_in(session: Session, name: str, text: Text) -> tuple[Finding, ...]:
    """Return what is found in a text, in view of the steps that use it and of the organization's own fields."""
    uses = [
        StepUse(f"step {use.step_id} of {use.cadence}", use.anchor, use.offset_days, use.channel)
        for use in uses_of(session, name)
    ]
    return check(text, uses, custom_field_keys(session))


def save_text(engine: Engine, name: str, text: Text, by: str) -> Saved:
    """Save the text unless something in it is wrong.

    Raises Refused for a name or a language that cannot be, and LedgerUnavailable.
    """
    with transaction(engine) as session:
        return save_text_in(session, name, text, by)


def save_text_in(session: Session, name: str, text: Text, by: str, after: int | None = None) -> Saved:
    """Do the same as a part of the transaction.

    `after` is the edition that was looked at, 0 for none; Refused if another one is in force by now.
    """
    sound_name(name)
    sound_language(text.language)
    if after is not None:
        one_saver_at_a_time(session, name, text.language)
        current = saved_texts(session, name).get(text.language)
        if after != (0 if current is None else current.number):
            by_whom = Phrase(" by {who}", who=current.saved_by) if current is not None else ""
            raise Refused(
                "the text was changed{by_whom} meanwhile; nothing was overwritten, look at it again",
                by_whom=by_whom,
            )
    findings = findings_in(session, name, text)
    if any(finding.severity == "error" for finding in findings):
        return Saved(None, findings)
    return Saved(save_template(session, name, text.language, text.subject, text.body, by), findings)
