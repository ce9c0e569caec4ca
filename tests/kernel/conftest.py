"""Runs of ``lictor run`` as a person would start them, and what they left in the lake, read without Lictor.

Every file here is marked ``kernel``. What a test must not be told by Lictor itself it gets from
the system: exit statuses, standard output, /proc, strace, a listener of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass
class Observed:
    """One finished run."""

    status: int
    out: bytes
    err: str
    lake: Path

    def table(self, name: str = "activity") -> pa.Table:
        """A table of the lake, straight from its Parquet files."""
        parts = [pq.ParquetFile(f).read() for f in sorted((self.lake / name).rglob("*.parquet"))]
        assert not list((self.lake / "wal").glob("*.wal")), "the writer has not sealed its log"
        return pa.concat_tables(parts, promote_options="default") if parts else pa.table({})

    def rows(self, operation: str | None = None, **wanted: object) -> list[dict[str, object]]:
        """Rows of ``activity`` in order of time, with these values."""
        wanted = {**wanted, **({"operation": operation} if operation else {})}
        return [r for r in self._all if all(r[k] == v for k, v in wanted.items())]

    @cached_property
    def _all(self) -> list[dict[str, object]]:
        return sorted(self.table().to_pylist(), key=lambda r: r["time_ns"])

    @property
    def run(self) -> str:
        """Id of the run."""
        (name,) = set(self.table("runs")["run"].to_pylist())
        return name


def environment() -> dict[str, str]:
    """Without the marks of an agent that may be running these tests."""
    keep = ("PATH", "HOME", "LANG", "USER", "TERM", "LICTOR_RUNTIME")
    return {k: v for k, v in os.environ.items() if k in keep} | {"PYTHONPATH": str(ROOT)}


def command_line(lake: Path, *command: object, policy: Path | None = None, audit: bool = False) -> list[str]:
    """``lictor run`` with these options."""
    options = [*(["--policy", str(policy)] if policy else []), *(["--audit"] if audit else [])]
    return [sys.executable, "-m", "lictor", "run", *options, "--lake", str(lake), "--", *map(str, command)]


def run_lictor(
    lake: Path, *command: object, policy: str | None = None, audit: bool = False, **popen: object
) -> Observed:
    """Run a command under Lictor, with the text of a policy."""
    file = None
    if policy is not None:
        file = lake.with_name(f"{lake.name}-policy.yaml")
        file.write_text(policy)
    popen.setdefault("env", environment())
    popen.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run(
        command_line(lake, *command, policy=file, audit=audit), capture_output=True, timeout=120, check=False, **popen
    )
    return Observed(done.returncode, done.stdout, done.stderr.decode(errors="replace"), lake)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """Folder with the C programs of these tests: ``acts`` and ``loadgen``."""
    folder = tmp_path_factory.mktemp("programs")
    for source in (HERE / "acts.c", ROOT / "benchmarks" / "loadgen.c"):
        built = subprocess.run(
            ["cc", "-O1", "-pthread", "-w", str(source), "-o", str(folder / source.stem)],
            capture_output=True,
            check=False,
        )
        if built.returncode:
            pytest.skip(f"no C compiler that builds {source.name}: {built.stderr.decode(errors='replace')[:200]}")
    return folder


@pytest.fixture(scope="session")
def acts(compiled):
    """The program with the acts."""
    return compiled / "acts"


@pytest.fixture(scope="session")
def loadgen(compiled):
    """The load generator."""
    return compiled / "loadgen"


@pytest.fixture(scope="session")
def outside():
    """What tests need that start Lictor themselves: the environment, the command line, a run."""
    return SimpleNamespace(environment=environment(), command_line=command_line, run=run_lictor)


@pytest.fixture(scope="module")
def lictor_once(tmp_path_factory):
    """As ``lictor``, for one run that several tests of a file look at."""
    return lambda *command, **options: run_lictor(tmp_path_factory.mktemp("once") / "lake", *command, **options)


@pytest.fixture
def lictor(tmp_path):
    """Function: run a command under Lictor with a lake of its own."""

    def run(*command: object, **options: object) -> Observed:
        return run_lictor(tmp_path / "lake", *command, **options)

    return run
