"""``lictor watch`` as a person starts and ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from collectors.ebpf.collector import OBJECT


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("_kernel")
def test_a_signal_ends_it_cleanly(tmp_path, number):
    command = [sys.executable, "-m", "lictor", "watch", "--lake", str(tmp_path / "lake")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "watching" in line:
                break
        process.send_signal(number)
        rest = process.stderr.read()
        assert process.wait(20) == 0, rest
    assert "Traceback" not in rest


def test_a_wrong_receiver_is_told_before_anything_begins(tmp_path):
    command = [sys.executable, "-m", "lictor", "watch", "--telemetry", "localhost", "--lake", str(tmp_path / "lake")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "OTLP/HTTP receiver" in done.stderr
    assert not (tmp_path / "lake").exists()


def test_broken_policy_is_refused(tmp_path):
    policy = tmp_path / "p.yaml"
    policy.write_text("lictor: 1\nname: x\nmode: sometimes\n")
    done = subprocess.run(
        [sys.executable, "-m", "lictor", "watch", "--policy", str(policy), "--lake", str(tmp_path / "lake")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"{policy}:3:" in done.stderr
    assert not (tmp_path / "lake").exists()


@pytest.fixture
def _kernel():
    if os.geteuid() != 0:
        pytest.skip("loading eBPF programs needs root")
    if not OBJECT.exists():
        pytest.skip("the kernel sensor is not built (make sensor)")
