"""What watchdog keeps to itself is counted; the limits are the system's own, tried in a user namespace of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, InotifyFD, Mask

from collectors.portable.inotify import MOVE_WAIT_S, CountingInotify, InotifyWatching
from collectors.portable.touches import EVENTS
from collectors.portable.trouble import Trouble

# A new user namespace has an account of its own: its limit is lowered, the machine's stays as it is.
LOWERED = """
import sys
from pathlib import Path
from collectors.portable.collector import PortableCollector
from collectors.interface import Run, Wanted
limit, work = sys.argv[1:]
Path("/proc/sys/user/max_inotify_watches").write_text(limit)
said = []
collector = PortableCollector(Wanted(report=said.append))
collector.open()
collector.heed(collector.add_run(Run("r", None)), [Path(work)])
rows = [r for r in collector.health().to_pylist() if r["class"] == "file" and r["lost"] is None]
collector.close()
print(said)
print(sorted(r["reason"] for r in rows))
"""


@pytest.fixture
def inotify():
    trouble = Trouble(print)
    made = InotifyWatching(trouble)
    made.observer.start()
    yield made, trouble
    made.close()


def test_a_limit_that_is_reached_is_said_and_a_row(tmp_path):
    for n in range(30):
        (tmp_path / str(n)).mkdir()
    command = ["unshare", "--user", "--map-root-user", sys.executable, "-c", LOWERED, "10", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unshare" in ended.stderr or "max_inotify_watches" in ended.stderr:
        pytest.skip("this system permits no user namespace with limits of its own")
    assert ended.returncode == 0, ended.stderr
    said, reasons = ended.stdout.splitlines()
    assert "folders are not watched" in said
    assert "fs.inotify.max_user_watches" in said
    assert "watch_limit" in reasons


def test_enough_watches_are_no_trouble(inotify, tmp_path):
    made, trouble = inotify
    (tmp_path / "a").mkdir()
    from watchdog.events import FileSystemEventHandler  # noqa: PLC0415 - only to have one

    made.observer.schedule(FileSystemEventHandler(), str(tmp_path), recursive=True, event_filter=EVENTS)
    assert trouble.take() == {}


def test_a_queue_that_ran_over_is_counted():
    trouble = Trouble(print)
    made = CountingInotify(trouble)
    made.handle_event(InotifyEvent(-1, Mask(InotifyConstants.IN_Q_OVERFLOW), 0, b""))
    made.start()
    made.stop()
    made.join()
    assert trouble.take() == {"inotify_overflow": 1}


def test_half_a_move_is_waited_for(inotify, tmp_path):
    made, _ = inotify
    from watchdog.events import FileSystemEventHandler  # noqa: PLC0415 - see above

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").touch()
    made.observer.schedule(FileSystemEventHandler(), str(tmp_path / "in"), recursive=True, event_filter=EVENTS)
    assert made.quiet()
    os.rename(tmp_path / "in" / "a", tmp_path / "a")
    time.sleep(0.1)
    assert not made.quiet()
    time.sleep(MOVE_WAIT_S)
    assert made.quiet()


def test_writes_of_one_file_go_no_further_than_the_first_until_it_is_closed(monkeypatch):
    passed = []
    monkeypatch.setattr(InotifyFD, "handle_event", lambda _, event: passed.append((event.name, event.mask)))
    made = CountingInotify(Trouble(print))
    modify, close = Mask(InotifyConstants.IN_MODIFY), Mask(InotifyConstants.IN_CLOSE_WRITE)
    for name, mask in ((b"a", modify), (b"a", modify), (b"b", modify), (b"a", close), (b"a", modify)):
        made.handle_event(InotifyEvent(1, mask, 0, name))
    assert passed == [(b"a", modify), (b"b", modify), (b"a", close), (b"a", modify)]
    made.start()
    made.stop()
    made.join()
