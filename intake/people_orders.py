"""Orders about who works here and from which addresses messages go out."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from db.engine import transaction
from db.operations import people, senders
from db.operations.outbox import owe
from db.operations.refusal import Refused
from db.operations.senders import NewSender
from db.queries.organization import organization_view
from intake.cells import parse_email, parse_name
from intake.clerk_orders import Clerk, Told
from intake.problems import Wrong
from mailer.addresses import BadAddress, wire_address
from mailer.compose import Envelope, compose
from mailer.headers import Mailbox
from mailer.render import Rendered
from mailer.transport import Deferred, Rejected, Transport, Uncertain, Unreachable

CODE_CHARACTERS = 10
PAGE_INVOICES = 1000
TEXT_CHARACTERS_MAX = 2000


class PeopleOrders(Clerk):
    """What a person may order about users, groups and senders."""

    __slots__ = ()

    def add_user(self, email: str, name: str, phone: str | None, signature: str | None) -> None:
        """Add a user. Raises Refused."""
        details = {"phone": _line(phone), "signature": _text(signature)}
        with transaction(self.engine) as session:
            people.add_user(session, sound_address(email), _name(name), **details)

    def change_user(self, email: str, name: str | None, phone: str | None, signature: str | None) -> bool:
        """Change what is given of a user, empty texts to nothing; say whether anything differs. Raises Refused."""
        given: dict[str, Any] = {"phone": _line(phone), "signature": _text(signature)}
        changes = {key: value or None for key, value in given.items() if value is not None}
        if name is not None:
            changes["name"] = _name(name)
        with transaction(self.engine) as session:
            return people.change_user(session, email, **changes)

    def deactivate_user(self, email: str) -> int:
        """Let a user have no part any more; return how many open to-dos are still theirs. Raises Refused."""
        with transaction(self.engine) as session:
            return people.deactivate_user(session, email)

    def add_group(self, name: str, members: Sequence[str]) -> None:
        """Add a group with members. Raises Refused."""
        with transaction(self.engine) as session:
            people.add_group(session, _name(name))
            people.set_members(session, name.strip(), list(members), [])

    def change_members(self, name: str, add: Sequence[str], remove: Sequence[str]) -> bool:
        """Let users join and leave a group, and say whether anything differs. Raises Refused."""
        with transaction(self.engine) as session:
            return people.set_members(session, name, list(add), list(remove))

    def delete_group(self, name: str) -> None:
        """Delete a group. Raises Refused."""
        with transaction(self.engine) as session:
            people.delete_group(session, name)

    def add_sender(self, new: NewSender) -> bool:
        """Add a sender, and say whether it is verified already. Raises Refused."""
        sound = NewSender(
            email=sound_address(new.email),
            name=_name(new.name),
            user=new.user,
            phone=_line(new.phone),
            signature=_text(new.signature),
            reply_to=None if not new.reply_to else sound_address(new.reply_to),
            minute_max=_limit(new.minute_max),
            day_max=_limit(new.day_max),
        )
        with transaction(self.engine) as session:
            return senders.add_sender(session, sound, datetime.now(UTC))

    def change_sender(
        self,
        email: str,
        name: str | None,
        phone: str | None,
        signature: str | None,
        reply_to: str | None,
        minute_max: int | None,
        day_max: int | None,
    ) -> bool:
        """Change what is given of a sender, empty texts to nothing and limits of 0 to none. Raises Refused."""
        texts = {"phone": _line(phone), "signature": _text(signature), "reply_to": reply_to}
        changes: dict[str, Any] = {key: value or None for key, value in texts.items() if value is not None}
        if changes.get("reply_to"):
            changes["reply_to"] = sound_address(changes["reply_to"])
        if name is not None:
            changes["name"] = _name(name)
        limits = {"minute_max": minute_max, "day_max": day_max}
        changes |= {key: _limit(value) if value else None for key, value in limits.items() if value is not None}
        with transaction(self.engine) as session:
            return senders.change_sender(session, email, **changes)

    def send_code(self, email: str, transport: Transport) -> None:
        """Send a code to the sender's address, which has to be shown to verify it. Raises Refused."""
        code = "".join(secrets.choice("23456789abcdefghjkmnpqrstuvwxyz") for _ in range(CODE_CHARACTERS))
        now = datetime.now(UTC)
        with transaction(self.engine) as session:
            organization = organization_view(session)
            assert organization is not None, "a ledger that is set up has an organization"
            senders.expect_code(session, email, code, now)
        message_id = f"<{secrets.token_hex(12)}@{wire_address(organization.email).rpartition('@')[2]}>"
        envelope = Envelope(Mailbox(organization.name, organization.email), (Mailbox("", email),), message_id)
        mime = compose(_code_text(email, code), envelope, now)
        try:
            transport.send(wire_address(organization.email), (wire_address(email),), message_id, mime)
        except (Deferred, Uncertain, Unreachable, Rejected) as failure:
            raise Refused(f"the code could not be sent to {email}: {failure}") from failure

    def confirm_code(self, email: str, code: str) -> Told:
        """Verify the sender by the code that it got, and let go out what waited for that. Raises Refused."""
        with transaction(self.engine) as session:
            senders.confirm_code(session, email, code, datetime.now(UTC))
        return Told(self._mended())

    def trust_sender(self, email: str) -> Told:
        """Verify the sender because another one of its domain is, and let go out what waited. Raises Refused."""
        with transaction(self.engine) as session:
            senders.trust_sender(session, email, datetime.now(UTC))
        return Told(self._mended())

    def set_default_sender(self, email: str | None) -> bool:
        """Let messages go out from the sender unless a step names another one. Raises Refused."""
        with transaction(self.engine) as session:
            return senders.set_default_sender(session, email)

    def delete_sender(self, email: str) -> None:
        """Delete a sender. Raises Refused."""
        with transaction(self.engine) as session:
            senders.delete_sender(session, email)

    def _mended(self) -> tuple[int, ...]:
        """Let the invoices look again whose step waits for an obstacle to go away, page by page."""
        owed: list[int] = []
        after_id: int | None = 0
        while after_id is not None:
            with transaction(self.engine) as session:
                after_id, invoice_ids = senders.mending_invoices(session, after_id, PAGE_INVOICES)
                owed += [owe(session, id_, "invoice_changed", {"by": self.by}) for id_ in invoice_ids]
        return tuple(owed)


