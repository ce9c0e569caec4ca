"""Lines on real terminals: whose terminal it is, that exactly the line arrives, and that nothing is ever waited for."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from lictor.telling import terminal as module
from lictor.telling.terminal import Terminal, terminal_of, write_line

ROOT = Path(__file__).parents[3]
NOBODY = pwd.getpwnam("nobody").pw_uid
IUTF8 = 0o40000
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="no root: no process of another user, no mount")


def line(encoding):
    return b"\r\nlictor: denied: x\r\n"


def test_the_terminal_of_a_process_is_the_one_that_it_has(on_terminal):
    one = on_terminal()
    found = terminal_of(one.pid)
    assert found.path == one.path
    assert os.makedev(*found.device) == os.stat(one.path).st_rdev
    assert (
        found.name
        == subprocess.run(
            ["ps", "-o", "tty=", "-p", str(one.pid)], capture_output=True, text=True, check=True
        ).stdout.strip()
    )


def test_a_child_of_the_session_has_it_too(on_terminal):
    one = on_terminal("import os, time\npid = os.fork(); pid and print(pid, flush=True); time.sleep(60)")
    child = int(one.read(10))
    assert terminal_of(child) == terminal_of(one.pid)


def test_a_process_without_a_terminal_has_none(without_terminal):
    assert terminal_of(without_terminal) is None
    assert terminal_of(2**22 + 1) is None


def test_exactly_the_line_arrives(on_terminal):
    one = on_terminal().raw()
    assert write_line(terminal_of(one.pid), line) is None
    assert one.read() == b"\r\nlictor: denied: x\r\n"


def test_on_a_terminal_as_it_is_set_usually_it_is_a_line_of_its_own(on_terminal):
    one = on_terminal("import time; print('busy', end='', flush=True); time.sleep(60)")
    seen = one.read()
    write_line(terminal_of(one.pid), line)
    assert (seen + one.read()).replace(b"\r", b"").split(b"\n") == [b"busy", b"lictor: denied: x", b""]


@pytest.mark.parametrize(("flag", "encoding"), [(True, "utf-8"), (False, "ascii")])
def test_utf_8_is_for_terminals_that_read_it(on_terminal, flag, encoding):
    one = on_terminal().raw()
    one.set_flags(0, IUTF8, flag)
    asked = []
    write_line(terminal_of(one.pid), lambda name: asked.append(name) or b"x")
    assert asked == [encoding]


def fill(path):
    """Write until the terminal takes not one byte more, also after a while."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    for size in (4096, 1, 1, 1):
        with contextlib.suppress(BlockingIOError):
            while os.write(descriptor, b"x" * size):
                pass
        time.sleep(0.05)
    os.close(descriptor)


def test_a_reader_that_is_stuck_is_not_waited_for(on_terminal):
    one = on_terminal().raw()
    fill(one.path)
    began = time.monotonic()
    assert "nobody reads it" in write_line(terminal_of(one.pid), line)
    assert time.monotonic() - began < 0.2
    one.read()
    assert write_line(terminal_of(one.pid), line) is None
    assert one.read() == line("ascii")


def test_a_terminal_that_was_halted_by_its_user_is_not_waited_for(on_terminal):
    one = on_terminal().raw()
    descriptor = os.open(one.path, os.O_RDWR | os.O_NOCTTY)
    termios.tcflow(descriptor, termios.TCOOFF)  # as Ctrl-S does, but now
    began = time.monotonic()
    assert write_line(terminal_of(one.pid), line)
    assert time.monotonic() - began < 0.2
    assert one.silent()
    termios.tcflow(descriptor, termios.TCOON)
    os.close(descriptor)
    assert write_line(terminal_of(one.pid), line) is None
    assert one.read() == line("ascii")


def test_a_terminal_whose_other_end_is_gone(on_terminal):
    one = on_terminal(
        "import signal, time; signal.signal(signal.SIGHUP, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
    )
    one.read()
    found = terminal_of(one.pid)
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, one.master)
    os.close(nothing)
    assert write_line(found, line)
    assert terminal_of(one.pid) is None


