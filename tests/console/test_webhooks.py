"""Webhooks by command: added with a secret that is shown once, looked after, and taken away again."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from db.engine import transaction
from db.operations.webhook_deliveries import due_deliveries, let_rest, record_failed
from intake.commands import Desk
from tests.console.conftest import RunHere
from tests.installation import Installation

OWN = "http://127.0.0.1:8069/hook"


def add(here: RunHere, *options: str) -> str:
    """Add a webhook in our own network, and return what was said."""
    ran = here("webhook", "add", OWN, "--allow-private", *options)
    assert (ran.code, ran.err) == (0, "")
    return ran.out


def fail(installation: Installation, *, given_up: bool) -> None:
    """Let the oldest delivery of the first webhook fail, and the webhook with it."""
    now = datetime.now(UTC)
    with transaction(installation.engine) as session:
        (first, *_) = due_deliveries(session, 1, now, 10)
        due_at = now + timedelta(hours=1)
        record_failed(session, first, 500, "500 Oops", due_at, ended_at=now if given_up else None)
        let_rest(session, 1, "500 Oops", now, due_at)


def test_a_webhook_is_added_shown_and_removed(installation: Installation, here: RunHere) -> None:
    assert here("webhook", "list").out == "There is no webhook; add one with: duewell webhook add URL\n"
    assert here("webhook", "deliveries").out == "Nothing was to be delivered.\n"

    said = add(here, "--kinds", "payment.*", "invoice.created")
    told_of, _, secret = said.partition("\nIts secret, which is not shown again: ")
    assert told_of == "Webhook 1 is told of invoice.created, payment.*."
    assert re.fullmatch(r"whsec_\S{44}\n", secret)
    installation.invoice("INV-1", due_in_days=20)
    Desk(installation.engine, by="ana").pay("INV-1", Decimal("100"))

    shown = here("webhook", "show", "1").out
    listed = here("webhook", "list").out
    as_json = here("webhook", "show", "1", "--json").data
    assert f"Webhook 1, {OWN}: well." in shown
    assert "2 deliveries wait" in shown
    assert "It may be in a private network." in shown
    assert [line.split()[-2:] for line in shown.splitlines()[-2:]] == [["INV-1", "owed"]] * 2
    assert "well" in listed
    assert (as_json["owed"], as_json["state"], len(as_json["deliveries"])) == (2, "well", 2)
    assert secret.strip() not in shown + listed + str(as_json)

    assert here("webhook", "remove", "1").out == "webhook 1 is removed.\n"
    assert here("webhook", "deliveries").out == "Nothing was to be delivered.\n"
    here("webhook", "show", "1").failed(2, "there is no webhook 1")


def test_what_fails_is_seen_and_sent_again(installation: Installation, here: RunHere) -> None:
    add(here)
    installation.invoice("INV-1", due_in_days=20)
    installation.invoice("INV-2", due_in_days=20)
    fail(installation, given_up=False)

    assert "failing since" in here("webhook", "list").out
    assert "500 Oops; again" in here("webhook", "deliveries", "--failed").out
    (waiting,) = here("webhook", "deliveries", "1", "--failed", "--json").data
    assert (waiting["invoice"], waiting["state"], waiting["attempts"]) == ("INV-1", "owed", 1)
    assert here("webhook", "start", "1").out == "webhook 1 is told again.\n"
    assert here("webhook", "deliveries", "--failed").out == "Nothing failed.\n"

    fail(installation, given_up=True)
    (given_up,) = here("webhook", "deliveries", "--failed", "--json").data
    assert given_up["state"] == "given up"
    assert "given up after 1" in here("webhook", "deliveries", "--failed").out
    assert here("webhook", "redeliver", "--given-up-by", "1").out == "1 delivery is on its way again.\n"
    fail(installation, given_up=True)
    assert (
        here("webhook", "redeliver", str(given_up["id"])).out
        == f"delivery {given_up['id']} is on its way again.\n"
    )
    assert here("webhook", "deliveries", "--failed").out == "Nothing failed.\n"


def test_a_webhook_is_stopped_tried_and_gets_another_secret(installation: Installation, here: RunHere) -> None:
    add(here)
    assert here("webhook", "test", "1").out == "delivery 1 is on its way; see duewell webhook show 1.\n"
    secret = here("webhook", "rotate", "1", "--json").data["secret"]
    assert "It has two secrets until" in here("webhook", "show", "1").out
    assert secret.startswith("whsec_")

    assert here("webhook", "stop", "1").out == "webhook 1 is stopped.\n"
    assert here("webhook", "stop", "1").out == "nothing changed.\n"
    installation.invoice("INV-1")
    assert "stopped: by " in here("webhook", "list").out
    assert [one["kind"] for one in here("webhook", "deliveries", "--json").data] == ["webhook.ping"]
    here("webhook", "test", "1").failed(2, "webhook 1 is stopped")
    here("webhook", "redeliver", "1").failed(2, "webhook 1 is stopped")


def test_doctor_says_which_webhooks_are_not_told(installation: Installation, here: RunHere) -> None:
    assert not [check for check in here("doctor", "--json").data["checks"] if "webhook" in check["what"]]
    add(here)
    add(here)
    installation.invoice("INV-1")
    fail(installation, given_up=False)

    checks = {check["what"]: check for check in here("doctor", "--json").data["checks"]}

    assert (checks["webhooks"]["state"], checks["webhooks"]["found"]) == ("ok", "1 of 2 are told")
    assert checks["webhook 1"]["state"] == "warn"
    assert checks["webhook 1"]["found"].endswith(": 500 Oops")
    assert checks["webhook 1"]["mend"] == "mend the receiver, then: duewell webhook start 1"
    assert "webhook 2" not in checks


def test_an_order_that_makes_no_sense_is_refused_in_one_line(here: RunHere) -> None:
    orders = [
        (("add", OWN), "http:// is for private networks only"),
        (
            ("add", "https://127.1/hook"),
            "127.1 leads to 127.0.0.1, which is not on the public internet; allow it with",
        ),
        (("add", "https://169.254.169.254/"), "not on the public internet"),
        (("add", "https://[::ffff:10.0.0.1]/"), "not on the public internet"),
        (("add", "https://nowhere.invalid/"), "nowhere.invalid has no address"),
        (("add", "https://ana:geheim@hooks.example/"), "no password"),
        (("add", "hooks.example"), "expected https://"),
        (
            ("add", OWN, "--allow-private", "--kinds", "payment"),
            "'payment' is no kind of event; see duewell webhook",
        ),
        (("test", "7"), "there is no webhook 7"),
        (("stop", "7"), "there is no webhook 7"),
        (("start", "7"), "there is no webhook 7"),
        (("rotate", "7"), "there is no webhook 7"),
        (("remove", "7"), "there is no webhook 7"),
        (("redeliver", "7"), "there is no delivery 7"),
        (("redeliver",), "say which delivery, or --given-up-by WEBHOOK"),
    ]

    for order, said in orders:
        here("webhook", *order).failed(2, said)
