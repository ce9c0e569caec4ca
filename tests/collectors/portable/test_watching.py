from __future__ import annotations

import subprocess
import sys

from collectors.portable import watching as module
from collectors.portable.trouble import Trouble
from collectors.portable.watching import watching

# As on macOS: the system's name is another, and what only Linux has cannot be imported.
ELSEWHERE = """
import ctypes, platform, socket, subprocess, sys
import numpy, psutil, pyarrow, pyarrow.compute, watchdog.events  # what is not ours looks at the name itself
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in ("watchdog.observers.inotify", "watchdog.observers.inotify_c"):
            raise ImportError(name)
sys.meta_path.insert(0, Absent())
sys.platform = "darwin"
import collectors.sources, collectors.portable.processes, collectors.portable.connections, collectors.portable.collector
from collectors.portable.machine import LINUX
print(LINUX, "collectors.portable.inotify" in sys.modules, collectors.sources.choose().source.name)
"""


def test_linux_has_the_observer_that_counts():
    made = watching(Trouble(print))
    made.observer.start()
    assert made.quiet()
    made.close()
    assert type(made).__name__ == "InotifyWatching"
    assert not made.observer.is_alive()


def test_other_systems_have_watchdogs_own(monkeypatch):
    monkeypatch.setattr(module, "LINUX", False)
    made = watching(Trouble(print))
    made.observer.start()
    assert made.quiet()
    made.close()
    assert not made.observer.is_alive()


def test_nothing_of_linux_is_imported_elsewhere():
    ended = subprocess.run([sys.executable, "-c", ELSEWHERE], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("False False portable\n", "")
