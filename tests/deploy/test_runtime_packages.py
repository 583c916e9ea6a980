import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.compose_file import ROOT
from tests.deploy.image_files import copied_from_context, is_in_context
from tests.deploy.programs import project, root_packages

UV = Path(sys.executable).parent / "uv"
# A package is its version, the machines that need it, and the hashes of its files.
Locked = dict[str, tuple[str, str, frozenset[str]]]


def test_production_runs_the_very_packages_that_the_tests_run_on() -> None:
    tested, runtime = _locked("requirements.lock"), _locked("requirements-runtime.lock")

    assert runtime.items() <= tested.items()
    assert len(runtime) > 20


def test_production_has_every_dependency_and_no_development_package() -> None:
    runtime = _locked("requirements-runtime.lock")
    wanted = {_name(text) for text in project()["project"]["dependencies"]}
    for_development = {_name(text) for text in project()["project"]["optional-dependencies"]["dev"]}

    assert wanted <= set(runtime)
    assert not for_development & set(runtime)


def test_both_locks_are_renewed_together() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nlock:")[2].partition("\n\n")[0]

    assert "-o requirements.lock" in recipe
    assert "-o requirements-runtime.lock" in recipe
    assert recipe.count("--generate-hashes") == 2


def test_the_image_finds_its_uv_and_its_build_backend_in_the_lock() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()

    for name in ("uv", "hatchling"):
        assert len([line for line in lines if line.startswith(f"{name}==")]) == 1


def test_what_the_image_installs_runs_without_the_checkout(tmp_path: Path) -> None:
    context, target = tmp_path / "context", tmp_path / "opt"
    _copy_as_the_dockerfile_does(context)

    _uv("venv", "--python", sys.executable, target)
    runtime = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", "requirements-runtime.lock"]
    _uv("pip", "install", "--python", target, *runtime, cwd=context)
    build = ["--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", "dist"]
    _uv("build", *build, cwd=context)
    (wheel,) = (context / "dist").glob("*.whl")
    _uv("pip", "install", "--python", target, "--no-deps", wheel)

    assert _files_in(wheel) == _files_of_the_distribution(context)
    _assert_works(target / "bin", "python", "-P", "-c", "import worker, starter, console.app, console.server")
    _assert_works(target / "bin", "python", "-P", "-m", "starter", "--help")
    _assert_works(target / "bin", "duewell", "migrate", "--help")
    version = _assert_works(target / "bin", "duewell", "--version")
    assert version.split() == ["duewell", project()["project"]["version"]]


def _copy_as_the_dockerfile_does(context: Path) -> None:
    context.mkdir()
    for name in copied_from_context():
        source = ROOT / name
        if source.is_file():
            shutil.copy(source, context / name)
            continue
        for path in source.rglob("*"):
            inside = path.relative_to(ROOT)
            if path.is_file() and is_in_context(inside.as_posix()):
                (context / inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, context / inside)


def _files_in(wheel: Path) -> set[str]:
    return {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}


def _files_of_the_distribution(context: Path) -> set[str]:
    found = set()
    for name in root_packages():
        root = context / name
        files = [root] if root.is_file() else root.rglob("*")
        found |= {path.relative_to(context).as_posix() for path in files if path.is_file()}
    return found


def _uv(*arguments: str | Path, cwd: Path = ROOT) -> None:
    subprocess.run([UV, "--quiet", *arguments], cwd=cwd, check=True, timeout=240)


def _assert_works(programs: Path, program: str, *arguments: str) -> str:
    done = subprocess.run(
        [programs / program, *arguments], cwd="/", env={"HOME": "/nonexistent"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _locked(name: str) -> Locked:
    locked: Locked = {}
    for entry in re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8")):
        match = re.match(r"([\w.-]+)==(\S+)(?: ; (.*?))? \\\n", entry)
        if match:
            locked[match[1]] = (match[2], match[3] or "", frozenset(re.findall(r"sha256:[0-9a-f]{64}", entry)))
    return locked


def _name(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement).name)
