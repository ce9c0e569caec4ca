"""One session under all three sources at once: the same run, tree and verdicts for what each can see, and a table of the rest."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
from collections import Counter

import pyarrow as pa
import pytest

from collectors.ebpf.collector import EbpfCollector
from collectors.interface import Run, Wanted
from collectors.portable.collector import PortableCollector
from collectors.sources import SOURCES
from lictor.context import local_context
from pipeline import schema
from pipeline.policy.compile import compile_policies
from pipeline.policy.load import load_policy
from pipeline.steps.judge import Judge

pytestmark = pytest.mark.kernel

SESSION = """
import os, socket, subprocess, sys, time
port, secret = int(sys.argv[1]), sys.argv[2]
os.mkdir("made")
time.sleep(0.6)  # a folder's first moments are not watched yet
open("made/new", "x").write("x")
held = open("held", "w"); held.write("x"); held.flush()
open(secret).read()
try: open("made/absent")
except OSError: pass
server = socket.create_connection(("127.0.0.1", port))
subprocess.run(["sh", "-c", "cat made/new >/dev/null; sleep 1.2; :"])
subprocess.run(["/bin/true"])
os.rename("made/new", "moved")
time.sleep(0.6)
os.remove("moved")
os.rmdir("made")
held.close()
time.sleep(0.8)
sys.exit(3)
"""

POLICY = """
lictor: 1
name: compared
rules:
  - {{ id: secret, on: file.read, match: {{ path: "{secret}" }}, action: deny }}
  - {{ id: held, on: file.write, match: {{ path: "{workspace}/held" }}, action: freeze }}
  - {{ id: port, on: net.connect, match: {{ port: {port} }}, action: kill }}
  - {{ id: shell, on: exec, match: {{ path: "{shell}" }}, action: ask }}
  - {{ id: gone, on: file.delete, match: {{ path: "{workspace}/**" }}, action: audit }}
