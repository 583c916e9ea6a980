"""The pages of cadences: what is shown to whom, drafts kept one at a time, and publishing what was seen."""

import re
from collections.abc import Mapping
from html import unescape

import pytest
from httpx import Response

from db.engine import Engine, transaction
from db.operations import cadences
from db.operations.jobs import open_job
from db.queries.catalogue import version_of
from db.queries.jobs import job_page
from intake.cadence_file import STANDARD, read_cadence
from intake.jobs.driver import drive
from tests.db.book import Book
from tests.web.browser import ADMIN, HTMX, MEMBER, Browser, place_of

NAME = "Standard"


@pytest.fixture
async def admin(browser: Browser, book: Book) -> Browser:
    """A browser in which an admin is signed in, on a ledger with two invoices."""
    book.invoice("INV-1", customer_id="C-1", email="a@helios.example")
    book.invoice("INV-2", customer_id="C-2", email="b@helios.example")
    await browser.sign_in(ADMIN)
    return browser


def id_of(engine: Engine, name: str = NAME) -> int:
    """Return the id of a cadence."""
    with transaction(engine) as session:
        return cadences.require_cadence(session, name)


def fields_of(page: Response) -> dict[str, str]:
    """Return what the editor's form would send as it stands."""
    found: dict[str, str] = {}
    editor = page.text.partition('<form id="editor"')[2]
    for tag in re.findall(r"<input[^>]*>", editor):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name is not None:
            found[name[1]] = unescape(value[1]) if value is not None else ""
    for name, options in re.findall(r'<select(?: form="editor")? name="([^"]*)">(.*?)</select>', editor, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = unescape(chosen[1]) if chosen is not None else ""
    return found


async def edited(browser: Browser, engine: Engine, **changed: str) -> tuple[Response, dict[str, str]]:
    """Open the editor, change fields and send the form; return the answer, and what was sent."""
    path = f"/cadences/{id_of(engine)}/edit"
    sent = {
        **fields_of(await browser.get(path)),
        "do": "save",
        **{k.replace("_", "-", 1): v for k, v in changed.items()},
    }
    return await browser.post(path, sent), sent


def drafted(engine: Engine, name: str = NAME) -> object:
    """Return the draft, None if there is none."""
    with transaction(engine) as session:
        return version_of(session, name, "draft")


async def test_the_list_and_a_cadence_are_for_members_and_changes_are_not(
    browser: Browser, engine: Engine
) -> None:
    await browser.sign_in(MEMBER)
    here = f"/cadences/{id_of(engine)}"

    listed, shown = await browser.get("/cadences"), await browser.get(here)

    assert (listed.status_code, shown.status_code) == (200, 200)
    assert NAME in listed.text
    assert "/edit" not in shown.text + listed.text
    for path in (f"{here}/edit", f"{here}/publish", "/cadences/new"):
        assert (await browser.get(path)).status_code == 403
    for path in ("edit", "preview", "publish", "discard", "delete", "default"):
        assert (await browser.post(f"{here}/{path}")).status_code == 403
    assert drafted(engine) is None


@pytest.mark.parametrize("path", ["/cadences/0", "/cadences/999", f"/cadences/{2**63}", "/cadences/1/jobs/999"])
async def test_what_is_not_there_is_said(admin: Browser, path: str) -> None:
    assert (await admin.get(path)).status_code == 404


async def test_numbers_of_versions_that_cannot_be_are_refused(admin: Browser, engine: Engine) -> None:
    here = f"/cadences/{id_of(engine)}"
    assert (await admin.get(f"{here}?version={2**31}")).status_code == 422
    assert (await admin.get(f"{here}?version=77")).status_code == 404
    assert (await admin.get(f"{here}?term=100000")).status_code == 422


async def test_a_job_of_something_else_is_not_shown_as_progress(admin: Browser, engine: Engine) -> None:
    with transaction(engine) as session:
        job_id = open_job(session, "publish", "ada", {"cadence": "Another", "version": 1})
    assert (await admin.get(f"/cadences/{id_of(engine)}/jobs/{job_id}")).status_code == 404


async def test_the_line_is_drawn_and_listed(admin: Browser, engine: Engine) -> None:
    shown = await admin.get(f"/cadences/{id_of(engine)}?term=15")

    assert shown.text.count('class="mark email automatic"') == 2 * 4 + 1  # wide and narrow, and one in the legend
    assert 'class="mark call manual"' in shown.text
    assert "18 days after the due date" in shown.text
    assert "style=" not in shown.text


async def test_the_form_as_it_stands_changes_nothing_and_is_kept_as_a_draft(
    admin: Browser, engine: Engine
) -> None:
    answer, _ = await edited(admin, engine)

    assert place_of(answer) == f"/cadences/{id_of(engine)}/edit"
    draft = drafted(engine)
    with transaction(engine) as session:
        published = version_of(session, NAME, "published")
    assert draft is not None
    assert published is not None
    assert draft.cadence == published.cadence  # type: ignore[attr-defined]


async def test_steps_are_changed_added_moved_and_removed(admin: Browser, engine: Engine) -> None:
    await edited(admin, engine, s1_offset="4")
    added, _ = await edited(admin, engine, do="add")
    await edited(admin, engine, do="up 5")
    await edited(admin, engine, do="remove 0")

    assert place_of(added).endswith("/edit#step-5") or place_of(added).endswith("/edit")
    draft = drafted(engine)
    steps = draft.cadence.steps  # type: ignore[attr-defined]
    assert [step.id for step in steps] == ["reminder", "second-reminder", "call", "S1", "final-notice"]
    assert (steps[0].offset_days, steps[3].offset_days) == (4, 37)


@pytest.mark.parametrize(
    "order", ["remove 99", "up 0", "down -1", "remove x", "explode", "up ²", "down " + "9" * 300]
)
async def test_orders_that_mean_nothing_keep_the_form_as_it_is(admin: Browser, engine: Engine, order: str) -> None:
    answer, _ = await edited(admin, engine, do=order)

    assert answer.status_code == 303
    assert len(drafted(engine).cadence.steps) == 5  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "changed",
    [
        {"s0_offset": "soon"},
        {"s0_offset": "9" * 400},
        {"s0_anchor": "issue_date"},
        {"s3_execution": "automatic"},
        {"s0_id": "reminder"},
        {"s0_template": "nowhere"},
        {"s0_repeat_every": "3"},
        {"s0_cc": "nobody"},
        {"delay": "31"},
        {"logic": "odd"},
    ],
)
async def test_what_is_wrong_is_said_and_what_was_typed_stays(
    admin: Browser, engine: Engine, changed: Mapping[str, str]
) -> None:
    answer, sent = await edited(admin, engine, **changed)

    assert answer.status_code == 409
    assert "mend what is marked" in answer.text
    assert drafted(engine) is None
    (name,) = (key.replace("_", "-", 1) for key in changed)
    assert fields_of(answer)[name] == sent[name]


