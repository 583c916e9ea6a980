"""Lets external ids hold slashes: `2026%2F17` is one part of a path, and not two."""

from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send


class EncodedPaths:
    """Routes by the path as it was sent; parts of it are decoded by `part_of` when they are read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with slashes within a part of its path still encoded."""
        raw: bytes | None = scope.get("raw_path") if scope["type"] == "http" else None
        if raw is not None:
            parts = raw.partition(b"?")[0].split(b"/")
            scope["path"] = "/".join(_protected(unquote_to_bytes(part)) for part in parts)
        await self.app(scope, receive, send)


def part_of(path_part: str) -> str:
    """Return what a part of a path says."""
    return path_part.replace("%2F", "/").replace("%25", "%")


def _protected(part: bytes) -> str:
    # What is not UTF-8 becomes characters that no identifier has, and is refused.
    return part.decode("utf-8", "replace").replace("%", "%25").replace("/", "%2F").replace("\ufffd", "\0")