@pytest.mark.parametrize("kind", ["file", "pipe", "link", "other"])
def test_nothing_but_that_very_terminal_is_written_to(on_terminal, tmp_path, kind):
    one, other = on_terminal().raw(), on_terminal().raw()
    path = tmp_path / "p"
    {
        "file": lambda: path.write_bytes(b"as it was"), "pipe": lambda: os.mkfifo(path),
        "link": lambda: path.symlink_to(one.path), "other": lambda: None,
    }[kind]()  # fmt: skip
    # A reader at the pipe: without one it could not even be opened.
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK) if kind == "pipe" else -1
    found = Terminal(other.path if kind == "other" else str(path), terminal_of(one.pid).device)
    assert write_line(found, line)
    assert one.silent()
    assert other.silent()
    if kind == "pipe":
        assert os.read(reader, 10) == b""
        os.close(reader)
    if kind == "file":
        assert path.read_bytes() == b"as it was"


def test_a_background_writer_is_not_stopped(on_terminal):
    code = f"""
import os, sys, termios
sys.path[:0] = [{str(ROOT)!r}, *{[p for p in sys.path if "site-packages" in p]!r}]
from lictor.telling.terminal import terminal_of, write_line
mode = termios.tcgetattr(0)
mode[3] |= termios.TOSTOP
termios.tcsetattr(0, termios.TCSANOW, mode)
pid = os.fork()
if not pid:
    os.setpgid(0, 0)
    assert os.tcgetpgrp(0) != os.getpgrp()
    os._exit(0 if write_line(terminal_of(os.getpid()), lambda _: b"there") is None else 9)
status = os.waitpid(pid, os.WUNTRACED)[1]
print("stopped" if os.WIFSTOPPED(status) else f"ended {{os.waitstatus_to_exitcode(status)}}", flush=True)
"""
    one = on_terminal(code)
    assert one.read(20).replace(b"there", b"there ").split() == [b"there", b"ended", b"0"]


@as_root
def test_the_terminal_of_another_user_is_not_taken_for_the_leaders(on_terminal):
    one = on_terminal(f"import os, time; os.setuid({NOBODY}); print('now', flush=True); time.sleep(60)")
    one.read()
    assert os.stat(one.path).st_uid == 0
    assert terminal_of(one.pid) is None
    os.chown(one.path, NOBODY, -1)
    assert terminal_of(one.pid).path == one.path


@as_root
def test_a_number_that_means_another_terminal_elsewhere_is_not_believed(on_terminal, tmp_path):
    """As in a container: its /dev/pts counts from nought like this one."""
    here = [on_terminal().raw() for _ in range(3)]
    code = (
        "import fcntl, os, pty, termios, time\nos.setsid()\nslaves = [pty.openpty()[1] for _ in range(20)]\n"
        f"wanted = {here[0].path!r}\n"
        "fcntl.ioctl(next(s for s in slaves if os.ttyname(s) == wanted), termios.TIOCSCTTY, 0)\n"
        "print('on', flush=True); time.sleep(60)"
    )
    mounted = "mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts && mount --bind /dev/pts/ptmx /dev/ptmx"
    script = f'{mounted} && exec "$0" -S -c "$1"'
    command = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, sys.executable, code]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"on\n"
            shown = subprocess.run(
                ["ps", "-o", "tty=", "-p", str(process.pid)], capture_output=True, text=True, check=True
            )
            assert f"/dev/{shown.stdout.strip()}" == here[0].path  # so it looks to everybody here
            assert terminal_of(process.pid) is None
        finally:
            process.kill()


def test_a_console_has_its_name():
    if not Path("/sys/dev/char/4:1").exists():
        pytest.skip("no virtual console in this system")
    assert module._path((4, 1)) == "/dev/tty1"
    assert module._path((136, 300)) == "/dev/pts/300"
    assert module._path((1, 3)) is None  # /dev/null is no terminal
