"""Reads where webhooks go."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import idna

CHARACTERS_MAX = 2000
_PORTS = {"https": 443, "http": 80}


class BadUrl(ValueError):
    """No webhook goes there; the text is one clear line for a person."""


@dataclass(frozen=True, slots=True)
class WebhookUrl:
    """An address over HTTP: `authority` is the host as the header says it, `path` has the query."""

    is_tls: bool
    host: str
    port: int
    authority: str
    path: str


def read_url(url: str, *, allows_private: bool) -> WebhookUrl:
    """Return the parts of the URL. Without TLS, and on ports of other services, it is for private networks only.

    Where its host really is, is looked at for each connection. Raises BadUrl.
    """
    if len(url) > CHARACTERS_MAX:
        raise BadUrl(f"a URL has at most {CHARACTERS_MAX} characters")
    # urlsplit drops some of these, and others are read differently by different programs.
    if not url.isprintable() or any(one.isspace() or one in '\\<>"^`{|}' for one in url):
        raise BadUrl(f"{url!r} has a character that no URL has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadUrl(f"{url!r} is no URL: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise BadUrl(f"{url!r} is no URL of a webhook; expected https://…")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadUrl("a webhook's URL has no user, no password and no fragment")
    if parts.scheme == "http" and not allows_private:
        raise BadUrl("http:// is for private networks only (--allow-private); expected https://…")
    port = _PORTS[parts.scheme] if port is None else port
    if port == 0 or (port < 1024 and port not in _PORTS.values() and not allows_private):
        raise BadUrl(f"port {port} is not one for webhooks; expected 443, 80, or 1024 and more")
    host = _ascii(parts.hostname)
    shown = f"[{host}]" if ":" in host else host
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii():
        raise BadUrl("the path of a webhook is in ASCII; write other characters as %…")
    authority = shown if port == _PORTS[parts.scheme] else f"{shown}:{port}"
    return WebhookUrl(parts.scheme == "https", host, port, authority, path)


def _ascii(host: str) -> str:
    if "%" in host:
        raise BadUrl(f"{host!r} is no host of a webhook")
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError as error:
        raise BadUrl(f"{host!r} is no host: {error}") from error
