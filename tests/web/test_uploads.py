"""Claims about files that were uploaded and are not imported yet: any process of `duewell serve` knows them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from console.web.uploads import plain_name
from db.engine import transaction
from db.operations import uploads
from db.operations.uploads import FILES_MAX, keep_upload, lock_upload, set_job
from db.queries.uploads import upload_content, upload_with
from tests.db.book import Book
from tests.db.jobs import open_over
from tests.web.browser import ADMIN, MEMBER, Browser, browsing, place_of
from tests.web.test_intake import RIGHT, uploaded

NOW = datetime.now(UTC)


def user_ids(book: Book) -> list[int]:
    return book.rows("SELECT id FROM users ORDER BY id")


def keep_one(book: Book, token: str, content: bytes = b"x", ago: timedelta = timedelta(), user: int = 0) -> None:
    user_id = user_ids(book)[user]
    book.do(lambda session: keep_upload(session, token, "a.csv", content, user_id, NOW - ago))


def kept(book: Book) -> list[str]:
    return book.rows("SELECT token FROM uploads ORDER BY kept_at")


async def test_a_file_is_found_and_ordered_at_another_process_than_took_it(browser: Browser, book: Book) -> None:
    await browser.sign_in(ADMIN)
    place = await uploaded(browser, RIGHT)
    await browser.post(f"{place}/order", {"then": "dry run"})
    async with browsing(book.engine) as elsewhere:
        await elsewhere.sign_in(ADMIN)

        shown, report = await elsewhere.get(place), await elsewhere.get(f"{place}/report")
        ordered = await elsewhere.post(f"{place}/order", {"then": "import"})
    again = await browser.post(f"{place}/order", {"then": "import"})

    assert (shown.status_code, report.status_code) == (200, 200)
    assert "INV-1" in report.text
    assert place_of(ordered) == place_of(again)
    assert place_of(ordered).startswith("/jobs/")
    assert book.one("SELECT count(*) FROM jobs") == 1


def test_an_upload_is_its_users_alone_and_for_some_hours(browser: Browser, book: Book) -> None:
    keep_one(book, "mine")
    mine, other, *_ = user_ids(book)

    def seen(user_id: int, later: timedelta = timedelta()) -> bool:
        return bool(book.do(lambda session: upload_with(session, "mine", user_id, NOW + later)))

    assert seen(mine)
    assert not seen(other)
    assert not seen(mine, timedelta(hours=13))


def test_old_files_go_and_the_oldest_for_one_more(browser: Browser, book: Book) -> None:
    keep_one(book, "old", ago=timedelta(hours=12))
    for number in range(FILES_MAX):
        keep_one(book, f"t{number:02}", ago=timedelta(minutes=FILES_MAX - number), user=number % 2)
    assert kept(book) == [f"t{number:02}" for number in range(FILES_MAX)]

    keep_one(book, "new")

    assert kept(book) == [*(f"t{number:02}" for number in range(1, FILES_MAX)), "new"]


def test_files_that_are_large_together_go_before_they_are_many(browser: Browser, book: Book) -> None:
    half = uploads.BYTES_MAX // 2
    for number, token in enumerate(("a", "b", "c")):
        keep_one(book, token, ago=timedelta(minutes=9 - number))
    book.run("UPDATE uploads SET size = :size WHERE token IN ('a', 'b')", size=half)

    keep_one(book, "d", b"four")

    assert kept(book) == ["b", "c", "d"]


def test_two_who_order_one_file_at_once_get_one_job(browser: Browser, book: Book) -> None:
    keep_one(book, "mine")
    (upload_id,) = book.rows("SELECT id FROM uploads")
    job_id = open_over(book.engine, "bulk pause")

    def order(_: int) -> bool:
        with transaction(book.engine) as session:
            held = lock_upload(session, upload_id)
            assert held is not None
            if held[1] is None:
                set_job(session, upload_id, job_id)
            return held[1] is None

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(order, range(4))) == [False, False, False, True]


def test_a_file_is_kept_to_the_byte(browser: Browser, book: Book) -> None:
    content = bytes(range(256)) * 100
    keep_one(book, "bytes", content)
    (upload_id,) = book.rows("SELECT id FROM uploads")

    assert book.do(lambda session: upload_content(session, upload_id)) == content


async def test_members_have_no_uploads(browser: Browser, book: Book) -> None:
    keep_one(book, "theirs")
    await browser.sign_in(MEMBER)

    assert (await browser.get("/intake/files/theirs")).status_code == 403


def test_a_name_is_shown_without_its_path_and_what_cannot_be_shown() -> None:
    assert plain_name("C:\\books\\a\nb.csv") == "ab.csv"
    assert plain_name("../../etc/passwd") == "passwd"
    assert plain_name("\n/") == "file"
    assert len(plain_name("x" * 999)) == 200
