"""Settings: organization, calendar, senders and webhooks, as admins keep them."""

import re
from dataclasses import replace
from typing import Any

import pytest

from db.engine import Engine
from db.operations.messages.senders import NewSender
from intake.commands import Desk
from mailer.transport import Unreachable
from tests.db.book import Book
from tests.web.browser import ADMIN, Browser, browsing, make_team
from tests.web.test_settings_people import HOSTILE, version_in

CALENDAR, ORGANIZATION = "/settings/calendar", "/settings/organization"
SENDERS, WEBHOOKS = "/settings/senders", "/settings/webhooks"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
ANA = "ana@books.example"


def filled(page: str, form: str) -> dict[str, Any]:
    """Return a form of settings as the page fills it in."""
    (part,) = re.findall(rf'action="/settings/\w+/{form}">(.*?)</form>', page, re.S)
    values: dict[str, Any] = {"version": version_in(part)}
    for tag in re.findall(r"<input [^>]+>", part):
        name, value = re.findall(r'name="(\w+)"', tag)[0], re.findall(r'value="([^"]*)"', tag)[0]
        if "checkbox" not in tag:
            values[name] = value
        elif " checked" in tag:
            values.setdefault(name, []).append(value)
    for name, text in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>(.*?)</textarea>', part, re.S):
        values[name] = text
    for name, options in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', part, re.S):
        chosen = re.findall(r'<option(?: value="([^"]*)")? selected>([^<]*)', options)
        values[name] = chosen[0][0] or chosen[0][1]
    return values


async def test_what_is_not_changed_stays_as_it_is(browser: Browser, book: Book) -> None:
    await browser.sign_in(ADMIN)
    for path, form in (
        (ORGANIZATION, "who"),
        (ORGANIZATION, "look"),
        (CALENDAR, "calendar"),
        (CALENDAR, "sending"),
        (CALENDAR, "money"),
    ):
        given = filled((await browser.get(path)).text, form)
        answer = await browser.post(f"{path}/{form}", given)
        assert answer.status_code == 303, (
            form,
            re.findall(r'class="(?:wrong|problem)"[^>]*>([^<]+)', answer.text),
        )

    assert book.rows("SELECT verb FROM audit_log WHERE verb <> 'signed in'") == []


async def test_another_calendar_lets_open_collections_look_again(browser: Browser, book: Book) -> None:
    book.invoice("INV-1")
    await browser.sign_in(ADMIN)
    given = filled((await browser.get(CALENDAR)).text, "calendar")
    book.run("DELETE FROM outbox")
    given |= {"holidays": "2026-12-24\r\n2026-12-31", "business_days": ["mon", "sun"], "holiday_calendar": "FR"}

    assert (await browser.post(f"{CALENDAR}/calendar", given)).status_code == 303

    row = book.rows("SELECT business_days, holiday_calendar, cardinality(holidays) FROM organization")
    assert row == [([0, 6], "FR", 2)]
    assert book.one("SELECT count(*) FROM outbox WHERE is_bulk") == 1
    late = await browser.post(f"{CALENDAR}/calendar", {**given, "jitter_minutes": "7"})
    assert late.status_code == 409
    assert "Somebody else changed this meanwhile" in late.text
    assert book.one("SELECT jitter_minutes FROM organization") != 7
    changed = book.rows("SELECT details FROM audit_log WHERE verb = 'settings changed'")
    assert changed == [{"changed": ["business_days", "holiday_calendar", "holidays"]}]


