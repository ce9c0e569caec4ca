from __future__ import annotations

import contextlib
import gc
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from enforcer.settled import Settled
from enforcer.windows import api, keeper
from enforcer.windows.keeper import Keeper, KeeperError, read_settled
from enforcer.windows.pipe import PipeFullError
from enforcer.windows.suspension import Halt


class Pipe:
    def __init__(self):
        self.reading, self.lines, self.fails = 60, [], None

    def write(self, data):
        if self.fails is not None:
            raise self.fails
        assert data.endswith(b"\n")
        self.lines.append(json.loads(data))

    def close(self):
        self.reading = 0


class Process:
    pid = 44

    def __init__(self):
        self.status, self.killed, self.waits = None, 0, True

    def poll(self):
        return self.status

    def kill(self):
        self.killed += 1
        self.status = 1

    def wait(self, timeout):
        if not self.waits:
            raise subprocess.TimeoutExpired("keeper", timeout)
        self.status = 0


@pytest.fixture
def made(monkeypatch):
    """A keeper of a made-up process; ``pipe`` and ``process`` are its parts."""
    made = Keeper(process := Process(), pipe := Pipe(), 72)
    made.process, made.pipe, made.log, made.closed = process, pipe, [], []
    monkeypatch.setattr(keeper, "write", lambda log, line: made.log.append((log, json.loads(line)["do"])))
    monkeypatch.setattr(api, "close", made.closed.append)

    @contextlib.contextmanager
    def opened(pid, access):
        assert (pid, access) == (44, api.DUP_HANDLE)
        yield 500

    monkeypatch.setattr(keeper.process, "opened", opened)
    monkeypatch.setattr(api, "copy", lambda handle, to: handle + to)
    return made


JOB = SimpleNamespace(handle=64)


@pytest.mark.parametrize(
    ("job", "fail", "copied", "theirs"), [(JOB, "open", 564, 64), (JOB, "closed", 0, 64), (None, "open", 0, 0)]
)
def test_a_handle_is_given_of_a_run_that_fails_open_and_of_another_only_its_number(made, job, fail, copied, theirs):
    made.add("r1", job, fail)
    assert made.pipe.lines == [{"do": "add", "run": "r1", "fail": fail, "job": copied, "theirs": theirs}]


def test_members_are_told_of_in_lines_of_a_hundred(made):
    made.add("r1", None, "open", [(pid, -pid) for pid in range(250)])
    _, *also = made.pipe.lines
    assert [len(line["pids"].split()) for line in also] == [200, 200, 100]
    assert also[0]["pids"].startswith("0 0 1 -1 2 -2 ")


def test_suspensions_and_leases_are_told(made):
    made.halt("r1", Halt(8, 80, 1))
    made.lease("r1", 30, "kill")
    made.clear("r1")
    made.drop("r1")
    halt, lease, clear, drop = made.pipe.lines
    assert halt == {"do": "halt", "run": "r1", "pid": 8, "key": 80, "before": 1}
    assert (lease["do"], lease["then"]) == ("lease", "kill")
    assert (clear["do"], drop["do"]) == ("clear", "drop")
    assert made.log == [(72, "halt"), (72, "clear"), (72, "drop")]


def test_a_word_is_in_the_log_before_the_keeper_has_it(made):
    made.pipe.fails = OSError("broken")
    with pytest.raises(KeeperError):
        made.halt("r1", Halt(8, 80, 1))
    assert made.log == [(72, "halt")]
    assert made.closed == [72]


@pytest.mark.parametrize(
    ("error", "why"), [(PipeFullError("full"), "does not listen"), (OSError("broken"), "has ended")]
)
def test_a_keeper_that_does_not_listen_is_ended(made, error, why):
    made.pipe.fails = error
    with pytest.raises(KeeperError, match=f"keeper 44 {why}"):
        made.clear("r1")
    assert made.process.killed == 1
    assert made.pipe.reading == 0


