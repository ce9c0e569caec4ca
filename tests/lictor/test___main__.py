"""``python -m lictor`` is the command line."""

from __future__ import annotations

import subprocess
import sys


def test_it_is_the_command_line():
    done = subprocess.run([sys.executable, "-m", "lictor", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("lictor ")


def test_its_exit_status_is_passed_on():
    done = subprocess.run([sys.executable, "-m", "lictor", "nothing"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nothing" in done.stderr
