"""What Lictor needs of its own: the lake, Python, libbpf, and a compiler where the sensor is still to be built."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

from lictor.probes.check import FAIL, OK, WARN, Check

SENSOR = Path(__file__).parents[2] / "collectors" / "ebpf" / "sensor" / "sensor.bpf.o"
LEAST_FREE = 1 << 30
"""Bytes; a day of a busy agent is far less, but a full disk would end the record."""

_LIBBPF = "libbpf.so.1"


def lake(folder: Path) -> Check:
    """The lake can be written: tried with a file, in the nearest folder that exists."""
    place = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    named = str(folder) if place == folder else f"{folder} (to be made in {place})"
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            os.fsync(file.fileno())
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Check(
            "lake",
            FAIL,
            f"{named}: {error.strerror}",
            "nothing can be recorded",
            "choose a writable folder with --lake or LICTOR_LAKE",
        )
    if free < LEAST_FREE:
        return Check(
            "lake", WARN, f"{named}: {free >> 20:,} MiB free", "recording ends when the disk is full", "free some space"
        )
    return Check("lake", OK, f"{named}, {free >> 30:,} GiB free")


def python() -> Check:
    """The interpreter and the libraries that carry the data."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("pyarrow", "duckdb", "numpy"))
    return Check("Python", OK, f"{platform.python_version()}, {libraries}")


def libbpf() -> Check:
    """The library that loads the sensor."""
    try:
        ctypes.CDLL(_LIBBPF)
    except OSError:
        return Check(
            "libbpf", FAIL, f"{_LIBBPF} is not installed", "the kernel sensor cannot be loaded", "apt install libbpf1"
        )
    return Check("libbpf", OK, _LIBBPF)


def compiler() -> Check:
    """Clang is needed once, to build the sensor; a built sensor runs without it."""
    clang, built = shutil.which("clang"), SENSOR.exists()
    if clang is None:
        costs, fix = (
            ("", "") if built else ("the kernel sensor cannot be built", "apt install clang libbpf-dev, then make")
        )
        return Check(
            "clang", OK if built else FAIL, f"not installed; sensor {'built' if built else 'not built'}", costs, fix
        )
    said = subprocess.run([clang, "--version"], capture_output=True, text=True, check=False, timeout=10).stdout
    return Check("clang", OK if built else WARN, f"{said.splitlines()[0] if said else clang}; sensor {'built' if built else 'not built'}",
                 "" if built else "the kernel sensor cannot run before it is built", "" if built else "run make")  # fmt: skip


PROBES = (python, libbpf, compiler)
