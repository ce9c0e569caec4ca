"""The file of reasons: lines that a second reader agrees with, bounded, and never half written."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

import pytest

from lictor.telling.reasons import AT_ONCE, KEPT, LARGEST, Reasons

NOON = 1_790_000_000_000_000_000


@pytest.fixture
def reasons(tmp_path):
    return Reasons(tmp_path, lambda: NOON)


def lines(reasons):
    return [json.loads(line) for line in reasons.path.read_text().splitlines()]


def test_a_line_says_what_and_why(reasons, stopped):
    reasons.add([stopped(pid=5, exe="/usr/bin/cat")])
    assert lines(reasons) == [
        {
            "time": "2026-09-21T14:13:20.000000Z", "operation": "file.read", "object": "/home/a/.ssh/id_ed25519",
            "rule": "credentials", "action": "deny", "because": "Keys are private.", "instead": "Ask the broker.",
            "pid": 5, "exe": "/usr/bin/cat",
        }
    ]  # fmt: skip


def test_the_time_is_that_of_the_clock():
    shown = subprocess.run(
        ["date", "-u", "-d", f"@{NOON // 10**9}", "+%FT%T"], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "2026-09-21T14:13:20"


def test_times_only_go_forward_whatever_the_clock_does(tmp_path, stopped):
    clock = iter([NOON, NOON, NOON - 3600 * 10**9, NOON + 999, NOON + 10**9]).__next__
    reasons = Reasons(tmp_path, clock)
    for _ in range(5):
        reasons.add([stopped()])
    times = [line["time"] for line in lines(reasons)]
    assert times == sorted(set(times))
    assert times[-1].startswith("2026-09-21T14:13:21.")


def test_any_name_is_one_line_of_json(reasons, stopped):
    names = ["/a\nb", "/a\x1b[2J", "/ü鍵", "/\udcff", '/"quoted"\\', "/" + "x" * 10_000, None]
    reasons.add([stopped(name) for name in names])
    assert reasons.path.read_bytes().isascii()
    assert [line["object"] for line in lines(reasons)] == [name and name[:512] for name in names]


def test_everybody_can_read_it_whatever_the_umask(reasons, stopped):
    before = os.umask(0o077)
    try:
        reasons.add([stopped()])
    finally:
        os.umask(before)
    assert reasons.path.stat().st_mode & 0o7777 == 0o644


def test_it_is_started_anew_with_its_end_when_it_is_too_large(reasons, stopped):
    count = 0
    sizes = []
    while len(sizes) < 2:
        before = reasons.path.stat().st_size if reasons.path.exists() else 0
        reasons.add([stopped(f"/{count + i:06d}/" + "x" * 300) for i in range(AT_ONCE)])
        count += AT_ONCE
        after = reasons.path.stat().st_size
        assert after <= LARGEST
        if after < before:
            sizes.append(after)
            kept = [int(line["object"][1:7]) for line in lines(reasons)]
            assert kept == list(range(kept[0], count))  # whole lines, none missing before the end
            assert KEPT - 1000 < sum(len(line) + 1 for line in reasons.path.read_text().splitlines()[:-AT_ONCE]) <= KEPT
    assert os.listdir(reasons.folder) == ["reasons.jsonl"]
    assert reasons.path.stat().st_mode & 0o7777 == 0o644


def test_the_longest_lines_fit_too(reasons, stopped):
    worst = stopped("\udcff" * 5000, because="\x00" * 5000, instead="鍵" * 5000, exe="\u202e" * 5000, rule="é" * 5000)
    for _ in range(4):
        reasons.add([worst] * AT_ONCE)
        assert reasons.path.stat().st_size <= LARGEST
    assert len(lines(reasons)) >= AT_ONCE


@pytest.mark.parametrize("draft", ["", "reasons.jsonl of a killed Lictor"])
def test_what_a_killed_lictor_left_is_no_obstacle(reasons, stopped, draft):
    (reasons.folder / ".reasons.jsonl").write_text(draft)
    reasons.path.write_text('{"time":"2020"}\n' * 70_000)
    reasons.add([stopped()])
    assert lines(reasons)[-1]["rule"] == "credentials"
    assert reasons.path.stat().st_size < LARGEST


def test_a_link_in_its_place_is_not_followed(reasons, stopped, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    reasons.path.symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        reasons.add([stopped()])
    assert victim.read_text() == "as it was"


def test_without_its_folder(reasons, stopped, tmp_path):
    tmp_path.rmdir()
    with pytest.raises(FileNotFoundError):
        reasons.add([stopped()])


def test_no_half_line_is_left_where_there_is_no_room(tmp_path, stopped):
    """A limit on the size of files stands for a full disk: both write less than they were asked to."""
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\nfrom lictor.telling.reasons import Reasons\nfrom lictor.telling.stopped import Stopped\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"reasons = Reasons(Path({str(tmp_path)!r}), lambda: 0)\n"
        "row = Stopped('r', 1, 1, 'exec', 'x' * 100, None, 'deny')\n"
        "reasons.add([row])\nsize = reasons.path.stat().st_size\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size + size // 2, resource.RLIM_INFINITY))\n"
        "try:\n    reasons.add([row])\nexcept OSError as error:\n    print(error)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "could be written" in ended.stdout
    assert len(lines(Reasons(tmp_path, lambda: 0))) == 1
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_what_was_not_read_back_is_no_success(reasons, stopped, monkeypatch):
    class Forgetful(Reasons):
        @property
        def path(self):
            """As if another file were in its place by the time it is read."""
            self.asked = getattr(self, "asked", 0) + 1
            return self.folder / ("reasons.jsonl" if self.asked == 1 else "other")

    (reasons.folder / "other").write_bytes(b"something else")
    with pytest.raises(OSError, match="not what stands at its end"):
        Forgetful(reasons.folder, lambda: 0).add([stopped()])


def test_no_descriptor_stays_open(reasons, stopped):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        reasons.path.write_text('{"time":"2020"}\n' * 70_000)
        reasons.add([stopped()])
    assert len(os.listdir("/proc/self/fd")) == before
