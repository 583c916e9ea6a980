"""The command line `duewell`: runs one command, and makes one line and an exit code of whatever goes wrong.

Only what every start needs is imported up here: a command imports the rest when it runs, so that
`duewell --help` answers at once.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from typing import NoReturn

INTERRUPTED = 130
# What a shell reports of a program that the closed pipe itself has ended.
PIPE_CLOSED = 141


def main() -> NoReturn:
    """Run the command that the process was started with, and end the process with its exit code."""
    code = run()
    with suppress(OSError):
        sys.stderr.flush()
    # Temporal's client leaves threads behind that may abort or hang a Python that takes itself down in order
    # (temporalio/sdk-python issue 300). Everything is committed, printed and flushed by now.
    os._exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; without `arguments` they are the process's own.

    0 is done, 1 could not be done or met problems, 2 asked wrongly, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A name that the terminal's encoding lacks is shown as an escape, and is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("duewell: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        return PIPE_CLOSED
    except OSError as error:
        sys.stderr.write(f"duewell: the answer cannot be written: {error.strerror or error}\n")
        return 1
    return code


def _run(arguments: Sequence[str] | None) -> int:
    from cyclopts import CycloptsError

    from console.app import app
    from console.failure import ASKED_WRONGLY, Failure, kept_interruption
    from console.terminal.printing import complain

    try:
        with kept_interruption():
            code = app(arguments, exit_on_error=False, print_error=False, verbose=False)
    except CycloptsError as error:
        complain(str(error))
        return ASKED_WRONGLY
    except Failure as failure:
        complain(str(failure))
        return failure.exit_code
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    main()
