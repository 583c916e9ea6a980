"""Reads the logs of a run, and says which promises were broken; nothing is the answer to be had."""

from tests.exactly_once import delivering, timing, together
from tests.exactly_once.contacts import contacts
from tests.exactly_once.evidence import Evidence
from tests.exactly_once.violations import Violation


def check(evidence: Evidence) -> list[Violation]:
    """Return every violation in the logs of a run that is over."""
    all_contacts = list(contacts(evidence))
    return [
        *timing.blocked(evidence, all_contacts),
        *timing.at_a_wrong_time(evidence, all_contacts),
        *timing.too_close(evidence, all_contacts),
        *timing.over_the_throttle(evidence, all_contacts),
        *timing.lost(evidence),
        *delivering.twice(evidence),
        *together.in_two_messages(evidence, all_contacts),
        *together.not_named(all_contacts),
        *delivering.to_a_wrong_recipient(evidence, all_contacts),
        *delivering.not_recorded(evidence, all_contacts),
        *delivering.not_sent(evidence),
        *delivering.not_as_recorded(evidence),
        *delivering.not_reviewed(evidence),
    ]
