"""What a domain has published, asked of a real name server: SPF, DKIM and DMARC, and what is missing."""

import time
from collections.abc import Sequence

import pytest

from console.views.domain_words import SENTENCES, sentence_of
from console.web.domain_reports import SAID
from mailer.choice import way_out_of
from mailer.domain_check import Finding, WayOut, check_domain
from mailer.domain_names import DnsNames
from mailer.sender_policy import with_term
from tests.mailer.name_server import Zone, a_name_server, names_of

HERE = "company.example"
# Addresses of documentation are not on the public internet; these are.
SERVER, OTHER = "9.9.9.9", "8.8.8.8"
BY_SMTP = WayOut("smtp.provider.example")
KEY = "v=DKIM1; k=rsa; p=MIIB"
Records = dict[str, list[tuple[str, str]]]


def txt(*texts: str) -> list[tuple[str, str]]:
    return [("TXT", f'"{text}"') for text in texts]


def a_zone(**changed: Sequence[str]) -> Records:
    """Return a domain with all there should be; `spf`, `dkim` and `dmarc` say otherwise."""
    zone: Records = {
        HERE: [*txt(*changed.get("spf", (f"v=spf1 ip4:{SERVER} -all",))), ("MX", "10 mx.company.example.")],
        f"s1._domainkey.{HERE}": txt(*changed.get("dkim", (KEY,))),
        f"_dmarc.{HERE}": txt(*changed.get("dmarc", ("v=DMARC1; p=reject",))),
        "mx.company.example": [("A", OTHER)],
        "smtp.provider.example": [("A", SERVER)],
        "_spf.provider.example": txt(f"v=spf1 ip4:{SERVER}/24 ~all"),
    }
    return {name: records for name, records in zone.items() if records}


def found(zone: Zone, way: WayOut = BY_SMTP, selector: str | None = None) -> dict[str, Finding]:
    with names_of(zone) as names:
        return {one.subject: one for one in check_domain(names, HERE, way, f"ar@{HERE}", selector)}


def test_a_domain_that_has_published_everything_is_in_order() -> None:
    findings = found(a_zone())

    assert {subject: (one.state, one.publish) for subject, one in findings.items()} == {
        "SPF": ("ok", None),
        "DKIM": ("ok", None),
        "DMARC": ("ok", None),
    }
    assert findings["DKIM"].values["selector"] == "s1"
    assert sentence_of(findings["SPF"]) == "company.example lets smtp.provider.example send."


def test_a_domain_with_nothing_is_told_what_to_publish() -> None:
    findings = found({"smtp.provider.example": [("A", SERVER)], HERE: [("MX", "10 mx.company.example.")]})

    assert {one.state for one in findings.values()} == {"missing"}
    assert findings["SPF"].publish == "v=spf1 a:smtp.provider.example ~all"
    assert findings["DMARC"].publish_at == f"_dmarc.{HERE}"
    assert findings["DMARC"].publish == f"v=DMARC1; p=none; rua=mailto:ar@{HERE}"
    # A key is made where messages are signed: nobody else can say it.
    assert findings["DKIM"].publish is None


@pytest.mark.parametrize(
    ("policy", "state"),
    [
        ("v=spf1 include:_spf.provider.example -all", "ok"),
        ("v=spf1 a:smtp.provider.example -all", "ok"),
        ("v=spf1 a:mx.company.example/0 -all", "ok"),
        ("v=spf1 redirect=_spf.provider.example", "ok"),
        ("V=SPF1 IP4:9.9.9.0/24 ?ALL", "ok"),
        ("v=spf1 ip6:2001:db8::/32 mx -all", "wrong"),
        ("v=spf1 -ip4:9.9.9.9 +all", "wrong"),
        ("v=spf1 -all", "wrong"),
        ("v=spf1 exists:%{i}._spf.provider.example -all", "unseen"),
        ("v=spf1 include:nobody.example -all", "wrong"),
        ("v=spf1 include:company.example -all", "wrong"),
        ("v=spf1 ip4:999.1.1.1 -all", "wrong"),
        ("v=spf1 whatever -all", "wrong"),
        ("v=spf1 " + "a:none.example " * 11 + "ip4:9.9.9.9 -all", "wrong"),
    ],
)
def test_a_policy_is_read_as_receivers_read_it(policy: str, state: str) -> None:
    # A text of a record has 255 octets at most, and is put together from several.
    parts = " ".join(f'"{policy[at : at + 200]}"' for at in range(0, len(policy), 200))
    zone = a_zone(spf=()) | {HERE: [("TXT", parts), ("MX", "10 mx.company.example.")]}

    assert found(zone)["SPF"].state == state


