"""Journeys of those who collect: to-dos, one invoice, two people at once, a session that is over, a role."""

import re
from decimal import Decimal

import pytest
from playwright.async_api import Page, expect

from db.operations.messages.drafts import Draft
from intake.commands import Desk
from tests.journeys.office import BY_HAND, BY_PHONE, GENTLE, KEY_BY_HAND, Office
from tests.journeys.people import CHROMIUM, Person
from tests.web.browser import ADMIN, MEMBER, OWNER, PASSWORD
from workflows.presentation import CADENCE, STAGE

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH"),
    pytest.mark.timeout(180),
]
LEA = "lea@duewell.example"


async def opened(page: Page, number: str) -> None:
    """Wait until the to-do about the invoice is opened beside the list, and the keys are there."""
    await expect(page.locator("#pane-title")).to_have_text(f"Customer of {number}")
    await page.wait_for_load_state()


async def signed_out_elsewhere(person: Person) -> None:
    """Sign out in another tab of the same browser."""
    beside = await person.new_tab()
    await beside.go("/account")
    await beside.page.locator("details.user summary").click()
    await beside.button("Sign out").click()
    await beside.hear("You are signed out.")


async def test_to_dos_are_worked_off_by_keyboard_alone_and_the_processes_follow(office: Office) -> None:
    worth = {"K-CALL": 900, "K-MAIL": 800, "K-SKIP": 700, "K-LATER": 600, "K-REST": 500}
    ids = {
        number: office.invoice(number, BY_PHONE if number == "K-CALL" else BY_HAND, total=Decimal(total))
        for number, total in worth.items()
    }
    call, mail, skipped, later = (office.todo(number) for number in list(worth)[:4])
    collector = await office.enter(MEMBER, "/actions")
    page = collector.page

    # Down, up and in; "no answer" is one arrow from where the key leads.
    await collector.press("j", "j", "k", "Enter")
    await opened(page, "K-CALL")
    await collector.press("c", "ArrowDown", "Enter")
    await collector.hear("K-CALL")
    # The mail follows: written, where keys are letters again, and sent by the button behind the text.
    await opened(page, "K-MAIL")
    await collector.press("e", "ControlOrMeta+a")
    await page.keyboard.type("**Just** kidding: is it on its way?")
    await expect(page.locator("#preview strong")).to_have_text("Just")
    await collector.press("Tab", "Enter")
    await collector.hear("The message goes out.")
    await opened(page, "K-SKIP")
    await collector.press("i", "Enter")
    await collector.hear("Ignored.")
    await opened(page, "K-LATER")
    await collector.press("s", "Enter")
    await collector.hear("Put off until")
    await opened(page, "K-REST")

    await office.installation.until(lambda: office.ended(mail)[0] == "done")
    plans = {number: await office.planned(ids[number], step="LAST") for number in list(worth)[:3]}
    assert {plan.stage for plan in plans.values()} == {"waiting"}
    assert office.ended(call) == ("done", "no answer", MEMBER)
    assert office.ended(skipped) == ("ignored", "ignored", MEMBER)
    assert office.ended(later)[0] == "open"
    assert (await office.planned(ids["K-LATER"], step="MAIL")).stage == "todo"
    (sent,) = office.mails_to("K-MAIL")
    assert sent.startswith("**Just** kidding: is it on its way?")
    await page.reload()
    await expect(page.locator("[data-row]")).to_have_count(1)


