"""Temporal's time-skipping test server, in which a year of sleeping passes in a second."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from devstack import sdk_download
from devstack.cache import cache_directory, install
from devstack.long_build import BuildFailed, run_build
from devstack.tool import Report, Tool, output_of, silent

NAME = "Time skipping"
OVERRIDE = "TEMPORAL_TEST_SERVER"
MAVEN_VERSION = "1.38.0"
JAVA_VERSION_MIN = 17

POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>duewell</groupId>
  <artifactId>time-skipping-test-server</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>{MAVEN_VERSION}</version>
    </dependency>
    <!-- Without a logger that says nothing, every start says that there is none. -->
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-nop</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""

# The SDK kills this script by its process id, so Java takes its place (exec). The SDK does not end it when
# the test run itself is killed: the loop beside it does.
SCRIPT = """#!/bin/sh
owner=$PPID
server=$$
{
  while kill -0 "$server" && kill -0 "$owner"; do sleep 1; done
  kill -9 "$server"
} </dev/null >/dev/null 2>&1 &
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \\
  -cp "$(dirname "$0")/jars/*" io.temporal.testserver.TestServer "$@"
"""


@dataclass(frozen=True)
class NoTimeSkipping:
    """There is no test server here; the tests that need one skip with this reason."""

    reason: str


def find_time_skipping(report: Report = silent) -> Tool | NoTimeSkipping:
    """Return the test server for `WorkflowEnvironment.start_time_skipping(test_server_existing_path=…)`.

    The ladder: TEMPORAL_TEST_SERVER, the cache, the SDK's download, Maven with Java 17 or newer.
    """
    if chosen := os.environ.get(OVERRIDE):
        if os.access(chosen, os.X_OK):
            return Tool(NAME, "as given", Path(chosen), OVERRIDE)
        return NoTimeSkipping(f"{OVERRIDE} names {chosen}, which is not a program")
    folder = cache_directory() / "time-skipping"
    if found := probe(folder, "cache"):
        return found
    failures: list[str] = []
    origin = "cache"

    def build(workshop: Path) -> Path:
        nonlocal origin
        product = workshop / "server"
        try:
            program = sdk_download.download("time-skipping", workshop, report=report)
            product.mkdir()
            program.rename(product / "temporal-test-server")
            origin = "downloaded"
        except BuildFailed as failure:
            failures.append(str(failure))
            _build_with_maven(workshop, product, report)
            origin = "Maven"
        return product

    try:
        install(folder, build, is_good=lambda path: probe(path, "cache") is not None, report=report)
    except BuildFailed as failure:
        failures.append(str(failure))
    return probe(folder, origin) or NoTimeSkipping("; ".join(failures) or f"{folder} does not work here")


def probe(folder: Path, origin: str) -> Tool | None:
    """Return the server in the folder if it can run here."""
    program = folder / "temporal-test-server"
    if not os.access(program, os.X_OK):
        return None
    if (folder / "jars").is_dir():
        java = java_version()
        if java is None or java < JAVA_VERSION_MIN:
            return None
        return Tool(NAME, f"{MAVEN_VERSION} on Java {java}", program, origin)
    return Tool(NAME, "test server", program, origin)


def java_version() -> int | None:
    """Return the major version of `java` on PATH, or None if there is none that runs."""
    text = output_of(["java", "-version"])
    version = re.search(r'version "(\d+)', text or "")
    return int(version[1]) if version else None


def _build_with_maven(workshop: Path, product: Path, report: Report) -> None:
    java = java_version()
    if java is None or java < JAVA_VERSION_MIN:
        raise BuildFailed(f"Java {JAVA_VERSION_MIN} or newer is not on PATH")
    maven = shutil.which("mvn")
    if maven is None:
        raise BuildFailed("Maven (`mvn`) is not on PATH")
    (workshop / "pom.xml").write_text(POM)
    run_build(
        "fetching Temporal's time-skipping server with Maven",
        [
            *(maven, "--batch-mode", "--quiet", "--file", workshop / "pom.xml"),
            *("dependency:copy-dependencies", f"-DoutputDirectory={product / 'jars'}"),
        ],
        log=workshop / "maven.log",
        report=report,
        usually="under a minute, once",
        timeout_seconds=900,
    )
    program = product / "temporal-test-server"
    program.write_text(SCRIPT)
    program.chmod(0o755)
