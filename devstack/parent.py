"""Ends this program with the one that started it, where that is `make`."""

import os
import signal

from devstack.leash import end_with_parent


def end_with_make() -> None:
    """Get SIGTERM when `make`, which runs us, ends in whatever way; do nothing when something else runs us.

    A shell or a service manager may well end before its children; `make` only does when it is killed.
    """
    if "MAKELEVEL" in os.environ:
        end_with_parent(signal.SIGTERM)
