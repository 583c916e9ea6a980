"""Serves the demo's pages, and makes the owner who signs in to them."""

import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from db.engine import Engine, transaction
from db.queries.access import account_named
from devstack import ports
from devstack.leashed_process import ProcessFailed
from devstack.stack import Stack
from intake.commands import Desk
from intake.passwords import is_password

EMAIL = "owner@duewell-demo.example"
NAME = "Demo Owner"
BY = "demo"
GROUP = "Cash Collectors"
PORT = 8000
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class DemoConsole:
    """Where the pages are, and who signs in to them."""

    url: str
    email: str
    password: str


def serve_console(stack: Stack, engine: Engine, home: Path) -> DemoConsole:
    """Serve pages and API until the stack ends. Raises ProcessFailed if they do not come up."""
    password = _password(home)
    _ensure_owner(engine, password)
    lease = ports.lease_port(PORT)
    lease.release()
    argv = [sys.executable, "-m", "console.main", "serve", "--port", str(lease.number)]
    # The demo is on this machine alone: what an environment says of a public address is for something else.
    env = dict.fromkeys(("API_HOST", "CONSOLE_URL", "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"), "")
    server = stack.spawn("console", argv, {**env, "PYTHONPATH": str(Path(__file__).parent.parent)})
    end = time.monotonic() + PATIENCE_SECONDS
    while not ports.is_listening(lease.number):
        if not server.is_running or time.monotonic() > end:
            raise ProcessFailed(f"the console did not come up: {server.log_tail()}")
        time.sleep(POLL_SECONDS)
    return DemoConsole(f"http://{ports.HOST}:{lease.number}/", EMAIL, password)


def _password(home: Path) -> str:
    """Return the password of this demo, made when it ran first; whoever copies the demo's folder has it too."""
    kept = home / "console-password"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(f"demo-{secrets.token_hex(6)}\n", encoding="utf-8")
    return kept.read_text(encoding="utf-8").strip()


def _ensure_owner(engine: Engine, password: str) -> None:
    desk = Desk(engine, BY)
    with transaction(engine) as session:
        account = account_named(session, EMAIL)
    if account is None:
        desk.add_user(EMAIL, NAME, None, None)
        # Whom the organization asks unless a step says otherwise: the demo's to-dos are its owner's.
        desk.add_group(GROUP, [EMAIL])
    desk.set_role(EMAIL, "owner")
    if account is None or not is_password(password, account.password_hash):
        desk.set_password(EMAIL, password)
