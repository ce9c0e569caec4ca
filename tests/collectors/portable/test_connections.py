from __future__ import annotations

import socket

import psutil
import pytest

from collectors.interface import Run
from collectors.portable import connections as module
from collectors.portable.connections import Connections, _end
from collectors.portable.processes import Processes
from collectors.portable.trouble import Trouble

RUNS = {1: Run("run", "agent")}


def looking(child, trouble=None):
    processes = Processes(RUNS)
    processes.tag(child.pid, 1)
    return processes, Connections(RUNS, trouble or Trouble(print))


def test_a_connection_is_told_once_with_both_ends(script):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        child = script("import socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); print(s.getsockname()[1], flush=True); input()", str(port))  # fmt: skip
        own = int(child.stdout.readline())
        processes, connections = looking(child)
        (row,) = connections.look(processes.members.values())
        assert connections.look(processes.members.values()) == []
    assert row["operation"] == "net.connect"
    assert (row["src_port"], row["dst_ip"], row["dst_port"], row["protocol"]) == (own, "127.0.0.1", port, "tcp")
    assert (row["agent_run"], row["pid"]) == ("run", child.pid)


def test_what_comes_in_at_an_own_port_was_not_asked_for(script):
    text = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True);"
        "c = s.accept(); print('in', flush=True); input()"
    )
    child = script(text)
    port = int(child.stdout.readline())
    with socket.create_connection(("127.0.0.1", port)) as mine:
        assert child.stdout.readline() == "in\n"
        processes, connections = looking(child)
        rows = connections.look(processes.members.values())
        assert {r["operation"] for r in rows} == {"net.listen", "net.accept"}
        (accepted,) = [r for r in rows if r["operation"] == "net.accept"]
        assert accepted["dst_port"] == mine.getsockname()[1]


def test_who_is_gone_has_none(script):
    child = script("input()")
    processes, connections = looking(child)
    child.kill()
    child.wait()
    assert connections.look(processes.members.values()) == []


@pytest.mark.parametrize(("one_table", "error"), [(False, RuntimeError), (True, RuntimeError), (True, OSError)])
def test_a_table_that_cannot_be_read_changes_nothing_and_is_counted(one_table, error, script, monkeypatch):
    """As under Wine, where many processes open connections at the time of the look."""
    text = "import socket; s = socket.create_server(('127.0.0.1', 0)); print('there', flush=True); input()"
    child, trouble = script(text), Trouble(print)
    assert child.stdout.readline() == "there\n"
    monkeypatch.setattr(module, "WINDOWS", one_table)
    processes, connections = looking(child, trouble)

    def unread(*_):
        raise error("GetExtendedTcpTable failed")

    def look(readable):
        with monkeypatch.context() as patch:
            if not readable:
                patch.setattr(psutil if one_table else psutil.Process, "net_connections", unread)
            return [row["operation"] for row in connections.look(processes.members.values())]

    told = [look(readable) for readable in (False, True, False, True)]
    assert told == [[], ["net.listen"], [], []]
    assert trouble.take() == {"connections_unread": 2}


def test_ipv4_in_ipv6_is_shown_as_ipv4():
    assert _end("dst", ("::ffff:10.0.0.1", 80)) == {"dst_ip": "10.0.0.1", "dst_port": 80}
    assert _end("dst", ("::1", 80)) == {"dst_ip": "::1", "dst_port": 80}
    assert _end("dst", ()) == {}
