from __future__ import annotations

import os
import subprocess

from lictor import processes
from tests.seams import imported


def test_both_systems_have_the_same_names():
    windows, others = imported("lictor/processes.py")
    assert windows == others == set(processes.__all__)


def test_a_process_is_known_lives_and_ends():
    with subprocess.Popen(["sleep", "60"]) as child:
        key = processes.process_key(child.pid)
        assert key == processes.process_key(child.pid) != processes.process_key(os.getpid())
        assert processes.alive(child.pid, key)
        assert not processes.alive(child.pid, key + 1)
        assert processes.kill_process(child.pid, key, 5.0).confirmed
