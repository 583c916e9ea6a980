"""Reads a profile that stands in a file of JSON."""

from pathlib import Path

from console.failure import ASKED_WRONGLY, Failure
from intake.files.profile import Profile, read_profile


def profile_in(file: Path) -> Profile:
    """Return the profile. Raises Failure with what to mend."""
    try:
        return read_profile(file.read_bytes())
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror or error}", ASKED_WRONGLY) from error
    except ValueError as error:
        raise Failure(f"{file}: {error}", ASKED_WRONGLY) from error