def sound_address(email: str) -> str:
    """Return the address as the ledger keeps it. Raises Refused."""
    read = parse_email(email.strip())
    if isinstance(read, Wrong):
        raise Refused(f"{email!r} is {read.wrong}; expected {read.expected}")
    try:
        wire_address(read)
    except BadAddress as bad:
        raise Refused(str(bad)) from bad
    return read


def _name(name: str) -> str:
    read = parse_name(name.strip())
    if isinstance(read, Wrong):
        raise Refused(f"{name!r} is {read.wrong}; expected {read.expected}")
    if not read or not read.isprintable():
        raise Refused(f"{name!r} is no name; expected text in one line")
    return read


def _line(text: str | None) -> str | None:
    if text is not None and (len(text) > 100 or not text.isprintable()):
        raise Refused(f"{text!r} is too long or not one line")
    return text


def _text(text: str | None) -> str | None:
    if text is not None and (
        len(text) > TEXT_CHARACTERS_MAX or not all(one.isprintable() or one == "\n" for one in text)
    ):
        raise Refused(f"a signature has at most {TEXT_CHARACTERS_MAX} characters, and no control characters")
    return text


def _limit(limit: int | None) -> int | None:
    if limit is not None and not 1 <= limit <= 1_000_000:
        raise Refused(f"{limit} is no limit; expected 1 to 1000000 messages")
    return limit


def _code_text(email: str, code: str) -> Rendered:
    return Rendered(
        subject="Confirm this address for Duewell",
        body=(
            f"Somebody wants Duewell to send messages from {email}.\n\n"
            f"If that is right, run this within 24 hours:\n\n    duewell sender verify {email} --code {code}\n\n"
            "If it is not, take no notice of this message; nothing will be sent from the address.\n"
        ),
    )
