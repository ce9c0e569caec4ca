"""What a row says of a process against what /proc says of it while it lives.

Covers A3, A6, A11, P5, X1, X2, X6, X8, X12, X19, X22 of the bypass list.
"""

from __future__ import annotations

import json
import os
import shlex
import sys

import pytest

from collectors.identity import key_of, parse_stat

pytestmark = pytest.mark.kernel

SELF = """
import json, os, sys
def told(pid):
    return {
        "stat": open(f"/proc/{pid}/stat").read(), "exe": os.readlink(f"/proc/{pid}/exe"), "cwd": os.readlink(f"/proc/{pid}/cwd"),
        "cmdline": open(f"/proc/{pid}/cmdline", "rb").read().decode(), "uid": os.geteuid(), "tid": os.getpid(),
    }
print(json.dumps([told(os.getpid()), told(os.getppid())]))
"""

START = """
import os, sys
for arguments in eval(sys.argv[2]):
    pid = os.fork()
    if pid == 0:
        os.execv(sys.argv[1], [b"true", *arguments])
    os.waitpid(pid, 0)
"""


def key_in(stat):
    return key_of(parse_stat(stat.encode()))


def test_a_process_and_its_parent_are_those_of_proc(lictor, tmp_path):
    observed = lictor("sh", "-c", f"cd {tmp_path}; {sys.executable} -I -c {shlex.quote(SELF)}; :")
    child, parent = json.loads(observed.out)
    key, parent_key = key_in(child["stat"]), key_in(parent["stat"])
    rows = observed.rows(process_key=key)
    assert {r["pid"] for r in rows} == {child["tid"]}
    assert {r["parent_key"] for r in rows} == {parent_key}
    assert {r["uid"] for r in rows} == {child["uid"]}
    after = [r for r in rows if r["operation"] not in ("fork", "exec") and r["exe"] == child["exe"]]
    assert after
    for row in after:
        assert row["cwd"] == child["cwd"] == str(tmp_path)
        assert shlex.split(row["cmdline"]) == child["cmdline"].rstrip("\0").split("\0")
        assert row["cmdline_bytes"] == len(child["cmdline"].encode())
    (fork,) = observed.rows("fork", child_key=key)
    assert (fork["process_key"], fork["child_pid"]) == (parent_key, child["tid"])


def executed(observed, name="true"):
    """Rows of execs that worked, of the program that was asked for."""
    return [r for r in observed.rows("exec", errno=0) if os.path.basename(r["path"]) == name]


LENGTHS = [1, 103, 104, 105, 5000, 65536 - 6, 65536 - 5, 100_000]
ODD = {
    "newline": ([b"a\nb"], ["a\nb"]),
    "ansi": ([b"\x1b[31mred"], ["\x1b[31mred"]),
    "no-utf8": ([b"\xff\xfe"], ["\\xff\\xfe"]),
    "empty-and-spaces": ([b"", b"two words", b"it's"], ["", "two words", "it's"]),
    "right-to-left": (["\u202egpj.exe".encode()], ["\u202egpj.exe"]),
    "many": ([b"x"] * 3000, ["x"] * 3000),
    "injection": (
        [b"'; DROP TABLE activity; --", b"=cmd|' /C calc'!A0"],
        ["'; DROP TABLE activity; --", "=cmd|' /C calc'!A0"],
    ),
}


@pytest.fixture(scope="module")
def argued(lictor_once):
    """Rows of /bin/true started with each of the arguments, in this order."""
    program = os.path.realpath("/bin/true")
    arguments = (
        "[" + ", ".join([*(f"[b'x' * {n}]" for n in LENGTHS), *(repr(given) for given, _ in ODD.values())]) + "]"
    )
    rows = executed(lictor_once(sys.executable, "-I", "-c", START, program, arguments), os.path.basename(program))
    assert len(rows) == len(LENGTHS) + len(ODD)
    return rows


@pytest.mark.parametrize("length", LENGTHS, ids=lambda n: f"{n} bytes")
def test_argv_is_whole_to_64_kib_and_then_says_its_length(argued, length):
    row = argued[LENGTHS.index(length)]
    total = len("true") + 1 + length + 1
    assert row["cmdline_bytes"] == total
    truncated = "truncated" in (row["quality"] or "").split(",")
    assert truncated == (total > 65536)
    if truncated:
        assert row["cmdline"].startswith("true xxxx")
        assert len(row["cmdline"]) == 65536
    else:
        assert shlex.split(row["cmdline"]) == ["true", "x" * length]


@pytest.mark.parametrize("name", ODD)
def test_odd_arguments_arrive_as_they_were(argued, name):
    row = argued[len(LENGTHS) + list(ODD).index(name)]
    arguments, shown = ODD[name]
    assert shlex.split(row["cmdline"]) == ["true", *shown]
    assert row["cmdline_bytes"] == len(b"\0".join([b"true", *arguments])) + 1


def test_a_script_and_its_interpreter(lictor, tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n: $1\n")
    script.chmod(0o755)
    observed = lictor("env", script, "argument")
    (row,) = [r for r in observed.rows("exec", errno=0) if r["script"]]
    assert row["script"] == row["path"] == str(script)
    assert row["exe"] == os.path.realpath("/bin/sh")
    assert shlex.split(row["cmdline"]) == ["/bin/sh", str(script), "argument"]


def test_marks_are_read_in_300_of_300_execs(lictor, loadgen):
    """At the entry of execve they read empty in 300 of 300 fork+execs: the page of the child has not been touched yet."""
    observed = lictor(
        "env", "CODEX_TOOL_CALL_ID=call_1", "CLAUDECODE=1", "NOISE=x", loadgen, "exec", 300, "--path", "/bin/true"
    )
    assert json.loads(observed.out)["failed"] == 0
    rows = executed(observed, os.path.basename(os.path.realpath("/bin/true")))
    assert len(rows) == 300
    assert [json.loads(r["marks"]) for r in rows] == [{"CODEX_TOOL_CALL_ID": "call_1", "CLAUDECODE": "1"}] * 300
    assert {r["tool_call"] for r in rows} == {"call_1"}


def test_a_program_in_memory(lictor, acts):
    observed = lictor(acts, "from_memory", os.path.realpath("/bin/true"))
    assert observed.status == 0
    row = observed.rows("exec", errno=0)[-1]
    assert "memfd:hidden" in row["exe"]
    assert row["cmdline"] == "in-memory"
    assert row["ino"]


def test_exec_by_descriptor(lictor, acts):
    program = os.path.realpath("/bin/true")
    observed = lictor(acts, "by_descriptor", program)
    row = observed.rows("exec", errno=0)[-1]
    assert (row["exe"], row["cmdline"]) == (program, "by-descriptor")
    assert row["ino"] == os.stat(program).st_ino


def test_exec_through_a_symlink_names_the_file(lictor, tmp_path):
    (tmp_path / "apt-get").symlink_to(os.path.realpath("/bin/cat"))
    observed = lictor(tmp_path / "apt-get", "/dev/null")
    row = observed.rows("exec", errno=0)[-1]
    assert row["exe"] == os.path.realpath("/bin/cat")


def test_a_working_directory_that_is_gone(lictor, tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    observed = lictor("sh", "-c", f"cd {folder} && rmdir {folder} && /bin/true; cat relative")
    assert executed(observed, os.path.basename(os.path.realpath("/bin/true")))[0]["cwd"] == str(folder)
    assert observed.rows("file.read", path=f"{folder}/relative", errno=2)
