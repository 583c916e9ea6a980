"""Claims about the pages on which files come in."""

import re
from html import unescape

from httpx import Response

from intake.jobs.driver import drive
from tests.db.book import Book
from tests.web.browser import ADMIN, HTMX, MEMBER, OWNER, Browser, place_of

BOOK = b"""invoice_number,customer_id,customer_name,issue_date,due_date,currency,total,email,remark
INV-1,C-1,Helios,2026-05-02,2026-06-01,EUR,1000.00,ana@helios.example,a
INV-2,C-9,<i>Helios</i>,2026-05-02,2026-06-01,EUR,many,ana@helios.example,b
INV-3,C-2,Orion,2026-05-02,2026-06-01,EUR,50.00,,c
"""
RIGHT = BOOK.replace(b"many", b"70.00")


async def sent(browser: Browser, content: bytes, name: str = "book.csv", **form: str) -> Response:
    return await browser.client.post(
        "/intake/files", files={"file": (name, content)}, data=form, headers={"Sec-Fetch-Site": "same-origin"}
    )


async def uploaded(browser: Browser, content: bytes = BOOK, **form: str) -> str:
    answer = await sent(browser, content, **form)
    assert answer.status_code == 303, answer.text
    return place_of(answer)


def how_in(page: Response) -> str:
    found = re.search('name="how" value="([^"]*)"', page.text)
    assert found is not None
    return unescape(found[1])


async def test_a_file_is_uploaded_tried_out_corrected_and_imported(browser: Browser, book: Book) -> None:
    await browser.sign_in(ADMIN)
    place = await uploaded(browser)

    shown = await browser.get(place)
    tried = await browser.post(f"{place}/order", {"how": how_in(shown), "then": "dry run"})
    report = await browser.get(place_of(tried))
    refused = await browser.get(f"{place_of(tried)}?only=refused", HTMX)
    as_file = await browser.get(f"{place}/report.csv")

    assert "<code>many</code>" in shown.text
    assert "Helios</i>" not in shown.text
    assert "INV-1" in report.text
    assert "INV-2" in refused.text
    assert "<div>total</div>" in refused.text
    assert "INV-1" not in refused.text
    assert as_file.text.count("\n") == 4
    assert book.one("SELECT count(*) FROM invoices") == 0

    again = place_of(await sent(browser, RIGHT, how=how_in(report)))
    ordered = await browser.post(f"{again.partition('?')[0]}/order", {"how": how_in(report), "then": "import"})
    job_id = int(place_of(ordered).rpartition("/")[2])
    drive(book.engine, job_id)
    job = await browser.get(f"/jobs/{job_id}")

    assert book.one("SELECT count(*) FROM invoices") == 3
    assert "book.csv" in job.text
    assert book.one("SELECT about_name FROM audit_log WHERE verb = 'import ordered'") == str(job_id)


async def test_the_same_form_sent_twice_is_one_import(browser: Browser, book: Book) -> None:
    await browser.sign_in(ADMIN)
    place = await uploaded(browser, RIGHT)

    first = await browser.post(f"{place}/order", {"then": "import"})
    second = await browser.post(f"{place}/order", {"then": "import"})

    assert place_of(first) == place_of(second)
    assert book.one("SELECT count(*) FROM jobs") == 1


async def test_the_mapping_is_changed_in_the_address(browser: Browser) -> None:
    await browser.sign_in(ADMIN)
    place = await uploaded(browser, BOOK.replace(b"remark", b"Bestellung").replace(b",EUR,", b",,"))

    chosen = "kind=invoices&c.po_number=h:Bestellung&c.email=-&c.currency==&v.currency=CHF"
    shown = await browser.get(f"{place}?{chosen}")

    assert '<option value="h:Bestellung" selected>' in shown.text
    assert 'name="v.currency" value="CHF"' in shown.text
    assert "Rows that can be read</dt><dd>2<" in shown.text
    assert "c.email=-" in how_in(shown)


