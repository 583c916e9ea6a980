"""What comes back is taken in once, and does to the ledger what the rules say."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from db.engine import transaction
from db.operations.messages.incoming import NotYet, assign, take_in
from db.operations.messages.reports import ASKED_NOT_TO_BE_WRITTEN_TO
from db.operations.messages.sending import Claim
from db.operations.refusal import Refused
from db.queries.incoming import deliveries, inbox_message, inbox_page
from dunning.facts import InvoiceState
from tests.db.book import Book, a_change, an_invoice, on
from tests.db.inbox import ANA, an_incoming, bounced, dead, delayed, message_id, refused, taken

SENT = "2026-05-29 08:30"
NEXT_DAY = "2026-05-30 08:29"


@pytest.fixture
def invoice_id(book: Book) -> int:
    """An invoice due Mon 2026-06-01 whose first mail went out Fri 05-29 at 08:30."""
    invoice_id = book.invoice()
    book.send(invoice_id, SENT)
    return invoice_id


def states(book: Book) -> list[tuple[str, str]]:
    """Return all messages as the step that bears them and their state."""
    return book.rows(
        "SELECT a.step_id, m.state FROM messages m JOIN actions a ON a.id = m.action_id ORDER BY m.id"
    )


def todo(book: Book, step: str) -> tuple[Any, ...]:
    """Return the open to-do of the step: its kind, owner, reason, and whether it goes out by itself."""
    found: tuple[Any, ...] = book.one(
        "SELECT kind, owner, obstacle, mends FROM actions WHERE step_id = :step AND state = 'open'", step=step
    )
    return found


def reachable(book: Book, email: str = ANA) -> str | None:
    """Return why nobody writes to the address."""
    reason: str | None = book.one("SELECT unreachable_because FROM contacts WHERE email = :email", email=email)
    return reason


# Bounces.


def test_a_hard_bounce_within_a_day_is_no_contact_and_makes_a_todo(book: Book, invoice_id: int) -> None:
    """Rule 2.16."""
    book.rows("DELETE FROM outbox RETURNING id")

    came = bounced(book, invoice_id, "2026-05-29 08:31")

    assert came.uncounted == (invoice_id,)
    assert book.last_contact(invoice_id) is None
    reason = f"{ANA}: the address does not exist"
    assert todo(book, "upcoming") == ("step", "Cash Collectors", reason, True)
    assert book.statuses(invoice_id) == {"upcoming": "open"}
    assert states(book) == [("(bounced upcoming)", "bounced")]
    assert reachable(book) == reason
    assert book.owed() == [(invoice_id, "invoice_changed")]
    assert book.stage(invoice_id) == "todo"
    assert book.happened(invoice_id)[-2:] == ["message came back", "to-do opened"]


def test_once_the_address_is_mended_another_message_goes_out_under_another_id(book: Book, invoice_id: int) -> None:
    """Rules 2.16 and 4.4: a provider must not take it for the one that came back."""
    first = message_id(book, invoice_id)
    bounced(book, invoice_id, "2026-05-29 08:31")
    book.take(an_invoice(email="bo@helios.example"), "2026-05-29 10:00")

    claim = book.send(invoice_id, "2026-05-29 10:01")

    assert (claim.step.id, claim.occurrence) == ("upcoming", 1)
    assert message_id(book, invoice_id) != first
    assert states(book) == [("(bounced upcoming)", "bounced"), ("upcoming", "sent")]
    assert book.last_contact(invoice_id) == on("2026-05-29")
    repeat = book.rows("SELECT message_id FROM messages WHERE state = 'sent'")
    bounced(book, invoice_id, "2026-05-29 10:02", dead("bo@helios.example"), step="upcoming")
    book.take(an_invoice(email="cy@helios.example"), "2026-05-29 11:00")
    book.send(invoice_id, "2026-05-29 11:01")
    assert len({first, *repeat, message_id(book, invoice_id)}) == 3


def test_a_deferred_repeat_keeps_its_id(book: Book, invoice_id: int) -> None:
    bounced(book, invoice_id, "2026-05-29 08:31")
    book.take(an_invoice(email="bo@helios.example"), "2026-05-29 10:00")

    first = book.message_of(book.hand_over(invoice_id, "2026-05-29 10:01"))
    book.run("UPDATE messages SET state = 'deferred' WHERE state = 'sending'")
    second = book.message_of(book.hand_over(invoice_id, "2026-05-29 10:05"))

    assert first.message_id == second.message_id


def test_the_contact_before_it_counts_again(book: Book, invoice_id: int) -> None:
    book.send(invoice_id, "2026-06-04 08:30")

    bounced(book, invoice_id, "2026-06-04 09:00")

    assert book.last_contact(invoice_id) == on("2026-05-29")


def test_a_call_of_the_same_day_still_counts(book: Book, invoice_id: int) -> None:
    book.run("UPDATE invoices SET contacted_on = '2026-05-29' WHERE id = :id", id=invoice_id)

    bounced(book, invoice_id, "2026-05-29 08:31")

    assert book.last_contact(invoice_id) is None
    settled = book.settle(invoice_id, "2026-05-29 09:00")
    assert settled is not None
    assert settled.collection.facts.last_contact_on == on("2026-05-29")


@pytest.mark.parametrize(("moment", "counts"), [("2026-05-30 08:30", False), ("2026-05-30 08:31", True)])
def test_after_a_day_the_contact_counts_but_the_address_is_known(
    book: Book, invoice_id: int, moment: str, counts: bool
) -> None:
    """Rule 2.16."""
    bounced(book, invoice_id, moment)

    assert (book.last_contact(invoice_id) == on("2026-05-29")) is counts
    assert reachable(book) is not None
    if counts:
        assert states(book) == [("upcoming", "bounced")]
        assert not isinstance(book.claim(invoice_id, "2026-06-04 08:30"), Claim)
        assert todo(book, "reminder")[2] == f"{ANA}: the address does not exist"


def test_a_mailbox_that_nobody_looked_into_for_a_day_makes_no_difference(book: Book, invoice_id: int) -> None:
    about = message_id(book, invoice_id)
    incoming = an_incoming("bounce", about, "2026-05-29 08:31", undelivered=(dead(),))

    assert taken(book, incoming, "2026-05-30 08:20").uncounted == (invoice_id,)


def test_one_that_lay_there_for_days_counts(book: Book, invoice_id: int) -> None:
    about = message_id(book, invoice_id)
    incoming = an_incoming("bounce", about, "2026-05-29 08:31", undelivered=(dead(),))

    assert taken(book, incoming, "2026-06-02 08:20").uncounted == ()
    assert states(book) == [("upcoming", "bounced")]


def test_with_another_contact_it_goes_to_them(book: Book, invoice_id: int) -> None:
    """Rule 2.16."""
    book.run(
        "INSERT INTO contacts (customer_id, email, role) SELECT customer_id, 'bo@helios.example', 'billing'"
        " FROM invoices WHERE id = :id",
        id=invoice_id,
    )
    bounced(book, invoice_id, "2026-05-29 08:31")

    claim = book.send(invoice_id, "2026-05-29 08:40")

    assert book.message_of(claim).recipients == ("bo@helios.example",)
    assert book.todos(invoice_id) == [("upcoming", "done"), ("(bounced upcoming)", "canceled")]


def test_a_full_mailbox_is_a_persons_work_and_the_address_stays(book: Book, invoice_id: int) -> None:
    """Rule 2.16: sent again by itself it would come back again."""
    bounced(book, invoice_id, "2026-05-29 08:31", refused())

    assert reachable(book) is None
    assert todo(book, "upcoming")[2:] == (f"{ANA}: the mailbox is full", False)
    assert not isinstance(book.claim(invoice_id, "2026-05-29 09:00"), Claim)
    book.complete(invoice_id, "upcoming", "done", "2026-06-01 10:00")
    assert book.last_contact(invoice_id) == on("2026-06-01")


def test_a_delay_is_shown_and_nothing_else(book: Book, invoice_id: int) -> None:
    before = book.rows("SELECT * FROM actions"), book.rows("SELECT * FROM next_actions"), book.owed()
    about = message_id(book, invoice_id)

    taken(book, an_incoming("delay", about, "2026-05-29 12:30", undelivered=(delayed(),)), "2026-05-29 12:31")

    assert (book.rows("SELECT * FROM actions"), book.rows("SELECT * FROM next_actions"), book.owed()) == before
    shown = book.do(lambda session: deliveries(session, invoice_id))
    assert [(one.state, one.because) for one in shown] == [("sent", "the server does not answer")]
    assert book.happened(invoice_id)[-1] == "message delayed"


def test_of_two_recipients_one_is_enough(book: Book, invoice_id: int) -> None:
    book.run("""UPDATE messages SET recipients = '["ana@helios.example", "bo@helios.example"]'""")

    first = bounced(book, invoice_id, "2026-05-29 08:31")
    assert first.uncounted == ()
    assert states(book) == [("upcoming", "sent")]
    assert reachable(book) is not None
    assert book.last_contact(invoice_id) == on("2026-05-29")

    second = bounced(book, invoice_id, "2026-05-29 08:32", dead("BO@Helios.example"))
    assert second.uncounted == (invoice_id,)
    assert states(book) == [("(bounced upcoming)", "bounced")]


def test_a_failure_of_somebody_else_is_not_ours(book: Book, invoice_id: int) -> None:
    book.run("""UPDATE messages SET recipients = '["ana@helios.example", "bo@helios.example"]'""")

    bounced(book, invoice_id, "2026-05-29 08:31", dead("boss@elsewhere.example"))

    assert states(book) == [("upcoming", "sent")]
    assert reachable(book) is None


def test_a_forwarding_that_fails_behind_the_only_recipient_is_theirs(book: Book, invoice_id: int) -> None:
    bounced(book, invoice_id, "2026-05-29 08:31", dead("ana.private@elsewhere.example"))

    assert states(book) == [("(bounced upcoming)", "bounced")]


def test_an_address_with_an_international_domain_is_the_same_in_ascii(book: Book) -> None:
    invoice_id = book.invoice(email="ana@hélios.example")
    book.send(invoice_id, SENT)

    bounced(book, invoice_id, "2026-05-29 08:31", dead("ana@xn--hlios-bsa.example"))

    assert reachable(book, "ana@hélios.example") is not None


def test_a_report_that_comes_twice_in_other_words_changes_nothing_more(book: Book, invoice_id: int) -> None:
    bounced(book, invoice_id, "2026-05-29 08:31")
    before = book.todos(invoice_id), book.last_contact(invoice_id), states(book)

    bounced(book, invoice_id, "2026-05-29 08:33")

    assert (book.todos(invoice_id), book.last_contact(invoice_id), states(book)) == before


@pytest.mark.parametrize("end", ["paid", "void", "unassigned"])
def test_of_an_invoice_that_is_not_followed_up_no_todo_opens(book: Book, invoice_id: int, end: str) -> None:
    match end:
        case "paid":
            book.pay(invoice_id, "1000", "2026-05-29 09:00")
        case "void":
            book.end(invoice_id, InvoiceState.VOID, "2026-05-29 09:00")
        case "unassigned":
            book.reassign(invoice_id, None, "2026-05-29 09:00")

    bounced(book, invoice_id, "2026-05-29 09:30")

    assert book.rows("SELECT id FROM actions WHERE state = 'open'") == []
    assert book.one("SELECT status FROM step_statuses") == "pending"
    assert book.rows("SELECT last_contact_on FROM collections WHERE last_contact_on IS NOT NULL") == []


def test_a_bounce_of_a_merged_message_is_one_of_each_of_its_invoices(book: Book) -> None:
    """Rules 2.15 and 2.16."""
    book.set(merges_same_day=True)
    first, second = book.invoice("INV-1"), book.invoice("INV-2")
    book.send(first, SENT)
    assert book.last_contact(second) == on("2026-05-29")

    came = bounced(book, second, "2026-05-29 08:31")

    assert set(came.invoice_ids) == set(came.uncounted) == {first, second}
    for invoice_id in (first, second):
        assert book.last_contact(invoice_id) is None
        assert book.statuses(invoice_id) == {"upcoming": "open"}
    assert sorted(book.owed()[-2:]) == [(first, "invoice_changed"), (second, "invoice_changed")]
    book.take(an_invoice("INV-1", email="bo@helios.example"), "2026-05-29 10:00")
    book.settle(second, "2026-05-29 10:00")
    again = book.send(first, "2026-05-29 10:01")
    assert again.others == (second,)


def test_the_customers_delay_counts_from_the_contact_before_it(book: Book) -> None:
    """Rules 2.14 and 2.16."""
    book.set(contact_delay_scope="customer")
    first, other = book.invoice("INV-1"), book.invoice("INV-2", due_on=on("2026-06-02"))
    book.send(first, SENT)
    settled = book.settle(other, "2026-05-29 09:00")
    assert settled is not None
    assert settled.collection.facts.customer_contact_on == on("2026-05-29")

    bounced(book, first, "2026-05-29 09:30")

    settled = book.settle(other, "2026-05-29 10:00")
    assert settled is not None
    assert settled.collection.facts.customer_contact_on is None


def test_a_report_that_is_faster_than_the_record_waits_for_it(book: Book) -> None:
    invoice_id = book.invoice()
    claim = book.hand_over(invoice_id, SENT)
    about = book.message_of(claim).message_id
    incoming = an_incoming("bounce", about, "2026-05-29 08:30", undelivered=(dead(),))

    with pytest.raises(NotYet):
        taken(book, incoming, "2026-05-29 08:31")
    assert book.rows("SELECT id FROM incoming_messages") == []

    book.accepted(claim, "2026-05-29 08:32")
    assert taken(book, incoming, "2026-05-29 08:33").uncounted == (invoice_id,)


def test_a_report_on_what_stays_uncertain_is_kept_after_an_hour(book: Book) -> None:
    invoice_id = book.invoice()
    about = book.message_of(book.hand_over(invoice_id, SENT)).message_id
    incoming = an_incoming("bounce", about, "2026-05-29 08:30", undelivered=(dead(),))

    assert taken(book, incoming, "2026-05-29 09:31").invoice_ids == (invoice_id,)
    assert states(book) == [("upcoming", "sending")]


# Complaints.


def test_whoever_complains_gets_nothing_more_by_itself(book: Book, invoice_id: int) -> None:
    taken(book, an_incoming("complaint", message_id(book, invoice_id), NEXT_DAY), NEXT_DAY)

    assert states(book) == [("upcoming", "complained")]
    assert reachable(book) == f"{ANA}: {ASKED_NOT_TO_BE_WRITTEN_TO}"
    kind, owner, why, mends = todo(book, "(complaint)")
    assert (kind, owner, mends) == ("message", "Cash Collectors", False)
    assert ANA in why
    assert book.last_contact(invoice_id) == on("2026-05-29")
    assert not isinstance(book.claim(invoice_id, "2026-06-04 08:30"), Claim)
    assert todo(book, "reminder")[2] == f"{ANA}: {ASKED_NOT_TO_BE_WRITTEN_TO}"


def test_a_complaint_names_one_of_several(book: Book, invoice_id: int) -> None:
    book.run("""UPDATE messages SET recipients = '["ana@helios.example", "bo@helios.example"]'""")
    about = message_id(book, invoice_id)

    taken(book, an_incoming("complaint", about, NEXT_DAY, complainants=("bo@helios.example",)), NEXT_DAY)

    assert reachable(book) is None


# Replies.


def test_a_reply_asks_its_owners_for_an_answer_and_disturbs_nothing(book: Book, invoice_id: int) -> None:
    before = book.rows("SELECT * FROM next_actions"), book.owed(), book.last_contact(invoice_id)

    came = taken(book, an_incoming("reply", message_id(book, invoice_id), NEXT_DAY), NEXT_DAY)

    assert came.invoice_ids == (invoice_id,)
    assert todo(book, "(reply)") == (
        "reply",
        "Cash Collectors",
        f"{ANA} wrote: We paid last week. Best, Ana",
        False,
    )
    assert (book.rows("SELECT * FROM next_actions"), book.owed(), book.last_contact(invoice_id)) == before
    assert book.happened(invoice_id)[-2:] == ["reply received", "to-do opened"]


def test_each_reply_is_a_todo_of_its_own(book: Book, invoice_id: int) -> None:
    for moment in (NEXT_DAY, "2026-05-30 09:00"):
        taken(book, an_incoming("reply", message_id(book, invoice_id), moment), moment)

    found = book.rows("SELECT occurrence FROM actions WHERE step_id = '(reply)' ORDER BY id")
    assert found == [1, 2]


def test_an_automatic_reply_is_on_the_timeline_and_asks_nobody(book: Book, invoice_id: int) -> None:
    taken(book, an_incoming("automatic reply", message_id(book, invoice_id), NEXT_DAY), NEXT_DAY)

    assert book.happened(invoice_id)[-1] == "automatic reply received"
    assert book.rows("SELECT id FROM actions WHERE state = 'open'") == []


def test_a_question_about_a_paid_invoice_deserves_an_answer(book: Book, invoice_id: int) -> None:
    book.pay(invoice_id, "1000", "2026-05-29 12:00")

    taken(book, an_incoming("reply", message_id(book, invoice_id), NEXT_DAY), NEXT_DAY)

    assert todo(book, "(reply)")[0] == "reply"


def test_a_reply_is_recognised_by_the_token_of_its_address(book: Book, invoice_id: int) -> None:
    book.run("UPDATE messages SET reply_token = 'k7f3qz5w2m'")

    came = taken(book, an_incoming("other", None, NEXT_DAY, tokens=("unknown1", "k7f3qz5w2m")), NEXT_DAY)

    assert (came.kind, came.invoice_ids) == ("reply", (invoice_id,))


def test_the_message_it_answers_goes_before_the_token(book: Book, invoice_id: int) -> None:
    other = book.invoice("INV-2")
    book.send(other, SENT)
    book.run("UPDATE messages SET reply_token = 'k7f3qz5w2m' WHERE message_id = :id", id=message_id(book, other))

    about = message_id(book, invoice_id)
    came = taken(book, an_incoming("reply", about, NEXT_DAY, tokens=("k7f3qz5w2m",)), NEXT_DAY)

    assert came.invoice_ids == (invoice_id,)


def test_a_reply_to_what_came_back_and_was_sent_anew_is_about_the_same_invoice(
    book: Book, invoice_id: int
) -> None:
    first = message_id(book, invoice_id)
    bounced(book, invoice_id, "2026-05-29 08:31")

    assert taken(book, an_incoming("reply", first, NEXT_DAY), NEXT_DAY).invoice_ids == (invoice_id,)


# Once.


@pytest.mark.parametrize("kind", ["reply", "bounce", "complaint", "automatic reply", "delay"])
def test_the_same_message_is_taken_in_once(book: Book, invoice_id: int, kind: str) -> None:
    incoming = an_incoming(kind, message_id(book, invoice_id), "2026-05-29 08:31", undelivered=(dead(),))
    first = taken(book, incoming, "2026-05-29 08:32")
    tables = ("actions", "messages", "timeline", "outbox", "incoming_messages", "collections", "contacts")
    before = [book.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables]

    second = taken(book, incoming, "2026-05-29 09:32")

    assert (first.is_new, second.is_new, first.id) == (True, False, second.id)
    assert [book.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables] == before


@pytest.mark.parametrize("is_matched", [True, False])
def test_the_same_message_from_two_sides_at_once_is_taken_in_once(
    book: Book, invoice_id: int, is_matched: bool
) -> None:
    about = message_id(book, invoice_id) if is_matched else None
    incoming = an_incoming("reply", about, NEXT_DAY)
    results, barrier = [], threading.Barrier(4)

    def take() -> None:
        barrier.wait()
        results.append(taken(book, incoming, NEXT_DAY).is_new)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == [False, False, False, True]
    assert len(book.rows("SELECT id FROM actions WHERE kind = 'reply'")) == int(is_matched)


def test_an_answer_beside_a_bounce_of_the_same_message_is_taken_in_at_once(book: Book, invoice_id: int) -> None:
    """The bounce moves the message beside its step, while the answer waits for the invoice."""
    about = message_id(book, invoice_id)
    bounce = an_incoming("bounce", about, "2026-05-29 08:31", undelivered=(dead(),))
    reply = an_incoming("reply", about, "2026-05-29 08:31")

    with ThreadPoolExecutor(1) as threads:
        with transaction(book.engine) as session:
            take_in(session, bounce, a_change("2026-05-29 08:31", by="duewell"))
            waiting = threads.submit(taken, book, reply, "2026-05-29 08:31")
            until_somebody_waits_for_a_lock(book)

        assert waiting.result(10).invoice_ids == (invoice_id,)

    assert book.happened(invoice_id)[-4:-1] == ["message came back", "to-do opened", "reply received"]


def until_somebody_waits_for_a_lock(book: Book) -> None:
    """Wait until another transaction of this ledger waits for one."""
    end = time.monotonic() + 10
    while not book.rows(
        "SELECT l.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE NOT l.granted AND a.datname = current_database()"
    ):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_payments_and_bounces_of_merged_invoices_do_not_block_each_other(book: Book) -> None:
    book.set(merges_same_day=True)
    numbers = [f"INV-{n}" for n in range(1, 7)]
    ids = [book.invoice(number) for number in numbers]
    book.send(ids[3], SENT)
    errors: list[BaseException] = []

    def guarded(work: Any) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    works: list[Callable[[], Any]] = [partial(bounced, book, ids[0], "2026-05-29 08:31")]
    works += [partial(book.pay, id_, "10", "2026-05-29 08:31") for id_ in reversed(ids)]
    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert {book.last_contact(id_) for id_ in ids} == {None}


# What nothing of ours matches.


def test_what_nothing_matches_is_kept_and_can_be_assigned_by_hand(book: Book, invoice_id: int) -> None:
    came = taken(book, an_incoming("other", "<unknown@elsewhere.example>", NEXT_DAY), NEXT_DAY)
    assert came.invoice_ids == ()
    unmatched = book.do(lambda session: inbox_page(session, 10, unmatched=True))
    assert [line.id for line in unmatched] == [came.id]

    book.do(lambda session: assign(session, came.id, invoice_id, a_change(NEXT_DAY)))

    assert book.do(lambda session: inbox_page(session, 10, unmatched=True)) == []
    (line,) = book.do(lambda session: inbox_page(session, 10, invoice="INV-1"))
    assert (line.kind, line.invoice) == ("reply", "INV-1")
    assert todo(book, "(reply)")[0] == "reply"
    assert book.happened(invoice_id)[-2:] == ["reply received", "to-do opened"]


def test_what_is_assigned_is_not_assigned_again(book: Book, invoice_id: int) -> None:
    came = taken(book, an_incoming("other", None, NEXT_DAY), NEXT_DAY)
    book.do(lambda session: assign(session, came.id, invoice_id, a_change(NEXT_DAY)))

    for unknown, words in ((came.id, "about this invoice already"), (4711, "no incoming message 4711")):
        with pytest.raises(Refused, match=words):
            book.do(partial(assign, incoming_id=unknown, invoice_id=invoice_id, change=a_change(NEXT_DAY)))


def test_an_invoice_that_was_never_followed_up_has_it_on_its_timeline(book: Book) -> None:
    book.run("UPDATE cadences SET is_default = false")
    invoice_id = book.invoice()
    came = taken(book, an_incoming("other", None, NEXT_DAY), NEXT_DAY)

    book.do(lambda session: assign(session, came.id, invoice_id, a_change(NEXT_DAY)))

    assert book.happened(invoice_id)[-1] == "reply received"


def test_a_message_is_kept_to_the_byte(book: Book, invoice_id: int) -> None:
    content = bytes(range(256)) * 5
    incoming = replace(an_incoming("reply", message_id(book, invoice_id), NEXT_DAY), content=content)
    came = taken(book, incoming, NEXT_DAY)

    kept = book.do(lambda session: inbox_message(session, came.id))

    assert (kept.content, kept.about) == (content, message_id(book, invoice_id))
