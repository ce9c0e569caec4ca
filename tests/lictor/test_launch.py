"""What becomes of a command that is held back, let go, refused or abandoned."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lictor.errors import LictorError
from lictor.launch import Child


@pytest.fixture
def start():
    """Function: a child; ended after the test."""
    made = []

    def make(*command, die_with_parent=False, **more):
        made.append(Child(command, die_with_parent=die_with_parent, **more))
        return made[-1]

    yield make
    for child in made:
        child.abandon()


def script(folder, text, name="script"):
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("how", "status"), [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -TERM $$", 143), ("kill -KILL $$", 137)]
)
def test_exit_status_as_a_shell_gives_it(start, how, status):
    child = start("sh", "-c", how)
    child.go()
    assert child.wait() == status
    assert child.wait() == child.status == status
    assert child.poll()


def test_nothing_runs_until_it_is_let_go(start, tmp_path):
    child = start("touch", str(tmp_path / "ran"))
    time.sleep(0.1)
    assert not child.poll()
    assert not (tmp_path / "ran").exists()
    child.go()
    assert child.wait() == 0
    assert (tmp_path / "ran").exists()


def test_the_pid_is_the_commands_own(start, tmp_path):
    child = start("sh", "-c", f"echo $$ > {tmp_path}/pid")
    child.go()
    child.wait()
    assert int((tmp_path / "pid").read_text()) == child.pid


def test_an_abandoned_command_never_starts(start, tmp_path):
    child = start("touch", str(tmp_path / "ran"))
    child.abandon()
    assert child.status is not None
    assert not (tmp_path / "ran").exists()
    child.abandon()


@pytest.mark.parametrize("die_with_parent", [False, True])
def test_when_lictor_is_killed_before_it_lets_go_the_command_never_starts(tmp_path, die_with_parent):
    code = (
        "import os, signal\nfrom lictor.launch import Child\n"
        f"c = Child(['touch', {str(tmp_path / 'ran')!r}], die_with_parent={die_with_parent})\n"
        "print(c.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    parent = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=False, timeout=20)
    assert parent.returncode == -signal.SIGKILL
    wait_gone(int(parent.stdout))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("die_with_parent", [False, True])
def test_whether_a_running_command_dies_with_lictor(die_with_parent):
    code = (
        "import os, signal\nfrom lictor.launch import Child\n"
        f"c = Child(['sleep', '30'], die_with_parent={die_with_parent})\n"
        "c.go()\nprint(c.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        assert parent.wait() == -signal.SIGKILL
    try:
        if die_with_parent:
            wait_gone(pid)
        else:
            assert state(pid) not in ("", "Z")
    finally:
        if state(pid) not in ("", "Z"):
            os.kill(pid, signal.SIGKILL)


def state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def wait_until(true):
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def wait_gone(pid):
    wait_until(lambda: state(pid) in ("", "Z"))


def signals_of(text):
    lines = dict(line.split(":\t") for line in text.splitlines() if line.startswith("Sig"))
    return {name: int(lines[name], 16) for name in ("SigBlk", "SigIgn")}


def test_what_python_changed_about_signals_does_not_reach_the_command(start, tmp_path):
    """A command that ignored SIGPIPE would write for ever to a reader that went away."""
    child = start("sh", "-c", f"exec cat /proc/self/status > {tmp_path}/status")
    child.go()
    child.wait()
    assert signals_of(Path("/proc/self/status").read_text())["SigIgn"] >> (signal.SIGPIPE - 1) & 1  # so it is in Python
    found = signals_of((tmp_path / "status").read_text())
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        assert not found["SigIgn"] >> (number - 1) & 1
    assert found["SigBlk"] == 0


def test_no_descriptor_of_lictors_own_leaks_into_the_command(start, tmp_path):
    """What Lictor was given by whoever started it is the command's, as without Lictor; what it opened is not."""
    names = "import os; print(*sorted(os.listdir('/proc/self/fd'), key=int), flush=True)"
    command = ("sh", "-c", 'exec "$0" -S -c "$1" > "$2"', sys.executable, names)
    with (tmp_path / "open").open("w"):
        subprocess.run([*command, str(tmp_path / "plain")], close_fds=False, check=True)
        child = start(*command, str(tmp_path / "held"))
        child.go()
    assert child.wait() == 0
    assert (tmp_path / "held").read_text() == (tmp_path / "plain").read_text()


def environment_of(path):
    return sorted(path.read_bytes().split(b"\0"))


def test_the_command_gets_the_same_environment_and_what_is_added(start, tmp_path, monkeypatch):
    monkeypatch.setenv("LICTOR_RUN", "the-run-around-it")
    monkeypatch.setenv("ODD", "a\nb=\udcff")
    command = ("sh", "-c", 'exec cat /proc/self/environ > "$0"')
    for name, added in (("plain", None), ("told", {"LICTOR_RUN": "its-own", "NEW": "é"})):
        child = start(*command, str(tmp_path / name), environment=added)
        child.go()
        assert child.wait() == 0
    plain = environment_of(tmp_path / "plain")
    assert b"ODD=a\nb=\xff" in plain
    assert b"LICTOR_RUN=the-run-around-it" in plain
    told = [entry for entry in plain if not entry.startswith(b"LICTOR_RUN=")]
    assert environment_of(tmp_path / "told") == sorted([*told, b"LICTOR_RUN=its-own", "NEW=é".encode()])
    assert os.environ["LICTOR_RUN"] == "the-run-around-it"


