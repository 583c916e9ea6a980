"""Smart rules by command: what is kept, what is refused and where, and why an invoice is where it is."""

import asyncio

from db.engine import transaction
from db.operations.cadences import publish
from intake.commands import Desk
from starter import start_all
from tests.console.conftest import RunHere
from tests.installation import Installation
from tests.scenarios.cadences import BY_PHONE

LATE = "status is overdue and outstanding > 500 EUR then assign Standard"
EURO = "currency is EUR then assign none"


def test_a_rule_that_cannot_be_kept_is_refused_with_its_place(installation: Installation, here: RunHere) -> None:
    misread = here("rule", "add", "status is overdu then hide")
    refused = {
        'always then notify Nobody by email "x"': "no user with the address and no group with the name 'Nobody'",
        "always then assign W-KEY": "there is no cadence 'W-KEY'; there is Standard",
        "customer.custom.plan is VIP then hide": "column 1: ",
    }
    here("user", "add", "ana@duewell.example", "--name", "Ana")
    tagged = here("rule", "add", 'always then notify ana@duewell.example by email "{{ invoice.numbr }}"')

    assert (misread.code, misread.out) == (2, "")
    excerpt, mark, complaint = misread.err.splitlines()
    assert excerpt[mark.index("^") :].startswith("overdu then"), "the mark stands below the word"
    assert complaint.startswith("duewell: the rule cannot be read, column 11: expected one of not due, due")
    for text, reason in refused.items():
        assert reason in here("rule", "add", text).err
    here("rule", "add", "status is overdu then hide", "--json").failed(2, "column 11")
    tagged.failed(2, "line 1: there is no tag invoice.numbr; did you mean invoice.number?")
    assert here("rule", "list").out == "There are no rules yet, see duewell rule add.\n"


def test_rules_are_kept_in_their_order(installation: Installation, here: RunHere) -> None:
    assert here("rule", "add", LATE).out == "assign Standard is added, and not active yet.\n"
    here("rule", "add", EURO, "--name", "Euro", "--active")
    here("rule", "add", "always then hide", "--top")
    here("rule", "add", "always then hide", "--before", "Euro")
    here("rule", "add", "x", "--top", "--before", "Euro").failed(2, "a rule goes to one place")
    here("rule", "add", EURO, "--name", "Euro").failed(2, "there is a rule 'Euro' already")

    def names() -> list[tuple[int, str, bool]]:
        return [(one["position"], one["name"], one["is_active"]) for one in here("rule", "list", "--json").data]

    first = [(1, "hide", False), (2, "assign Standard", False), (3, "hide (2)", False), (4, "Euro", True)]
    assert names() == first
    assert here("rule", "move", "hide", "--after", "Euro").out == "hide is moved.\n"
    assert "stands there already" in here("rule", "move", "hide", "--bottom").out
    here("rule", "move", "hide").failed(2, "say where")
    assert here("rule", "delete", "hide (2)").out == "hide (2) is deleted.\n"
    here("rule", "edit", "Euro", "currency is USD then assign none", "--name", "Dollar")
    assert "nothing changed" in here("rule", "edit", "Dollar", "currency is USD then assign none").out
    here("rule", "edit", "Dollar").failed(2, "give the text")
    assert here("rule", "activate", "assign Standard").out == "assign Standard is active.\n"
    assert here("rule", "deactivate", "Dollar", "--json").data["rule"]["is_active"] is False
    assert names() == [(1, "assign Standard", True), (2, "Dollar", False), (3, "hide", False)]
    assert "currency is USD then assign none\n" in here("rule", "show", "Dollar").out
    here("rule", "show", "Euro").failed(2, "there is no rule 'Euro'; there is assign Standard, Dollar, hide")
    assert "".join(here("rule", "list").out.split()).startswith("placeruleactivewhatitsays1assignStandardyes")


def test_an_invoice_says_why_it_is_where_it_is(installation: Installation, here: RunHere) -> None:
    here("rule", "add", LATE, "--name", "Late", "--active")
    here("rule", "add", EURO, "--name", "Euro", "--active")
    here("rule", "add", "outstanding < 100 then hide", "--name", "Small")
    installation.invoice("INV-1")

    explained = here("rule", "explain", "INV-1").out

    assert explained == (
        "INV-1\n"
        "  cadence    decided by Late\n"
        "1. Late: wins\n"
        "     ✓ status is overdue, and it is overdue\n"
        "     ✓ outstanding > 500 EUR, and it is 1200 EUR\n"
        "2. Euro: shadowed by Late\n"
        "     ✓ currency is EUR, and it is EUR\n"
        "3. Small: is not active\n"
        "     ✗ outstanding < 100, and it is 1200 EUR\n"
    )
    here("reassign", "INV-1", "none")
    Desk(installation.engine, by="ana").deactivate_rule("Late")
    assert "duewell release-to-rules INV-1" in here("rule", "explain", "INV-1").out
    assert "rules manage its cadence again" in here("release-to-rules", "INV-1").out
    assert "nothing changed" in here("release-to-rules", "INV-1").out
    data = here("rule", "explain", "INV-1", "--json").data
    assert (data["decided_by"], data["locked_by"]) == ({"cadence": "Euro"}, None)
    logged = here("rule", "log", "INV-1", "--json").data
    assert [(one["rule"], one["became"], one["shadowed"]) for one in logged] == [
        ("Late", "applied", ["Euro"]),
        ("Euro", "applied", []),
    ]
    assert "shadows Euro" in " ".join(here("rule", "log").out.split())
    here("rule", "explain", "INV-2").failed(2, "there is no invoice 'INV-2'")
    here("rule", "log", "--limit", "0").failed(2, "--limit is 1 to 10000")


