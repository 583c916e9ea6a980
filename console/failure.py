"""What ends a command: one clear line for a person, and the exit code."""

NOT_DONE = 1
ASKED_WRONGLY = 2


class Failure(Exception):
    """The command ends here; the text is one line without secrets."""

    def __init__(self, text: str, exit_code: int = NOT_DONE) -> None:
        super().__init__(text)
        self.exit_code = exit_code
