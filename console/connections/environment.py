"""The settings as a command needs them: checked, and shown without passwords."""

from urllib.parse import parse_qs, urlsplit

from console.failure import ASKED_WRONGLY, Failure
from settings import Settings, settings


def environment() -> Settings:
    """Return the settings. Raises Failure for values that make no sense."""
    from pydantic import ValidationError

    try:
        return settings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = str(first["loc"][0]).upper()
        raise Failure(f"the environment variable {name}: {first['msg']}", ASKED_WRONGLY) from error


def place_of(url: str) -> str:
    """Return where a URL points to, as host:port/path; whatever is secret in it is left out."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "an address that cannot be read"
    asked = parse_qs(parts.query)
    host = parts.hostname or asked.get("host", ["localhost"])[0]
    port_text = str(port) if port is not None else asked.get("port", [""])[0]
    return host + (f":{port_text}" if port_text else "") + parts.path
