"""Histories of every shape, lived through by an earlier build, replayed by this one."""

import json
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from tests.workflows.changed_order import PlansBeforeItWaits, SleepsFirst
from tests.workflows.save_histories import DIRECTORY, RECONCILE, SHAPES
from workflows.invoice_collection import InvoiceCollection
from workflows.reconcile import Reconcile

# Lived through by a build that listed processes by amount too (docs/decisions/0025); nobody can save them again.
AMOUNT_SHOWN = DIRECTORY / "amount_shown"
NEWEST = sorted(DIRECTORY.glob("*.json"))
FILES = [*NEWEST, *sorted(AMOUNT_SHOWN.glob("*.json"))]
HOW_TO_SAVE = "save them: python -m tests.workflows.save_histories"


def _history(file: Path) -> WorkflowHistory:
    content = json.loads(file.read_text())
    return WorkflowHistory.from_json(content.pop("workflow_id"), content)


async def _replay(kind: type[InvoiceCollection], file: Path) -> None:
    replayer = Replayer(workflows=[kind, Reconcile], data_converter=pydantic_data_converter)
    await replayer.replay_workflow(_history(file))


def test_a_history_of_every_shape_is_saved() -> None:
    shapes = {*SHAPES, "continued-as-new-first-run"}

    assert {file.stem for file in NEWEST} == {*shapes, RECONCILE}, HOW_TO_SAVE
    assert {file.stem for file in AMOUNT_SHOWN.iterdir()} == shapes


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(DIRECTORY).as_posix())
async def test_a_saved_history_replays(file: Path) -> None:
    await _replay(InvoiceCollection, file)


@pytest.mark.parametrize("changed", [SleepsFirst, PlansBeforeItWaits])
async def test_saved_histories_give_a_changed_order_away(changed: type[InvoiceCollection]) -> None:
    caught = []
    for file in FILES:
        try:
            await _replay(changed, file)
        except workflow.NondeterminismError:
            caught.append(file)

    # A timer more is not told from a timer that was there; every history that begins by planning tells it.
    for directory in (DIRECTORY, AMOUNT_SHOWN):
        told = {file.stem for file in caught if file.parent == directory}
        assert {"paid", "paused-and-resumed", "reassigned-to-none"} <= told


def test_saved_histories_name_no_machine() -> None:
    for file in FILES:
        content = file.read_text()
        assert "@" not in content, file
        assert ".py" not in content, file