async def test_hostile_text_is_shown_as_text(admin: Browser, engine: Engine) -> None:
    evil = '"><script>alert(1)</script>'
    answer, _ = await edited(admin, engine, s0_name=evil, s0_id=evil)
    preview = await admin.post(
        f"/cadences/{id_of(engine)}/preview", {**fields_of(answer), "invoice": evil}, headers=HTMX
    )

    assert "<script>alert" not in answer.text + preview.text
    assert fields_of(answer)["s0-name"] == evil


async def test_the_second_of_two_editors_overwrites_nothing(admin: Browser, engine: Engine) -> None:
    path = f"/cadences/{id_of(engine)}/edit"
    seen = fields_of(await admin.get(path))

    first = await admin.post(path, {**seen, "s0-offset": "-4", "do": "save"})
    second = await admin.post(path, {**seen, "s0-offset": "-9", "do": "save"})
    again = await admin.post(path, {**seen, "s0-offset": "-9", "do": "add"})

    assert (first.status_code, second.status_code, again.status_code) == (303, 409, 409)
    assert "meanwhile; nothing was overwritten" in second.text
    assert fields_of(second)["s0-offset"] == "-9"
    assert drafted(engine).cadence.steps[0].offset_days == -4  # type: ignore[attr-defined]


async def test_typing_shows_days_by_term_of_an_invoice_and_warnings_beside_the_step(
    admin: Browser, engine: Engine
) -> None:
    here = f"/cadences/{id_of(engine)}"
    sent = {**fields_of(await admin.get(f"{here}/edit")), "s4-anchor": "issue_date", "invoice": "INV-2"}

    shown = await admin.post(f"{here}/preview", sent, headers=HTMX)

    assert shown.status_code == 200
    assert "Invoice INV-2 from now on" in shown.text
    assert "net 45" in shown.text
    assert "net 60" in shown.text
    beside = shown.text.partition('id="said-4"')[2]
    assert "The order differs with the payment term: call comes before final-notice with net 0" in beside
    assert "invoice.days_overdue says that it is overdue" in beside
    assert drafted(engine) is None


async def test_an_invoice_that_is_not_there_is_said_and_the_rest_is_shown(admin: Browser, engine: Engine) -> None:
    here = f"/cadences/{id_of(engine)}"
    sent = {**fields_of(await admin.get(f"{here}/edit")), "invoice": "INV-99"}
    shown = await admin.post(f"{here}/preview", sent, headers=HTMX)
    assert "There is no invoice INV-99." in shown.text
    assert "An invoice issued today" in shown.text


