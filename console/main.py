"""The command line `duewell`: runs one command, and makes one line and an exit code of whatever goes wrong.

Only what every start needs is imported up here: a command imports the rest when it runs, so that
`duewell --help` answers at once.
"""

import os
import sys
from collections.abc import Sequence

INTERRUPTED = 130
# What a shell reports of a program that the closed pipe itself has ended.
PIPE_CLOSED = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; without `arguments` they are the process's own.

    0 is done, 1 could not be done or met problems, 2 asked wrongly, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A name that the terminal's encoding lacks is shown as an escape, and is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("duewell: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes once more when it ends, and must not meet the closed pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return code


def _run(arguments: Sequence[str] | None) -> int:
    from cyclopts import CycloptsError

    from console.app import app
    from console.failure import ASKED_WRONGLY, Failure
    from console.printing import complain

    try:
        code = app(arguments, exit_on_error=False, print_error=False, verbose=False)
    except CycloptsError as error:
        complain(str(error))
        return ASKED_WRONGLY
    except Failure as failure:
        complain(str(failure))
        return failure.exit_code
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
