"""Claims about the pages of jobs."""

from db.operations.jobs import end_job, hold_job, move_job, open_job
from intake.jobs.driver import drive
from tests.db.book import Book
from tests.db.jobs import job_of, open_over
from tests.web.browser import ADMIN, HTMX, MEMBER, Browser


def a_job(book: Book, kind: str = "bulk pause", file: tuple[str, bytes] | None = None) -> int:
    job_id: int = book.do(lambda session: open_job(session, kind, "ana", {"conditions": []}, file))
    return job_id


def with_rows(book: Book, job_id: int, rows: list[tuple[int, str, str, str | None]]) -> None:
    def work(session: object) -> None:
        held = hold_job(session, job_id)  # type: ignore[arg-type]
        assert held is not None
        counts = {"done": len(rows), "failed": sum(row[2] == "refused" for row in rows)}
        move_job(session, held, None, counts, rows)  # type: ignore[arg-type]

    book.do(work)


async def test_jobs_are_listed_newest_first_page_by_page(browser: Browser, book: Book) -> None:
    ids = [a_job(book) for _ in range(31)]
    book.do(lambda session: end_job(session, ids[5], "done"))
    await browser.sign_in(ADMIN)

    first = await browser.get("/jobs")
    older = await browser.get(f"/jobs?before={ids[1]}", HTMX)
    running = await browser.get("/jobs?only=running")

    assert f'href="/jobs/{ids[-1]}"' in first.text
    assert f'href="/jobs/{ids[0]}"' not in first.text
    assert f"before={ids[1]}" in first.text
    assert f'href="/jobs/{ids[0]}"' in older.text
    assert "<html" not in older.text
    assert f'href="/jobs/{ids[5]}"' in first.text
    assert f'href="/jobs/{ids[5]}"' not in running.text


async def test_an_empty_list_says_what_will_stand_in_it(browser: Browser) -> None:
    await browser.sign_in(ADMIN)

    shown = await browser.get("/jobs")

    assert "There are no jobs yet" in shown.text


async def test_progress_is_asked_for_until_the_job_has_ended_and_then_comes_with_its_report(
    browser: Browser, book: Book
) -> None:
    book.invoice("INV-1")
    job_id = open_over(book.engine, "bulk hide")
    await browser.sign_in(ADMIN)

    under_way = await browser.get(f"/jobs/{job_id}/progress", HTMX)
    drive(book.engine, job_id)
    ended = await browser.get(f"/jobs/{job_id}/progress", HTMX)

    assert 'hx-trigger="every 2s"' in under_way.text
    assert "Cancel the job" in under_way.text
    assert "hx-trigger" not in ended.text
    assert "Cancel the job" not in ended.text
    assert "INV-1" in ended.text
    assert 'hx-swap-oob="true"' in ended.text
    assert "The job has ended" in ended.text


async def test_a_job_is_canceled_once_and_the_log_says_so_once(browser: Browser, book: Book) -> None:
    job_id = a_job(book)
    await browser.sign_in(ADMIN)

    first = await browser.post(f"/jobs/{job_id}/cancel")
    again = await browser.post(f"/jobs/{job_id}/cancel")

    assert (first.status_code, again.status_code) == (303, 303)
    assert job_of(book.engine, job_id).state == "canceled"
    assert book.one("SELECT count(*) FROM audit_log WHERE verb = 'job canceled'") == 1


async def test_a_job_that_has_ended_or_must_go_on_is_not_canceled(browser: Browser, book: Book) -> None:
    ended, publishing = a_job(book), a_job(book, "publish")
    book.do(lambda session: end_job(session, ended, "done"))
    await browser.sign_in(ADMIN)

    refused = await browser.post(f"/jobs/{ended}/cancel")
    kept = await browser.post(f"/jobs/{publishing}/cancel")

    assert refused.status_code == 409
    assert "has ended" in refused.text
    assert kept.status_code == 409
    assert "in force already" in kept.text
    assert "Cancel the job" not in (await browser.get(f"/jobs/{publishing}")).text


async def test_the_report_has_pages_and_what_others_wrote_is_only_shown(browser: Browser, book: Book) -> None:
    job_id = a_job(book, "import", ("<b>book</b>.csv", b"x"))
    rows: list[tuple[int, str, str, str | None]] = [(n, f"INV-{n}", "created", None) for n in range(2, 103)]
    with_rows(book, job_id, [*rows, (200, "=cmd()", "refused", "<script>alert(1)</script>")])
    await browser.sign_in(ADMIN)

    first = await browser.get(f"/jobs/{job_id}")
    second = await browser.get(f"/jobs/{job_id}?after=101", HTMX)
    refused = await browser.get(f"/jobs/{job_id}?only=refused")
    file = await browser.get(f"/jobs/{job_id}/report.csv")

    assert "INV-101" in first.text
    assert "INV-102" not in first.text
    assert "after=101" in first.text
    assert "&lt;b&gt;book&lt;/b&gt;.csv" in first.text
    assert "INV-102" in second.text
    assert "&lt;script&gt;" in second.text
    assert "<script>alert" not in second.text
    assert "=cmd()" in refused.text
    assert "INV-50" not in refused.text
    assert file.headers["content-type"].startswith("text/csv")
    assert "'=cmd()" in file.text
    assert len(file.text.splitlines()) == 103


async def test_jobs_are_for_admins(browser: Browser, book: Book) -> None:
    job_id = a_job(book)
    await browser.sign_in(MEMBER)

    answers = [
        await browser.get("/jobs"),
        await browser.get(f"/jobs/{job_id}"),
        await browser.get(f"/jobs/{job_id}/report.csv"),
        await browser.post(f"/jobs/{job_id}/cancel"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert job_of(book.engine, job_id).state == "running"


async def test_numbers_that_no_job_has_are_answered(browser: Browser) -> None:
    await browser.sign_in(ADMIN)

    paths = ("/jobs/77", f"/jobs/{2**63}", "/jobs/0", "/jobs/x", f"/jobs?before={10**40}", "/jobs/77/report.csv")
    statuses = [(await browser.get(path)).status_code for path in paths]

    assert statuses == [404, 422, 422, 422, 422, 404]
