from __future__ import annotations

import numpy as np

from collectors.etw.status import outcomes


def test_outcomes():
    # success, buffer overflow (a warning), access denied, not found, unknown
    assert outcomes(np.array([0, 0x80000005, 0xC0000022, 0xC0000034, -1])).to_pylist() == [
        "success",
        "success",
        "denied",
        "failure",
        None,
    ]