async def test_what_makes_no_sense_is_said_beside_its_field(browser: Browser, book: Book) -> None:
    await browser.sign_in(ADMIN)
    given = filled((await browser.get(CALENDAR)).text, "calendar")
    nonsense: tuple[dict[str, Any], ...] = (
        {"jitter_minutes": "9" * 3000},
        {"time_zone": "../etc/passwd"},
        {"holidays": HOSTILE},
        {"business_days": []},
        {"holiday_calendar": "XX-YY"},
        {"send_time": "25:00"},
    )
    for wrong in nonsense:
        answer = await browser.post(f"{CALENDAR}/calendar", {**given, **wrong})
        assert answer.status_code == 422, wrong
        assert answer.text.count('class="wrong"') == 1, wrong
        assert HOSTILE not in answer.text
    crossed = await browser.post(f"{CALENDAR}/calendar", {**given, "send_time": "19:00", "send_until": "18:00"})
    assert crossed.status_code == 422
    assert "hold no time" in crossed.text
    assert (await browser.post(f"{CALENDAR}/who", given)).status_code == 409
    assert book.one("SELECT count(*) FROM audit_log WHERE verb = 'settings changed'") == 0


async def test_a_logo_is_an_image_and_nothing_else(browser: Browser, book: Book) -> None:
    await browser.sign_in(ADMIN)

    async def send(content: bytes) -> int:
        page = (await browser.get(ORGANIZATION)).text
        version = re.findall(r'name="version" value="([^"]+)"', page)[-1]
        answer = await browser.client.post(
            f"{ORGANIZATION}/logo",
            data={"version": version},
            files={"image": ("logo.png", content)},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        return answer.status_code

    assert await send(b"<svg onload=alert(1)>") == 422
    assert await send(PNG + b"0" * 210 * 1024) == 422
    assert await send(PNG) == 303
    shown = await browser.get(f"{ORGANIZATION}/logo")
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert book.rows("SELECT details FROM audit_log WHERE verb = 'settings changed'") == [{"changed": ["logo"]}]


class Box:
    """A way out for mail that keeps what leaves."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_away = False

    def send(self, sender: str, recipients: tuple[str, ...], message_id: str, mime: bytes) -> None:
        if self.is_away:
            raise Unreachable("no such mailbox")
        self.sent.append(mime)

    def close(self) -> None:
        """Close nothing."""


async def test_a_sender_is_verified_by_the_code_that_it_got(engine: Engine, book: Book) -> None:
    make_team(engine)
    async with browsing(engine) as plain:
        box = Box()
        web = replace(plain.web, transport=lambda: box)  # type: ignore[arg-type,return-value]
    async with browsing(engine, web=web) as browser:
        await browser.sign_in(ADMIN)
        assert (await browser.post(SENDERS, {"email": ANA, "name": "Ana"})).status_code == 303
        assert (await browser.post(f"{SENDERS}/default", {"email": ANA})).status_code == 422
        assert (await browser.post(f"{SENDERS}/verify", {"email": ANA, "code": "x"})).status_code == 422
        assert (await browser.post(f"{SENDERS}/trust", {"email": ANA})).status_code == 422
        assert (await browser.post(f"{SENDERS}/code", {"email": ANA})).status_code == 303
        (code,) = re.findall(r"--code (\w+)", box.sent[0].decode())
        assert code not in str(book.rows("SELECT details::text FROM audit_log"))

        assert (await browser.post(f"{SENDERS}/verify", {"email": ANA, "code": code})).status_code == 303
        assert (await browser.post(f"{SENDERS}/default", {"email": ANA})).status_code == 303
        assert (await browser.post(f"{SENDERS}/delete", {"email": ANA})).status_code == 422

        await browser.post(SENDERS, {"email": "bo@other.example", "name": "Bo"})
        box.is_away = True
        away = await browser.post(f"{SENDERS}/code", {"email": "bo@other.example"})
        assert away.status_code == 422
        assert "could not be sent" in away.text
    verbs = book.rows("SELECT verb FROM audit_log WHERE about_name = :who ORDER BY id", who=ANA)
    assert verbs == ["sender added", "code asked for", "sender verified", "default sender chosen"]


async def test_limits_of_a_sender_are_whole_numbers(browser: Browser, book: Book) -> None:
    Desk(browser.web.engine, "setup").add_sender(NewSender(ANA, HOSTILE))
    await browser.sign_in(ADMIN)
    page = (await browser.get(f"{SENDERS}/{ANA}")).text
    assert HOSTILE not in page
    form = {"email": ANA, "version": version_in(page), "name": "Ana", "minute_max": "30", "day_max": ""}

    for wrong in ("-1", "1e3", "9999999", "²"):
        assert (await browser.post(f"{SENDERS}/change", {**form, "minute_max": wrong})).status_code == 422
    assert (await browser.post(f"{SENDERS}/change", form)).status_code == 303
    assert (await browser.post(f"{SENDERS}/change", {**form, "minute_max": "60"})).status_code == 409
    assert book.rows("SELECT minute_max, day_max FROM senders") == [(30, None)]


async def test_a_webhook_goes_to_the_public_internet_alone(browser: Browser, book: Book) -> None:
    await browser.sign_in(ADMIN)

    for url in ("https://127.0.0.1/x", "https://169.254.169.254/", "http://1.1.1.1/", "https://[::1]/", HOSTILE):
        answer = await browser.post(WEBHOOKS, {"url": url})
        assert answer.status_code == 422, url
        assert HOSTILE not in answer.text
        assert "--allow-private" not in answer.text
    assert (await browser.post(WEBHOOKS, {"url": "https://1.1.1.1/", "kinds": "x"})).status_code == 422
    assert book.one("SELECT count(*) FROM webhook_endpoints") == 0


async def test_a_webhook_is_kept_from_its_first_secret_to_its_end(browser: Browser, book: Book) -> None:
    await browser.sign_in(ADMIN)
    added = await browser.post(WEBHOOKS, {"url": "https://1.1.1.1/hook", "kinds": ["payment.*"]})
    (secret,) = re.findall(r'class="token"[^>]*>([^<]+)<', added.text)
    number = book.one("SELECT id FROM webhook_endpoints")
    at = f"{WEBHOOKS}/{number}"
    page = (await browser.get(at)).text
    assert secret not in page

    form = {"version": version_in(page)}
    rotated = await browser.post(f"{at}/rotate", form)
    assert re.findall(r'class="token"[^>]*>([^<]+)<', rotated.text) not in ([], [secret])
    assert (await browser.post(f"{at}/rotate", form)).status_code == 409
    assert (await browser.post(f"{at}/change", {**form, "url": "https://1.1.1.1/hook"})).status_code == 409
    assert (await browser.post(f"{at}/ping")).status_code == 303
    book.run("UPDATE webhook_deliveries SET state = 'given up', ended_at = now(), last_error = '<b>500'")
    delivery = book.one("SELECT id FROM webhook_deliveries")
    assert "<b>500" not in (await browser.get(f"{at}?failed=true")).text
    for forged, status in ((delivery + 1, 422), (delivery, 303), ("x", 422), (2**70, 422)):
        assert (await browser.post(f"{at}/redeliver", {"delivery": str(forged)})).status_code == status
    assert book.one("SELECT state FROM webhook_deliveries") == "owed"
    for _ in range(2):
        assert (await browser.post(f"{at}/stop")).status_code == 303
    assert (await browser.post(f"{at}/start")).status_code == 303
    assert (await browser.post(f"{at}/remove")).status_code == 303
    assert (await browser.get(at)).status_code == 404
    verbs = book.rows("SELECT verb FROM audit_log WHERE about_kind = 'webhook' ORDER BY id")
    assert verbs == [
        "webhook added",
        "webhook secret changed",
        "webhook tested",
        "delivered again",
        "webhook stopped",
        "webhook started",
        "webhook removed",
    ]
    assert secret not in str(book.rows("SELECT details::text FROM audit_log"))


@pytest.mark.parametrize("path", [ORGANIZATION, CALENDAR, SENDERS, WEBHOOKS, "/settings/api-keys"])
async def test_the_settings_speak_french(browser: Browser, path: str) -> None:
    await browser.sign_in(ADMIN)

    shown = await browser.get(path, {"Accept-Language": "fr-FR"})

    assert shown.status_code == 200
    assert "Paramètres" in shown.text