def test_what_applying_a_rule_changes_is_shown_before_it_is_ordered(
    installation: Installation, here: RunHere
) -> None:
    for number in range(12):
        installation.invoice(f"INV-{number}", due_in_days=-4 if number < 11 else 20)
    here("reassign", "INV-0", "Standard")
    here("rule", "add", "status is overdue then assign none", "--name", "Late")

    dry = here("rule", "activate", "Late", "--apply-to-existing", "--dry-run").out.splitlines()

    numbers = ", ".join(f"INV-{number}" for number in range(10))
    assert dry[0] == f"11 invoices match Late: {numbers}, …"
    assert [" ".join(line.split()) for line in dry[1:4]] == [
        "10 would be changed",
        "10 of them are under Standard now",
        "1 are left alone, because somebody chose their cadence",
    ]
    assert dry[-1] == "Nothing was changed, this was a dry run."
    data = here("rule", "activate", "Late", "--dry-run", "--json").data
    assert (data["matching"], data["changes"], data["moved_from"]) == (11, 10, {"Standard": 10})
    here("rule", "activate", "Late", "--apply-to-existing").failed(2, "add --yes")
    here("rule", "activate", "Late", "--notify").failed(2, "only if the rule is applied")
    assert here("rule", "list", "--json").data[0]["is_active"] is False
    ordered = here("rule", "activate", "Late", "--apply-to-existing", "--yes", "--no-follow")
    assert ordered.out.startswith("Late is active.\nJob 1 is ordered: apply rules.")
    assert installation.rows("SELECT kind, state FROM jobs") == [("apply rules", "running")]


async def test_a_rule_is_applied_to_what_is_there_by_a_job_and_the_processes_know_it(
    installation: Installation, there: RunHere
) -> None:
    with transaction(installation.engine) as session:
        publish(session, BY_PHONE)
    numbers = "LATE", "EARLY", "CHOSEN"
    late, early, chosen = (
        installation.invoice(number, due_in_days=days) for number, days in zip(numbers, (-1, 20, -1), strict=True)
    )
    Desk(installation.engine, by="ana").reassign("CHOSEN", "Standard")

    await start_all(installation.engine, installation.client)

    async with installation.working():
        for invoice_id in (late, early, chosen):
            await installation.planned(invoice_id, stage="waiting")
        there("rule", "add", 'status is overdue then assign "By phone"', "--name", "Late")
        applied = await asyncio.to_thread(there, "rule", "activate", "Late", "--apply-to-existing", "--yes")
        called = await installation.planned(late, stage="todo")
        undisturbed = await installation.planned(chosen, stage="waiting")
        installation.invoice("LATER", due_in_days=-1)

    assert applied.code == 0
    assert applied.out.startswith("Late is active.\n")
    assert "apply rules, job 1: done; 2 of 2 done (1 changed" in applied.out
    assert (called.cadence, called.step, undisturbed.cadence) == ("By phone", "call", "Standard")
    under = {number: installation.lines(invoice=number)[0].cadence for number in (*numbers, "LATER")}
    assert under == {"LATE": "By phone", "EARLY": "Standard", "CHOSEN": "Standard", "LATER": "By phone"}


def test_fields_are_added_asked_for_by_rules_and_removed(installation: Installation, here: RunHere) -> None:
    assert here("field", "list").out == "There are no fields yet, see duewell field add.\n"
    plan = ("field", "add", "customer", "plan", "--type", "select", "--option", "VIP")
    assert here(*plan, "--label", "Plan").out == "plan is a select field of customers.\n"
    assert here(*plan, "--label", "Plan").out == "nothing changed.\n"
    here("field", "add", "invoice", "site")
    here("rule", "add", "customer.custom.plan is VIP then hide", "--name", "key accounts")

    shown = here("field", "show", "customer", "plan").out
    listed = here("field", "list", "--json").data

    assert shown == (
        "Plan: plan, a select field of customers.\nOptions: VIP.\nRules that ask for it: key accounts.\n"
    )
    assert [(one["entity"], one["key"], one["label"]) for one in listed] == [
        ("customer", "plan", "Plan"),
        ("invoice", "site", "site"),
    ]
    here("field", "remove", "customer", "plan").failed(2, "the rule key accounts names plan")
    here("field", "add", "customer", "plan").failed(2, "a type never changes")
    here("field", "add", "customer", "Plan").failed(2, "is no key")
    here("field", "add", "customer", "colour", "--type", "select").failed(2, "a select has options")
    here("field", "show", "invoice", "plan").failed(2, "there is no custom field 'plan' of invoices")
    assert here("field", "remove", "invoice", "site").out == "the field site of invoices is removed.\n"
