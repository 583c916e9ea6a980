"""The user's cache directory: what was fetched or built once, shared by all work trees."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from devstack.tool import Report, silent


def cache_directory() -> Path:
    """Return DUEWELL_CACHE, or `duewell` in the user's cache directory (XDG_CACHE_HOME or ~/.cache)."""
    if chosen := os.environ.get("DUEWELL_CACHE"):
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache").absolute() / "duewell"


def install(
    target: Path,
    build: Callable[[Path], Path],
    *,
    is_good: Callable[[Path], bool],
    report: Report = silent,
) -> Path:
    """Return the target, built unless a good one is there; appears whole or not at all.

    `build` gets an empty directory on the target's file system and returns the file or directory in it
    that becomes the target. A second caller waits for the first one, and finds the work done.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target, report):
        if is_good(target):
            return target
        for leftover in target.parent.glob(f".{target.name}-*"):
            # We hold the lock, so whoever was building here is gone.
            shutil.rmtree(leftover, ignore_errors=True)
        workshop = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            product = build(workshop)
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            product.replace(target)
        finally:
            _remove_tree(workshop)
    return target


@contextlib.contextmanager
def _locked(target: Path, report: Report) -> Iterator[None]:
    with (target.parent / f".{target.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"waiting for another process that installs {target.name}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_tree(directory: Path) -> None:
    # Go keeps its module cache read-only; what cannot be removed now is removed by the next build.
    for folder, _, _ in os.walk(directory):
        with contextlib.suppress(OSError):
            Path(folder).chmod(0o700)
    shutil.rmtree(directory, ignore_errors=True)
