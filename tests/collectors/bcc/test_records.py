"""The layout in numpy against the C text that is compiled."""

from __future__ import annotations

import ctypes
import re

from collectors.bcc import compiler, records

C = {"u64": ctypes.c_uint64, "u16": ctypes.c_uint16, "u32": ctypes.c_uint32, "s32": ctypes.c_int32}
TEXT = (compiler.SENSOR / "maps.c").read_text()


def test_a_process_is_laid_out_as_in_the_programs():
    body = re.search(r"struct process \{\n(.*?)\n\};", TEXT, re.DOTALL)[1]
    members = re.findall(r"\t(\w+) (\w+);", body)
    process = type("process", (ctypes.Structure,), {"_fields_": [(name, C[kind]) for kind, name in members]})
    assert records.PROCESS.names == tuple(name for _, name in members)
    assert records.PROCESS.itemsize == ctypes.sizeof(process)
    for name in records.PROCESS.names:
        dtype, offset = records.PROCESS.fields[name]
        assert (offset, dtype.itemsize) == (getattr(process, name).offset, getattr(process, name).size)
        assert (dtype.kind == "i") == (("s32", name) in members)


def test_numbers_are_those_of_the_programs():
    defined = {name: int(value, 0) for name, value in re.findall(r"#define (\w+) (0x[0-9a-f]+|\d+)U? ", TEXT)}
    assert defined["CLASS_PLACE"] == records.CLASS_PLACE
    assert defined["NOWHERE"] == records.NOWHERE
    assert defined["EPOCH_BITS"] == records.EPOCH_BITS
