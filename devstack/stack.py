"""All servers that Duewell needs, started together and gone together."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from signal import SIGTERM, Signals
from types import TracebackType
from typing import Self

from devstack import ports
from devstack.home_lock import HomeLock
from devstack.leashed_process import LeashedProcess
from devstack.mail_catcher import MailCatcher
from devstack.postgres import EmbeddedPostgres
from devstack.temporal_cli import find_temporal
from devstack.temporal_server import NAMESPACE, TemporalServer
from devstack.tool import Report, silent

DATABASE = "duewell"
FOR_OTHER_TEMPORALS = ("TEMPORAL_API_KEY", "TEMPORAL_TLS")
FOR_OTHER_MAIL = ("RESEND_API_KEY", "RESEND_URL")


class Stack:
    """PostgreSQL, Temporal and a mail catcher whose data are in `home`.

    What the environment names (DATABASE_URL, TEMPORAL_ADDRESS, SMTP_URL) is used as it is, and nothing is
    started for it: `postgres`, `temporal` or `mail` is None then. `ui` adds the Temporal Web UI. Without
    `durable` a power cut may lose data. With `fixed_ports` the well-known ports are preferred and
    PostgreSQL listens on TCP too; without, any free ports are taken, so that many stacks run at once.
    """

    def __init__(
        self,
        home: Path,
        *,
        ui: bool = True,
        durable: bool = True,
        fixed_ports: bool = True,
        database: str = DATABASE,
        dynamic_config: Mapping[str, object] | None = None,
        environ: Mapping[str, str] | None = None,
        report: Report = silent,
    ) -> None:
        self.home = home.absolute()
        self._ui = ui
        self._durable = durable
        self._fixed_ports = fixed_ports
        self._database = database
        self._dynamic_config = dynamic_config
        self._environ = dict(os.environ if environ is None else environ)
        self._report = report
        self._lock = HomeLock(self.home)
        self._exit = ExitStack()
        self._temporal_program: Path | None = None
        self.postgres: EmbeddedPostgres | None = None
        self.temporal: TemporalServer | None = None
        self.mail: MailCatcher | None = None

    @property
    def database_url(self) -> str:
        """Return the ledger's URL."""
        return self.postgres.url(self._database) if self.postgres else self._environ["DATABASE_URL"]

    @property
    def temporal_address(self) -> str:
        """Return the Temporal frontend's host:port."""
        return self.temporal.address if self.temporal else self._environ["TEMPORAL_ADDRESS"]

    @property
    def temporal_ui_url(self) -> str | None:
        """Return where people find the Temporal Web UI, if there is one."""
        return self.temporal.ui_url if self.temporal else self._environ.get("TEMPORAL_UI_URL")

    @property
    def smtp_url(self) -> str:
        """Return where mail is handed over."""
        return self.mail.smtp_url if self.mail else self._environ["SMTP_URL"]

    @property
    def mail_page_url(self) -> str | None:
        """Return where people read the caught mail; None when mail goes to a server of their own."""
        return self.mail.page_url if self.mail else None

    def env(self) -> dict[str, str]:
        """Return the environment variables by which Duewell's programs find these servers."""
        variables = {
            "DATABASE_URL": self.database_url,
            "TEMPORAL_ADDRESS": self.temporal_address,
            "SMTP_URL": self.smtp_url,
        }
        if self.temporal:
            variables["TEMPORAL_NAMESPACE"] = NAMESPACE
        if self.temporal_ui_url:
            variables["TEMPORAL_UI_URL"] = self.temporal_ui_url
        return variables

    def spawn(
        self,
        name: str,
        argv: Sequence[str | os.PathLike[str]],
        env: Mapping[str, str] | None = None,
        *,
        stop_signal: Signals = SIGTERM,
        grace_seconds: float = 10.0,
    ) -> LeashedProcess:
        """Start a further process that ends with this stack and before its servers.

        It finds the servers in its environment, extended by `env`, and logs to `home/logs/NAME.log`.
        """
        # Credentials that are meant for another Temporal would make the embedded one unreachable, and with a key
        # of Resend mail would leave the house instead of being caught.
        unfit = (FOR_OTHER_TEMPORALS if self.temporal else ()) + (FOR_OTHER_MAIL if self.mail else ())
        inherited = {key: value for key, value in self._environ.items() if key not in unfit}
        process = LeashedProcess(
            name,
            argv,
            log=self.home / "logs" / f"{name}.log",
            env={**inherited, **self.env(), **(env or {})},
            stop_signal=stop_signal,
            grace_seconds=grace_seconds,
            held_locks=(self._lock.fileno(),),
        ).start()
        self._exit.callback(process.stop)
        return process

    def start(self) -> Self:
        """Start all servers at once; raises what the first that failed raised, the others stopped."""
        self._lock.acquire()
        self._exit.callback(self._lock.release)
        try:
            self._start_servers()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop everything, what was started last first."""
        self._exit.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start_servers(self) -> None:
        # In this thread, so that Ctrl-C ends a build that may take minutes.
        if not self._environ.get("TEMPORAL_ADDRESS"):
            self._temporal_program = find_temporal(self._report).path
        starters: dict[str, Callable[[], None]] = {
            "DATABASE_URL": self._start_postgres,
            "TEMPORAL_ADDRESS": self._start_temporal,
            "SMTP_URL": self._start_mail,
        }
        with ThreadPoolExecutor(len(starters)) as threads:
            # An empty variable counts as none, as it does for the settings.
            starts: list[Future[None]] = [
                threads.submit(start) for variable, start in starters.items() if not self._environ.get(variable)
            ]
        for started in starts:
            started.result()

    def _start_postgres(self) -> None:
        port = ports.POSTGRES if self._fixed_ports else None
        server = EmbeddedPostgres(self.home / "postgres", self._durable, port, self._held_locks())
        self._exit.callback(server.close)
        server.start().create_database(self._database)
        self.postgres = server

    def _start_temporal(self) -> None:
        assert self._temporal_program is not None, "the program is found before"
        server = TemporalServer(
            self._temporal_program,
            self.home / "temporal",
            port=ports.TEMPORAL if self._fixed_ports else None,
            ui_port=ports.TEMPORAL_UI if self._fixed_ports else None,
            ui=self._ui,
            dynamic_config=self._dynamic_config,
            durable=self._durable,
            held_locks=self._held_locks(),
        )
        self._exit.callback(server.close)
        self.temporal = server.start()

    def _start_mail(self) -> None:
        server = MailCatcher(
            self.home / "mail",
            smtp_port=ports.SMTP if self._fixed_ports else None,
            http_port=ports.MAIL_PAGE if self._fixed_ports else None,
            held_locks=self._held_locks(),
        )
        self._exit.callback(server.close)
        self.mail = server.start()

    def _held_locks(self) -> tuple[int, ...]:
        return (self._lock.fileno(),)
