"""`duewell sender check`: what the domains of senders have published, and what is missing."""

import json

import dns.resolver
import pytest

from tests.console.conftest import RunHere
from tests.installation import Installation
from tests.mailer.name_server import a_name_server

ZONE = {
    "duewell.example": [("TXT", '"v=spf1 -all"')],
    "k1._domainkey.duewell.example": [("TXT", '"v=DKIM1; p=MIIB"')],
}


def test_domains_are_looked_up_said_and_kept(
    installation: Installation, here: RunHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_name_server(ZONE) as resolver:
        monkeypatch.setattr(dns.resolver, "Resolver", lambda: resolver)
        here("sender", "add", "ana@Other.example", "--name", "Ana")
        every = here("sender", "check")
        one = here("sender", "check", "DUEWELL.example", "--selector", "k1", "--json")
        nobodys = here("sender", "check", "nobody.example")
        whose = here("sender", "check", "--selector", "k1")
        wrong = here("sender", "check", "duewell.example", "--selector", "a b")

    assert every.code == one.code == 1
    assert "other.example\n  SPF    missing" in every.out
    assert "publish as TXT at _dmarc.other.example: v=DMARC1; p=none; rua=mailto:ana@other.example" in every.out
    (said,) = json.loads(one.out)
    assert [finding["state"] for finding in said["findings"]] == ["unseen", "ok", "missing"]
    assert (nobodys.code, whose.code, wrong.code) == (2, 2, 2)
    assert "nothing goes out from nobody.example" in nobodys.err
    assert "'a b' is no selector" in wrong.err
    assert installation.rows("SELECT domain, selector FROM domain_checks ORDER BY domain") == [
        ("duewell.example", "k1"),
        ("other.example", None),
    ]
    noted = installation.rows("SELECT about_name, details ->> 'DKIM' FROM audit_log WHERE verb = 'domain checked'")
    assert ("duewell.example", "ok") in noted
