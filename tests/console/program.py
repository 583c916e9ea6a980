"""`duewell` as a program of its own, and what it answered."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.installation import ROOT

# Ports that nobody listens on: below 1024, and of services that no test machine runs.
AWAY = {
    "DATABASE_URL": "postgresql://clerk:geheim@127.0.0.1:2/duewell",
    "TEMPORAL_ADDRESS": "127.0.0.1:3",
    "SMTP_URL": "smtp://clerk:geheim@127.0.0.1:4",
    # Those of whoever runs the tests are no business of theirs.
    "RESEND_API_KEY": "",
    "INBOX_URL": "",
    "BOUNCES_TO": "",
}
OWN = ("DATABASE_URL", "TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_UI_URL", "SMTP_URL")
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of the program left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Return the one JSON document on stdout."""
        return json.loads(self.out)

    def failed(self, code: int, *said: str) -> None:
        """Claim that it ended with `code`, one line on stderr in which all this is said, and nothing else."""
        assert (self.code, self.out) == (code, ""), self
        assert self.err.startswith("duewell: "), self
        assert self.err.count("\n") == 1, self
        for words in said:
            assert words in self.err, self
        assert "geheim" not in self.err


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a program that finds the servers of `env`, and is piped."""
    inherited = {name: value for name, value in os.environ.items() if name not in OWN}
    return {**inherited, "PYTHONPATH": str(ROOT), "COLUMNS": "80", **env}


async def start(env: Mapping[str, str], *arguments: str) -> asyncio.subprocess.Process:
    """Start the program."""
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "console.main", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=pipe,
        stderr=pipe,
        env=environment(env),
    )


async def duewell(env: Mapping[str, str], *arguments: str) -> Ran:
    """Run the program to its end; whatever happens, nobody sees a traceback."""
    process = await start(env, *arguments)
    return await ended(process)


async def ended(process: asyncio.subprocess.Process) -> Ran:
    """Wait for the program's end."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode is not None
    ran = Ran(process.returncode, out.decode(), err.decode())
    assert "Traceback" not in ran.out + ran.err, ran
    return ran
