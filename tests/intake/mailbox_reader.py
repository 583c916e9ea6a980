"""A program that looks into a mailbox once and is killed at a moment of the test's choice."""

import os
import signal
import sys
from typing import Any

from db.engine import make_engine
from db.operations.messages.incoming import take_in
from intake import inbox, mailbox
from intake.mailbox_connection import Mailbox, MailboxAddress


def die(*_: Any, **__: Any) -> None:
    """End at once, as by the power switch."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, database_url: str, moment: str) -> None:
    """Look once."""
    if moment == "before the commit":

        def take_and_die(*arguments: Any) -> None:
            take_in(*arguments)
            die()

        vars(inbox)["take_in"] = take_and_die
    elif moment == "before the mark":
        Mailbox.mark = die  # type: ignore[method-assign]
    mailbox.Watcher(make_engine(database_url), MailboxAddress.from_url(url)).look()


if __name__ == "__main__":
    main(*sys.argv[1:])
