"""The command's end: which services are found, whose run is meant, and what is said when one is mute, gone or refuses."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import pytest

from lictor.control import client as client_module
from lictor.control import sockets
from lictor.control.client import NotDoneError, ask, ask_all, order
from lictor.control.messages import Request, packed
from lictor.errors import LictorError
from lictor.runtime import control_dir, made
from tests.lictor.control.conftest import BECOME, GROUP, NOBODY, Book, needs_root, served

pytestmark = pytest.mark.usefixtures("runtime")

AGENT = 4711
A, B = "20261126-100000-aa", "20261126-110000-bb"


@pytest.fixture
def services():
    """Function: services in threads, one for each book; their servers."""
    with ExitStack() as stack:
        yield lambda *books, **options: [stack.enter_context(served(book, **options)) for book in books]


def speaking(folder, reply):
    """A service that speaks by itself: ``reply(connection)`` is called for each client, in a thread."""
    listener, path = sockets.listening(made(folder))
    listener.setblocking(True)

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                reply(connection)

    threading.Thread(target=serve, daemon=True).start()
    return listener, path


@pytest.fixture
def odd():
    """Function: a service that replies so."""
    made_ = []

    def make(reply):
        listener, path = speaking(control_dir(), reply)
        made_.append(listener)
        return path

    yield make
    for listener in made_:
        listener.shutdown(socket.SHUT_RDWR)  # ends the wait of its thread
        listener.close()


needs_decider = pytest.mark.skipif(os.geteuid() != 0, reason="no root: whoever runs the tests may not decide")


def test_without_any_service_it_says_so():
    with pytest.raises(LictorError, match="no service is running here: lictor run"):
        ask_all(Request("held"))
    with pytest.raises(NotDoneError, match="no service is running here: lictor run"):
        order(Request("kill", "x"))


@needs_decider
def test_rows_of_all_services_are_put_together(services):
    services(Book({A: AGENT}, {"h1": A}), Book({B: AGENT}, {"h2": B, "h3": B}))
    rows, silent = ask_all(Request("held"))
    assert sorted(row["hold"] for row in rows) == ["h1", "h2", "h3"]
    assert silent == []


@needs_decider
@pytest.mark.parametrize(
    ("do", "name", "meant"),
    [
        ("kill", A, A),
        ("kill", "20261126-10", A),
        ("release", "h2", "h2"),
        ("deny", "h", "h2"),
        ("isolate", "20261126-11", B),
    ],
)
def test_an_order_goes_to_the_one_service_by_the_whole_id(services, do, name, meant):
    one, other = Book({A: AGENT}), Book({B: AGENT}, {"h2": B})
    services(one, other)
    (row,) = order(Request(do, name, "because", for_run=True))
    assert (row["id"], row["deed"]) == (meant, do)
    assert [request for book in (one, other) for request in book.asked] == [Request(do, meant, "because", for_run=True)]
    assert (one if meant == A else other).asked


@needs_decider
def test_a_beginning_that_fits_several_is_an_error_that_lists_them_and_nothing_is_done(services):
    one, other = Book({A: AGENT}, {"2f": A}), Book({B: AGENT})
    services(one, other)
    for name in ("2026", "2"):
        with pytest.raises(LictorError, match=f"{A}, {B}.*give more") as told:
            order(Request("kill", name))
        assert not isinstance(told.value, NotDoneError)
    assert "2f" in str(told.value)
    assert one.asked == other.asked == []


@needs_decider
def test_a_whole_id_is_meant_also_where_it_begins_another(services):
    book = Book({A: AGENT, f"{A}-2": AGENT})
    services(book)
    order(Request("kill", A))
    assert book.asked == [Request("kill", A)]


@needs_decider
def test_what_nobody_has_is_said_once(services):
    services(Book({A: AGENT}), Book({B: AGENT}))
    with pytest.raises(NotDoneError, match=r"^xyz fits no runs here$"):
        order(Request("kill", "xyz"))


def test_a_refusal_is_told_in_the_words_of_the_service(services):
    book = Book({A: os.getuid()})
    services(book)
    with pytest.raises(NotDoneError, match="may not decide"):
        order(Request("kill", A))
    assert book.asked == []


def test_an_agent_is_told_that_it_decides_nothing(services):
    services(Book({A: AGENT}), is_agent=lambda _pid: True)
    with pytest.raises(NotDoneError, match="an agent decides nothing"):
        order(Request("kill", A))
    rows, silent = ask_all(Request("held"))
    assert rows == []
    assert "an agent decides nothing" in silent[0]


@needs_root
@pytest.mark.parametrize(
    ("who", "said"),
    [
        ((NOBODY, NOBODY, []), "NotDoneError user nobody may not decide"),
        ((NOBODY, NOBODY, [GROUP]), "[{'id': '20261126-100000-aa'"),
        ((AGENT, AGENT, []), "may not decide"),
        ((AGENT, AGENT, [GROUP]), "NotDoneError the agent runs as 4711, and the same user may not decide"),
    ],
)
def test_other_users_ask_over_the_same_socket(services, who, said):
    services(Book({A: AGENT}), group=lambda: GROUP)
    code = (
        f"{BECOME}\nfrom lictor.control.client import order\n"
        "from lictor.control.messages import Request\nbecome(*json.loads(sys.argv[1]))\n"
        "try:\n    print(order(Request('kill', '2026')))\nexcept Exception as error:\n    print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code, json.dumps(who)], capture_output=True, text=True, check=False)
    assert said in done.stdout, done.stderr


@needs_decider
def test_one_that_is_mute_costs_a_limited_time_and_the_others_are_heard(services, odd, monkeypatch):
    monkeypatch.setattr(client_module, "LOOK_S", 0.3)
    path = odd(lambda _: time.sleep(1))
    services(Book({A: AGENT}, {"h1": A}))
    began = time.monotonic()
    answers = dict(ask(Request("held"), 0.3))
    assert 0.3 <= time.monotonic() - began < 1
    assert f"service {os.getpid()} does not answer in time" in answers[path]["error"]
    assert [row["hold"] for answer in answers.values() for row in answer.get("rows", ())] == ["h1"]


def test_one_that_says_a_letter_now_and_then_gets_no_more_time(odd):
    def trickle(connection):
        for _ in range(30):
            try:
                connection.sendall(b" ")
            except OSError:
                return
            time.sleep(0.05)

    odd(trickle)
    began = time.monotonic()
    ((_, answer),) = ask(Request("held"), 0.3)
    assert time.monotonic() - began < 1
    assert "does not answer in time" in answer["error"]


@pytest.mark.parametrize(
    ("reply", "said"),
    [(b"", "ended while it was asked"), (b'{"ok": tr', "ended while it was asked"), (b"[]\n", "gave no answer")],
)
def test_one_that_breaks_off_is_an_error(odd, reply, said):
    odd(lambda connection: (connection.recv(999), connection.sendall(reply)))
    ((_, answer),) = ask(Request("held"))
    assert not answer["ok"]
    assert said in answer["error"]


def test_one_that_turns_away_unheard_is_heard(odd):
    odd(lambda connection: connection.sendall(packed({"ok": False, "error": "full"})))
    for _ in range(20):
        ((_, answer),) = ask(Request("held", "x" * 50_000))
        assert answer == {"ok": False, "error": "full"}


@needs_decider
def test_sockets_of_the_dead_are_passed_over_and_removed(services, runtime):
    (server,) = services(Book({A: AGENT}))
    listener, path = sockets.listening(server.path.parent)
    listener.close()
    assert [place for place, _ in ask(Request("status"))] == [server.path]
    assert os.listdir(runtime / "control") == [server.path.name]
    assert not path.exists()


@needs_root
def test_who_may_not_remove_them_passes_over_them_all_the_same(runtime):
    listener, path = sockets.listening(made(control_dir()))
    listener.close()
    code = (
        f"{BECOME}\nfrom lictor.control.client import ask\n"
        "from lictor.control.messages import Request\nbecome(65534, 65534)\nprint(list(ask(Request('held'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")
    assert path.exists()


def test_a_folder_where_others_could_put_a_socket_is_not_asked(services, runtime):
    services(Book({A: AGENT}))
    (runtime / "control").chmod(0o777)
    with pytest.raises(LictorError, match="others may write there"):
        list(ask(Request("held")))


@needs_decider
def test_a_service_that_ends_before_the_order_is_told(services, monkeypatch):
    services(Book({A: AGENT}))
    whole = client_module._asked
    monkeypatch.setattr(
        client_module, "_asked", lambda path, line, deadline: None if b'"kill"' in line else whole(path, line, deadline)
    )
    with pytest.raises(NotDoneError, match="its service has ended meanwhile"):
        order(Request("kill", A))
