"""What domains of senders have published, in words: what is missing, and what to do about it."""

from typing import Final

from mailer.domain_check import Finding

# By the codes of findings; pages say them in their readers' languages (console/web/domain_reports.py).
SENTENCES: Final = {
    "unanswered": "The name servers did not answer in time. Ask again later.",
    "spf_ok": "%(domain)s lets %(host)s send.",
    "spf_unseen": "There is a record. Whether it lets your mail server send cannot be told from here.",
    "spf_without": "There is a record, but it does not let %(host)s send: messages may be refused.",
    "spf_none": "%(domain)s does not say which servers send for it: messages may be taken for spam.",
    "spf_several": "%(domain)s has more than one record, so receivers take none. Put them together into one.",
    "spf_broken": "Receivers take the record of %(domain)s for none, because: %(why)s.",
    "dkim_ok": "A key is published, under the selector %(selector)s.",
    "dkim_unseen": "There may be a key, under a selector that is not known here. Say which one it is.",
    "dkim_elsewhere": "The selector %(selector)s has no key. Publish the one that your mail provider shows you.",
    "dkim_withdrawn": "The key of %(selector)s was withdrawn. Publish the one that your mail provider shows you.",
    "dkim_none": "No key is published. Let your mail provider sign, and publish the key that it shows you.",
    "dmarc_ok": "%(domain)s asks receivers to treat what fails as: %(policy)s.",
    "dmarc_watching": "%(domain)s only asks for reports. Raise that to quarantine once the reports are clean.",
    "dmarc_none": "%(domain)s does not say what becomes of forged mail; some receivers refuse such senders.",
    "dmarc_several": "%(domain)s has more than one policy, so receivers take none. Keep one.",
    "dmarc_broken": "The policy of %(domain)s cannot be read. Publish one that can.",
}


def sentence_of(finding: Finding) -> str:
    """Return what was found, in English."""
    return SENTENCES[finding.code] % finding.values if finding.code in SENTENCES else finding.code
