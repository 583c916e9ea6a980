import re
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from tests.deploy.compose_file import ROOT
from tests.deploy.image_files import copied_from_context, instructions, is_in_context, of
from tests.deploy.programs import assert_runs, project, root_packages


def test_all_stages_start_from_one_pinned_python_that_the_project_supports() -> None:
    images = {one.text.split()[0] for one in of("FROM")}

    assert len(images) == 1
    version = re.fullmatch(r"python:(\d+\.\d+\.\d+)-slim-\w+", images.pop())
    assert version
    assert SpecifierSet(project()["project"]["requires-python"]).contains(version[1])


def test_everything_that_is_copied_exists_and_reaches_the_builder() -> None:
    for source in copied_from_context():
        assert (ROOT / source).exists(), source
        assert is_in_context(source), f"{source} is kept out by .dockerignore"


def test_the_whole_distribution_is_copied() -> None:
    files = {project()["project"]["readme"], "pyproject.toml", "requirements-runtime.lock"}

    assert files | set(root_packages()) <= set(copied_from_context())


@pytest.mark.parametrize("package", root_packages())
def test_no_file_of_the_distribution_is_kept_out(package: str) -> None:
    root = ROOT / package
    files = [root] if root.is_file() else [path for path in root.rglob("*") if path.is_file()]

    kept_out = [path for path in files if not is_in_context(path.relative_to(ROOT).as_posix())]

    assert all("__pycache__" in path.parts for path in kept_out), kept_out


@pytest.mark.parametrize("path", [".env", ".git/config", ".venv/bin/python", "tests/conftest.py", "deploy/.env"])
def test_secrets_and_what_is_not_needed_stay_away_from_the_builder(path: str) -> None:
    assert not is_in_context(path)


def test_the_image_runs_the_worker() -> None:
    (command,) = of("CMD")

    assert command.argv() == ["python", "-m", "worker"]
    assert_runs(command.argv())


def test_the_image_runs_as_an_ordinary_user_and_ends_on_the_signal_that_the_worker_knows() -> None:
    last = max(one.stage for one in instructions())
    users = [one.text for one in of("USER") if one.stage == last]
    (stop,) = of("STOPSIGNAL")

    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", users[-1])
    assert stop.text == "SIGTERM"
    assert "signal.SIGTERM" in Path(ROOT / "worker.py").read_text(encoding="utf-8")


def test_every_package_comes_by_its_hash() -> None:
    installs = [command for run in of("RUN") for command in run.text.split("&&") if "pip install" in command]

    assert len(installs) == 4
    for install in installs:
        assert "--require-hashes" in install or ("--no-deps" in install and "dist/*.whl" in install), install
