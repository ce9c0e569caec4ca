"""Records the sample traces anew: each ``sample-traces/<name>/session.sh`` under ``lictor run``, as root.

The session runs in a scratch home and workspace with a plain PATH, so that nothing of this
machine's user gets into a trace. What comes out is the trace; the verdicts expected of it
are written by ``lictor replay --write-expected`` and reviewed by a person before a commit.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from collectors.replay.context import write_trace
from pipeline.lake.reader import Lake

SAMPLES = Path(__file__).resolve().parent.parent / "sample-traces"
SCRATCH = Path("/tmp/lictor-sample")  # noqa: S108 - a name that is the same in every trace
AGENT = "scripted"


def record(name: str) -> None:
    """Run one session and write its trace and expected verdicts."""
    folder = SAMPLES / name
    shutil.rmtree(SCRATCH, ignore_errors=True)
    home, workspace, lake = SCRATCH / "home", SCRATCH / "workspace", SCRATCH / "lake"
    (home / ".ssh").mkdir(parents=True)
    workspace.mkdir()
    (home / ".ssh" / "id_ed25519").write_text("not a real key\n", encoding="utf-8")
    (home / ".bashrc").touch()
    lictor = [sys.executable, "-m", "lictor"]
    session = shutil.copy(folder / "session.sh", SCRATCH)  # its path is in the trace: no checkout's
    policy = folder / "policy.yaml"
    command = [*lictor, "run", "--agent", AGENT, "--policy", str(policy), "--lake", str(lake), "--"]
    environment = {"HOME": str(home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "USER": "root", "LANG": "C.UTF-8"}
    subprocess.run([*command, str(session)], cwd=workspace, env=environment, check=False, stdin=subprocess.DEVNULL)
    rows = Lake(lake).query("SELECT * FROM activity ORDER BY time_ns", limit=None)
    context = {
        "workspace": str(workspace),
        "home": str(home),
        "user": "root",
        "agent": AGENT,
        "host": os.uname().nodename,
    }
    write_trace(rows, folder / "trace.parquet", context)
    subprocess.run([*lictor, "replay", str(folder), "--write-expected"], check=True)
    print(f"{name}: {rows.num_rows} rows, {(folder / 'trace.parquet').stat().st_size:,} bytes")
    shutil.rmtree(SCRATCH)


def main() -> None:
    """Record the samples named on the command line, all without names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=sorted(p.parent.name for p in SAMPLES.glob("*/session.sh")))
    for name in parser.parse_args().names:
        record(name)


if __name__ == "__main__":
    main()
