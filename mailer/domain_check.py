"""Whether receivers can tell that a domain's mail is its own: SPF, DKIM and DMARC as they are published.

What is found is said by codes with values, so that pages can say it in their readers' languages.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from mailer.domain_names import Names, Unanswered
from mailer.public_addresses import is_public
from mailer.sender_policy import BadPolicy, lets_send, policies, terms, with_term

Subject = Literal["SPF", "DKIM", "DMARC"]
State = Literal["ok", "unseen", "wrong", "missing", "unanswered"]
# What providers call their keys; the one of another is said by whoever asks.
SELECTORS: Final = (
    "default",
    "dkim",
    "mail",
    "smtp",
    "google",
    "selector1",
    "selector2",
    "s1",
    "s2",
    "k1",
    "k2",
    "mandrill",
    "pm",
    "resend",
    "zoho",
    "protonmail",
    "sig1",
    "fm1",
)
_OF_RESEND: Final = "include:amazonses.com"
_LABELS_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class WayOut:
    """How mail leaves: by the mail server `host`, or by Resend; and the domain it is sent back to, if another."""

    host: str | None = None
    by_resend: bool = False
    returns_to: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is published on one subject. `values` stand in the sentence of the code.

    `record` is what was found, `publish` what is to be published as a TXT record at the name `publish_at`, where
    that can be known.
    """

    subject: Subject
    state: State
    code: str
    values: Mapping[str, str] = field(default_factory=dict)
    record: str | None = None
    publish_at: str | None = None
    publish: str | None = None


def check_domain(
    names: Names, domain: str, way: WayOut, reports_to: str, selector: str | None = None
) -> tuple[Finding, ...]:
    """Return what the domain has published; `selector` is that of its DKIM key, where somebody knows it.

    `reports_to` is the address that a DMARC record to be published names. Takes ten seconds at most.
    """
    return (
        _answered("SPF", lambda: _spf(names, domain, way)),
        _answered("DKIM", lambda: _dkim(names, domain, way, selector)),
        _answered("DMARC", lambda: _dmarc(names, domain, reports_to)),
    )


def _answered(subject: Subject, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except Unanswered:
        return Finding(subject, "unanswered", "unanswered")


def _spf(names: Names, domain: str, way: WayOut) -> Finding:
    # Resend sends with an address of its own subdomain on the envelope, and that is what receivers look at.
    at = f"send.{domain}" if way.by_resend else way.returns_to or domain
    found = policies(names.texts(at))
    term = _OF_RESEND if way.by_resend else f"a:{way.host}" if _addresses(names, way) else None
    published = None if term is None else f"v=spf1 {term} ~all"
    values = {"domain": at, "host": "Resend" if way.by_resend else way.host or ""}
    if not found:
        return Finding("SPF", "missing", "spf_none", values, None, at, published)
    if len(found) > 1:
        return Finding("SPF", "wrong", "spf_several", values, " / ".join(found), at)
    policy = found[0]
    try:
        verdict = _verdict(names, at, policy, way)
    except BadPolicy as error:
        return Finding("SPF", "wrong", "spf_broken", {**values, "why": str(error)}, policy, at)
    if verdict == "pass":
        return Finding("SPF", "ok", "spf_ok", values, policy)
    if verdict == "unseen" or term is None:
        return Finding("SPF", "unseen", "spf_unseen", values, policy)
    return Finding("SPF", "wrong", "spf_without", values, policy, at, with_term(policy, term))


def _verdict(names: Names, at: str, policy: str, way: WayOut) -> Literal["pass", "no", "unseen"]:
    addresses = _addresses(names, way)
    if way.by_resend:
        return "pass" if _OF_RESEND in (term.lower().lstrip("+") for term in terms(policy)) else "no"
    # Without an address the policy is read all the same, so that what is wrong in it is found.
    verdicts = {lets_send(names, at, policy, address) for address in addresses or ("192.0.2.1",)}
    if not addresses or "unseen" in verdicts:
        return "unseen"
    return "pass" if verdicts == {"pass"} else "no"


def _addresses(names: Names, way: WayOut) -> Sequence[str]:
    """Return where mail seems to come from: none where the server is not on the public internet."""
    if way.host is None:
        return ()
    literal = way.host.strip("[]")
    found = [literal] if _is_address(literal) else names.addresses(way.host)
    return found if all(map(is_public, found)) else ()


def _is_address(text: str) -> bool:
    try:
        is_public(text)
    except ValueError:
        return False
    return True


def _dkim(names: Names, domain: str, way: WayOut, selector: str | None) -> Finding:
    known = selector or ("resend" if way.by_resend else None)
    at = None if known is None else f"{known}._domainkey.{domain}"
    values = {"domain": domain}
    # With nothing below this name there is no key under any selector; not every server is right about that.
    is_anything = names.exists(f"_domainkey.{domain}")
    asked = dict.fromkeys([*([known] if known else []), *(SELECTORS if is_anything else ())])
    for one in asked:
        for record in _keys(names, one, domain):
            found = {**values, "selector": one}
            if not _tags(record)["p"]:
                return Finding("DKIM", "wrong", "dkim_withdrawn", found, record, f"{one}._domainkey.{domain}")
            return Finding("DKIM", "ok", "dkim_ok", found, record)
    if not is_anything:
        return Finding("DKIM", "missing", "dkim_none", values, None, at)
    if known is not None:
        return Finding("DKIM", "missing", "dkim_elsewhere", {**values, "selector": known}, None, at)
    return Finding("DKIM", "unseen", "dkim_unseen", values)


def _keys(names: Names, selector: str, domain: str) -> list[str]:
    texts = names.texts(f"{selector}._domainkey.{domain}")
    return [one for one in texts if "p" in _tags(one) and _tags(one).get("v", "DKIM1") == "DKIM1"]


def _dmarc(names: Names, domain: str, reports_to: str) -> Finding:
    own = f"_dmarc.{domain}"
    published = f"v=DMARC1; p=none; rua=mailto:{reports_to}"
    for at in _from_domain_up(domain):
        found = [one for one in names.texts(f"_dmarc.{at}") if _tags(one).get("v") == "DMARC1"]
        if len(found) > 1:
            return Finding("DMARC", "wrong", "dmarc_several", {"domain": at}, " / ".join(found), f"_dmarc.{at}")
        if found:
            return _policy_finding(found[0], at, domain, published)
    return Finding("DMARC", "missing", "dmarc_none", {"domain": domain}, None, own, published)


def _policy_finding(record: str, at: str, domain: str, published: str) -> Finding:
    tags = _tags(record)
    policy = (tags.get("p") if at == domain else tags.get("sp") or tags.get("p") or "") or ""
    values = {"domain": at, "policy": policy}
    if policy not in ("none", "quarantine", "reject"):
        return Finding("DMARC", "wrong", "dmarc_broken", values, record, f"_dmarc.{at}", published)
    return Finding("DMARC", "ok", "dmarc_watching" if policy == "none" else "dmarc_ok", values, record)


def _from_domain_up(domain: str) -> Iterator[str]:
    """Give the domain and those above it, without the last label, as a receiver asks them in turn (RFC 9989)."""
    labels = domain.split(".")[-_LABELS_MAX:]
    if ".".join(labels) != domain:
        yield domain
    for first in range(max(1, len(labels) - 1)):
        yield ".".join(labels[first:])


def _tags(record: str) -> dict[str, str]:
    """Return the tags of a DKIM or DMARC record."""
    pairs = (part.partition("=") for part in record.split(";") if "=" in part)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
