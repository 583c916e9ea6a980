import re
import shlex

import pytest

from tests.deploy.compose_file import ROOT, our_services, services, variables_in_example
from tests.deploy.programs import assert_accepted

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
# Lines of their own, and those within the text.
COMMANDS = sorted(
    {match.strip("`") for match in re.findall(r"^ {4}docker compose .*$|`docker compose [^`]*`", PAGE, re.M)}
)
# Words of `docker compose` that take no value of their own.
FLAGS = {"--rm", "-T", "--detach", "--all"}
WITH_VALUE = {"--since"}
ON_ALL = {"up", "ps", "build", "logs"}


def test_the_page_has_commands() -> None:
    assert len(COMMANDS) > 15


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_on_the_page_names_services_and_commands_that_exist(command: str) -> None:
    words = shlex.split(command.strip().split(" < ")[0].split(" > ")[0])
    verb, rest = words[2], words[3:]
    while rest and rest[0].startswith("-"):
        assert rest[0] in FLAGS | WITH_VALUE, rest[0]
        rest = rest[2:] if rest[0] in WITH_VALUE else rest[1:]
    match verb:
        case "up" | "ps" | "build" | "stop" | "logs":
            assert rest or verb in ON_ALL
            assert set(rest) <= set(services())
        case "exec":
            assert services()[rest[0]]["restart"] == "unless-stopped"
        case "run":
            assert rest[0] in our_services()
            if rest[0] == "starter":
                from starter import app

                app.parse_args(rest[1:], exit_on_error=False, print_error=False)
            else:
                assert rest[1] == "duewell"
                assert_accepted(rest[2:])
        case _:
            pytest.fail(f"docker compose {verb}")


def test_the_variables_that_the_page_speaks_of_exist() -> None:
    known = {one.name for one in variables_in_example()}
    known |= {name for service in our_services().values() for name in service["environment"]}
    elsewhere = {"TEMPORAL_TLS", "TEMPORAL_API_KEY"}

    assert set(re.findall(r"`([A-Z][A-Z_]+[A-Z])(?:=\w+)?`", PAGE)) <= known | elsewhere
