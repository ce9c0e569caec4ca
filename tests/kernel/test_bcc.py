"""The BCC source against truths that are not Lictor's: the load generator's count, /proc, and what was lost of a flood."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from collectors.identity import key_of, parse_stat
from collectors.interface import Run
from pipeline import schema

TINY = {"events": 1 << 16, "priority": 1 << 15, "strings": 1 << 16}

SELF = """
import json, os
def told(pid):
    return {"stat": open(f"/proc/{pid}/stat").read(), "exe": os.readlink(f"/proc/{pid}/exe"), "cwd": os.getcwd(),
            "cmdline": open(f"/proc/{pid}/cmdline", "rb").read().decode(), "uid": os.getuid()}
print(json.dumps([told(os.getpid()), told(os.getppid())]))
"""


def start(collector, *command, **popen):
    """Start a command that waits for a line, as a run of its own."""
    waiting = subprocess.Popen(
        ["sh", "-c", 'read _ && exec "$@"', "sh", *map(str, command)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, **popen,
    )  # fmt: skip
    while Path(f"/proc/{waiting.pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"S":
        time.sleep(0.001)
    collector.tag(waiting.pid, collector.add_run(Run(f"run-{waiting.pid}", "test")))
    return waiting


def observed(collector, *command, **popen):
    """A finished run: what it printed, its rows, coverage of the time."""
    collector.health()
    child = start(collector, *command, **popen)
    child.stdin.write(b"go\n")
    child.stdin.close()
    child.stdin = None
    batches = [b for b in collector.batches(lambda: child.poll() is not None) if b.num_rows]
    coverage = collector.health().to_pylist()
    batches += [b for b in collector.batches(lambda: True) if b.num_rows]
    out, _ = child.communicate(timeout=60)
    table = pa.concat_tables([schema.conform(b, "activity") for b in batches])
    return out, [r for r in table.to_pylist() if r["agent_run"] == f"run-{child.pid}"], coverage


def test_fifty_thousand_opens_of_a_burst_are_seen_or_counted_as_lost(bcc, loadgen, tmp_path):
    for i in range(200):
        (tmp_path / str(i)).touch()
    out, rows, coverage = observed(
        bcc(), loadgen, "distinct", 50_000, "--path", tmp_path, "--files", 200, "--threads", 2
    )
    truth = json.loads(out)
    opens = Counter(r["path"] for r in rows if (r["path"] or "").startswith(str(tmp_path)))
    lost = sum(r["lost"] for r in coverage if r["class"] == "file")
    assert truth["done"] == 50_000
    assert opens.total() <= 50_000 <= opens.total() + lost
    if not lost:
        assert set(opens.values()) == {250}


@pytest.mark.parametrize("kind", ["open", "missing", "connect"])
def test_every_loss_of_a_flood_is_counted(bcc, loadgen, tmp_path, kind):
    tiny = bcc(rings=TINY)
    tiny.health()
    path = {"open": "/etc/hostname", "missing": tmp_path / "absent", "connect": "-"}[kind]
    child = start(tiny, loadgen, kind, 3000, "--path", path, "--port", 9, "--threads", 2)
    out, _ = child.communicate(b"go\n", timeout=60)  # nobody drains meanwhile
    truth = json.loads(out)
    coverage = tiny.health().to_pylist()
    rows = [r for b in tiny.batches(lambda: True) if b.num_rows for r in b.to_pylist()]
    class_ = "network" if kind == "connect" else "file"
    emitted, lost = Counter(), Counter()
    for row in coverage:
        emitted[row["cpu"], row["class"]] += row["emitted"]
        lost[row["cpu"], row["class"]] += row["lost"]
    seen = Counter((r["cpu"], r["class"]) for r in rows)
    for cell in (c for c in emitted if c[0] is not None):
        assert emitted[cell] == seen[cell] + lost[cell]
    given = sum(n for (_, c), n in emitted.items() if c == class_)
    assert 0 <= given - truth["done"] < 50, "a loader's own opens are few"
    assert {r["reason"] for r in coverage if r["lost"] and r["class"] == class_} == {"ring_full"}


def test_a_process_and_its_parent_are_those_of_proc(bcc, tmp_path):
    out, rows, _ = observed(bcc(), "sh", "-c", 'cd $1; python3 -I -c "$2"; :', "sh", tmp_path, SELF)
    child, parent = json.loads(out)
    key, parent_key = (key_of(parse_stat(p["stat"].encode())) for p in (child, parent))
    mine = [r for r in rows if r["process_key"] == key and r["operation"] == "file.read" and r["exe"] == child["exe"]]
    assert mine
    for row in mine:
        assert (row["parent_key"], row["uid"], row["cwd"]) == (parent_key, child["uid"], str(tmp_path))
        assert row["cmdline_bytes"] == len(child["cmdline"].encode())
    assert [r["process_key"] for r in rows if r["operation"] == "fork" and r["child_key"] == key] == [parent_key]


def test_every_process_of_a_tree_belongs_to_the_run(bcc, acts, tmp_path):
    out, rows, _ = observed(bcc(), acts, "storm", tmp_path / "trace", 300)
    pids = [int(p) for p in out.split()]
    traced = Counter(r["pid"] for r in rows if (r["path"] or "").startswith(f"{tmp_path}/trace."))
    assert traced == Counter(pids)
    assert {r["child_pid"] for r in rows if r["operation"] == "fork"} >= set(pids)


def test_paths_are_whole_whatever_they_start_from(bcc, tmp_path):
    script = "mkdir -p a/b/c; cd a; echo x >b/c/f; mv b/c/f ../g; ln -s g ../l; cat ../l; cd ..; ln g h; rm -r a; rm g"
    _, rows, _ = observed(bcc(), "bash", "-c", script, cwd=tmp_path)
    told = {(r["operation"], r["path"], r["path_to"]) for r in rows if r["outcome"] == "success"}
    t = str(tmp_path)
    assert told >= {
        ("file.mkdir", f"{t}/a/b/c", None), ("file.write", f"{t}/a/b/c/f", None),
        ("file.rename", f"{t}/a/b/c/f", f"{t}/g"), ("file.symlink", "g", f"{t}/l"), ("file.read", f"{t}/g", None),
        ("file.link", f"{t}/g", f"{t}/h"), ("file.delete", f"{t}/a/b/c", None), ("file.delete", f"{t}/a/b", None),
        ("file.delete", f"{t}/a", None), ("file.delete", f"{t}/g", None),
    }  # fmt: skip


def test_acts_and_programs_by_descriptor_have_their_file(bcc, acts, tmp_path):
    script = "import os; f = os.open('f', os.O_RDWR | os.O_CREAT); os.ftruncate(f, 3); os.fchmod(f, 0o600); os.close(f)"
    _, rows, _ = observed(bcc(), sys.executable, "-I", "-c", script, cwd=tmp_path)
    told = {r["operation"]: r["path"] for r in rows if r["operation"] in ("file.truncate", "file.chmod")}
    assert told == dict.fromkeys(("file.truncate", "file.chmod"), f"{tmp_path}/f")
    program = os.path.realpath("/bin/true")
    _, rows, _ = observed(bcc(), acts, "by_descriptor", program)
    last = [r for r in rows if (r["operation"], r["errno"]) == ("exec", 0)][-1]
    assert (last["exe"], last["cmdline"]) == (program, "by-descriptor")


def test_a_connect_has_its_address_and_protocol(bcc, tmp_path):
    script = (
        "import socket\n"
        "s = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(s.getsockname())\n"
        "u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); u.connect(('::1', 9))\n"
        f"p = socket.socket(socket.AF_UNIX); p.connect_ex('{tmp_path}/absent')\n"
        "print(s.getsockname()[1])\n"
    )
    out, rows, _ = observed(bcc(), sys.executable, "-I", "-c", script)
    told = [(r["protocol"], r["dst_ip"], r["dst_port"], r["path"], r["errno"]) for r in rows if r["class"] == "network"]
    assert told == [
        ("tcp", "127.0.0.1", int(out), None, 0), ("udp", "::1", 9, None, 0), ("unix", None, None, f"{tmp_path}/absent", 2),
    ]  # fmt: skip


def test_a_run_of_the_command_line(bcc, outside, tmp_path):
    """``lictor run --source bcc``, and what it says that it does not see."""
    bcc()
    lake = tmp_path / "lake"
    command = outside.command_line(lake, "cat", "/etc/hostname")
    command[command.index("--lake") : command.index("--lake")] = ["--source", "bcc"]
    done = subprocess.run(command, env=outside.environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == Path("/etc/hostname").read_text()
    assert "source bcc: not seen are" in done.stderr
    assert os.listdir(lake / "activity")
