"""Checks whether a text goes with the steps that use it: how early they run, and what is missing (rule 8.7)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dunning.cadence import Anchor, Channel
from mailer.findings import Finding, Part, line_of
from mailer.known_tags import LISTS, OVERDUE
from mailer.liquid_marks import without_comments
from mailer.tag_paths import Mention, Mentions
from mailer.texts import Text
from phrase import phrase

PAYMENT_TERM_DAYS_MAX = 60


@dataclass(frozen=True, slots=True)
class StepUse:
    """A step that uses the text: when it triggers, and how it reaches the customer."""

    name: str
    anchor: Anchor
    offset_days: int
    channel: Channel

    @property
    def may_be_early(self) -> bool:
        """Say whether the step can run on or before the due date, at the longest usual payment term."""
        return self.offset_days <= (0 if self.anchor is Anchor.DUE_DATE else PAYMENT_TERM_DAYS_MAX)


def check_steps(text: Text, read: Mapping[Part, Mentions], uses: Sequence[StepUse]) -> Iterator[Finding]:
    """Return what in the text does not go with the steps, or may not be meant; `read` is what it mentions."""
    early = [use for use in uses if use.may_be_early]
    for part, mentions in read.items() if early else ():
        plain = without_comments(text.subject if part == "subject" else text.body)
        for mention in mentions.tags:
            if mention.is_written and not mention.is_guarded and mention.tag in OVERDUE:
                yield _too_early(mention, early, part, line_of(plain, mention.position, part))
    tags = {mention.tag for part in read.values() for mention in part.tags}
    is_spoken = bool(uses) and not any(use.channel.is_written for use in uses)
    if not is_spoken and "invoice.pay_link" not in tags:
        yield Finding("warning", 'there is no pay link: {{ invoice.pay_link | button: "Pay now" }} shows one')
    for tag in sorted(tags & LISTS):
        yield Finding("warning", f"{tag} lists other invoices too, and the text is about one of them")


def _too_early(mention: Mention, early: Sequence[StepUse], part: Part, line: int | None) -> Finding:
    surely = [use for use in early if use.anchor is Anchor.DUE_DATE]
    use = (surely or early)[0]
    problem = phrase(f"{mention.name} says that it is overdue, and {use.name} can run before that")
    return Finding("error" if surely else "warning", problem, part, line)
