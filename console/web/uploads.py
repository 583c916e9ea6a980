"""Files that people uploaded and have not imported yet: kept on this machine for some hours, each for its user."""

import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

KEPT_SECONDS = 12 * 3600
# Of so many files at once; the oldest goes for one more.
KEPT_MAX = 20
NAME_CHARACTERS_MAX = 200


@dataclass(slots=True)
class Upload:
    """A file as it arrived, and the job that imports it once that is ordered."""

    token: str
    name: str
    user_id: int
    path: Path
    kept_at: float
    job_id: int | None = None
    is_being_ordered: bool = False

    def read(self) -> bytes:
        """Return the content. Raises OSError if it is gone."""
        return self.path.read_bytes()

    def keep_report(self, report: Mapping[str, Any]) -> None:
        """Keep what a dry run said."""
        self._report.write_text(json.dumps(report))

    def report(self) -> dict[str, Any] | None:
        """Return what the last dry run said, None if there was none."""
        try:
            said: dict[str, Any] = json.loads(self._report.read_text())
        except FileNotFoundError:
            return None
        return said

    @property
    def _report(self) -> Path:
        return self.path.with_suffix(".report")


class Uploads:
    """The uploads of this process, in a folder of its own that goes with it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[str, Upload] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def keep(self, name: str, content: BinaryIO, user_id: int) -> Upload:
        """Keep a file; old ones go. Raises OSError if there is no room."""
        with self._lock:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="duewell-uploads-")
            self._drop_old()
            token = secrets.token_urlsafe(18)
            path = Path(self._folder.name) / f"{token}.file"
        with path.open("wb") as file:
            shutil.copyfileobj(content, file)
        upload = Upload(token, _plain(name), user_id, path, time.monotonic())
        with self._lock:
            self._known[token] = upload
        return upload

    def find(self, token: str, user_id: int) -> Upload | None:
        """Return the user's upload, None if it is gone or somebody else's."""
        with self._lock:
            upload = self._known.get(token)
        return upload if upload is not None and upload.user_id == user_id else None

    def begin_order(self, upload: Upload) -> bool:
        """Say whether the file may be ordered to be imported; nobody else may until that ends."""
        with self._lock:
            if upload.is_being_ordered or upload.job_id is not None:
                return False
            upload.is_being_ordered = True
            return True

    def end_order(self, upload: Upload, job_id: int | None) -> None:
        """Keep which job imports the file, None if it was not ordered after all."""
        with self._lock:
            upload.is_being_ordered, upload.job_id = False, job_id

    def _drop_old(self) -> None:
        oldest_first = sorted(self._known.values(), key=lambda one: one.kept_at)
        too_many = len(oldest_first) - (KEPT_MAX - 1)
        for place, upload in enumerate(oldest_first):
            if place < too_many or time.monotonic() - upload.kept_at > KEPT_SECONDS:
                del self._known[upload.token]
                for path in (upload.path, upload.path.with_suffix(".report")):
                    path.unlink(missing_ok=True)


def _plain(name: str) -> str:
    """Return the last part of a file's name without what cannot be shown; browsers of old sent whole paths."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(one for one in last if one.isprintable())[:NAME_CHARACTERS_MAX].strip()
    return shown or "file"
