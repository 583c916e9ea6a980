"""Lists of ids in forms: what is written is read, and nothing else is."""

import zlib
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.web.id_lists import NoIds, packed_ids, unpacked_ids

IDS_MAX = 1_000


def packed(text: bytes) -> str:
    return urlsafe_b64encode(zlib.compress(text)).decode()


@given(st.sets(st.integers(1, 2**63 - 1), min_size=1, max_size=50).map(sorted))
def test_what_is_written_is_read(ids: list[int]) -> None:
    assert unpacked_ids(packed_ids(ids), IDS_MAX) == ids


def test_a_dense_list_takes_little_room() -> None:
    ids = list(range(10**6, 10**6 + 30_000, 3))

    assert len(packed_ids(ids)) < len(ids) / 10


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "é",
        "AAAA",
        *map(packed, (b"", b"0", b"5 0", b"5 -1", b"1 x", b"1  2", str(2**63).encode(), b"9" * 99)),
    ],
)
def test_what_is_no_list_of_ids_is_refused(text: str) -> None:
    with pytest.raises(NoIds):
        unpacked_ids(text, IDS_MAX)


def test_more_than_there_may_be_are_refused_without_being_unpacked() -> None:
    unpacked_ids(packed(b"1 " * (IDS_MAX - 1) + b"1"), IDS_MAX)

    for text in (packed(b"1 " * IDS_MAX + b"1"), packed(b"1 " * 10**7)):
        with pytest.raises(NoIds):
            unpacked_ids(text, IDS_MAX)
