"""`python -m devstack provision | up | demo | screenshots`: get the servers, run them, or the whole product."""

import argparse
import importlib
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from rich.console import Console

HOME = Path(".duewell")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m devstack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("provision", help="find, fetch or build every server; seconds when cached")
    up = commands.add_parser("up", help="start the servers, print how to reach them, stay until Ctrl-C")
    up.add_argument("--home", type=Path, default=HOME / "up", help="directory of all data (default: %(default)s)")
    commands.add_parser("demo", help="run the whole product on a sample book", add_help=False)
    commands.add_parser("screenshots", help="take pictures of every page of the demo", add_help=False)
    options, others = parser.parse_known_args(arguments)
    if others and options.command not in ("demo", "screenshots"):
        parser.error(f"unknown: {' '.join(others)}")
    console = Console(soft_wrap=True)
    match options.command:
        case "provision":
            from devstack.provision import provision

            return 0 if provision(console) else 1
        case "up":
            return _up(options.home, console)
        case program:
            code = importlib.import_module(f"devstack.{program}").main(others)
            return code if isinstance(code, int) else 0


def _up(home: Path, console: Console) -> int:
    from devstack.home_lock import HomeInUse
    from devstack.leashed_process import ProcessFailed
    from devstack.postgres_pid_file import ServerRuns
    from devstack.provision import progress
    from devstack.stack import Stack
    from devstack.tool import ToolMissing

    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    try:
        with Stack(home, report=progress(console)) as stack:
            for name, value in stack.env().items():
                console.print(f"export {name}={quote(value)}", highlight=False, markup=False)
            places = {
                "Temporal Web UI": stack.temporal_ui_url,
                "Caught mail": stack.mail_page_url,
                "psql": stack.postgres.tcp_url("duewell") if stack.postgres else None,
            }
            for name, place in places.items():
                if place:
                    console.print(f"# {name}: {place}", highlight=False, markup=False)
            console.print("# Ctrl-C ends them.", highlight=False)
            end.wait()
    except (HomeInUse, ProcessFailed, ServerRuns, ToolMissing) as problem:
        console.print(str(problem), markup=False, highlight=False, style="red")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
