"""What somebody wants a message to say: by options, from a file, or in their editor."""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from activities.drafts import DraftText
from console.connections.ledger import open_ledger
from console.failure import ASKED_WRONGLY, Failure
from console.views.todo_reading import read_todo
from db.operations.messages.drafts import Draft
from dunning.cadence import Channel

BYTES_MAX = 1_000_000
_SUBJECT = "Subject: "


def asked_draft(todo_id: int, subject: str | None, body: str | None, body_file: Path | None) -> Draft:
    """Return what the message shall say. Raises Failure."""
    if body is not None and body_file is not None:
        raise Failure("give the text by --body or by --body-file, not by both", ASKED_WRONGLY)
    if subject is None and body is None and body_file is None:
        return _edited(todo_id)
    return Draft(subject, body if body_file is None else content_of(body_file))


def content_of(file: Path) -> str:
    """Return the text in the file, or of stdin for `-`. Raises Failure."""
    try:
        content = sys.stdin.buffer.read(BYTES_MAX + 1) if str(file) == "-" else file.read_bytes()
        if len(content) > BYTES_MAX:
            raise Failure(f"{file} is too long for a message", ASKED_WRONGLY)
        return content.decode("utf-8-sig")
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}", ASKED_WRONGLY) from error
    except UnicodeDecodeError as error:
        raise Failure(f"{file} is not written in UTF-8", ASKED_WRONGLY) from error


def _edited(todo_id: int) -> Draft:
    """Let the person edit the message as it stands, a subject line and then the text."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise Failure("say what changes by --subject, --body or --body-file, or set $EDITOR", ASKED_WRONGLY)
    with open_ledger() as ledger:
        line, draft, _ = read_todo(ledger, todo_id)
    if draft is None or not Channel(line.channel).is_written:
        raise Failure(f"to-do {todo_id} has no message to edit", ASKED_WRONGLY)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"todo-{todo_id}.txt"
        file.write_text(_written(draft), encoding="utf-8")
        try:
            # Whoever edits chose the editor, and nobody else's words are in the command.
            code = subprocess.run([*shlex.split(editor), str(file)], check=False).returncode  # noqa: S603
        except (OSError, ValueError) as error:
            raise Failure(f"the editor {editor!r} cannot be started: {error}", ASKED_WRONGLY) from error
        if code:
            raise Failure(f"the editor ended with {code}; nothing was changed")
        return _read(content_of(file))


def _written(draft: DraftText) -> str:
    return f"{_SUBJECT}{draft.subject}\n\n{draft.body}"


def _read(text: str) -> Draft:
    head, _, body = text.partition("\n")
    if not head.startswith(_SUBJECT.strip()):
        raise Failure(f"the first line is the subject, and begins with {_SUBJECT.strip()!r}", ASKED_WRONGLY)
    return Draft(head.removeprefix(_SUBJECT.strip()).strip(), body.strip("\n"))