def test_what_it_is_to_do_without_does_not_reach_it(start, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "x")
    monkeypatch.setenv("ALSO", "y")
    command = ("sh", "-c", 'exec cat /proc/self/environ > "$0"', str(tmp_path / "env"))
    child = start(*command, without=["SECRET", "ALSO", "ABSENT"], environment={"ALSO": "new"})
    child.go()
    child.wait()
    found = environment_of(tmp_path / "env")
    assert b"ALSO=new" in found
    assert not [entry for entry in found if entry.startswith(b"SECRET=")]
    assert os.environ["SECRET"] == "x"


def ids_of(pid):
    lines = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    return {name: [int(number) for number in lines[name].split()] for name in ("Uid", "Gid", "Groups")}


NOBODY = pwd.getpwnam("nobody")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="no root: nobody else can be become")


@as_root
def test_it_becomes_another_user_with_that_users_groups_and_no_others(start):
    child = start("sleep", "30", user=NOBODY)
    assert child.uid == NOBODY.pw_uid
    child.go()
    wait_until(lambda: Path(f"/proc/{child.pid}/comm").read_text() == "sleep\n")
    groups = os.getgrouplist("nobody", NOBODY.pw_gid)
    assert ids_of(child.pid) == {"Uid": [NOBODY.pw_uid] * 4, "Gid": [NOBODY.pw_gid] * 4, "Groups": sorted(groups)}


def test_without_another_user_it_stays_the_same(start):
    child = start("sleep", "30")
    assert child.uid == os.geteuid()
    child.go()
    wait_until(lambda: Path(f"/proc/{child.pid}/comm").read_text() == "sleep\n")
    assert ids_of(child.pid) == ids_of("self")


def test_only_root_becomes_somebody_else(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(LictorError, match="only root may run a command as nobody"):
        Child(["true"], die_with_parent=False, user=NOBODY)


@as_root
def test_a_command_of_another_user_dies_with_lictor_too():
    code = (
        "import os, pwd, signal, time\nfrom pathlib import Path\nfrom lictor.launch import Child\n"
        "c = Child(['sleep', '30'], die_with_parent=True, user=pwd.getpwnam('nobody'))\n"
        "c.go()\nprint(c.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        assert parent.wait() == -signal.SIGKILL
    wait_gone(pid)


def test_an_entry_that_is_no_pair_reaches_the_command(tmp_path):
    """Lictor changes nothing of the environment that it was given."""
    code = (
        "from lictor.launch import Child\n"
        "c = Child(['cat', '/proc/self/environ'], die_with_parent=False, environment={'NEW': '1'})\n"
        "c.go()\nc.wait()"
    )
    # Only execve itself can give a process an entry without '='.
    outer = (
        "import ctypes, sys\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "pointers = lambda *texts: (ctypes.c_char_p * (len(texts) + 1))(*texts, None)\n"
        f"libc.execve(sys.executable.encode(), pointers(b'python', b'-c', {code.encode()!r}), "
        "pointers(b'PATH=/usr/bin:/bin', b'no-pair', b'TWICE=1', b'TWICE=2'))"
    )
    with (tmp_path / "env").open("wb") as file:
        subprocess.run(
            [sys.executable, "-c", outer], stdout=file, check=True, timeout=30, cwd=Path(__file__).parents[2]
        )
    found = environment_of(tmp_path / "env")
    assert {b"no-pair", b"TWICE=1", b"NEW=1"} <= set(found)


def test_no_descriptor_stays_open_here(start):
    before = len(os.listdir("/proc/self/fd"))
    child = start("true")
    child.go()
    child.wait()
    start("true").abandon()
    assert len(os.listdir("/proc/self/fd")) == before


def test_arguments_arrive_as_they_were_given(start, tmp_path):
    odd = ["", "a b", "$HOME", "*", "'", "\n", "é"]
    child = start("sh", "-c", f'for a in "$@"; do printf "%s\\0" "$a"; done > {tmp_path}/args', "sh", *odd)
    child.go()
    child.wait()
    assert (tmp_path / "args").read_bytes() == b"".join(a.encode() + b"\0" for a in odd)


@pytest.mark.parametrize(
    ("text", "why"), [("no shebang\n", "Exec format error"), ("#!/no/such/interpreter\n", "No such file")]
)
def test_a_program_that_the_system_refuses(start, tmp_path, text, why):
    child = start(script(tmp_path, text))
    with pytest.raises(LictorError, match=rf"could not be run: {why}.*nothing was run") as caught:
        child.go()
    assert "\n" not in str(caught.value)
    assert child.poll()


def test_signals_are_passed_on_and_not_to_the_dead(start):
    child = start("sleep", "30")
    child.go()
    child.send(signal.SIGTERM)
    assert child.wait() == 128 + signal.SIGTERM
    child.send(signal.SIGTERM)