def test_a_policy_without_the_server_is_shown_with_it() -> None:
    finding = found(a_zone(spf=("v=spf1 mx ~all",)))["SPF"]

    assert (finding.state, finding.record) == ("wrong", "v=spf1 mx ~all")
    assert finding.publish == "v=spf1 mx a:smtp.provider.example ~all"
    assert with_term("v=spf1 redirect=x.example", "mx") == "v=spf1 mx redirect=x.example"
    assert with_term("v=spf1", "mx") == "v=spf1 mx"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "10.1.2.3", "mail.inside.example", None])
def test_a_server_inside_the_house_is_not_judged(host: str | None) -> None:
    zone = a_zone() | {"mail.inside.example": [("A", "192.168.1.9")], "localhost": [("A", "127.0.0.1")]}

    assert found(zone, WayOut(host))["SPF"].state == "unseen"
    without = found(zone | {HERE: [("MX", "10 mx.company.example.")]}, WayOut(host))["SPF"]
    assert (without.state, without.publish) == ("missing", None)
    assert found(a_zone(spf=("v=spf1 whatever",)), WayOut(host))["SPF"].state == "wrong"


def test_resend_and_an_address_for_bounces_have_policies_of_their_own() -> None:
    by_resend, elsewhere = WayOut(by_resend=True), WayOut("smtp.provider.example", returns_to="back.example")

    nothing = found(a_zone(), by_resend)
    there = a_zone() | {
        f"send.{HERE}": txt("v=spf1 include:amazonses.com ~all"),
        f"resend._domainkey.{HERE}": txt("p=MIGf"),
        "back.example": txt(f"v=spf1 ip4:{SERVER} -all"),
    }

    assert (nothing["SPF"].publish_at, nothing["SPF"].publish) == (
        f"send.{HERE}",
        "v=spf1 include:amazonses.com ~all",
    )
    assert {one.state for one in found(there, by_resend).values()} == {"ok"}
    assert found(there, elsewhere)["SPF"].values["domain"] == "back.example"


def test_keys_are_found_under_usual_selectors_and_under_one_that_is_said() -> None:
    rare = a_zone(dkim=()) | {f"k2026._domainkey.{HERE}": txt(KEY)}
    withdrawn = a_zone(dkim=("v=DKIM1; p=",))

    assert found(rare)["DKIM"].state == "unseen"
    assert found(rare, selector="k2026")["DKIM"].state == "ok"
    assert found(rare, selector="k2027")["DKIM"].publish_at == f"k2027._domainkey.{HERE}"
    assert found(withdrawn)["DKIM"].code == "dkim_withdrawn"
    assert found(a_zone(dkim=("v=spf1 -all",)))["DKIM"].state == "unseen"


@pytest.mark.parametrize(
    ("records", "code"),
    [
        (("v=DMARC1; p=quarantine; rua=mailto:x@y.example",), "dmarc_ok"),
        (("v=DMARC1;p=none",), "dmarc_watching"),
        (("v=DMARC1; p=whatever",), "dmarc_broken"),
        (("v=DMARC1; p=none", "v=DMARC1; p=reject"), "dmarc_several"),
        (("something else",), "dmarc_none"),
    ],
)
def test_a_policy_for_forged_mail_is_read(records: Sequence[str], code: str) -> None:
    assert found(a_zone(dmarc=records))["DMARC"].code == code


def test_a_domain_below_another_inherits_its_policy() -> None:
    zone = {"_dmarc.example.com": txt("v=DMARC1; p=reject; sp=none"), "mail.example.com": txt("v=spf1 -all")}

    with names_of(zone) as names:
        finding = check_domain(names, "mail.example.com", WayOut(), "a@mail.example.com")[2]

    assert (finding.code, finding.values["domain"]) == ("dmarc_watching", "example.com")


def test_a_server_that_says_nothing_is_waited_for_so_long_and_no_longer() -> None:
    with a_name_server({}, is_silent=True) as resolver:
        began = time.monotonic()
        findings = check_domain(DnsNames(resolver, seconds=0.5), HERE, BY_SMTP, f"ar@{HERE}")
        lasted = time.monotonic() - began

    assert {one.state for one in findings} == {"unanswered"}
    assert lasted < 20


def test_hostile_names_are_not_there() -> None:
    with names_of(a_zone()) as names:
        for name in ("a" * 64 + ".example", "..", "a" * 300, "ä\ud800.example", ""):
            assert names.texts(name) == []


def test_what_is_known_of_the_way_out_comes_from_the_settings() -> None:
    smtp = "smtps://user:secret@smtp.provider.example:465"

    assert way_out_of(smtp, None) == BY_SMTP
    assert way_out_of(smtp, None, "back@Bounces.example").returns_to == "bounces.example"
    assert way_out_of(smtp, "key", "back@bounces.example") == WayOut(by_resend=True)
    assert way_out_of("http://nonsense", None) == WayOut()


def test_all_that_can_be_said_is_in_the_catalogues() -> None:
    assert set(SENTENCES.values()) == set(SAID)
