"""The load generator from Python: compiled where it is needed, started, held, and asked for its own count."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SOURCE = Path(__file__).with_name("loadgen.c")


def compiled(folder: Path, source: Path = SOURCE) -> Path:
    """Build ``loadgen``, or another source, into ``folder``; raises ``CalledProcessError`` with the compiler's words on stderr."""
    program = folder / source.stem
    subprocess.run(["cc", "-O2", "-Wall", "-pthread", str(source), "-o", str(program)], check=True)
    return program


@dataclass(frozen=True)
class Count:
    """What a load says of itself: operations done and failed, processor seconds in all and nanoseconds of each."""

    kind: str
    done: int
    failed: int
    threads: int
    wall_s: float
    cpu_s: float
    cpu_ns: float
    pid: int


class Load:
    """A load that waits to be let go, so that it can be tagged (or not) first."""

    def __init__(self, program: Path, kind: str, count: int, *options: str, prefix: Sequence[str] = ()) -> None:
        """Start it; ``prefix`` is a command in front, such as ``taskset -c 0``."""
        self._process = subprocess.Popen(
            [*prefix, str(program), kind, str(count), *options, "--wait"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.pid = self._process.pid

    def go(self) -> Self:
        """Let it begin."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"g")
        self._process.stdin.flush()
        return self

    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def count(self) -> Count:
        """Wait for its end; its count. Raises ``RuntimeError`` when it failed."""
        out, _ = self._process.communicate()
        if self._process.returncode:
            raise RuntimeError(f"loadgen ended with status {self._process.returncode}")
        return Count(**json.loads(out))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.running():
            self._process.kill()
        self._process.wait()


def run(program: Path, kind: str, count: int, *options: str) -> Count:
    """Run a load from start to end."""
    with Load(program, kind, count, *options) as load:
        return load.go().count()
