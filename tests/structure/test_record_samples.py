"""A sample recorded anew is one that replays."""

from __future__ import annotations

import os
import shutil

import pyarrow.parquet as pq
import pytest

from collectors.ebpf.collector import OBJECT
from collectors.replay.context import context_of
from tools import record_samples


@pytest.mark.kernel
@pytest.mark.skipif(os.geteuid() != 0, reason="loading eBPF programs needs root")
@pytest.mark.skipif(not OBJECT.exists(), reason="the kernel sensor is not built (make sensor)")
def test_record_writes_a_trace_and_its_expected_verdicts(tmp_path, monkeypatch, capfd):
    sample = tmp_path / "samples" / "attack"
    sample.mkdir(parents=True)
    for name in ("session.sh", "policy.yaml"):
        shutil.copy(record_samples.SAMPLES / "attack" / name, sample)
    monkeypatch.setattr(record_samples, "SAMPLES", sample.parent)
    monkeypatch.setattr(record_samples, "SCRATCH", tmp_path / "scratch")
    record_samples.record("attack")
    trace = pq.read_table(sample / "trace.parquet")
    context = context_of(trace.schema.metadata)
    assert context["workspace"] == str(tmp_path / "scratch" / "workspace")
    assert trace.num_rows > 100
    assert (sample / "expected.json").exists()
    assert not (tmp_path / "scratch").exists()
    assert "not a real key" not in capfd.readouterr().out
