"""Records the cases of the hunts anew: each scenario of tests/queries/hunts under ``lictor run``, as root.

A scenario runs in name spaces of its own with a throw-away home and a network that leads nowhere but to this machine
(record_case.sh). Of what the sensor saw, the rows that say something are kept: a program's libraries and locales are
left out, names of this machine are replaced, and time begins anew. A person reads the difference before a commit.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.lake.reader import Lake

HUNTS = Path(__file__).resolve().parent.parent / "tests" / "queries" / "hunts"
CASES_FOLDER = HUNTS / "cases"
CASES = ("positive", "negative")
BEGIN_NS = 1_767_614_400_000_000_000
"""2026-01-05 12:00:00 UTC: when every case begins."""

KEPT = (
    "time_ns", "cpu", "seq", "class", "operation", "intent", "outcome", "errno", "exit_code", "signal", "agent", "agent_run",
    "user", "uid", "process_key", "pid", "parent_key", "child_key", "child_pid", "exe", "parent_exe", "cmdline", "cwd",
    "path", "path_to", "script", "dev", "ino", "mode", "protocol", "src_ip", "src_port", "dst_ip", "dst_port",
    "conversation", "tool_call", "marks", "verdict", "rule", "policy", "severity", "action", "enforced_at",
    "enforcement", "quality",
)  # fmt: skip
"""Columns that a case keeps, where they have a value."""

_NOISE = re.compile(
    r"/run/lictor-case/|/usr/(lib|share|local/lib|lib64)/|/lib(64)?/|/etc/(ld\.so\.cache|locale|ssl|nsswitch|passwd|hosts?|resolv|gai|host\.conf|localtime|group)"
    r"|/proc/(filesystems|self|sys|meminfo|stat|mounts)|/dev/(null|tty|urandom)|/usr/bin/|/var/run/nscd|/sys/|/home/dev/session\.sh|/home/dev/bin/\w+\.|/etc/gitconfig"
)
_SHORT = ("file.read", "file.open", "net.connect", "file.write")


def scenarios(names: Sequence[str]) -> list[Path]:
    """Scenario files by the names of their hunts; all without names."""
    return [HUNTS / "scenarios" / f"{n}.sh" for n in names] or sorted((HUNTS / "scenarios").glob("*.sh"))


def said(scenario: Path) -> dict[str, str]:
    """What the comments of a scenario say: finds, near miss, with."""
    return dict(re.findall(r"^# (finds|near miss|with): (.*)$", scenario.read_text("utf-8"), re.MULTILINE))


def pairs(text: str) -> dict[str, str]:
    """``a=1 b~'x y'`` as a mapping; the key of what is only to be contained keeps its tilde."""
    found = (re.fullmatch(r"(\w+)([=~])(.*)", word) for word in shlex.split(text))
    return {m[1] + m[2].strip("="): m[3] for m in found if m}


def record(scenario: Path, case: str) -> list[dict[str, Any]]:
    """Rows of ``activity`` of one case, in order."""
    with tempfile.TemporaryDirectory(dir="/run", prefix="lictor-lake-") as folder:
        script = HUNTS / "record_case.sh"
        command = ["unshare", "-n", "-m", "sh", script, scenario, case, f"{folder}/lake", sys.executable]
        subprocess.run(command, check=True, timeout=120, cwd=HUNTS.parents[2])
        rows: list[dict[str, Any]] = Lake(f"{folder}/lake").query("FROM activity ORDER BY time_ns, seq").to_pylist()
    return rows


def tidy(rows: Sequence[dict[str, Any]], case: str) -> Iterator[dict[str, Any]]:
    """The rows that say something, without what is peculiar to the machine."""
    runs: dict[str, str] = {}
    for row in rows:
        if row["operation"] in _SHORT and row["path"] and _NOISE.match(row["path"]):
            continue
        run = runs.setdefault(row["agent_run"], case if not runs else f"{case}_next")
        kept = {name: row[name] for name in KEPT if row[name] is not None}
        yield kept | {"agent_run": run, "time_ns": row["time_ns"] - rows[0]["time_ns"] + BEGIN_NS}


def text(scenario: Path, case: str, rows: Sequence[dict[str, Any]]) -> str:
    """A case's file: a header that holds what all rows share, and one line for each row."""
    comments = said(scenario)
    common = {"host": "vm", "boot_id": "b0070000-0000-4000-8000-000000000001", "source": "ebpf"}
    common |= {
        name: rows[0][name]
        for name in KEPT
        if rows and name in rows[0] and all(r.get(name) == rows[0][name] for r in rows)
    }
    header: dict[str, Any] = {"hunt": scenario.stem, "case": case, "origin": "recorded by tools.record_hunt_cases"}
    header |= {"with": pairs(comments["with"])} if "with" in comments else {}
    header |= {"finds": pairs(comments["finds"])} if case == "positive" else {"near_miss": comments["near miss"]}
    lines = [header | {"common": common}] + [{k: v for k, v in r.items() if k not in common} for r in rows]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Record the hunts named on the command line, all without names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    for scenario in scenarios(parser.parse_args(arguments).names):
        for case in CASES:
            rows = list(tidy(record(scenario, case), case))
            target = CASES_FOLDER / f"{scenario.stem}.{case}.jsonl"
            target.parent.mkdir(exist_ok=True)
            target.write_text(text(scenario, case, rows), encoding="utf-8")
            print(f"{target.name}: {len(rows)} rows", flush=True)


if __name__ == "__main__":
    main()
