"""Whether the texts that are in force go with the steps of a cadence that is to be published (rule 8.7)."""

from collections.abc import Iterable
from dataclasses import dataclass

from db.engine import Session
from db.queries.templates import saved_texts
from dunning.cadence import Cadence, Step
from intake.complaints import listed
from mailer.checks import check_use
from mailer.findings import Finding
from mailer.step_checks import StepUse
from mailer.texts import Text, shipped_languages, shipped_text
from phrase import Phrase


@dataclass(frozen=True, slots=True)
class TextFinding:
    """Something about a template in view of the cadence's steps, in the languages in which it is so."""

    template: str
    languages: tuple[str, ...]
    finding: Finding

    def __str__(self) -> str:
        return str(self.said)

    @property
    def said(self) -> Phrase:
        """Return what is so, and where."""
        has_place = self.finding.part == "subject" or self.finding.line is not None
        said = {
            "template": self.template,
            "languages": listed(list(self.languages), "and"),
            "finding": self.finding.said,
        }
        if has_place:
            return Phrase("the text {template} ({languages}), {finding}", **said)
        return Phrase("the text {template} ({languages}): {finding}", **said)


def text_findings(session: Session, cadence: Cadence) -> tuple[TextFinding, ...]:
    """Return what in the texts does not go with the cadence's steps, errors first.

    Whatever else a text may get wrong was found when it was saved.
    """
    found: dict[tuple[str, Finding], list[str]] = {}
    for template in dict.fromkeys(step.template for step in cadence.steps if step.template is not None):
        uses = [use_of(step) for step in cadence.steps if step.template == template]
        for text in _texts(session, template):
            for finding in check_use(text, uses):
                found.setdefault((template, finding), []).append(text.language)
    findings = [TextFinding(name, tuple(languages), finding) for (name, finding), languages in found.items()]
    return tuple(sorted(findings, key=lambda one: one.finding.severity))


def use_of(step: Step) -> StepUse:
    """Return the step as a text's use."""
    return StepUse(f"step {step.id}", step.anchor, step.offset_days, step.channel)


def _texts(session: Session, template: str) -> Iterable[Text]:
    """Return the template's texts in force: in each language the saved one, else the shipped one."""
    texts: dict[str, Text] = {}
    for language in shipped_languages():
        shipped = shipped_text(template, language)
        if shipped is not None:
            texts[language] = shipped
    for language, saved in saved_texts(session, template).items():
        texts[language] = Text(saved.subject, saved.body, language)
    return [texts[language] for language in sorted(texts)]