async def test_publishing_shows_the_impact_and_runs_as_a_job(admin: Browser, engine: Engine) -> None:
    await edited(admin, engine, s1_id="other")
    here = f"/cadences/{id_of(engine)}"

    asked, impact = await admin.get(f"{here}/publish"), await admin.get(f"{here}/publish?impact=now", headers=HTMX)
    seen = dict(re.findall(r'name="(published|draft)" value="(\d+)"', asked.text))
    done = await admin.post(f"{here}/publish", seen)

    assert "step other" in asked.text
    assert ">2</dd>" in impact.text
    place = place_of(done)
    job_id = int(place.partition("job=")[2])
    assert "Under way" in (await admin.get(place)).text
    drive(engine, job_id)
    progress = await admin.get(f"{here}/jobs/{job_id}", headers=HTMX)
    assert "Done." in progress.text
    assert "hx-trigger" not in progress.text
    with transaction(engine) as session:
        assert version_of(session, NAME, "published").number == 2  # type: ignore[union-attr]
    again = await admin.post(f"{here}/publish", seen)
    assert again.status_code == 409
    with transaction(engine) as session:
        assert len(job_page(session, 10)) == 1


async def test_a_draft_that_was_changed_since_it_was_looked_at_is_not_published(
    admin: Browser, engine: Engine
) -> None:
    await edited(admin, engine, s1_offset="4")
    here = f"/cadences/{id_of(engine)}"
    seen = dict(re.findall(r'name="(published|draft)" value="(\d+)"', (await admin.get(f"{here}/publish")).text))
    await edited(admin, engine, s1_offset="5")

    answer = await admin.post(f"{here}/publish", seen)

    assert answer.status_code == 409
    assert "changed meanwhile" in answer.text
    with transaction(engine) as session:
        assert version_of(session, NAME, "published").number == 1  # type: ignore[union-attr]


async def test_without_a_draft_there_is_nothing_to_publish_or_throw_away(admin: Browser, engine: Engine) -> None:
    here = f"/cadences/{id_of(engine)}"
    assert "There is no draft to publish" in (await admin.get(f"{here}/publish")).text
    assert (await admin.post(f"{here}/publish", {})).status_code == 409
    assert (await admin.post(f"{here}/discard", {})).status_code == 409


async def test_a_draft_is_thrown_away_unless_it_is_another_by_now(admin: Browser, engine: Engine) -> None:
    await edited(admin, engine, s1_offset="4")
    here = f"/cadences/{id_of(engine)}"
    seen = fields_of(await admin.get(f"{here}/edit"))
    await edited(admin, engine, s1_offset="5")

    stale = await admin.post(f"{here}/discard", {key: seen[key] for key in ("published", "draft")})
    seen = fields_of(await admin.get(f"{here}/edit"))
    gone = await admin.post(f"{here}/discard", {key: seen[key] for key in ("published", "draft")})

    assert (stale.status_code, gone.status_code) == (409, 303)
    assert drafted(engine) is None


async def test_a_new_cadence_begins_as_a_draft_and_names_are_taken_once(admin: Browser, engine: Engine) -> None:
    made = await admin.post("/cadences/new", {"name": " Key / accounts ", "like": NAME})
    again = await admin.post("/cadences/new", {"name": "Key / accounts"})
    nameless = await admin.post("/cadences/new", {"name": "none"})

    assert place_of(made) == f"/cadences/{id_of(engine, 'Key / accounts')}/edit"
    assert drafted(engine, "Key / accounts") is not None
    assert (again.status_code, nameless.status_code) == (422, 422)
    assert (await admin.get(place_of(made))).status_code == 200
    assert (await admin.get(place_of(made).removesuffix("/edit"))).status_code == 200


async def test_history_says_what_each_version_changed(admin: Browser, engine: Engine) -> None:
    cadence = read_cadence(STANDARD)
    with transaction(engine) as session:
        cadences.publish(session, type(cadence)(cadence.name, cadence.steps[:4]))

    shown = await admin.get(f"/cadences/{id_of(engine)}")

    assert "Version 2" in shown.text
    assert "Version 1" in shown.text
    assert "step final-notice: 30 days after the due date, email, automatic" in shown.text
    old = await admin.get(f"/cadences/{id_of(engine)}?version=1")
    assert "retired" in old.text


async def test_the_default_and_the_end_of_a_cadence(admin: Browser, engine: Engine) -> None:
    here = f"/cadences/{id_of(engine)}"

    in_use = await admin.post(f"{here}/delete")
    await admin.post(f"{here}/default", {"default": "no"})
    twice = await admin.post(f"{here}/default", {"default": "no"})
    await admin.post("/cadences/new", {"name": "Spare"})
    gone = await admin.post(f"/cadences/{id_of(engine, 'Spare')}/delete")

    assert (in_use.status_code, twice.status_code, place_of(gone)) == (409, 303, "/cadences")
    verbs = await admin.get("/audit")
    assert "default cadence changed" in verbs.text
    assert "cadence deleted" in verbs.text
