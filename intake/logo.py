"""Reads the organization's logo: an image that every mail program shows."""

from pathlib import Path

LOGO_BYTES_MAX = 200 * 1024
# By their first bytes. SVG and WebP are left out: many mail programs show nothing instead.
_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


def read_logo(path: Path) -> tuple[bytes, str]:
    """Return the image and its media type. Raises ValueError, with what is wrong."""
    try:
        with path.open("rb") as file:
            content = file.read(LOGO_BYTES_MAX + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from error
    return sound_logo(content, str(path))


def sound_logo(content: bytes, name: str) -> tuple[bytes, str]:
    """Return an image that came under a name, and its media type. Raises ValueError, with what is wrong."""
    media_type = next((kind for start, kind in _TYPES.items() if content.startswith(start)), None)
    if media_type is None:
        raise ValueError(f"{name} is no image that every mail program shows; expected PNG, JPEG or GIF")
    if len(content) > LOGO_BYTES_MAX:
        raise ValueError(
            f"{name} is too big: it goes with every message; expected at most {LOGO_BYTES_MAX // 1024} KB"
        )
    return content, media_type
