"""Files that people uploaded and have not imported yet: in the ledger for some hours, each for its user alone."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from console.web.visit import Visit
from db.engine import transaction
from db.operations.refusal import Refused
from db.operations.uploads import keep_report, keep_upload
from db.queries.uploads import UploadLine, upload_content, upload_report, upload_with
from intake.imports.source import Source

TOKEN_BYTES = 18
NAME_CHARACTERS_MAX = 200


class Gone(Refused):
    """The upload is not there any more."""


def gone(visit: Visit) -> Gone:
    """Return what is said of an upload that is not there, or somebody else's."""
    return Gone(visit.text("This file is not here any more. Upload it again."))


def keep(visit: Visit, name: str, content: bytes) -> str:
    """Keep a file of the visitor; return the token in its address."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with transaction(visit.web.engine) as session:
        keep_upload(session, token, plain_name(name), content, visit.user.user_id, visit.now)
    return token


def find(visit: Visit, token: str) -> UploadLine:
    """Return the visitor's upload. Raises Gone."""
    with transaction(visit.web.engine) as session:
        upload = upload_with(session, token, visit.user.user_id, visit.now)
    if upload is None:
        raise gone(visit)
    return upload


def source_of(visit: Visit, upload: UploadLine) -> Source:
    """Return the file as imports read it. Raises Gone."""
    with transaction(visit.web.engine) as session:
        content = upload_content(session, upload.id)
    if content is None:
        raise gone(visit)
    return Source(upload.name, content)


def keep_dry_run(visit: Visit, upload: UploadLine, report: Mapping[str, Any]) -> None:
    """Keep what a dry run said."""
    with transaction(visit.web.engine) as session:
        keep_report(session, upload.id, json.dumps(report).encode())


def dry_run_of(visit: Visit, upload: UploadLine) -> dict[str, Any]:
    """Return what the last dry run said. Raises Gone."""
    with transaction(visit.web.engine) as session:
        kept = upload_report(session, upload.id)
    if kept is None:
        raise gone(visit)
    said: dict[str, Any] = json.loads(kept)
    return said


def plain_name(name: str) -> str:
    """Return the last part of a file's name without what cannot be shown; browsers of old sent whole paths."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(one for one in last if one.isprintable())[:NAME_CHARACTERS_MAX].strip()
    return shown or "file"
