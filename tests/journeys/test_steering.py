"""Journeys of those who run the book: a file of invoices, a cadence that is edited, a rule."""

from datetime import date, timedelta

import pytest
from playwright.async_api import FilePayload, expect
from temporalio.client import WorkflowExecutionStatus

from tests.journeys.office import GENTLE, PATIENT, SWISS, Office
from tests.journeys.people import CHROMIUM, Person
from tests.web.browser import ADMIN
from workflows.presentation import CADENCE

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH"),
    pytest.mark.timeout(180),
]
HEADER = "Invoice number;Customer number;Customer name;Invoice date;Due date;Currency;Total;E-mail;Ref"


def a_file(today: date, total_of_second: str) -> FilePayload:
    """Return three invoices that are due in twenty days, as an accounting program exports them."""
    due, issued = today + timedelta(days=20), today - timedelta(days=10)
    lines = [
        f"F-{number};C-F{number};Orion {number};{issued};{due};EUR;{total};c-f-{number}@orion.example;PO-{number}"
        for number, total in ((1, "1000.00"), (2, total_of_second), (3, "50.00"))
    ]
    content = "\n".join([HEADER, *lines, ""])
    return {"name": "book.csv", "mimeType": "text/csv", "buffer": content.encode()}


async def job_ended(person: Person) -> None:
    """Wait until the page of a job says that it is done, without being loaded anew."""
    await person.hear("The job has ended: done.")


async def test_a_file_with_errors_is_corrected_tried_out_and_imported_and_each_invoice_has_its_process(
    office: Office,
) -> None:
    ada = await office.enter(ADMIN, "/intake")
    page = ada.page
    await page.get_by_label("File", exact=True).set_input_files(a_file(office.installation.today, "many"))
    await ada.button("Upload").click()

    # One row cannot be read, and no program calls an order number so.
    await expect(ada.figure("Rows that can be read")).to_have_text("2")
    problem = page.get_by_role("region", name="What is wrong in the file").locator("tbody tr")
    await expect(problem).to_contain_text("many")
    await page.get_by_label("po_number comes from").select_option("Ref")
    await ada.button("Read it so").click()
    await expect(page.get_by_label("po_number comes from")).to_have_value("h:Ref")
    await ada.button("Dry run").click()
    await expect(ada.figure("Would be created")).to_have_text("2")
    await expect(ada.figure("Would be refused")).to_have_text("1")
    assert office.installation.rows("SELECT count(*) FROM invoices WHERE number LIKE 'F-%'") == [(0,)]

    await page.get_by_label("The corrected file").set_input_files(a_file(office.installation.today, "70.00"))
    await ada.button("Upload").click()
    await expect(ada.figure("Rows that can be read")).to_have_text("3")
    await ada.button("Dry run").click()
    await expect(ada.figure("Would be created")).to_have_text("3")
    await ada.button("Import").click()
    await ada.hear("The import is ordered.")
    await job_ended(ada)
    await expect(ada.figure("Created")).to_have_text("3")

    taken = dict(
        office.installation.rows("SELECT id, po_number FROM invoices WHERE number LIKE 'F-%' ORDER BY number")
    )
    assert list(taken.values()) == ["PO-1", "PO-2", "PO-3"]
    for invoice_id in taken:
        await office.planned(invoice_id, stage="waiting", step="upcoming")
        assert (await office.process(invoice_id)).status is WorkflowExecutionStatus.RUNNING


async def test_a_cadence_is_edited_weighed_and_published_and_a_running_process_takes_the_new_edition(
    office: Office,
) -> None:
    installation = office.installation
    ids = [office.invoice(f"E-{number}", PATIENT, due_in_days=20) for number in range(2)]
    other = office.invoice("E-OTHER", GENTLE, due_in_days=20)
    before = [await office.planned(each, step="NUDGE") for each in ids]
    untouched = await office.planned(other, step="GENTLY")
    ada = await office.enter(ADMIN, "/cadences")
    page = ada.page
    await ada.link(PATIENT).click()
    await ada.button("Edit").click()

    step = page.get_by_role("group", name="Step 1")
    await step.get_by_label("Days", exact=True).fill("8")
    await expect(page.locator("#preview").get_by_role("region", name="Days of the invoice")).to_contain_text(
        "8 days"
    )
    await ada.button("Save and publish…").click()
    await expect(page.get_by_role("heading", name=f"Publish {PATIENT}")).to_be_visible()
    await expect(page.locator(".changes li")).to_have_count(1)
    await expect(ada.figure("open collections are under it")).to_have_text("2")
    await expect(ada.figure("next actions change")).to_have_text("2")
    assert (await installation.status(ids[0])).plan == before[0], "nothing changes by looking"
    await ada.button("Publish version 2").click()
    await ada.hear(f"Version 2 of {PATIENT} is in force.")
    await expect(page.locator("#progress")).to_contain_text("Done.")

    for invoice_id, then in zip(ids, before, strict=True):
        assert then.wake_at is not None
        plan = await office.planned(invoice_id, wake_at=then.wake_at + timedelta(days=5))
        assert plan.step == "NUDGE"
    assert (await installation.status(other)).plan == untouched


async def test_a_rule_is_written_counted_tried_out_and_applied_to_all_that_exist(office: Office) -> None:
    ids = [office.invoice(f"R-{number}", due_in_days=20, currency="CHF") for number in range(2)]
    other = office.invoice("R-OTHER", due_in_days=20)
    for invoice_id in (*ids, other):
        await office.planned(invoice_id, cadence="Standard")
    ada = await office.enter(ADMIN, "/rules")
    page = ada.page
    await ada.button("Add a rule").first.click()
    await page.get_by_label("Name").fill("Swiss accounts")
    says = page.get_by_label("What it says")
    await says.press_sequentially(f"curency is CHF then assign {SWISS}")
    await expect(page.locator("#checked")).to_contain_text("It cannot be read on from here")
    await says.fill(f"currency is CHF then assign {SWISS}")

    await expect(ada.figure("Match now")).to_have_text("2")
    await ada.button("Save").click()
    await ada.button("Activate…").click()
    await expect(page.get_by_text("2 would be changed.")).to_be_visible()
    await expect(page.get_by_text("2 of them are under Standard now.")).to_be_visible()
    await page.get_by_label("Also apply it to all existing invoices").check()
    await ada.button("Activate").click()
    await ada.hear("The rule is active, and being applied.")
    await job_ended(ada)
    await expect(ada.figure("Changed")).to_have_text("2")

    for invoice_id in ids:
        await office.planned(invoice_id, cadence=SWISS, step="GRUEZI")
        assert await office.shown(invoice_id, CADENCE) == SWISS
    assert await office.shown(other, CADENCE) == "Standard"
