"""Orders about who works here and from which addresses messages go out."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from db.engine import Session
from db.operations import people
from db.operations.audit import note
from db.operations.messages import senders
from db.operations.messages.senders import NewSender
from db.operations.refusal import Refused
from db.queries.access import Role
from db.queries.organization import organization_view
from db.queries.people import has_users
from intake.cells import parse_email, parse_name
from intake.clerk_orders import Clerk
from intake.problems import Wrong
from intake.typed_text import typed_line, typed_lines
from mailer.addresses import BadAddress, wire_address
from mailer.compose import Envelope, compose
from mailer.headers import Mailbox
from mailer.render import Rendered
from mailer.transport import Deferred, Rejected, Transport, Uncertain, Unreachable
from phrase import phrase

CODE_CHARACTERS = 10
PAGE_INVOICES = 1000
PHONE_CHARACTERS_MAX = 100
TEXT_CHARACTERS_MAX = 2000


@dataclass(frozen=True, slots=True)
class CodeMessage:
    """A message with a code, to the address that has to show it."""

    email: str
    sent_from: str
    message_id: str
    mime: bytes


class PeopleOrders(Clerk):
    """What a person may order about users, groups and senders."""

    __slots__ = ()

    def add_user(self, email: str, name: str, phone: str | None, signature: str | None) -> None:
        """Add a user. Raises Refused."""
        details = {"phone": _phone(phone), "signature": _signature(signature)}
        with self._transaction() as session:
            address = sound_address(email)
            # Somebody must be able to let the others in.
            role = Role.MEMBER if has_users(session) else Role.OWNER
            people.add_user(session, address, _name(name), role=role.value, **details)
            note(session, self._acting(), "user added", "user", address, role=role.value)

    def change_user(self, email: str, name: str | None, phone: str | None, signature: str | None) -> bool:
        """Change what is given of a user, empty texts to nothing; say whether anything differs. Raises Refused."""
        given: dict[str, Any] = {"phone": _phone(phone), "signature": _signature(signature)}
        changes = {key: value or None for key, value in given.items() if value is not None}
        if name is not None:
            changes["name"] = _name(name)
        with self._transaction() as session:
            changed = people.change_user(session, email, **changes)
            if changed:
                note(session, self._acting(), "user changed", "user", email, changed=sorted(changes))
            return changed

    def deactivate_user(self, email: str) -> int:
        """Let a user have no part any more; return how many open to-dos are still theirs. Raises Refused."""
        with self._transaction() as session:
            left = people.deactivate_user(session, email)
            note(session, self._acting(), "user deactivated", "user", email)
            return left

    def add_group(self, name: str, members: Sequence[str]) -> None:
        """Add a group with members. Raises Refused."""
        sound = _name(name)
        with self._transaction() as session:
            people.add_group(session, sound)
            people.set_members(session, sound, list(members), [])
            note(session, self._acting(), "group added", "group", sound, members=list(members) or None)

    def change_members(self, name: str, add: Sequence[str], remove: Sequence[str]) -> bool:
        """Let users join and leave a group, and say whether anything differs. Raises Refused."""
        with self._transaction() as session:
            sound = _name(name)
            changed = people.set_members(session, sound, list(add), list(remove))
            if changed:
                members = {"joined": list(add) or None, "left": list(remove) or None}
                note(session, self._acting(), "group changed", "group", sound, **members)
            return changed

    def delete_group(self, name: str) -> None:
        """Delete a group. Raises Refused."""
        with self._transaction() as session:
            sound = _name(name)
            people.delete_group(session, sound)
            note(session, self._acting(), "group deleted", "group", sound)

    def add_sender(self, new: NewSender) -> bool:
        """Add a sender, and say whether it is verified already. Raises Refused."""
        sound = NewSender(
            email=sound_address(new.email),
            name=_name(new.name),
            user=new.user,
            phone=_phone(new.phone),
            signature=_signature(new.signature),
            reply_to=None if not new.reply_to else sound_address(new.reply_to),
            minute_max=_limit(new.minute_max),
            day_max=_limit(new.day_max),
        )
        with self._transaction() as session:
            is_verified = senders.add_sender(session, sound, datetime.now(UTC))
            note(session, self._acting(), "sender added", "sender", sound.email)
            return is_verified

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
        texts = {"phone": _phone(phone), "signature": _signature(signature), "reply_to": reply_to}
        changes: dict[str, Any] = {key: value or None for key, value in texts.items() if value is not None}
        if changes.get("reply_to"):
            changes["reply_to"] = sound_address(changes["reply_to"])
        if name is not None:
            changes["name"] = _name(name)
        limits = {"minute_max": minute_max, "day_max": day_max}
        changes |= {key: _limit(value) if value else None for key, value in limits.items() if value is not None}
        with self._transaction() as session:
            changed = senders.change_sender(session, email, **changes)
            if changed:
                note(session, self._acting(), "sender changed", "sender", email, changed=sorted(changes))
            return changed

    def make_code(self, email: str) -> CodeMessage:
        """Expect a new code from the sender, and return the message that brings it there. Raises Refused.

        A mail server may take long, so the message leaves after the transaction: see `send_code`.
        """
        code = "".join(secrets.choice("23456789abcdefghjkmnpqrstuvwxyz") for _ in range(CODE_CHARACTERS))
        now = datetime.now(UTC)
        with self._transaction() as session:
            organization = organization_view(session)
            assert organization is not None, "a ledger that is set up has an organization"
            senders.expect_code(session, email, code, now)
            note(session, self._acting(), "code asked for", "sender", email)
        message_id = f"<{secrets.token_hex(12)}@{wire_address(organization.email).rpartition('@')[2]}>"
        envelope = Envelope(Mailbox(organization.name, organization.email), (Mailbox("", email),), message_id)
        mime = compose(_code_text(email, code), envelope, now)
        return CodeMessage(email, organization.email, message_id, mime)

    def confirm_code(self, email: str, code: str) -> int:
        """Verify the sender by the code that it got; return how many invoices look again. Raises Refused."""
        return self._verified(email, "code", lambda session, now: senders.confirm_code(session, email, code, now))

    def trust_sender(self, email: str) -> int:
        """Verify the sender because another one of its domain is; return how many invoices look again.

        Raises Refused.
        """
        return self._verified(email, "domain", lambda session, now: senders.trust_sender(session, email, now))

    def set_default_sender(self, email: str | None) -> bool:
        """Let messages go out from the sender unless a step names another one. Raises Refused."""
        with self._transaction() as session:
            changed = senders.set_default_sender(session, email)
            if changed:
                note(session, self._acting(), "default sender chosen", "sender", email or "organization")
            return changed

    def delete_sender(self, email: str) -> None:
        """Delete a sender. Raises Refused."""
        with self._transaction() as session:
            senders.delete_sender(session, email)
            note(session, self._acting(), "sender deleted", "sender", email)

    def _verified(self, email: str, how: str, verify: Callable[[Session, datetime], None]) -> int:
        """Verify a sender; let the invoices look again whose step waits for an obstacle to go away, in pages."""
        payload = {"by": self.by}
        with self._transaction() as session:
            verify(session, datetime.now(UTC))
            note(session, self._acting(), "sender verified", "sender", email, how=how)
            after_id, count = senders.owe_mending(session, 0, PAGE_INVOICES, payload)
        while after_id is not None:
            with self._transaction() as session:
                after_id, more = senders.owe_mending(session, after_id, PAGE_INVOICES, payload)
            count += more
        return count


def send_code(message: CodeMessage, transport: Transport) -> None:
    """Let the message with a code leave. Raises Refused."""
    try:
        transport.send(
            wire_address(message.sent_from), (wire_address(message.email),), message.message_id, message.mime
        )
    except (Deferred, Uncertain, Unreachable, Rejected) as failure:
        raise Refused(
            "the code could not be sent to {email}: {failure}", email=message.email, failure=phrase(str(failure))
        ) from failure


def sound_address(email: str) -> str:
    """Return the address as the ledger keeps it. Raises Refused."""
    read = parse_email(email.strip())
    if isinstance(read, Wrong):
        raise Refused(
            "{email!r} is {wrong}; expected {expected}",
            email=email,
            wrong=phrase(read.wrong),
            expected=phrase(read.expected),
        )
    try:
        wire_address(read)
    except BadAddress as bad:
        raise Refused(str(bad)) from bad
    return read


def _name(name: str) -> str:
    read = _sound(name, typed_line(name))
    if not read:
        raise Refused("{name!r} is no name; expected text in one line", name=name)
    return _sound(name, parse_name(read))


def _phone(text: str | None) -> str | None:
    if text is None:
        return None
    read = _sound(text, typed_line(text))
    if len(read) > PHONE_CHARACTERS_MAX:
        raise Refused(
            "a phone number has at most {most} characters",
            most=PHONE_CHARACTERS_MAX,
        )
    return read


def _signature(text: str | None) -> str | None:
    if text is None:
        return None
    read = _sound(text, typed_lines(text))
    if len(read) > TEXT_CHARACTERS_MAX:
        raise Refused("a signature has at most {most} characters", most=TEXT_CHARACTERS_MAX)
    return read


def _sound(given: str, read: str | Wrong) -> str:
    if isinstance(read, Wrong):
        raise Refused(
            "{given!r} is {wrong}; expected {expected}",
            given=given,
            wrong=phrase(read.wrong),
            expected=phrase(read.expected),
        )
    return read


def _limit(limit: int | None) -> int | None:
    if limit is not None and not 1 <= limit <= 1_000_000:
        raise Refused("{limit} is no limit; expected 1 to 1000000 messages", limit=limit)
    return limit


def _code_text(email: str, code: str) -> Rendered:
    return Rendered(
        subject="Confirm this address for Duewell",
        body=(
            f"Somebody wants Duewell to send messages from {email}.\n\n"
            f"If that is right, give this code within 24 hours:\n\n    {code}\n\n"
            "on the page of the senders, in the settings; or run\n\n"
            f"    duewell sender verify {email} --code {code}\n\n"
            "If it is not, take no notice of this message; nothing will be sent from the address.\n"
        ),
    )
