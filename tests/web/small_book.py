"""A small book with something of every kind that a page shows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from db.engine import Session
from db.operations import cadences
from db.operations.figures import keep_overview
from db.operations.jobs import end_job, hold_job, move_job, open_job
from db.operations.messages.domain_checks import keep_domain_check
from dunning.cadence import Channel
from intake.commands import Desk
from intake.jobs.driver import drive
from intake.jobs.over_todos import OverTodos
from tests.db.book import PARIS, Book
from tests.db.inbox import an_incoming, message_id, taken
from tests.db.jobs import open_over
from tests.db.rules import add_rule
from tests.dunning.builders import a_cadence, a_step
from tests.web.browser import MEMBER
from tests.web.todos import a_todo, lay_down, now

FILE = b"""invoice_number,customer_id,customer_name,issue_date,due_date,currency,total,email
INV-1,C-1,Helios,2026-05-02,2026-06-01,EUR,1000.00,ana@helios.example
INV-2,C-9,Orion,2026-05-02,2026-06-01,EUR,many,ana@orion.example
"""


def fill(book: Book) -> dict[str, int]:
    """Fill a ledger that is set up; return ids by what they are of."""
    lay_down(book)
    today = datetime.now(UTC).astimezone(PARIS).date()
    add_rule(
        book, f'currency is EUR then notify {MEMBER} by email "A new one: {{{{ invoice.number }}}}"', "Tell Max"
    )
    ids = {
        "mail": a_todo(book, "INV-101", "2450.00"),
        "call": a_todo(book, "INV-102", "129000.50", "By phone", currency="GBP"),
        "unreachable": a_todo(book, "INV-103", "77.10", email=None),
        "waiting": _open(book, "INV-201", today, customer_name="Société Générale des Établissements Hélios & Cie"),
        "held": _open(book, "INV-202", today, po_number="PO-2026/4711"),
        "written to": book.invoice("INV-301"),
    }
    book.pause(ids["held"], now())
    book.send(ids["written to"], "2026-05-29 08:30")
    reply = an_incoming("reply", message_id(book, ids["written to"]), "2026-05-29 17:00")
    taken(book, reply, "2026-05-29 17:01")
    ids["message"] = book.one("SELECT id FROM messages")
    ids["reply"] = book.one("SELECT id FROM incoming_messages")
    ids["customer"] = book.one("SELECT customer_id FROM invoices WHERE id = :id", id=ids["written to"])
    ids |= {"rule": _rules(book), "cadence": _draft(book)} | _jobs(book)
    # A call cannot be sent: the report says so, and all stays as it is.
    desk = Desk(book.engine, MEMBER)
    ids["job over to-dos"] = desk.open_over_todos("send to-dos", OverTodos(where="channel call"), [ids["call"]])
    drive(book.engine, ids["job over to-dos"])
    _domain(book)
    assert keep_overview(book.engine, datetime.now(UTC), today)
    return ids


def _domain(book: Book) -> None:
    """Let the organization's own domain have been looked up, with every state that there is."""
    values = {"domain": "duewell.example", "host": "smtp.duewell.example", "selector": "s1"}
    findings = [
        {"subject": "SPF", "state": "wrong", "code": "spf_without", "record": "v=spf1 mx ~all"},
        {"subject": "SPF", "state": "unseen", "code": "spf_unseen", "record": "v=spf1 mx ~all"},
        {
            "subject": "DKIM",
            "state": "ok",
            "code": "dkim_ok",
            "record": "v=DKIM1; k=rsa; p=" + "MIIBIjANBgkqhkiG9w" * 20,
        },
        {"subject": "DKIM", "state": "unanswered", "code": "unanswered"},
        {"subject": "DMARC", "state": "missing", "code": "dmarc_none", "publish": "v=DMARC1; p=none"},
    ]
    kept = [{"values": values, "publish_at": "_dmarc.duewell.example", **finding} for finding in findings]
    moment = datetime.now(UTC)
    book.do(lambda session: keep_domain_check(session, "duewell.example", kept, "s1", MEMBER, moment))


def _open(book: Book, number: str, today: date, **changed: Any) -> int:
    days = {"issued_on": today - timedelta(days=20), "due_on": today + timedelta(days=10)}
    return book.invoice(number, now(), total=Decimal("980.40"), customer_id=f"C-{number}", **(days | changed))


def _rules(book: Book) -> int:
    rule = add_rule(
        book, 'outstanding > 5000 EUR and aging is any of 31-60, 61-90 then assign "By phone"', "Large ones"
    )
    add_rule(book, "currency is USD then hide", "Friends of the house", is_active=False)
    return rule


def _draft(book: Book) -> int:
    """Return the id of the cadence By hand, of which a draft is kept beside what is in force."""
    steps = [a_step("MAIL", 4), a_step("CALL", 20, Channel.CALL), a_step("LAST", 45)]
    draft = a_cadence([replace(step, template="reminder") for step in steps], name="By hand")

    def work(session: Session) -> int:
        id_ = cadences.require_cadence(session, "By hand")
        cadences.draft(session, draft)
        return id_

    return int(book.do(work))


def _jobs(book: Book) -> dict[str, int]:
    def work(session: Session) -> int:
        job_id = open_job(session, "import", "ana@duewell.example", {"conditions": []}, ("book.csv", FILE))
        held = hold_job(session, job_id)
        assert held is not None
        rows = [(2, "INV-1", "created", None), (3, "INV-2", "refused", "total is no amount: many")]
        move_job(session, held, None, {"done": 2, "failed": 1, "changed": 1, "created": 1}, rows)
        end_job(session, job_id, "done")
        return job_id

    return {"ended job": book.do(work), "running job": open_over(book.engine, "bulk pause")}