async def test_an_invoice_is_paused_resumed_and_reassigned_at_its_page_and_its_process_follows(
    office: Office,
) -> None:
    invoice_id = office.invoice("P-1", due_in_days=20)
    await office.planned(invoice_id, stage="waiting", step="upcoming", cadence="Standard")
    collector = await office.enter(MEMBER, "/invoices")
    page = collector.page
    await page.get_by_label("Number or customer").fill("P-1")
    await collector.press("Enter")
    await collector.link("P-1").click()

    await collector.unfold("Pause").click()
    await page.locator("details[open]").get_by_label("Reason").fill("they asked for a copy")
    await collector.button("Pause the invoice").click()
    await collector.hear("The invoice is paused.")
    held = await office.planned(invoice_id, stage="held")
    assert held.wake_at is None
    assert await office.shown(invoice_id, STAGE) == "held"
    await expect(page.locator(".hold")).to_contain_text("they asked for a copy")

    await collector.button("Resume").click()
    await collector.hear("The invoice is resumed.")
    waiting = await office.planned(invoice_id, stage="waiting", step="upcoming")
    assert waiting.wake_at is not None

    await collector.unfold("Another cadence").click()
    await page.locator("select[name=cadence]").select_option(GENTLE)
    await collector.button("Assign").click()
    await collector.hear("The cadence is assigned")
    moved = await office.planned(invoice_id, step="GENTLY", cadence=GENTLE)
    assert moved.wake_at is not None
    assert moved.wake_at > waiting.wake_at
    assert await office.shown(invoice_id, CADENCE) == GENTLE
    assert office.mails_to("P-1") == []


async def test_of_two_people_at_one_to_do_the_second_is_told_and_nothing_of_the_first_is_overwritten(
    office: Office,
) -> None:
    invoice_id = office.invoice("T-1", KEY_BY_HAND)
    todo = office.todo("T-1")
    ana, ada = [await office.enter(email, f"/actions?open={todo}") for email in (OWNER, ADMIN)]
    for one, text in ((ana, "From Ana."), (ada, "From Ada.")):
        await opened(one.page, "T-1")
        await one.page.get_by_label("Text").fill(text)

    await ana.button("Send").click()
    await ana.hear("The message goes out.")
    await office.installation.until(lambda: office.ended(todo)[0] == "done")
    await ada.button("Send").click()

    await expect(ada.page.get_by_role("alert")).to_contain_text("Somebody was faster: ana@duewell.example")
    await expect(ada.page.get_by_label("What you wrote")).to_have_value(re.compile("From Ada"))
    await office.planned(invoice_id, step="LAST")
    (sent,) = office.mails_to("T-1")
    assert sent.startswith("From Ana.")


async def test_a_tab_that_was_signed_out_elsewhere_says_so_at_the_next_key_and_leads_back(office: Office) -> None:
    office.invoice("S-1", KEY_BY_HAND)
    todo = office.todo("S-1")
    ada = await office.enter(ADMIN, f"/actions?open={todo}")
    await opened(ada.page, "S-1")
    await signed_out_elsewhere(ada)

    await ada.press("j", "Enter")

    await expect(ada.page.get_by_text("You were signed out. Sign in to go on where you were.")).to_be_visible()
    await ada.sign_in()
    await opened(ada.page, "S-1")
    assert ada.page.url == f"{office.url}/actions?open={todo}"


async def test_what_is_being_written_when_a_session_ends_is_there_again_after_signing_in(office: Office) -> None:
    office.invoice("S-2", KEY_BY_HAND)
    todo = office.todo("S-2")
    ada = await office.enter(ADMIN, f"/actions?open={todo}")
    await opened(ada.page, "S-2")
    await signed_out_elsewhere(ada)

    await ada.press("e", "ControlOrMeta+a")
    await ada.page.keyboard.type("Half a sentence")
    await ada.hear("You were signed out. What you typed is still here.")
    await ada.page.keyboard.type(" and the other half.")
    await ada.press("Tab", "Enter")
    await ada.hear("You were signed out. What you typed is still here. Sign in again")

    await ada.page.reload()
    await ada.sign_in()
    await opened(ada.page, "S-2")
    await expect(ada.page.locator(".typed")).to_contain_text("What you wrote here before is in its fields again.")
    await expect(ada.page.get_by_label("Text")).to_have_value("Half a sentence and the other half.")
    await expect(ada.page.locator("#preview")).to_have_text("Half a sentence and the other half.")
    assert office.ended(todo)[0] == "open"
    await ada.button("Send").click()
    await ada.hear("The message goes out.")
    await office.installation.until(lambda: office.ended(todo)[0] == "done")
    (sent,) = office.mails_to("S-2")
    assert sent.startswith("Half a sentence and the other half.")


