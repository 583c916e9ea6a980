"""Claims about files that were uploaded and are not imported yet."""

from io import BytesIO

from console.web.uploads import KEPT_MAX, Uploads


def test_an_upload_is_found_by_its_user_alone_and_the_oldest_goes_for_one_more() -> None:
    uploads = Uploads()
    first = uploads.keep("C:\\books\\a\nb.csv", BytesIO(b"x"), 1)
    others = [uploads.keep("b.csv", BytesIO(b"y"), 1) for _ in range(KEPT_MAX - 1)]

    assert first.name == "ab.csv"
    assert first.read() == b"x"
    assert first.path.stat().st_mode & 0o077 == 0 or first.path.parent.stat().st_mode & 0o077 == 0
    assert uploads.find(first.token, 1) is first
    assert uploads.find(first.token, 2) is None
    assert uploads.find("../" + first.token, 1) is None

    uploads.keep("c.csv", BytesIO(b"z"), 1)

    assert uploads.find(first.token, 1) is None
    assert not first.path.exists()
    assert uploads.find(others[0].token, 1) is others[0]


def test_a_file_is_ordered_once_and_again_only_if_the_order_came_to_nothing() -> None:
    uploads = Uploads()
    upload = uploads.keep("a.csv", BytesIO(b"x"), 1)

    assert uploads.begin_order(upload)
    assert not uploads.begin_order(upload)
    uploads.end_order(upload, None)
    assert uploads.begin_order(upload)
    uploads.end_order(upload, 7)
    assert not uploads.begin_order(upload)
    assert upload.job_id == 7
