"""Batches: up to 1,000 statements in one request, each of which counts by itself."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, TypeVar

from fastapi.responses import Response
from pydantic import Field

from console.api.calls import Changing, Reply
from console.api.fields import Shown
from console.api.problems import ProblemBody, problem_of
from db.operations.refusal import Refused
from intake.joined_desk import JoinedDesk

ITEMS_MAX = 1000
ItemT = TypeVar("ItemT")
Items = Annotated[list[ItemT], Field(min_length=1, max_length=ITEMS_MAX)]
Became = Literal["created", "changed", "unchanged"]
_STATUS = {"created": 201, "changed": 200, "unchanged": 200}


class ItemResult(Shown):
    """What became of one statement: as if it had come alone."""

    external_id: str
    status: int = Field(examples=[201])
    outcome: Literal["created", "changed", "unchanged", "refused"]
    problem: ProblemBody | None


class BatchResult(Shown):
    """What became of the statements, in their order, and how many of each there were."""

    created: int
    changed: int
    unchanged: int
    refused: int
    results: list[ItemResult]


async def carry_out(
    call: Changing, external_ids: Sequence[str], take: Callable[[JoinedDesk], Sequence[Became | Refused]]
) -> Response:
    """Take all statements in, in one transaction, and answer what became of each."""

    def change(desk: JoinedDesk) -> Reply:
        results = [_result(*one) for one in zip(external_ids, take(desk), strict=True)]
        counts: dict[str, Any] = {
            outcome: sum(result.outcome == outcome for result in results)
            for outcome in ("created", "changed", "unchanged", "refused")
        }
        return Reply(200, BatchResult(**counts, results=results).model_dump_json().encode())

    return await call.carry_out(change)


def _result(external_id: str, became: Became | Refused) -> ItemResult:
    if isinstance(became, Refused):
        problem = problem_of(became).body
        return ItemResult(external_id=external_id, status=problem.status, outcome="refused", problem=problem)
    return ItemResult(external_id=external_id, status=_STATUS[became], outcome=became, problem=None)
