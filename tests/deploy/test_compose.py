import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from console.orders.clerk import clerk
from mailer.smtp import SmtpServer
from settings import Settings
from tests.deploy.compose_file import (
    COMPOSE,
    ROOT,
    Variable,
    argv_of,
    document,
    duration_of,
    our_services,
    services,
    variables_asked_for,
    variables_in_example,
)
from tests.deploy.programs import assert_runs, project
from worker import GRACE

SERVICES = sorted(services())
OURS = sorted(our_services())
# An installation on this file speaks to its own Temporal; these two are for one elsewhere.
FOR_A_TEMPORAL_ELSEWHERE = {"temporal_api_key", "temporal_tls"}
# Who types a command, by the shell; it is no setting.
OF_THE_SHELL = {"USER"}
NAMES_THE_CLERK = "LOGNAME"
ONE_SHOTS = {"temporal-schema", "temporal-namespace", "migrate"}
ON_DEMAND = {"console", "starter"}
MAY_GO_OUT = {"worker", "console", "temporal-ui", "api"}
PORT_MAX = 32767
EXAMPLE = {
    "DUEWELL_DB_PASSWORD": "5ecret",
    "SMTP_URL": "smtp://ar%40helios.example:5ecret@mail.helios.example:587",
}


def test_every_variable_is_in_the_example_with_its_default_and_no_other() -> None:
    shown = variables_in_example()

    assert len(shown) == len(set(shown))
    assert set(shown) == {variable for variable in variables_asked_for() if variable.name not in OF_THE_SHELL}


@pytest.mark.parametrize("name", OURS)
def test_our_services_are_given_nothing_but_settings(name: str) -> None:
    given = set(our_services()[name]["environment"]) - ({NAMES_THE_CLERK} if name == "console" else set())

    assert given <= {field.upper() for field in Settings.model_fields}


def test_the_timeline_names_who_typed_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMES_THE_CLERK, "ana")

    assert services()["console"]["environment"][NAMES_THE_CLERK] == "console"
    assert Variable("USER", "console") in variables_asked_for()
    assert clerk() == "ana"


def test_the_worker_is_given_every_setting() -> None:
    given = {name.lower() for name in services()["worker"]["environment"]}

    of_the_api = {name for name in Settings.model_fields if name.startswith(("api_", "console_", "oidc_"))}
    assert given == set(Settings.model_fields) - FOR_A_TEMPORAL_ELSEWHERE - of_the_api


@pytest.mark.parametrize("name", OURS)
def test_what_our_services_are_given_makes_sense(name: str) -> None:
    given = {key.lower(): _filled_in(str(value)) for key, value in our_services()[name]["environment"].items()}

    chosen = Settings(**given)  # type: ignore[arg-type]

    assert chosen.database_url == "postgresql://duewell:5ecret@postgres:5432/duewell"
    if "smtp_url" in given:
        assert SmtpServer.from_url(chosen.smtp_url).username == "ar@helios.example"


@pytest.mark.parametrize("name", OURS)
def test_what_our_services_run_is_there(name: str) -> None:
    assert_runs(argv_of(our_services()[name]))


def test_a_stopped_worker_has_time_for_what_is_on_its_way() -> None:
    assert duration_of(services()["worker"]["stop_grace_period"]) >= GRACE + timedelta(seconds=5)


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_waits_for_can_happen(name: str) -> None:
    for target, wait in services()[name].get("depends_on", {}).items():
        other = services()[target]
        match wait["condition"]:
            case "service_healthy":
                assert "healthcheck" in other
                assert target not in ONE_SHOTS | ON_DEMAND
            case "service_completed_successfully":
                assert target in ONE_SHOTS
                assert other["restart"] == "no"
            case condition:
                pytest.fail(f"{name} waits for {target} to be {condition}")


def test_the_worker_starts_after_the_ledger_is_migrated_and_the_namespace_made() -> None:
    waits = services()["worker"]["depends_on"]

    assert set(waits) == {"migrate", "temporal-namespace"}


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_to_a_release(name: str) -> None:
    _, _, tag = services()[name]["image"].partition(":")

    assert re.match(r"\d+\.\d+", tag), tag


def test_the_image_bears_the_version_of_the_project() -> None:
    assert services()["worker"]["image"] == f"duewell:{project()['project']['version']}"
    assert services()["worker"]["environment"]["WORKER_BUILD"] == project()["project"]["version"]


def test_temporal_and_its_tools_are_of_one_release() -> None:
    server = services()["temporal"]["image"].partition(":")[2]
    tools = {services()[name]["image"].partition(":")[2] for name in ("temporal-schema", "temporal-namespace")}

    assert len(tools) == 1
    assert tools.pop().split("-")[0] == server


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_this_machine_only(name: str) -> None:
    for published in services()[name].get("ports", []):
        host, port, inner = published.split(":")
        assert host == "127.0.0.1"
        assert int(port) <= PORT_MAX
        assert int(inner) <= PORT_MAX


@pytest.mark.parametrize("name", SERVICES)
def test_only_what_must_go_out_can(name: str) -> None:
    assert document()["networks"]["inside"] == {"internal": True}
    assert services()[name]["networks"] == (["inside", "outside"] if name in MAY_GO_OUT else ["inside"])


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_confined_and_their_logs_bounded(name: str) -> None:
    service = services()[name]

    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])
    assert "privileged" not in service
    if name in OURS:
        assert service["read_only"] is True


@pytest.mark.parametrize("name", SERVICES)
def test_what_serves_is_started_again_and_what_is_done_is_not(name: str) -> None:
    service = services()[name]

    assert service["restart"] == ("no" if name in ONE_SHOTS | ON_DEMAND else "unless-stopped")
    assert (service.get("profiles") == ["tools"]) == (name in ON_DEMAND)


@pytest.mark.parametrize("name", SERVICES)
def test_mounted_files_exist_and_are_mounted_read_only(name: str) -> None:
    for mounted in services()[name].get("volumes", []):
        source, target, *mode = mounted.split(":")
        if not source.startswith("."):
            assert source in document()["volumes"]
            continue
        assert (ROOT / source).is_file(), source
        assert mode == ["ro"]
        run = " ".join(services()[name].get("entrypoint", []))
        read_by = (run, str(services()[name]["environment"]), "/docker-entrypoint-initdb.d/")
        assert any(target in place or target.startswith(place) for place in read_by if place), (
            f"{target} is unused"
        )


def test_passwords_are_required_and_stand_in_no_file() -> None:
    required = {variable.name for variable in variables_asked_for() if variable.default is None}

    assert {"POSTGRES_PASSWORD", "DUEWELL_DB_PASSWORD", "TEMPORAL_DB_PASSWORD", "SMTP_URL"} <= required
    for service in document()["services"].values():
        for name, value in (service.get("environment") or {}).items():
            if re.search(r"PASSWORD|PWD|SECRET|_KEY", name):
                assert str(value).startswith("${"), name


@pytest.mark.skipif(
    shutil.which("docker") is None
    or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode != 0,
    reason="docker compose is not installed",
)
def test_docker_compose_accepts_the_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    lines = [f"{one.name}={EXAMPLE.get(one.name, 'x')}" for one in variables_in_example() if one.default is None]
    env_file.write_text("\n".join(lines))
    command = ["docker", "compose", "--file", str(COMPOSE), "--env-file", str(env_file), "--profile", "*"]

    done = subprocess.run([*command, "config", "--quiet"], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def _filled_in(value: str) -> str:
    for name, example in EXAMPLE.items():
        value = value.replace(name, example)
    return value
