"""Who works at the command line, as the timeline keeps it."""

import getpass
import os

from db.operations.arrival.invoices import IMPORT
from db.operations.change import SYSTEM


def clerk() -> str:
    """Return the name of the operating system's user."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        # A container's user need not have a name.
        name = f"user {os.getuid()}"
    # On the timeline these names mean the product itself; a person who is called so is still a person.
    return f"{name} (command line)" if name in (SYSTEM, IMPORT) else name
