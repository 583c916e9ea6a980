"""Who writes to whom: senders that must be verified, recipients by role, and owners with fallbacks."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from db.engine import Session
from db.operations.messages.senders import (
    NewSender,
    add_sender,
    change_sender,
    confirm_code,
    delete_sender,
    expect_code,
    set_default_sender,
    trust_sender,
)
from db.operations.people import add_group, add_user, deactivate_user, delete_group, set_members
from db.operations.refusal import Refused
from db.operations.rules.smart_rules import add_rule, deactivate_rule
from db.queries.people import missing_todo_owner, owner_of, unowned_steps
from db.queries.senders import sender_named
from dunning.cadence import Anchor, Cadence, Channel, Execution, Step
from intake import people_orders
from intake.commands import Desk
from rules.rule import Definition, Notify
from tests.db.book import Book, a_change, at
from tests.mailer.test_compose import read

NOW = at("2026-06-01 09:00")
ANA, BO = "ana@duewell.example", "bo@duewell.example"
SEND_TIME = "2026-06-04 10:00"


def a_cadence(**said: Any) -> Cadence:
    """Return a cadence of one mail three days after the due date that says so much more."""
    step = Step("S1", Anchor.DUE_DATE, 3, Channel.EMAIL, Execution.AUTOMATIC, "reminder", **said)
    return Cadence("People", (step,))


def an_invoice_under(book: Book, **said: Any) -> int:
    """Return an invoice under such a cadence."""
    book.publish(a_cadence(**said))
    invoice_id = book.invoice()
    book.reassign(invoice_id, "People", "2026-05-04 10:00")
    return invoice_id


def add(book: Book, email: str = ANA, **said: Any) -> None:
    """Add a sender."""
    book.do(lambda session: add_sender(session, NewSender(email, "Ana Lima", **said), NOW))


def verify(book: Book, email: str = ANA) -> None:
    """Verify it by a code."""
    book.do(lambda session: expect_code(session, email, "secret", NOW))
    book.do(lambda session: confirm_code(session, email, "SECRET ", NOW))


def contact(book: Book, email: str, role: str = "main") -> None:
    """Give the customer one more contact."""
    book.run(
        "INSERT INTO contacts (customer_id, email, role, first_name) SELECT id, :email, :role, 'X' FROM customers",
        email=email,
        role=role,
    )


def refused(book: Book, work: Any) -> str:
    """Return what the ledger says to an order that makes no sense."""
    with pytest.raises(Refused) as refusal:
        book.do(work)
    return str(refusal.value)


def test_a_sender_that_is_verified_lets_all_who_waited_for_it_look_again_in_pages(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_orders, "PAGE_INVOICES", 2)
    add(book, BO)
    verify(book, BO)
    add(book)
    book.publish(a_cadence(sender=ANA))
    invoice_ids = [book.invoice(f"INV-{number}") for number in range(5)]
    for invoice_id in invoice_ids:
        book.reassign(invoice_id, "People", "2026-05-04 10:00")
        book.settle(invoice_id, SEND_TIME)
    assert {book.stage(invoice_id) for invoice_id in invoice_ids} == {"todo"}
    book.run("DELETE FROM outbox")

    count = Desk(book.engine, "mara").trust_sender(ANA)

    assert count == len(invoice_ids)
    assert book.owed() == [(invoice_id, "invoice_changed") for invoice_id in invoice_ids]


def test_without_senders_messages_go_out_from_the_organizations_own_address(book: Book) -> None:
    message = book.message_of(book.send(an_invoice_under(book), SEND_TIME))

    sent = read(message.mime)
    assert message.sender == "ar@duewell.example"
    assert str(sent["From"]) == "Duewell Test <ar@duewell.example>"
    assert sent["Reply-To"].addresses[0].addr_spec == "ar@duewell.example"


def test_an_unverified_sender_makes_a_todo_until_it_is_verified(book: Book) -> None:
    """Rule 4.4."""
    invoice_id = an_invoice_under(book, sender=ANA.upper())
    add(book)

    settled = book.settle(invoice_id, SEND_TIME)

    assert settled is not None
    assert "is not verified" in settled.projection.sentence
    assert book.todos(invoice_id) == [("S1", "open")]
    verify(book)
    assert book.message_of(book.send(invoice_id, "2026-06-04 11:00")).sender == ANA
    assert book.todos(invoice_id) == [("S1", "done")]


def test_later_messages_answer_the_first_and_each_has_a_token_of_its_own(book: Book) -> None:
    """Rule 8.3."""
    book.set(marks_replies=True)
    invoice_id = book.invoice()
    first, second = (book.message_of(book.send(invoice_id, at)) for at in ("2026-06-04 10:00", "2026-06-11 10:00"))

    assert read(second.mime)["In-Reply-To"] == first.message_id
    tokens = book.rows("SELECT reply_token FROM messages ORDER BY id")
    assert len(set(tokens)) == 2
    for message, token in zip((first, second), tokens, strict=True):
        assert read(message.mime)["Reply-To"].addresses[0].username == f"ar+{token}"


def test_the_default_sender_writes_where_a_step_names_none(book: Book) -> None:
    invoice_id = an_invoice_under(book)
    book.set(marks_replies=True)
    add(book, reply_to="replies@duewell.example")
    assert "is not verified" in refused(book, lambda session: set_default_sender(session, ANA))
    verify(book)
    assert book.do(lambda session: set_default_sender(session, ANA))
    assert not book.do(lambda session: set_default_sender(session, ANA))

    sent = read(book.message_of(book.send(invoice_id, SEND_TIME)).mime)

    assert str(sent["From"]) == f"Ana Lima <{ANA}>"
    assert sent["Reply-To"].addresses[0].addr_spec.startswith("replies+")
    assert "default sender" in refused(book, lambda session: delete_sender(session, ANA))
    assert book.do(lambda session: set_default_sender(session, None))
    book.do(lambda session: delete_sender(session, ANA))


def test_a_sender_of_a_user_has_their_phone_and_signature_unless_it_says_its_own(book: Book) -> None:
    book.do(lambda session: add_user(session, ANA, "Ana Lima", phone="+33 1", signature="Ana"))
    add(book, user=ANA, signature="The team")

    sender = book.do(lambda session: sender_named(session, ANA))

    assert (sender.phone, sender.signature) == ("+33 1", "The team")
    assert "no active user" in refused(
        book, lambda session: add_sender(session, NewSender(BO, "Bo", user="nobody@duewell.example"), NOW)
    )


def test_a_code_verifies_only_the_sender_that_it_was_sent_to_and_only_for_a_day(book: Book) -> None:
    add(book)
    add(book, BO)
    assert "no code was sent" in refused(book, lambda session: confirm_code(session, ANA, "x", NOW))
    book.do(lambda session: expect_code(session, ANA, f"code of {ANA}", NOW))
    book.do(lambda session: expect_code(session, BO, f"code of {BO}", NOW))

    assert "not the code" in refused(book, lambda session: confirm_code(session, BO, f"code of {ANA}", NOW))
    late = NOW + timedelta(hours=24, seconds=1)
    assert "too old" in refused(book, lambda session: confirm_code(session, ANA, f"code of {ANA}", late))
    book.do(lambda session: confirm_code(session, ANA, f"code of {ANA}", late - timedelta(seconds=1)))
    assert "verified already" in refused(book, lambda session: expect_code(session, ANA, "x", NOW))


def test_an_alias_may_be_trusted_once_its_domain_is_known(book: Book) -> None:
    add(book)
    add(book, "team@DUEWELL.example")
    add(book, "team@elsewhere.example")
    assert "no sender at" in refused(book, lambda session: trust_sender(session, ANA, NOW))
    verify(book)

    book.do(lambda session: trust_sender(session, "team@duewell.example", NOW))

    assert book.do(lambda session: sender_named(session, "team@duewell.example")).is_verified
    assert "no sender at" in refused(book, lambda session: trust_sender(session, "team@elsewhere.example", NOW))


def test_the_organizations_own_address_needs_no_code(book: Book) -> None:
    assert book.do(lambda session: add_sender(session, NewSender("AR@duewell.example", "AR"), NOW))
    assert "already" in refused(
        book, lambda session: add_sender(session, NewSender("ar@duewell.example", "x"), NOW)
    )


def test_a_sender_that_a_step_in_force_names_is_not_deleted(book: Book) -> None:
    add(book)
    book.publish(a_cadence(sender=ANA))

    assert "step S1 of People is sent from" in refused(book, lambda session: delete_sender(session, ANA))
    book.publish(a_cadence())
    book.do(lambda session: delete_sender(session, ANA))


def test_a_changed_limit_frees_the_slots_that_were_given_out_under_the_old_one(book: Book) -> None:
    add(book, minute_max=1)
    book.run("UPDATE senders SET next_at = now() + interval '1 hour'")

    assert book.do(lambda session: change_sender(session, ANA, minute_max=60))
    assert not book.do(lambda session: change_sender(session, ANA, minute_max=60))
    assert book.one("SELECT minute_max, next_at FROM senders") == (60, None)


def test_all_contacts_with_the_steps_roles_are_written_to_together(book: Book) -> None:
    """Rule 8.2."""
    invoice_id = an_invoice_under(
        book, recipients=("billing", "cfo"), cc=("boss@helios.example", BO), bcc=(BO, "archive@duewell.example")
    )
    contact(book, "b1@helios.example", "billing")
    contact(book, "b2@müller.example", "billing")
    contact(book, "boss@helios.example", "cfo")
    contact(book, "other@helios.example", "sales")

    claim = book.send(invoice_id, SEND_TIME)

    sent = read(book.message_of(claim).mime)
    to = [address.addr_spec for address in sent["To"].addresses]
    assert to == ["b1@helios.example", "b2@xn--mller-kva.example", "boss@helios.example"]
    assert [address.addr_spec for address in sent["Cc"].addresses] == [BO]
    recipients, copies = book.one("SELECT recipients, copies FROM messages")
    assert recipients == ["b1@helios.example", "b2@müller.example", "boss@helios.example"]
    assert copies == [BO, "archive@duewell.example"]
    assert b"archive" not in book.message_of(claim).mime


@pytest.mark.parametrize(
    ("roles", "to"), [((), "ana"), (("main",), "ana"), (("billing",), "ana"), (("cfo",), "x")]
)
def test_without_such_a_contact_it_is_the_main_one_then_any(book: Book, roles: tuple[str, ...], to: str) -> None:
    """Rule 8.2."""
    invoice_id = an_invoice_under(book, recipients=roles)
    contact(book, "x@helios.example", "sales")
    if to == "x":
        book.run("UPDATE contacts SET unreachable_because = '550' WHERE is_main")

    message = book.message_of(book.send(invoice_id, SEND_TIME))

    assert message.recipients == (f"{to}@helios.example",)


def test_invoices_of_one_customer_go_to_its_recipients_in_one_message(book: Book) -> None:
    invoice_id = an_invoice_under(book, recipients=("billing",))
    book.set(merges_same_day=True)
    other = book.invoice("INV-2")
    book.reassign(other, "People", "2026-05-04 10:00")
    contact(book, "b1@helios.example", "billing")

    message = book.message_of(book.send(invoice_id, SEND_TIME))

    assert message.recipients == ("b1@helios.example",)
    assert book.statuses(other) == {"S1": "done"}


def step_of(*responsible: str) -> Step:
    """Return a step that these are responsible for."""
    return Step("S1", Anchor.DUE_DATE, 3, Channel.CALL, Execution.MANUAL, responsible=responsible)


def test_the_owner_is_the_first_who_is_there(book: Book) -> None:
    """Rule 4.9."""

    def owner(*responsible: str) -> str:
        found: str = book.do(lambda session: owner_of(session, step_of(*responsible), "Cash Collectors"))
        return found

    assert owner() == owner(ANA, "Team") == "Cash Collectors"
    book.do(lambda session: add_group(session, "Team"))
    book.do(lambda session: add_user(session, ANA, "Ana"))
    assert owner(ANA.upper(), "Team") == ANA
    assert owner("Team", ANA) == "Team"
    book.do(lambda session: deactivate_user(session, ANA))
    assert owner(ANA, "Team") == "Team"


def test_a_todo_is_of_the_steps_owner_and_of_the_fallback_without_one(book: Book) -> None:
    call = Step("S1", Anchor.DUE_DATE, 3, Channel.CALL, Execution.MANUAL, responsible=(BO, "Team"))
    book.do(lambda session: add_group(session, "Team"))
    book.publish(Cadence("People", (call,)))
    invoice_id = book.invoice()
    book.reassign(invoice_id, "People", "2026-05-04 10:00")

    book.settle(invoice_id, SEND_TIME)

    assert book.one("SELECT owner FROM actions WHERE state = 'open'") == "Team"
    assert "open to-dos are of Team" in refused(book, lambda session: delete_group(session, "Team"))


def test_owners_that_do_not_resolve_are_named(book: Book) -> None:
    book.publish(a_cadence(responsible=(ANA, "Team")))
    assert [one.step for one in book.do(unowned_steps)] == ["S1"]
    assert book.do(missing_todo_owner) == "Cash Collectors"

    book.do(lambda session: add_group(session, "Cash Collectors"))
    book.do(lambda session: add_user(session, ANA, "Ana"))

    assert book.do(unowned_steps) == []
    assert book.do(missing_todo_owner) is None


def test_who_left_is_in_no_group_and_may_come_back(book: Book) -> None:
    def work(session: Session) -> None:
        add_user(session, ANA, "Ana")
        add_group(session, "Team")
        assert set_members(session, "Team", [ANA], [])
        assert not set_members(session, "Team", [ANA], [])
        assert deactivate_user(session, ANA) == 0

    book.do(work)

    assert book.rows("SELECT count(*) FROM group_members") == [0]
    assert "is inactive" in refused(book, lambda session: set_members(session, "Team", [ANA], []))
    book.do(lambda session: add_user(session, ANA, "Ana L."))
    assert "already" in refused(book, lambda session: add_user(session, ANA.upper(), "Ana"))
    assert "without @" in refused(book, lambda session: add_group(session, ANA))


@pytest.mark.parametrize("recipient", [ANA.upper(), "Team"])
def test_whom_an_active_rule_notifies_does_not_leave(book: Book, recipient: str) -> None:
    def leave(session: Session) -> None:
        if recipient == "Team":
            delete_group(session, "Team")
        else:
            deactivate_user(session, ANA)

    book.do(lambda session: add_user(session, ANA, "Ana"))
    for name in ("Team", "team"):
        book.do(partial(add_group, name=name))
    notify = Definition(action=Notify(recipient=recipient, channel="email", text="Look"))
    book.do(lambda session: add_rule(session, "large", notify, a_change(), is_active=True))

    assert "the rule large notifies" in refused(book, leave)
    # Another one, though the names differ by nothing but a capital letter.
    book.do(lambda session: delete_group(session, "team"))
    book.do(lambda session: deactivate_rule(session, "large", a_change()))
    book.do(leave)
