"""What the pages work with while they run."""

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request

from console.api.service import Processes
from console.web.assets import Assets
from console.web.attempts import Attempts
from console.web.beside import Beside
from console.web.counting import Counting
from console.web.provider import Provider
from console.web.remembered import Remembered
from console.web.templating import Templates
from db.engine import Engine
from mailer.domain_check import WayOut
from mailer.domain_names import DnsNames, Names
from mailer.public_addresses import Resolver, resolve
from mailer.transport import Transport


@dataclass(frozen=True, slots=True)
class Web:
    """The ledger, the way to the processes, the files, and how people sign in.

    `public_url` is where people find the pages, if that is not what their browsers ask for; `process_page` says
    where the Temporal Web UI shows a process of that id, None where nobody said where that is; `transport` opens
    the way out for mail, or raises ValueError; `way_out` is what is known of it; `names` asks what domains have
    published.
    """

    engine: Engine
    processes: Processes
    provider: Provider | None = None
    public_url: str | None = None
    process_page: Callable[[str], str | None] = lambda _: None
    assets: Assets = field(default_factory=Assets)
    templates: Templates = field(default_factory=Templates)
    attempts: Attempts = field(default_factory=Attempts)
    transport: Callable[[], Transport] | None = None
    resolver: Resolver = resolve
    way_out: WayOut = WayOut()  # noqa: RUF009  # it is frozen
    names: Callable[[], Names] = DnsNames
    counting: Counting = field(default_factory=Counting)
    beside: Beside = field(default_factory=Beside)
    drawn: Remembered = field(default_factory=Remembered)

    def is_https(self, request: Request) -> bool:
        """Say whether the browser speaks https, as far as we can know behind a proxy."""
        return (self.public_url or "").startswith("https:") or request.url.scheme == "https"

    def url_of(self, request: Request, path: str) -> str:
        """Return the whole URL of one of our paths."""
        return (self.public_url or str(request.base_url)).rstrip("/") + path


def web_of(request: Request) -> Web:
    """Return what the pages of the request work with."""
    web: Web = request.app.state.web
    return web