async def test_a_profile_is_saved_replaced_knowingly_used_and_forgotten(browser: Browser, book: Book) -> None:
    await browser.sign_in(ADMIN)
    place = await uploaded(browser)
    how = how_in(await browser.get(place))

    saved = await browser.post(f"{place}/profile", {"name": "Sage", "how": how})
    taken = await browser.post(f"{place}/profile", {"name": "Sage", "how": how})
    replaced = await browser.post(f"{place}/profile", {"name": "Sage", "how": how, "replace": "true"})
    used = await browser.get(await uploaded(browser, RIGHT, profile="Sage"))
    forgotten = await browser.post("/intake/profiles/delete", {"name": "Sage", "kind": "invoices"})
    once_more = await browser.post("/intake/profiles/delete", {"name": "Sage", "kind": "invoices"})

    assert (saved.status_code, taken.status_code, replaced.status_code) == (303, 422, 303)
    assert "already" in taken.text
    assert "The profile Sage decides" in used.text
    assert (forgotten.status_code, once_more.status_code) == (303, 409)
    assert book.rows("SELECT verb FROM audit_log WHERE about_kind = 'profile' ORDER BY id") == [
        "profile saved",
        "profile saved",
        "profile deleted",
    ]


async def test_a_strict_import_of_a_file_with_problems_and_an_unknown_cadence_are_refused(
    browser: Browser, book: Book
) -> None:
    await browser.sign_in(ADMIN)
    place = await uploaded(browser)

    strict = await browser.post(f"{place}/order", {"then": "import", "strict": "true"})
    unknown = await browser.post(f"{place}/order", {"then": "import", "assign": "<b>no such</b>"})
    tried = await browser.post(f"{place}/order", {"then": "dry run", "assign": "nothing like it"})

    assert [one.status_code for one in (strict, unknown, tried)] == [422] * 3
    assert "takes all or nothing" in strict.text
    assert "<b>no such</b>" not in unknown.text
    assert book.one("SELECT count(*) FROM jobs") == 0


async def test_what_is_no_table_is_said_to_be_none(browser: Browser) -> None:
    await browser.sign_in(ADMIN)

    empty = await sent(browser, b"")
    noise = await browser.get(await uploaded(browser, bytes(range(256)) * 20))
    broken = await browser.get(await uploaded(browser, b"PK\x03\x04 no workbook"))
    titles = await browser.get(await uploaded(browser, b"just a title\n"))

    assert empty.status_code == 422
    for answer in (noise, broken, titles):
        assert answer.status_code == 200
        assert "What is wrong in the file" in answer.text
        assert ">Dry run</button>" not in answer.text


async def test_words_without_meaning_in_the_address_are_left_to_be_guessed(browser: Browser) -> None:
    await browser.sign_in(ADMIN)
    place = await uploaded(browser, RIGHT)

    many = "&".join(f"c.x{number}=h:y" for number in range(5_000))
    for query in ("kind=nonsense&dates=x&numbers=y&encoding=rot13", "profile=none-such", many, "c.total=h:none"):
        answer = await browser.get(f"{place}?{query}")
        assert answer.status_code in (200, 422), query
        assert "book.csv" in answer.text


async def test_an_upload_is_its_users_own_and_intake_is_for_admins(browser: Browser, book: Book) -> None:
    await browser.sign_in(ADMIN)
    place = await uploaded(browser, RIGHT)
    await browser.post("/sign-out")
    await browser.sign_in(OWNER)

    others = [await browser.get(place), await browser.post(f"{place}/order", {"then": "import"})]
    await browser.post("/sign-out")
    await browser.sign_in(MEMBER)
    members = [await browser.get("/intake"), await sent(browser, RIGHT), await browser.get(f"{place}/report")]

    assert [one.status_code for one in others] == [409, 409]
    assert "Upload it again" in others[0].text
    assert [one.status_code for one in members] == [403] * 3
    assert book.one("SELECT count(*) FROM jobs") == 0


async def test_a_file_that_is_too_large_is_not_taken(browser: Browser) -> None:
    await browser.sign_in(ADMIN)

    answer = await sent(browser, b"x" * (51 * 1024 * 1024))

    assert answer.status_code == 413
