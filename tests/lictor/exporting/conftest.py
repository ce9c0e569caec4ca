"""A small lake of its own for each test that exports."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline.lake.writer import LakeWriter


@pytest.fixture
def small(tmp_path):
    """A lake with ten rows of activity, five of them denied, and one finding."""
    folder = tmp_path / "lake"
    with LakeWriter(folder, "box") as writer:
        writer.append(
            "activity",
            pa.table(
                {
                    "time": pa.array([1_790_000_000_000_000 + n * 1_000_000 for n in range(10)], pa.timestamp("us", "UTC")),
                    "boot_id": ["boot"] * 10, "source": ["ebpf"] * 10, "cpu": pa.array([0] * 10, pa.int32()),
                    "class": ["file"] * 10, "seq": pa.array(range(10), pa.int64()), "operation": ["file.read"] * 10,
                    "host": ["box"] * 10, "verdict": ["allow", "deny"] * 5,
                }
            ),
        )  # fmt: skip
        writer.append("findings", pa.table({"id": ["f1"], "host": ["box"], "severity": ["high"]}))
    return folder
