"""What was found out about the domains of senders, for the page that shows it."""

from typing import Any

from console.views.domain_words import SENTENCES
from console.web.visit import Visit
from console.web.words import N_
from db.engine import Session
from intake.domain_checks import domain_reports
from mailer.domain_check import Finding

STATES = {
    "ok": N_("published"),
    "unseen": N_("not known"),
    "wrong": N_("to be mended"),
    "missing": N_("missing"),
    "unanswered": N_("no answer"),
}
SUBJECTS = {
    "SPF": N_("Which servers send for it"),
    "DKIM": N_("Which key signs its messages"),
    "DMARC": N_("What becomes of forged ones"),
}
# The sentences of console/views/domain_words.py, for the catalogues.
SAID = (
    N_("The name servers did not answer in time. Ask again later."),
    N_("%(domain)s lets %(host)s send."),
    N_("There is a record. Whether it lets your mail server send cannot be told from here."),
    N_("There is a record, but it does not let %(host)s send: messages may be refused."),
    N_("%(domain)s does not say which servers send for it: messages may be taken for spam."),
    N_("%(domain)s has more than one record, so receivers take none. Put them together into one."),
    N_("Receivers take the record of %(domain)s for none, because: %(why)s."),
    N_("A key is published, under the selector %(selector)s."),
    N_("There may be a key, under a selector that is not known here. Say which one it is."),
    N_("The selector %(selector)s has no key. Publish the one that your mail provider shows you."),
    N_("The key of %(selector)s was withdrawn. Publish the one that your mail provider shows you."),
    N_("No key is published. Let your mail provider sign, and publish the key that it shows you."),
    N_("%(domain)s asks receivers to treat what fails as: %(policy)s."),
    N_("%(domain)s only asks for reports. Raise that to quarantine once the reports are clean."),
    N_("%(domain)s does not say what becomes of forged mail; some receivers refuse such senders."),
    N_("%(domain)s has more than one policy, so receivers take none. Keep one."),
    N_("The policy of %(domain)s cannot be read. Publish one that can."),
)


def of_domains(visit: Visit, session: Session) -> dict[str, Any]:
    """Return what the page shows of all domains that messages go out from."""

    def sentence(finding: Finding) -> str:
        return visit.text(SENTENCES.get(finding.code, finding.code), **finding.values)

    return {
        "reports": domain_reports(session),
        "sentence": sentence,
        "states": STATES,
        "subjects": SUBJECTS,
    }
