"""A call of the API: reads of the ledger, and changes with all that a change needs.

A change is one transaction: the condition under the resource's lock, the effect, what it owes to processes, and
the answer by which a repeat is known. A server that is killed leaves all of that or nothing.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Protocol

from fastapi import Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from console.api.etags import etag_of, matches
from console.api.parameters import IdempotencyKey, IfMatch, IfNoneMatch
from console.api.problems import Problem
from console.api.service import Service
from db.engine import LedgerUnavailable, Session, is_race, transaction
from db.operations.idempotent_requests import Answer, earlier_answer, remember_answer
from db.operations.outbox import newest_owed, owed_here
from db.queries.api_keys import KeyLine
from intake.joined_desk import JoinedDesk

# Others may create the same at the same moment, or lock in another order.
ATTEMPTS = 3
Shows = Callable[[Session], BaseModel | None]


class Resource(Protocol):
    """One thing that has a representation, and perhaps is not there yet."""

    def lock(self, session: Session) -> bool:
        """Keep others from changing it until the transaction ends, and say whether it is there."""
        ...

    def show(self, session: Session) -> BaseModel | None:
        """Return what it looks like, None if it is not there."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered, as bytes: they are kept for repeats."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def response(self) -> Response:
        """Return the answer."""
        media_type = "application/json" if self.body else None
        return Response(self.body, self.status, dict(self.headers), media_type)


@dataclass(frozen=True, slots=True)
class Reading:
    """A call that reads."""

    request: Request
    if_none_match: str | None = None

    async def one(self, show: Shows, what: str) -> Response:
        """Answer what one thing looks like, or that it is as it was. Raises Problem if it is not there."""
        shown = await self._read(show)
        if shown is None:
            raise Problem("not-found", f"there is no {what}")
        reply = shown_as(shown)
        if self.if_none_match is not None and matches(self.if_none_match, reply.headers["ETag"], weakly=True):
            return Response(status_code=304, headers=dict(reply.headers))
        return reply.response

    async def page(self, show: Shows) -> Response:
        """Answer a page of a list."""
        shown = await self._read(show)
        assert shown is not None, "a list is there, if only an empty one"
        return Reply(200, shown.model_dump_json().encode()).response

    async def _read(self, show: Shows) -> BaseModel | None:
        service: Service = self.request.app.state.service

        def read() -> BaseModel | None:
            with transaction(service.engine) as session:
                return show(session)

        return await service.run(read)


@dataclass(frozen=True, slots=True)
class Changing:
    """A call that changes something."""

    request: Request
    idempotency_key: str | None = None
    if_match: str | None = None

    @property
    def by(self) -> str:
        """Return who acts, as timelines say it."""
        return f"api: {self._key.name}"

    @property
    def _key(self) -> KeyLine:
        key: KeyLine = self.request.state.key
        return key

    async def of(self, resource: Resource, work: Callable[[JoinedDesk], object], what: str) -> Response:
        """Change a thing that is there, and answer what it looks like then. Raises Problem."""

        def change(desk: JoinedDesk) -> Reply:
            if not resource.lock(desk.session):
                raise Problem("not-found", f"there is no {what}")
            self.require_match(desk.session, resource)
            work(desk)
            return shown_as(resource.show(desk.session))

        return await self.carry_out(change)

    async def to(self, resource: Resource, take: Callable[[JoinedDesk], bool], place: str) -> Response:
        """Bring a thing to what is stated, be it there or not, and answer what it looks like then.

        `take` says whether anything changed. Raises Problem.
        """

        def change(desk: JoinedDesk) -> Reply:
            was_there = resource.lock(desk.session)
            self.require_match(desk.session, resource)
            changed = take(desk)
            reply = shown_as(resource.show(desk.session))
            outcome = "created" if not was_there else "changed" if changed else "unchanged"
            headers = {**reply.headers, "Duewell-Outcome": outcome}
            if was_there:
                return Reply(200, reply.body, headers)
            return Reply(201, reply.body, {**headers, "Location": place})

        return await self.carry_out(change)

    async def carry_out(self, change: Callable[[JoinedDesk], Reply]) -> Response:
        """Carry the change out, tell the processes, and answer. Raises Problem, Refused and LedgerUnavailable."""
        service: Service = self.request.app.state.service
        body = await self.request.body()
        reply, owed_ids = await service.run(partial(self._with_patience, service, body, change))
        told = await service.processes.tell(service.engine, owed_ids)
        response = reply.response
        response.headers["Duewell-Told"] = "true" if told else "false"
        return response

    def require_match(self, session: Session, resource: Resource) -> None:
        """Raise Problem unless the locked resource is what If-Match says."""
        if self.if_match is None:
            return
        shown = resource.show(session)
        etag = None if shown is None else shown_as(shown).headers["ETag"]
        if not matches(self.if_match, etag):
            raise Problem("has-changed", "read it again: If-Match names another state of it")

    def _with_patience(
        self, service: Service, body: bytes, change: Callable[[JoinedDesk], Reply]
    ) -> tuple[Reply, list[int]]:
        for _ in range(ATTEMPTS - 1):
            try:
                return self._at_once(service, body, change)
            except Exception as error:
                if not is_race(error):
                    raise
        try:
            return self._at_once(service, body, change)
        except Exception as error:
            if is_race(error):
                raise LedgerUnavailable("others change the same again and again") from error
            raise

    def _at_once(
        self, service: Service, body: bytes, change: Callable[[JoinedDesk], Reply]
    ) -> tuple[Reply, list[int]]:
        with transaction(service.engine) as session:
            digest = self._digest(body)
            if self.idempotency_key is not None:
                earlier = earlier_answer(session, self._key.id, self.idempotency_key)
                if earlier is not None:
                    if earlier.request_digest != digest:
                        raise Problem("key-reused", "take a new Idempotency-Key for each request")
                    headers = {**earlier.headers, "Idempotency-Replayed": "true"}
                    return Reply(earlier.status_code, earlier.body, headers), []
            newest = newest_owed(session)
            reply = change(JoinedDesk(service.engine, self.by, session))
            if self.idempotency_key is not None:
                answer = Answer(digest, reply.status, dict(reply.headers), reply.body)
                remember_answer(session, self._key.id, self.idempotency_key, answer)
            return reply, owed_here(session, newest)

    def _digest(self, body: bytes) -> str:
        url = self.request.url
        target = f"{self.request.method} {url.path}?{url.query} {self.if_match} "
        return hashlib.sha256(target.encode() + body).hexdigest()


def shown_as(shown: BaseModel | None) -> Reply:
    """Return a representation with its tag."""
    assert shown is not None, "what was changed is there"
    body = shown.model_dump_json().encode()
    return Reply(200, body, {"ETag": etag_of(body)})


def _reading(request: Request) -> Reading:
    return Reading(request)


def _reading_one(request: Request, if_none_match: IfNoneMatch = None) -> Reading:
    return Reading(request, if_none_match)


def _changing(
    request: Request,
    idempotency_key: IdempotencyKey = None,
) -> Changing:
    return Changing(request, idempotency_key)


def _changing_one(
    request: Request,
    idempotency_key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Changing:
    return Changing(request, idempotency_key, if_match)


ReadList = Annotated[Reading, Depends(_reading)]
ReadOne = Annotated[Reading, Depends(_reading_one)]
Change = Annotated[Changing, Depends(_changing)]
ChangeOne = Annotated[Changing, Depends(_changing_one)]