"""


@pytest.fixture(scope="module")
def compared(bcc, tmp_path_factory):
    """Rows of the session as each source saw it, judged by one policy; by name of the source."""
    place = tmp_path_factory.mktemp("compared")
    workspace, secret = place / "work", place / "secret"
    workspace.mkdir()
    secret.write_text("4711")
    sources = {"ebpf": EbpfCollector(None), "bcc": bcc(), "portable": PortableCollector(Wanted(report=print))}
    for name in ("ebpf", "portable"):
        sources[name].open()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        text = POLICY.format(secret=secret, workspace=workspace, port=port, shell=shell())
        program = compile_policies([load_policy(text, "compared.yaml")], local_context("test"))
        waiting = ["sh", "-c", 'read _ && exec "$@"', "sh", sys.executable, "-I", "-c", SESSION, str(port), str(secret)]
        child = subprocess.Popen(waiting, stdin=subprocess.PIPE, cwd=workspace)
        for source in sources.values():
            number = source.add_run(Run("the-run", "agent"))
            source.heed(number, [workspace, secret])
            source.tag(child.pid, number)
        found = {name: [] for name in sources}

        def draw(name):
            judge = Judge(program)
            for batch in sources[name].batches(lambda: child.poll() is not None):
                if batch.num_rows:
                    found[name].append(schema.conform(judge(batch), "activity"))

        threads = [threading.Thread(target=draw, args=(name,)) for name in sources]
        for thread in threads:
            thread.start()
        child.stdin.write(b"go\n")
        child.stdin.close()
        for thread in threads:
            thread.join()
    coverage = {name: source.health().to_pylist() for name, source in sources.items()}
    for name in ("ebpf", "portable"):
        sources[name].close()
    assert child.wait() == 3
    rows = {
        name: [r for r in pa.concat_tables(tables).to_pylist() if r["agent_run"] == "the-run"] for name, tables in found.items()
    }  # fmt: skip
    return rows, coverage, workspace


def shell():
    return subprocess.run(
        ["readlink", "-f", shutil.which("sh")], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def rows(compared):
    return compared[0]


def edges(rows):
    return {(r["process_key"], r["child_key"]) for r in rows if r["operation"] == "fork"}


def verdicts(rows):
    """What was judged otherwise than let pass: the object, and by which rule."""
    return {
        (r["path"] or r["dst_port"], r["verdict"], r["rule"])
        for r in rows
        if r["verdict"] not in (None, "allow") and r["outcome"] == "success"
    }


def test_each_says_who_it_is_and_accounts_for_itself(compared):
    rows, coverage, _ = compared
    for name in rows:
        assert {r["source"] for r in rows[name]} == {name} == {c["source"] for c in coverage[name]}
        assert {r["agent"] for r in rows[name]} == {"agent"}
    assert sum(c["lost"] for name in ("ebpf", "bcc") for c in coverage[name]) == 0


def test_the_process_tree_is_the_same(rows):
    assert len(edges(rows["ebpf"])) >= 4
    assert edges(rows["bcc"]) == edges(rows["ebpf"])
    seen = edges(rows["portable"])
    assert seen
    assert {child for _, child in seen} <= {child for _, child in edges(rows["ebpf"])}


def test_programs_and_ends_are_the_same(rows):
    def programs(name):
        return Counter(
            (r["process_key"], r["exe"], r["cmdline"], r["cwd"]) for r in rows[name] if (r["operation"], r["errno"]) == ("exec", 0)
        )  # fmt: skip

    def ends(name):
        return {(r["process_key"], r["exit_code"], r["signal"]) for r in rows[name] if r["operation"] == "exit"}

    assert programs("bcc") == programs("ebpf")
    assert ends("bcc") == ends("ebpf")
    assert 3 in {code for _, code, _ in ends("bcc")}
    assert {key for key, *_ in programs("portable")} <= {key for key, *_ in programs("ebpf")}


def test_files_and_connections_are_the_same(rows, compared):
    _, _, workspace = compared

    def acts(name):
        mine = [r for r in rows[name] if (r["path"] or "").startswith(str(workspace)) or r["class"] == "network"]
        # Whether an open made its file is the kernel's to know: only that it was for writing is common.
        kind = {"file.create": "file.write"}
        return Counter(
            (
                r["process_key"],
                kind.get(r["operation"], r["operation"]),
                r["path"],
                r["path_to"],
                r["errno"],
                r["dst_port"],
            )
            for r in mine
        )

    assert acts("bcc") == acts("ebpf")
    portable = {(op, path) for _, op, path, *_ in acts("portable") if path}
    assert portable <= {(op, path) for _, op, path, *_ in acts("ebpf")}
    assert portable >= {(op, f"{workspace}/{n}") for op, n in (("file.write", "held"), ("file.delete", "moved"))}


def test_verdicts_are_the_same_for_what_can_be_seen(rows, compared):
    _, _, workspace = compared
    assert {rule for *_, rule in verdicts(rows["ebpf"])} == {"secret", "held", "port", "shell", "gone"}
    assert verdicts(rows["bcc"]) == verdicts(rows["ebpf"])
    assert verdicts(rows["portable"]) <= verdicts(rows["ebpf"])
    assert (f"{workspace}/held", "freeze", "held") in verdicts(rows["portable"])


def test_no_source_makes_rows_of_what_it_says_it_cannot(rows, capsys):
    counts = {name: Counter(r["operation"] for r in some) for name, some in rows.items()}
    here = [source for source in SOURCES if source.name in rows]  # not that of Windows
    assert len(here) == 3
    for source in here:
        assert set(counts[source.name]) <= source.operations
    with capsys.disabled():
        print(f"\n{'one session':<18}" + "".join(f"{s.name:>12}" for s in here))
        for operation in (o.name for o in schema.OPERATIONS if any(o.name in c for c in counts.values())):
            told = (str(counts[s.name][operation]) if operation in s.operations else "cannot" for s in here)
            print(f"{operation:<18}" + "".join(f"{t:>12}" for t in told))
        for what, count in (("processes", lambda r: len({x["process_key"] for x in r if x["process_key"]})),
                            ("verdicts", lambda r: len(verdicts(r)))):  # fmt: skip
            print(f"{what:<18}" + "".join(f"{count(rows[s.name]):>12}" for s in here))