async def test_what_was_typed_comes_back_after_a_look_at_another_to_do_and_never_over_what_somebody_else_wrote(
    office: Office,
) -> None:
    for number in ("W-1", "W-2"):
        office.invoice(number, KEY_BY_HAND)
    todo = office.todo("W-1")
    ada = await office.enter(ADMIN, f"/actions?open={todo}")
    text = ada.page.get_by_label("Text")

    async def look_at(number: str) -> None:
        await ada.page.locator("[data-row]").filter(has_text=f"Customer of {number}").click()
        await opened(ada.page, number)

    await opened(ada.page, "W-1")
    await text.fill("Typed by Ada.")
    await look_at("W-2")
    await look_at("W-1")
    await expect(text).to_have_value("Typed by Ada.")
    await ada.button("Leave it out").click()
    await expect(ada.page.get_by_label("Subject")).to_be_focused()
    await expect(text).to_have_value(re.compile("Dear Ana"))
    await ada.page.reload()
    await opened(ada.page, "W-1")
    await expect(text).to_have_value(re.compile("Dear Ana"))

    await text.fill("Typed by Ada.")
    await look_at("W-2")
    Desk(office.installation.engine, OWNER).edit_todo(todo, Draft(None, "Kept by Ana."))
    await look_at("W-1")
    await expect(text).to_have_value(re.compile("Kept by Ana."))
    await expect(ada.page.locator(".typed pre")).to_have_text("Typed by Ada.")


async def test_a_member_is_led_to_no_page_that_needs_a_role_and_told_so_where_they_type_its_address(
    office: Office,
) -> None:
    invoice_id = office.invoice("M-1", BY_HAND)
    collector = await office.enter(MEMBER, "/")
    page = collector.page
    menu = page.get_by_role("navigation", name="Pages")
    await expect(menu.get_by_role("link")).to_have_text(
        ["Overview", "Actions", "Invoices", "Customers", "Cadences", "Templates", "Smart rules"]
    )

    paths = await collector.linked()
    for path in [*paths, f"/invoices/{invoice_id}", f"/actions?open={office.todo('M-1')}"]:
        await collector.go(path)
        paths += [path for path in await collector.linked() if path not in paths]
    refused = [path for path in paths if not (await page.request.get(office.url + path)).ok]
    assert refused == []
    for path in ("/settings/organization", "/rules/new"):
        await collector.go(path)
        await expect(page.get_by_role("heading", name="This page is not for your role")).to_be_visible()
        await expect(menu).to_be_visible()
    await collector.button("To the first page").click()
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()


async def test_a_role_that_is_taken_away_counts_from_the_next_click_on(office: Office) -> None:
    owner = await office.enter(OWNER, "/settings/users")
    added = owner.page.locator("section.card")
    await added.get_by_label("Name").fill("Lea Roy")
    await added.get_by_label("E-mail address").fill(LEA)
    await added.get_by_role("combobox", name="Role").select_option("admin")
    await added.get_by_label("First password").fill(PASSWORD)
    await owner.button("Add the user").click()
    await owner.hear("Lea Roy is a user now.")
    lea = await office.enter(LEA, "/rules/new")
    await lea.page.get_by_label("What it says").fill("always then hide")
    await expect(lea.page.locator("#checked")).to_contain_text("Match now")

    await owner.go("/settings/users")
    await owner.link("Lea Roy").click()
    await owner.page.get_by_role("combobox", name="Role").select_option("member")
    await owner.button("Change the role").click()
    await owner.hear("The role is changed.")
    await lea.button("Save").click()

    await expect(lea.page.get_by_role("heading", name="This page is not for your role")).to_be_visible()
    await expect(lea.link("Intake")).to_have_count(0)
    assert office.installation.rows("SELECT count(*) FROM smart_rules") == [(0,)]
