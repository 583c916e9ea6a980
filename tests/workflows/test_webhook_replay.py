"""Histories of processes of webhooks, lived through by an earlier build, replayed by this one."""

import base64
import json
import re
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from tests.workflows.save_webhook_histories import DIRECTORY, SHAPES
from workflows.webhook_delivery import WebhookDelivery

FILES = sorted(DIRECTORY.glob("*.json"))
HOW_TO_SAVE = "save them: python -m tests.workflows.save_webhook_histories"
# Ids, moments, and sentences that are the same for everybody.
_SAID = re.compile(r'{"endpoint_id":\d+}|{"wake_at":[^,]*,"sentence":"[A-Z][a-z; 0-9]*"}|"[A-Za-z ]*"')


def _history(file: Path) -> WorkflowHistory:
    content = json.loads(file.read_text())
    return WorkflowHistory.from_json(content.pop("workflow_id"), content)


def test_a_history_of_every_shape_is_saved() -> None:
    assert {file.stem for file in FILES} == {*SHAPES, "continued-as-new-first-run"}, HOW_TO_SAVE


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_saved_history_replays(file: Path) -> None:
    replayer = Replayer(workflows=[WebhookDelivery], data_converter=pydantic_data_converter)
    await replayer.replay_workflow(_history(file))


def test_saved_histories_name_no_machine_and_hold_nothing_of_what_is_told() -> None:
    for file in FILES:
        content = file.read_text()
        assert "@" not in content, file
        assert ".py" not in content, file
        said = [base64.b64decode(data).decode() for data in re.findall(r'"data": "([^"]*)"', content)]
        assert said, file
        for one in said:
            assert _SAID.fullmatch(one), one
