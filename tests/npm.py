"""Programs of other products out of the npm registry, outside the tree: the judges that importers and exporters answer to.

``npm_package("@microsoft/mxc-sdk", "1.0.1")`` gives the package's folder. It is installed once for each version
under ``LICTOR_TEST_CACHE`` (else ``~/.cache/lictor-tests``), without running the package's scripts; a lock lets
parallel runs share it. A test skips only where npm is absent or the registry cannot be reached; a package that
the registry does not have is an error.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PATIENCE_S = 600
UNREACHABLE = (
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ENETUNREACH",
    "EHOSTUNREACH",
    "E403",
)


def cache() -> Path:
    """The folder that outlives a test run."""
    return Path(os.environ.get("LICTOR_TEST_CACHE") or Path.home() / ".cache" / "lictor-tests")


def npm_package(name: str, version: str) -> Path:
    """The folder of the installed package (its ``package.json`` is in it); its dependencies stand beside it."""
    folder = cache() / "npm" / f"{name.strip('@').replace('/', '+')}@{version}"
    made = folder / "node_modules" / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            _install(folder, f"{name}@{version}")
            (folder / "done").touch()
    return made


def _install(folder: Path, wanted: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"no npm to install {wanted}: install Node.js with npm", allow_module_level=True)
    (folder / "package.json").write_text('{"name": "lictor-tests", "private": true}\n')
    command = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", wanted]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install {wanted} in {PATIENCE_S} s: reach the npm registry", allow_module_level=True)
    if done.returncode and any(word in done.stderr for word in UNREACHABLE):
        pytest.skip(f"npm cannot reach the registry for {wanted}: connect this machine", allow_module_level=True)
    assert done.returncode == 0, f"npm install {wanted}: {done.stderr.strip()}"
