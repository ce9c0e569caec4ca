from __future__ import annotations

import numpy as np
import pyarrow as pa

from collectors.etw.values import registry_values


def test_values_as_sysmon_shows_them():
    raws = [
        "text\0".encode("utf-16-le"),
        b"\1\0\0\0",
        b"\1" + bytes(7),
        "a\0b\0\0".encode("utf-16-le"),
        b"\xde\xad",
        b"",
        b"\1\0\0\0",
    ]
    made = registry_values(pa.array(raws, pa.binary()), np.array([1, 4, 11, 7, 3, 1, 3]))
    assert made.to_pylist() == [
        "text",
        "DWORD (0x00000001)",
        "QWORD (0x0000000000000001)",
        "a; b",
        "dead",
        None,
        "01000000",
    ]
