"""Lists of ids as forms carry them from a page to the next: about a byte for each id of a list that is dense."""

import binascii
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from itertools import accumulate

_ID_MAX = 2**63 - 1


class NoIds(ValueError):
    """The text is no list of ids, or of too many."""


def packed_ids(ids: Sequence[int]) -> str:
    """Return ids, which ascend, as text for an address or a form."""
    distances = (after - before for before, after in zip((0, *ids), ids, strict=False))
    return urlsafe_b64encode(zlib.compress(" ".join(map(str, distances)).encode())).decode()


def unpacked_ids(text: str, ids_max: int) -> list[int]:
    """Return the ids that `packed_ids` wrote, ascending and none twice. Raises NoIds."""
    unpacking = zlib.decompressobj()
    try:
        # What is a few bytes may unpack to very many.
        written = unpacking.decompress(urlsafe_b64decode(text.encode()), 20 * ids_max)
    except (binascii.Error, UnicodeError, zlib.error) as error:
        raise NoIds("it cannot be unpacked") from error
    if not unpacking.eof:
        raise NoIds("it is too long")
    parts = written.split(b" ")
    if len(parts) > ids_max or not all(part.isdigit() and len(part) <= len(str(_ID_MAX)) for part in parts):
        raise NoIds("it is no list of numbers")
    distances = list(map(int, parts))
    ids = list(accumulate(distances))
    if min(distances) < 1 or ids[-1] > _ID_MAX:
        raise NoIds("its numbers do not ascend")
    return ids
