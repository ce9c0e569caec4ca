"""The same command under strace and under Lictor: both must count the same operations with the same results.

Covers R1, R2, R5, X1, W1, W2, W3, W4, W5, W6, N1, N9 of the bypass list: each is an act of the scenario.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
from collections import Counter

import pytest

pytestmark = pytest.mark.kernel

TRACED = (
    "open,openat,openat2,creat,execve,execveat,clone,clone3,fork,vfork,unlink,unlinkat,rmdir,rename,renameat,renameat2,"
    "mkdir,mkdirat,link,linkat,symlink,symlinkat,chmod,fchmod,fchmodat,fchmodat2,truncate,ftruncate,connect,bind,listen,accept,accept4"
)
OPERATION = {
    "open": "open", "openat": "open", "openat2": "open", "creat": "open", "execve": "exec", "execveat": "exec",
    "unlink": "file.delete", "unlinkat": "file.delete", "rmdir": "file.delete",
    "rename": "file.rename", "renameat": "file.rename", "renameat2": "file.rename",
    "mkdir": "file.mkdir", "mkdirat": "file.mkdir", "link": "file.link", "linkat": "file.link",
    "symlink": "file.symlink", "symlinkat": "file.symlink",
    "chmod": "file.chmod", "fchmod": "file.chmod", "fchmodat": "file.chmod", "fchmodat2": "file.chmod",
    "truncate": "file.truncate", "ftruncate": "file.truncate", "connect": "net.connect", "bind": "net.bind",
    "listen": "net.listen", "accept": "net.accept", "accept4": "net.accept",
    "clone": "fork", "clone3": "fork", "fork": "fork", "vfork": "fork",
}  # fmt: skip
CALL = re.compile(
    r"(?P<call>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+|\?)(?:<(?P<file>.*)>)?(?: (?P<error>E\w+) \(.*\))?$"
)
OPENS = ("file.open", "file.read", "file.write", "file.create")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


def strace(folder, environment, *command):
    """(operation, errno, what) of each call: for an open that worked the file behind the descriptor, else the last name given."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    output = folder / "strace"
    # One file per process: calls of several processes do not cut into each other's lines.
    subprocess.run(
        ["strace", "-ff", "-y", "-s", "4096", "-e", "trace=?" + TRACED.replace(",", ",?"), "-o", output, *map(str, command)],
        check=True, capture_output=True, env=environment,
    )  # fmt: skip
    return [
        found for part in folder.glob("strace.*") for line in part.read_text().splitlines() if (found := read(line))
    ]


def read(line):
    if line.startswith("+++"):
        code = re.match(r"\+\+\+ (?:exited with (\d+)|killed by (\w+))", line)
        return "exit", int(code[1] or 0), code[2] or ""
    call = CALL.match(line)
    if not call:
        assert line.startswith("---"), line  # a signal
        return None
    name = call["call"]
    if OPERATION[name] == "fork" and "CLONE_THREAD" in call["arguments"]:
        return None
    error = getattr(errno, call["error"]) if call["error"] else 0
    names = QUOTED.findall(call["arguments"])
    what = (
        (call["file"] or "").removesuffix("(deleted)")
        if OPERATION[name] == "open" and not error
        else names[-1]
        if names
        else ""
    )
    if OPERATION[name] == "exec":
        what = names[0]
    return OPERATION[name], error, what


def recorded(observed):
    for row in observed.rows():
        operation = "open" if row["operation"] in OPENS else row["operation"]
        what = row["path_to"] or row["path"] or ""
        if operation == "exit":
            yield "exit", row["exit_code"] or 0, f"SIG{_signal(row['signal'])}" if row["signal"] else ""
        else:
            yield operation, row["errno"], what


def _signal(number):
    return {15: "TERM", 9: "KILL"}[number]


def counts(found):
    return Counter((operation, error) for operation, error, _ in found)


def named(found, operations):
    """With the name, for operations whose names both sides know."""
    return Counter((o, e, os.path.basename(w)) for o, e, w in found if o in operations)


def test_every_operation_of_a_scenario_is_counted(lictor, acts, outside, tmp_path):
    places = [tmp_path / "a", tmp_path / "b"]
    for place in places:
        place.mkdir()
    truth = strace(tmp_path, outside.environment, acts, "scenario", places[0])
    observed = lictor(acts, "scenario", places[1])
    assert observed.status == 0
    seen = list(recorded(observed))
    assert counts(seen) == counts(truth)
    files = {"open", "file.delete", "file.rename", "file.mkdir", "file.link", "file.symlink", "file.truncate", "exec"}
    assert named(seen, files - {"file.truncate", "exec"}) == named(truth, files - {"file.truncate", "exec"})
    assert {o for o, _ in counts(truth)} == set(OPERATION.values()) | {"exit"}, "the scenario has lost an operation"


def test_opens_of_a_real_program_are_the_same_files(lictor, outside, tmp_path):
    """Also with the whole resolved path, for those that worked."""
    grep = "grep -r root /etc/passwd /etc/hosts /etc/absent /usr/share/common-licenses >/dev/null"
    command = ("bash", "--norc", "-c", f"{grep}; cat /etc/hostname /etc/os-release | wc -c; true")
    truth = strace(tmp_path, outside.environment, *command)
    observed = lictor(*command)
    seen = list(recorded(observed))
    assert counts(seen) == counts(truth)
    own = re.compile(r"^/proc/\d+/")
    worked = [Counter(own.sub("/proc/N/", w) for o, e, w in found if o == "open" and e == 0) for found in (seen, truth)]
    assert worked[0] == worked[1]


def test_a_session_of_git_and_python_has_the_same_counts(lictor, outside, tmp_path):
    """Names differ (git makes them up), the number of each operation with each result does not."""
    work = (
        'rm -rf "$0" && mkdir "$0" && cd "$0" && git init -q . && echo hello > a && git -c user.email=a@b -c user.name=a add a '
        "&& python3 -I -S -c 'import json; json.loads(\"{}\")' && cp a b && mv b c && ln -s c d && chmod 600 c && rm a"
    )
    # No background work of git, and a hash seed: the same calls each time.
    command = (
        "env",
        "GIT_CONFIG_NOSYSTEM=1",
        "PYTHONDONTWRITEBYTECODE=1",
        "PYTHONHASHSEED=0",
        "bash",
        "--norc",
        "-c",
        work,
        tmp_path / "w",
    )
    subprocess.run(
        [str(c) for c in command], check=True, env=outside.environment, capture_output=True
    )  # warms what first use creates
    truth = counts(strace(tmp_path, outside.environment, *command))
    assert counts(recorded(lictor(*command))) == truth
