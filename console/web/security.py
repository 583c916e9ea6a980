"""What every answer tells browsers to refuse, and which requests are taken for somebody else's."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Pico draws its arrows and ticks as data: pictures.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; object-src 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
HSTS = "max-age=31536000"


class SecureAnswers:
    """Puts the headers on every answer, errors included; none of the pages' answers is kept by anybody."""

    def __init__(self, app: ASGIApp, *, is_https: bool = False) -> None:
        self.app = app
        self.is_https = is_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    # What is shown within a page, such as a mail, has a stricter policy of its own.
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if self.is_https or scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = HSTS
            await send(message)

        await self.app(scope, receive, secured)


def is_forged(method: str, headers: Headers) -> bool:
    """Say whether a page of somebody else's may have caused the request, which would change something.

    Browsers say so themselves (Sec-Fetch-Site), over plain HTTP by Origin alone; what says neither is no browser
    that we know, and has no business with pages.
    """
    if method in SAFE_METHODS:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site != "same-origin"
    origin = headers.get("origin")
    if not origin:
        return True
    try:
        place = urlsplit(origin)
    except ValueError:
        return True
    # Without the scheme: behind a proxy, only the browser knows which one it spoke.
    return place.scheme not in ("http", "https") or place.netloc.lower() != headers.get("host", "").lower()
