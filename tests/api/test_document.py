"""The saved document and the guide say what the server does."""

import asyncio
import json
import re
import shutil
from typing import Any

import pytest

from console.api.app import make_app
from db.engine import Engine, make_engine
from intake.api_keys import SCOPES, make_key
from tests.api.serving import served
from tests.api.temporal_away import nowhere
from tests.console.program import AWAY
from tests.installation import ROOT

SAVED = ROOT / "docs" / "api" / "openapi.json"
RENEW = "python -m tests.api.test_document"


def document() -> dict[str, Any]:
    """Return the document as the server shows it."""
    engine = make_engine(AWAY["DATABASE_URL"], 1)
    shown: dict[str, Any] = make_app(engine, nowhere).openapi()
    return shown


def test_the_saved_document_is_up_to_date() -> None:
    assert json.loads(SAVED.read_text(encoding="utf-8")) == document(), f"renew it: {RENEW}"


def test_every_operation_says_its_scope_its_name_and_its_problems() -> None:
    operations = [one for path in document()["paths"].values() for one in path.values()]

    assert len({one["operationId"] for one in operations}) == len(operations) > 60
    for one in operations:
        ((scope,),) = (requirement["key"] for requirement in one["security"])
        assert scope in SCOPES
        assert {"401", "403", "422", "429", "500", "503"} <= set(one["responses"])


@pytest.mark.parametrize("reads", ["customers", "invoices", "payments", "actions", "rules", "cadences", "jobs"])
def test_what_is_asked_for_needs_the_scope_of_reading(reads: str) -> None:
    operation = document()["paths"][f"/v1/{reads}"]["get"]

    assert operation["security"] == [{"key": [f"{reads}:read"]}]


async def test_the_guide_can_be_followed(engine: Engine) -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    commands = re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL)
    key = make_key(engine, "the accounts", ["*"], None, "ana")
    assert len(commands) > 5
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")

    with served(engine, nowhere) as address:
        for command in commands:
            ran = await asyncio.create_subprocess_shell(
                command,
                env={"PATH": "/usr/bin:/bin:/usr/local/bin", "KEY": key, "API": address},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, err = await ran.communicate()
            assert ran.returncode == 0, (command, out, err)


if __name__ == "__main__":
    SAVED.parent.mkdir(exist_ok=True)
    SAVED.write_text(json.dumps(document(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
