from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from lictor.alerts.interface import Deadline
from lictor.alerts.process import KEPT, run

ENVIRON = {"PATH": "/usr/bin:/bin", "LICTOR_ALERT": "x"}


def shell(script, seconds=5.0, given=b""):
    return run(["/bin/sh", "-c", script], given, ENVIRON, Deadline(seconds), {})


def open_files():
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("status", [0, 3, 255])
def test_the_exit_status_is_told(status):
    assert shell(f"exit {status}").status == status


def test_the_signal_that_ended_it_is_told():
    assert shell("kill -TERM $$").status == -15


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
def test_all_of_the_input_arrives(size):
    given = os.urandom(size)
    found = run(["/usr/bin/sha256sum"], given, ENVIRON, Deadline(10), {})
    assert found.output.split()[0].decode() == hashlib.sha256(given).hexdigest()


def test_the_input_can_be_opened_by_name_by_another_user_as_well():
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    found = run(["/bin/cat", "/dev/stdin"], b"seen", ENVIRON, Deadline(5), user)
    assert (found.status, found.output) == (0, b"seen")


def test_a_program_need_not_read_its_input():
    assert shell("exec 0<&-; exit 0", given=b"x" * 1_000_000).status == 0


def test_the_environment_is_no_more_than_what_was_given():
    words = set(shell("exec /usr/bin/env").output.decode().split("\n")) - {""}
    assert {w.split("=")[0] for w in words} - {"PWD", "SHLVL", "_"} == {"PATH", "LICTOR_ALERT"}


def test_it_gets_no_descriptor_but_the_three():
    held = os.open("/", os.O_RDONLY)  # not inheritable, as all of Python's; and one that is:
    leaked = os.dup(held)
    os.set_inheritable(leaked, True)
    try:
        found = shell("ls /proc/self/fd; readlink /proc/self/cwd")
    finally:
        os.close(held)
        os.close(leaked)
    *numbers, folder = found.output.decode().split()
    assert len(numbers) == 4  # the fourth is that of ls itself
    assert folder == "/"


def test_output_and_errors_come_together_and_only_the_end_is_kept():
    found = shell("echo begin; head -c 5000000 /dev/zero | tr '\\0' a; echo end >&2")
    assert len(found.output) == KEPT
    assert found.output.endswith(b"aaaend\n")
    assert shell("echo out; echo err >&2").output == b"out\nerr\n"


def test_what_was_written_just_before_the_end_is_not_lost():
    assert {shell("printf last; exit 1").output for _ in range(50)} == {b"last"}


def test_odd_bytes_of_output_are_kept_as_they_are():
    assert shell("printf '\\377\\033[31m\\000'").output == b"\xff\x1b[31m\0"


def test_arguments_arrive_byte_for_byte():
    argv = ["a b", "", "$(reboot)", "; ls", "'\"", "new\nline", "ä€𝄞", "\udcff", "--x", "*"]
    found = run([sys.executable, "-c", "import sys;print(ascii(sys.argv[1:]))", *argv], b"", ENVIRON, Deadline(10), {})
    assert found.output.decode().strip() == ascii(argv)


def test_at_the_time_limit_all_of_it_is_killed(tmp_path, group_members):
    note, begun = tmp_path / "group", time.monotonic()
    script = f"echo $$ > {note}; trap '' TERM HUP; (sleep 60; :) & (sh -c 'sleep 60; :' &) ; echo on; sleep 60"
    found = shell(script, 0.5)
    assert (found.status, found.output) == (None, b"on\n")
    assert time.monotonic() - begun < 4
    group = int(note.read_text())
    end = time.monotonic() + 2
    while group_members(group) and time.monotonic() < end:  # killed, and perhaps not yet gone
        time.sleep(0.01)
    assert group_members(group) == []
    assert not Path(f"/proc/{group}").exists()  # reaped


def test_what_a_program_leaves_behind_ends_with_it(tmp_path, group_members, until):
    note = tmp_path / "group"
    begun = time.monotonic()
    found = shell(f"echo $$ > {note}; (sleep 60; :) & echo done")
    assert (found.status, found.output) == (0, b"done\n")  # the sleeper holds the output open
    assert time.monotonic() - begun < 4
    assert until(lambda: not group_members(int(note.read_text())))


def test_a_child_that_floods_the_output_does_not_hold_up_the_end(tmp_path):
    begun = time.monotonic()
    assert shell("(yes &) ; sleep 0.2").status == 0
    assert time.monotonic() - begun < 4


def test_a_closed_output_is_not_waited_upon_busily():
    begun = os.times()
    assert shell("exec >&- 2>&-; sleep 0.5").status == 0
    used = os.times()
    assert used.user + used.system - begun.user - begun.system < 0.3


def test_a_deadline_that_is_brought_forward_is_noticed():
    deadline, begun = Deadline(30), time.monotonic()
    threading.Timer(0.2, deadline.bring_forward, (0,)).start()
    assert run(["/bin/sleep", "30"], b"", ENVIRON, deadline, {}).status is None
    assert time.monotonic() - begun < 3


def test_nothing_stays_open():
    shell("exit 0")
    before = open_files()
    for script, seconds in (("exit 0", 5), ("exit 3", 5), ("sleep 30", 0.05)):
        shell(script, seconds)
    with pytest.raises(FileNotFoundError):
        run(["/no/such/program"], b"x", ENVIRON, Deadline(5), {})
    assert open_files() == before
