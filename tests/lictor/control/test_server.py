"""The service's end over the real socket: slow, hostile and dying clients, and people who are let in or not."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from lictor.control import server as server_module
from lictor.control.messages import LARGEST
from lictor.control.peers import refusal
from lictor.control.server import CLIENTS, CLIENTS_OF_A_USER, ControlServer
from lictor.errors import LictorError
from tests.lictor.control.conftest import AS_TOLD, GROUP, NOBODY, Book, ask_as, needs_root, served, wait_until

HELD = b'{"do": "held"}\n'


@pytest.fixture
def serve(runtime):
    """Function: a server that is polled by the test itself; ``answer`` gets request and peer."""
    made = []

    def make(
        answer=lambda request, _peer: {"ok": True, "rows": [{"do": request.do}]}, is_agent=lambda _pid: False, **options
    ):
        server = ControlServer(answer, is_agent, **options)
        made.append(server)
        return server

    yield make
    for server in made:
        server.close()


@pytest.fixture
def client(serve):
    """Function: a connection to a server, as this process."""
    made = []

    def connect(server):
        connection = socket.socket(socket.AF_UNIX)
        made.append(connection)
        connection.connect(str(server.path))
        connection.settimeout(0.01)
        return connection

    yield connect
    for connection in made:
        connection.close()


def answer_of(server, connection, polls=200):
    """What comes back while the server is polled; ``None`` when it closes without a word."""
    said = b""
    for _ in range(polls):
        server.poll()
        try:
            piece = connection.recv(1 << 16)
        except TimeoutError:
            continue
        said += piece
        if not piece or said.endswith(b"\n"):
            return json.loads(said) if said else None
    raise AssertionError("no answer")


def test_it_is_asked_and_answers(serve, client):
    server = serve()
    asking = client(server)
    asking.sendall(HELD)
    assert answer_of(server, asking) == {"ok": True, "rows": [{"do": "held"}]}
    assert asking.recv(1) == b""


def test_everybody_may_connect_and_only_its_user_may_write_there(serve, runtime):
    server = serve()
    assert server.path.parent == runtime / "control"
    modes = [place.stat().st_mode & 0o7777 for place in (server.path, server.path.parent, runtime)]
    assert modes == [0o666, 0o755, 0o755]


def test_close_removes_the_socket(serve):
    server = serve()
    server.close()
    assert os.listdir(server.path.parent) == []
    server.close()


def test_a_new_one_removes_what_a_killed_one_left(serve, runtime):
    code = (
        "import time\nfrom lictor.control.server import ControlServer\n"
        "server = ControlServer(None, None)\nprint(server.path, flush=True)\ntime.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    left = process.stdout.readline().strip()
    first = serve()
    assert os.path.exists(left)  # it lives
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    second = serve()
    assert sorted(os.listdir(runtime / "control")) == sorted([first.path.name, second.path.name])


def test_a_poll_takes_no_time_when_nothing_is_there(serve, client):
    server = serve()
    client(server)  # also not with one that says nothing
    server.poll()
    began = time.perf_counter()
    for _ in range(1000):
        server.poll()
    assert (time.perf_counter() - began) / 1000 < 0.001


def test_it_is_readable_when_somebody_connects(serve, client):
    server = serve()
    assert select.select([server], [], [], 0)[0] == []
    client(server)
    assert select.select([server], [], [], 1)[0] == [server]


def test_a_request_may_come_in_pieces(serve, client):
    server = serve()
    asking = client(server)
    for letter in HELD[:-1]:
        asking.sendall(bytes([letter]))
        server.poll()
    with pytest.raises(TimeoutError):
        asking.recv(1)
    asking.sendall(b"\n")
    assert answer_of(server, asking)["ok"]


def test_who_is_too_slow_is_dropped_and_nobody_waits_for_it(serve, client, monkeypatch):
    monkeypatch.setattr(server_module, "PATIENCE_S", 0.2)
    server = serve()
    slow, quick = client(server), client(server)
    slow.sendall(b'{"do":')
    server.poll()
    quick.sendall(HELD)
    assert answer_of(server, quick)["ok"]
    time.sleep(0.25)
    assert answer_of(server, slow) is None


def test_who_does_not_take_a_large_answer_is_dropped_and_nobody_waits_for_it(serve, client, monkeypatch):
    monkeypatch.setattr(server_module, "PATIENCE_S", 0.3)
    large = "x" * (32 << 20)
    server = serve(lambda request, _peer: {"ok": True, "rows": [large if request.name else ""]})
    deaf, quick = client(server), client(server)
    deaf.sendall(b'{"do": "held", "name": "much"}\n')
    quick.sendall(HELD)
    assert answer_of(server, quick)["ok"]
    began = time.monotonic()
    server.poll()
    assert time.monotonic() - began < 0.2
    time.sleep(0.35)
    server.poll()
    said = 0
    while piece := deaf.recv(1 << 20):
        said += len(piece)
    assert said < len(large)


def test_who_was_slow_to_ask_has_all_the_time_to_take_the_answer(serve, client, monkeypatch):
    monkeypatch.setattr(server_module, "PATIENCE_S", 1.0)
    server = serve(lambda *_: {"ok": True, "rows": ["z" * (4 << 20)]})
    asking = client(server)
    server.poll()
    time.sleep(0.6)
    asking.sendall(HELD)
    server.poll()
    time.sleep(0.6)
    server.poll()
    assert answer_of(server, asking, 10_000)["ok"]


def test_a_large_answer_arrives_whole(serve, client):
    large = "y" * (5 << 20)
    server = serve(lambda *_: {"ok": True, "rows": [large]})
    asking = client(server)
    asking.sendall(HELD)
    assert answer_of(server, asking, 10_000)["rows"] == [large]


@pytest.mark.parametrize("ending", [b"", b"\n"])
def test_a_request_that_is_too_large_is_refused(serve, client, ending):
    server = serve()
    asking = client(server)
    asking.setblocking(True)
    asking.sendall(b"x" * (LARGEST + 1) + ending)
    asking.settimeout(0.01)
    assert answer_of(server, asking) == {"ok": False, "error": f"a request has at most {LARGEST} bytes"}


def test_the_largest_request_is_taken(serve, client):
    server = serve(lambda request, _peer: {"ok": True, "rows": [len(request.why)]})
    asking = client(server)
    asking.settimeout(5)
    frame = b'{"do": "held", "why": "%s"}'
    asking.sendall(frame % (b"x" * (LARGEST - len(frame) + 2)) + b"\n")
    asking.settimeout(0.01)
    assert answer_of(server, asking) == {"ok": True, "rows": [LARGEST - len(frame) + 2]}


@pytest.mark.parametrize(
    "line", [b"\n", b"GET / HTTP/1.1\r\n\r\n", b"\x00\xff\n", b"[" * 60_000 + b"\n", b'{"do": "x"}\n']
)
def test_what_is_no_request_is_told_so(serve, client, line):
    server = serve(lambda *_: pytest.fail("it was asked"))
    asking = client(server)
    asking.settimeout(5)
    asking.sendall(line)
    asking.settimeout(0.01)
    answer = answer_of(server, asking)
    assert (answer["ok"], "a request is" in answer["error"]) == (False, True)


@pytest.mark.parametrize("sent", [b"", b'{"do"', HELD, HELD * 3])
def test_who_goes_away_leaves_nothing(serve, client, sent):
    server = serve(lambda *_: {"ok": True, "rows": ["x" * (1 << 20)]})
    server.poll()
    before = os.listdir("/proc/self/fd")
    for _ in range(40):
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(server.path))
            asking.sendall(sent)
        server.poll()
        server.poll()
    assert len(os.listdir("/proc/self/fd")) == len(before)
    asking = client(server)
    asking.sendall(HELD)
    assert answer_of(server, asking, 1000)["ok"]


def test_a_process_that_was_killed_after_it_asked_decides_nothing(serve):
    asked = []
    server = serve(lambda request, _peer: asked.append(request))
    code = (
        "import os, socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
        's.sendall(b\'{"do": "kill", "name": "r"}\\n\')\nos.kill(os.getpid(), 9)'
    )
    subprocess.run([sys.executable, "-ISc", code, str(server.path)], check=False)
    for _ in range(5):
        server.poll()
    assert asked == []


def test_an_expected_error_is_told_and_survived(serve, client, capsys):
    def answer(request, peer):
        raise LictorError("it cannot be done: wait")

    server = serve(answer)
    asking = client(server)
    asking.sendall(HELD)
    assert answer_of(server, asking) == {"ok": False, "error": "it cannot be done: wait"}
    assert capsys.readouterr().err == ""


def test_a_defect_keeps_its_traceback_and_is_survived(serve, client, capsys):
    """Or whoever may connect could end all enforcement with one request."""
    server = serve(lambda request, _peer: {}[request.do])
    asking, again = client(server), client(server)
    asking.sendall(HELD)
    answer = answer_of(server, asking)
    assert (answer["ok"], "KeyError" in answer["error"]) == (False, True)
    assert "Traceback" in capsys.readouterr().err
    again.sendall(HELD)
    assert not answer_of(server, again)["ok"]


def test_without_descriptors_it_goes_on_and_later_takes_who_waits(serve, client):
    server = serve()
    asking = client(server)
    asking.sendall(HELD)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        server.poll()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert answer_of(server, asking)["ok"]


# Who is let in


def test_the_kernel_says_who_asks(serve, client):
    book = Book()
    server = serve(book.answer)
    asking = client(server)
    asking.sendall(HELD)
    answer_of(server, asking)
    (peer,) = book.peers
    assert (peer.pid, peer.uid, peer.agent) == (os.getpid(), os.getuid(), False)


@needs_root
@pytest.mark.parametrize(
    ("who", "agent_uid", "error"),
    [
        ((0, 0, []), NOBODY, None),
        ((0, 0, []), 0, "the agent runs as root"),
        ((NOBODY, NOBODY, []), 0, "may not decide: ask root, or a member of group lictor"),
        ((NOBODY, NOBODY, [GROUP]), 0, None),
        ((NOBODY, GROUP, []), 0, None),
        ((NOBODY, NOBODY, [GROUP]), NOBODY, "and the same user may not decide for it"),
        ((NOBODY, NOBODY, []), NOBODY, "may not decide"),
    ],
)
def test_who_may_decide(runtime, who, agent_uid, error):
    book = Book({"run": agent_uid})
    with served(book, group=lambda: GROUP) as server:
        answer = ask_as(server.path, {"do": "kill", "name": "run"}, *who)
    assert answer["ok"] is (error is None)
    assert error is None or error in answer["error"]
    assert [request.do for request in book.asked] == ([] if error else ["kill"])


@needs_root
@pytest.mark.parametrize("name", ["run", "other"])
def test_who_may_not_decide_does_not_even_learn_which_runs_there_are(runtime, name):
    with served(Book({"run": NOBODY})) as server:
        answer = ask_as(server.path, {"do": "kill", "name": name}, 4711, 4711, [])
    assert answer["error"] == "user 4711 may not decide: ask root, or a member of group lictor"


@needs_root
@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ((0, 0, []), {"a", "b"}),
        ((NOBODY, NOBODY, [GROUP]), {"a", "b"}),
        ((NOBODY, NOBODY, []), {"a"}),
        ((4711, 4711, []), set()),
    ],
)
def test_who_sees_which_runs(runtime, who, seen):
    with served(Book({"a": NOBODY, "b": 0}), group=lambda: GROUP) as server:
        answer = ask_as(server.path, {"do": "status"}, *who)
    assert {row["run"] for row in answer["rows"]} == seen


@pytest.mark.parametrize("do", ["held", "status", "kill", "pause", "resume"])
def test_an_agent_is_turned_away_whatever_it_asks(runtime, do):
    book, looked = Book({"run": 4711}), []
    with served(book, lambda pid: looked.append(pid) or True) as server:
        answer = ask_as(server.path, {"do": do, "name": "run"})
    assert "an agent decides nothing" in answer["error"]
    assert (book.peers, len(looked)) == ([], 1)
    assert not (runtime / "paused.json").exists()


def test_agents_take_no_place(serve, client):
    tagged = [True]
    server = serve(is_agent=lambda _pid: tagged[0])
    for _ in range(3 * CLIENTS):
        client(server)
        server.poll()
    tagged[0] = False
    asking = client(server)
    asking.sendall(HELD)
    assert answer_of(server, asking)["ok"]


@contextmanager
def crowd(path, number, *who):
    """A process that holds so many connections and says nothing on them."""
    code = (
        f"{AS_TOLD}\nheld = []\nfor _ in range({number}):\n    held.append(socket.socket(socket.AF_UNIX))\n"
        "    held[-1].connect(sys.argv[1])\nprint(flush=True)\nsys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-ISc", code, str(path), json.dumps(who)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.communicate()


@needs_root
def test_a_user_has_a_few_places_and_others_find_theirs(runtime, monkeypatch):
    monkeypatch.setattr(server_module, "PATIENCE_S", 30)
    with served(Book({"run": 4711}), group=lambda: GROUP) as server, crowd(server.path, 60, NOBODY, NOBODY, []):
        wait_until(lambda: len(server._clients) >= CLIENTS_OF_A_USER)
        assert ask_as(server.path, {"do": "held"}, NOBODY, NOBODY, []) == {
            "ok": False,
            "error": "too many ask at once: try again",
        }
        assert ask_as(server.path, {"do": "kill", "name": "run"}, 4712, GROUP, [])["ok"]
        assert ask_as(server.path, {"do": "kill", "name": "run"})["ok"]
        assert len(server._clients) == CLIENTS_OF_A_USER


@needs_root
def test_root_finds_a_place_whatever_others_do(runtime, monkeypatch):
    monkeypatch.setattr(server_module, "PATIENCE_S", 30)
    with served(Book({"run": 4711})) as server:
        crowds = [crowd(server.path, 20, 5000 + n, 5000, []) for n in range(5)]
        for each in crowds:
            each.__enter__()
        try:
            wait_until(lambda: len(server._clients) >= server_module.CLIENTS_OF_USERS)
            assert ask_as(server.path, {"do": "kill", "name": "run"})["ok"]
        finally:
            for each in crowds:
                each.__exit__(None, None, None)


def test_root_too_has_so_many_places_and_the_next_is_told(serve, client, monkeypatch):
    monkeypatch.setattr(server_module, "CLIENTS", 3)
    monkeypatch.setattr(server_module, "CLIENTS_OF_A_USER", 3)  # where the tests are not root's
    server = serve()
    waiting = [client(server) for _ in range(3)]
    server.poll()
    assert answer_of(server, client(server))["error"] == "too many ask at once: try again"
    waiting[0].sendall(HELD)
    assert answer_of(server, waiting[0])["ok"]
    asking = client(server)
    asking.sendall(HELD)
    assert answer_of(server, asking)["ok"]


def test_the_group_is_looked_up_now_and_then_only(serve, client, monkeypatch):
    looked = []
    server = serve(group=lambda: looked.append(1))
    for _ in range(5):
        client(server)
        server.poll()
    assert len(looked) == 1
    monkeypatch.setattr(server_module, "GROUP_S", 0)
    server._group_until = 0
    client(server)
    server.poll()
    assert len(looked) == 2


# The switch


def test_the_switch_is_not_the_answers_affair(serve, client, runtime):
    seen = []
    server = serve(
        lambda *_: pytest.fail("it was asked"),
        follow=lambda: seen.append(1) or (runtime / "paused.json").exists(),
    )
    for do, expected in (("pause", "it enforces nothing"), ("resume", "it enforces again")):
        asking = client(server)
        asking.sendall(json.dumps({"do": do, "why": "a test"}).encode() + b"\n")
        answer = answer_of(server, asking)
        if os.geteuid() == 0:
            assert answer["rows"] == [{"service": os.getpid(), "enforcement": "confirmed", "evidence": expected}]
        else:
            assert "may not decide" in answer["error"]
    assert len(seen) == (2 if os.geteuid() == 0 else 0)


def test_refusal_is_what_the_service_asks_of_a_peer(runtime):
    """The way a service decides: the peer as the server made it, against the user of the run."""
    said = []

    def answer(request, peer):
        said.append(refusal(peer, os.getuid()))
        return {"ok": True, "rows": []}

    book = Book()
    book.answer = answer
    with served(book) as server:
        ask_as(server.path, {"do": "kill", "name": "r"})
    assert "may not decide" in said[0]
