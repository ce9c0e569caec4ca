"""Processes that hold a file, with real processes that do."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from enforcer.vault.holders import holders

WAYS = {
    "read": "f = open(sys.argv[1])",
    "write": "g = open(sys.argv[1]); f = open(sys.argv[1], 'r+')",
    "map": "f = open(sys.argv[1]); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ); f.close(); os.closerange(3, 99)",
}


def inode(path):
    return path.stat().st_dev, path.stat().st_ino


@pytest.mark.parametrize("way", WAYS)
def test_a_process_that_holds_it_is_found(tmp_path, way):
    path = tmp_path / "tool"
    path.write_text("x")
    assert holders(inode(path)) == []
    script = f"import sys, mmap, os, time\n{WAYS[way]}\nprint('ready', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE, text=True) as child:
        child.stdout.readline()
        assert [(h.pid, h.how) for h in holders(inode(path))] == [(child.pid, way)]
        child.kill()
    assert holders(inode(path)) == []


def test_a_process_that_runs_it_is_found(tmp_path):
    path = tmp_path / "sleeper"
    shutil.copy(shutil.which("sleep"), path)
    with subprocess.Popen([path, "60"]) as child:
        assert [(h.pid, h.name, h.how) for h in holders(inode(path))] == [(child.pid, "sleeper", "run")]
        child.kill()


def test_this_process_is_left_out(tmp_path):
    path = tmp_path / "tool"
    path.write_text("x")
    with path.open():
        assert holders(inode(path)) == []