def test_one_that_has_ended_is_noticed_by_a_look_and_before_something_is_told(made):
    made.look()
    made.process.status = 1
    for act in (made.look, lambda: made.clear("r1")):
        with pytest.raises(KeeperError, match="has ended"):
            act()
    assert made.pipe.lines == []


def test_one_that_takes_no_handle_is_lost(made, monkeypatch):
    def refuse(*_):
        raise OSError("access denied")

    monkeypatch.setattr(api, "copy", refuse)
    with pytest.raises(KeeperError, match="takes no handle: access denied"):
        made.add("r1", JOB, "open")


@pytest.mark.parametrize("waits", [True, False])
def test_it_is_told_goodbye_and_ended_where_it_stays(made, waits):
    made.process.waits = waits
    made.close()
    made.close()
    assert made.pipe.lines == [{"do": "goodbye"}]
    assert made.process.killed == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there one can be started")
def test_one_that_cannot_be_started_is_an_error_of_one_line(tmp_path):
    with pytest.raises(KeeperError, match=r"cannot start the keeper: .*CreateFileW: only Windows"):
        Keeper.start(tmp_path / "services" / "log")


@pytest.mark.parametrize("starts", [True, False])
def test_what_was_opened_for_it_is_closed_but_for_the_log_and_the_pipe_of_one_that_started(
    monkeypatch, tmp_path, starts
):
    closed, pipes = [], []

    def pipe():
        pipes.append(Pipe())
        return pipes[-1]

    def start(_pipe, given):
        assert given == [101, 102]
        if not starts:
            raise OSError("no more processes")
        return Process()

    numbers = iter((101, 102))
    monkeypatch.setattr(keeper, "_opened", lambda _log: 100)
    monkeypatch.setattr(api, "function", lambda _name: lambda: -1)
    monkeypatch.setattr(api, "copy", lambda *_, **__: next(numbers))
    monkeypatch.setattr(api, "close", closed.append)
    monkeypatch.setattr(keeper, "Pipe", pipe)
    monkeypatch.setattr(keeper, "_process", start)
    if starts:
        made = Keeper.start(tmp_path / "log")
        gc.collect()
        assert (sorted(closed), made._log, pipes[0].reading) == ([101, 102], 100, 60)
    else:
        with pytest.raises(KeeperError, match="no more processes"):
            Keeper.start(tmp_path / "log")
        assert (sorted(closed), pipes[0].reading) == ([100, 101, 102], 0)


@pytest.mark.parametrize("allowed", [True, False])
def test_it_leaves_the_job_of_lictor_where_that_is_allowed(monkeypatch, allowed):
    asked = []

    def start(_pipe, given, flags):
        asked.append(flags)
        if flags and not allowed:
            raise PermissionError("denied")
        return given

    monkeypatch.setattr(keeper, "_started", start)
    assert keeper._process(Pipe(), [1, 2]) == [1, 2]
    assert asked == ([0x01000000] if allowed else [0x01000000, 0])


def test_what_keepers_wrote_is_read_and_a_cut_line_left_out(tmp_path):
    log = tmp_path / "log"
    assert read_settled(log) == []
    row = Settled(5, "r1", "release", "confirmed", "goes on")
    log.write_bytes(row.line() + b'{"time')
    assert read_settled(log) == [row]


def test_a_keeper_that_is_still_at_it_is_waited_for(tmp_path, monkeypatch):
    looks = [True, True, False]
    monkeypatch.setattr(keeper, "_is_held", lambda _log: looks.pop(0))
    assert read_settled(tmp_path / "log") == []
    assert looks == []
    monkeypatch.setattr(keeper, "_is_held", lambda _log: True)
    assert read_settled(tmp_path / "log", 0.05) == []


def test_the_keepers_program_stands_on_the_standard_library_alone():
    code = (
        "import sys; sys.path.append(sys.argv[1]); import enforcer.windows.keeping\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(keeper._PLACE)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["__main__", "collectors", "enforcer"] or done.stdout.split() == [
        "collectors",
        "enforcer",
    ]
