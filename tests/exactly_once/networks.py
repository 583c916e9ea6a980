"""The worker's ways to its servers, each of which can be cut."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import make_url

from tests.exactly_once.fault_proxy import FaultProxy
from tests.exactly_once.journal import Victim
from tests.exactly_once.provider import Provider
from tests.installation import Installation


class Networks:
    """The worker's ways to its three servers, each of which can be cut."""

    def __init__(self, installation: Installation, provider: Provider) -> None:
        url = make_url(installation.database_url)
        socket = Path(str(url.query["host"])) / f".s.PGSQL.{url.query.get('port', '5432')}"
        self._url = url
        self._provider = provider
        self.proxies: Mapping[Victim, FaultProxy] = {
            Victim.SMTP_NETWORK: FaultProxy(provider.port),
            Victim.POSTGRES_NETWORK: FaultProxy(socket),
            Victim.TEMPORAL_NETWORK: FaultProxy(int(installation.stack.temporal_address.rpartition(":")[2])),
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """Pass on until the block ends."""
        with ExitStack() as proxies:
            for proxy in self.proxies.values():
                proxies.enter_context(proxy.running())
            yield

    @property
    def env(self) -> dict[str, str]:
        """Return the settings by which a worker takes these ways."""
        postgres, temporal = self.proxies[Victim.POSTGRES_NETWORK], self.proxies[Victim.TEMPORAL_NETWORK]
        return {
            "DATABASE_URL": f"postgresql://{self._url.username}@127.0.0.1:{postgres.port}/{self._url.database}",
            "TEMPORAL_ADDRESS": f"127.0.0.1:{temporal.port}",
            **self._provider.environment(self.proxies[Victim.SMTP_NETWORK].port),
        }
