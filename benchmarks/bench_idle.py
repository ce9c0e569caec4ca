"""What ``lictor watch`` costs while no agent runs: processor time and resident memory, as the system counts them."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 6
SECONDS = 5.0


def processor_seconds(pid: int) -> float:
    """User and system time of a process, from /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    """Resident memory of a process, from /proc; the rings count twice, since they are mapped twice."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Start a watch, let it settle, and look at it for half a minute."""
    with tempfile.TemporaryDirectory() as lake:
        command = [sys.executable, "-m", "lictor", "watch", "--lake", lake]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as watch:
            assert watch.stderr is not None
            if not any("watching" in line for line in watch.stderr):
                sys.exit("lictor watch did not start")
            time.sleep(2)
            shares = []
            for _ in range(ROUNDS):
                before = processor_seconds(watch.pid)
                time.sleep(SECONDS)
                shares.append((processor_seconds(watch.pid) - before) / SECONDS)
            resident = resident_mib(watch.pid)
            watch.send_signal(signal.SIGTERM)
    print(
        f"processor  median {statistics.median(shares):.2%}  min {min(shares):.2%}  max {max(shares):.2%} of a core   (must: 1 %)"
    )
    print(f"resident   {resident:.0f} MiB   (must: 150 MiB)")


if __name__ == "__main__":
    main()
