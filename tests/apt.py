"""System packages that only tests want: installed where that is allowed, else named in the reason of the skip.

They are too large to be part of `make setup`, which everybody runs.
"""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import subprocess

from tests.npm import cache

PATIENCE_S = 400


@functools.cache
def not_installed(*packages: str) -> str:
    """Installs packages of Debian; why it could not, in one line, empty where it could."""
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() or shutil.which("apt-get") is None:
        return f"to be installed: {' '.join(command)}"
    try:
        cache().mkdir(parents=True, exist_ok=True)
        with (cache() / "apt.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # tests run beside each other, and apt-get refuses to
            for step in (["apt-get", "update"], command):
                subprocess.run(step, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                               timeout=PATIENCE_S, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"apt-get took longer than {PATIENCE_S} s to install {' '.join(packages)}"
    except subprocess.CalledProcessError as error:
        said = [*error.stderr.strip().splitlines(), "it said nothing"]
        return f"apt-get could not install {' '.join(packages)}: {said[0]}"
    return ""
