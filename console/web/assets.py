"""Files that browsers keep: styles, scripts and pictures, each under an address that changes with its content."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

STATIC = Path(__file__).parent / "static"
PREFIX = "/static"
_COMPRESSED_BYTES_MIN = 1024
_DIGEST_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served."""

    path: str
    media_type: str
    content: bytes
    compressed: bytes | None


class Assets:
    """All files of a folder, read once."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._by_name = {
            file.relative_to(folder).as_posix(): _asset(folder, file)
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }
        self._by_path = {asset.path: asset for asset in self._by_name.values()}

    def path(self, name: str) -> str:
        """Return the address of a file. Raises KeyError for one that is not there."""
        return self._by_name[name].path

    async def answer(self, request: Request) -> Response:
        """Answer with the file of the path. Raises HTTPException for an address that is not this release's."""
        asset = self._by_path.get(request.url.path)
        if asset is None:
            raise HTTPException(404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
        content = asset.content
        if asset.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            content = asset.compressed
        return Response(content, headers=headers, media_type=asset.media_type)


def _asset(folder: Path, file: Path) -> Asset:
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:_DIGEST_CHARACTERS]
    media_type = mimetypes.guess_type(file.name)[0] or "text/plain"
    # A machine's own table of types may say application/javascript, or nothing at all.
    media_type = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}.get(
        file.suffix, media_type
    )
    compressed = gzip.compress(content, mtime=0) if len(content) >= _COMPRESSED_BYTES_MIN else None
    return Asset(f"{PREFIX}/{digest}/{file.relative_to(folder).as_posix()}", media_type, content, compressed)
