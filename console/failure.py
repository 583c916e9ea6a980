"""What ends a command: one clear line for a person and the exit code, or an interruption."""

from collections.abc import Iterator
from contextlib import contextmanager

NOT_DONE = 1
ASKED_WRONGLY = 2


class Failure(Exception):
    """The command ends here; the text is one line without secrets."""

    def __init__(self, text: str, exit_code: int = NOT_DONE) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def was_interrupted(error: BaseException | None) -> bool:
    """Say whether the error came up while an interruption was on its way out: the driver may lose one so."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def kept_interruption() -> Iterator[None]:
    """Raise KeyboardInterrupt for whatever an interruption became on its way out."""
    try:
        yield
    except Exception as error:
        if was_interrupted(error):
            raise KeyboardInterrupt from error
        raise
