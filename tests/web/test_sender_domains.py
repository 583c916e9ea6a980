"""Settings → Senders: what each sender's domain has published, looked up when somebody asks."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from console.api.service import Processes
from console.web.service import Web
from db.engine import Engine
from db.operations.messages.senders import NewSender
from intake.commands import Desk
from mailer.domain_check import WayOut
from mailer.domain_names import DnsNames, Names, Unanswered
from tests.api.temporal_away import nowhere
from tests.db.book import Book
from tests.mailer.name_server import Zone, a_name_server
from tests.web.browser import ADMIN, MEMBER, Browser, browsing, make_team

SENDERS = "/settings/senders"
ZONE = {
    "books.example": [("TXT", '"v=spf1 <b>"')],
    "books2._domainkey.books.example": [("TXT", '"v=DKIM1; p=MIIB"')],
    "_dmarc.books.example": [("TXT", '"v=DMARC1; p=reject"')],
}


@asynccontextmanager
async def an_admin(engine: Engine, zone: Zone) -> AsyncIterator[Browser]:
    """Sign an admin in to pages whose name server knows the zone."""
    make_team(engine)
    Desk(engine, "setup").add_sender(NewSender("ana@books.example", "Ana"))
    with a_name_server(zone) as resolver:
        web = Web(engine, Processes(nowhere), way_out=WayOut("localhost"), names=lambda: DnsNames(resolver))
        async with browsing(engine, web=web) as browser:
            await browser.sign_in(ADMIN)
            yield browser


def states(page: str) -> list[tuple[str, str]]:
    """Return what is said of each subject, in order."""
    return re.findall(r"<dt>(\w+) <span class=\"found found-(\w+)\"", page)


async def test_a_domain_is_looked_up_when_somebody_asks_and_kept_with_the_moment(engine: Engine) -> None:
    async with an_admin(engine, ZONE) as browser:
        before = (await browser.get(SENDERS)).text
        answer = await browser.post(f"{SENDERS}/domain", {"domain": "Books.example", "selector": "books2"})
        after = (await browser.get(SENDERS)).text
        french = (await browser.get(SENDERS, {"Accept-Language": "fr"})).text

    assert "Nobody has looked it up yet." in before
    assert answer.status_code == 303
    assert states(after) == [("SPF", "wrong"), ("DKIM", "ok"), ("DMARC", "ok")]
    assert "<b>" not in after.partition('id="domains"')[2]
    assert 'value="books2"' in after
    assert "Ada Boss" in after or ADMIN in after
    assert "demande de traiter" in french
    book = Book(engine)
    assert book.one("SELECT details FROM audit_log WHERE verb = 'domain checked'") == {
        "SPF": "wrong",
        "DKIM": "ok",
        "DMARC": "ok",
    }


async def test_only_domains_of_senders_are_looked_up_and_only_for_admins(engine: Engine) -> None:
    async with an_admin(engine, ZONE) as browser:
        nobodys = await browser.post(f"{SENDERS}/domain", {"domain": "evil.example"})
        wrong = await browser.post(f"{SENDERS}/domain", {"domain": "books.example", "selector": "a/b"})
        await browser.post("/sign-out")
        await browser.sign_in(MEMBER)
        member = await browser.post(f"{SENDERS}/domain", {"domain": "books.example"})

    assert (nobodys.status_code, wrong.status_code, member.status_code) == (422, 422, 403)
    assert "nothing goes out from evil.example" in nobodys.text
    assert Book(engine).one("SELECT count(*) FROM domain_checks") == 0


async def test_what_another_release_kept_is_as_if_nobody_had_asked(engine: Engine) -> None:
    async with an_admin(engine, ZONE) as browser:
        Book(engine).run(
            "INSERT INTO domain_checks (domain, checked_at, checked_by, findings)"
            " VALUES ('books.example', now(), 'x', '[{\"subject\": \"BIMI\"}]')"
        )
        page = await browser.get(SENDERS)

    assert page.status_code == 200
    assert "Nobody has looked it up yet." in page.text


async def test_a_machine_without_name_servers_says_so(engine: Engine) -> None:
    def none() -> Names:
        raise Unanswered("this machine names no name servers")

    make_team(engine)
    Desk(engine, "setup").add_sender(NewSender("ana@books.example", "Ana"))
    async with browsing(engine, web=Web(engine, Processes(nowhere), names=none)) as browser:
        await browser.sign_in(ADMIN)
        answer = await browser.post(f"{SENDERS}/domain", {"domain": "books.example"})

    assert answer.status_code == 422
    assert "this machine names no name servers" in answer.text
