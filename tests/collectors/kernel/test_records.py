"""The numpy types against the C structures, by two roads that share nothing.

The compiled object's BTF holds the structures that a map's key or value names. Records of
the rings are local to the programs, so BTF has none of them: those, and the constants, are
read from ``record.h`` and laid out by ctypes, which follows the rules of C.
"""

from __future__ import annotations

import ctypes
import re
import struct

import numpy as np
import pytest

from collectors.ebpf.collector import OBJECT
from collectors.kernel import records
from pipeline import schema

HEADER = OBJECT.with_name("record.h")
IN_BTF = {
    "counters", "tag", "scope", "port_range", "inode_key", "hash_key", "path_bits", "address_key", "settings",
}  # fmt: skip
"""What the maps name: must be in the object. The others are checked through the header alone."""

# ---------------------------------------------------------------- the header, laid out by ctypes

BASE = {
    "__u8": ctypes.c_uint8, "__u16": ctypes.c_uint16, "__u32": ctypes.c_uint32, "__u64": ctypes.c_uint64,
    "__s32": ctypes.c_int32,
}  # fmt: skip


class Header:
    """Constants, enumerations and structures of a C header of this style."""

    def __init__(self, text: str) -> None:
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        self.constants = {n: int(v, 0) for n, v in re.findall(r"#define (\w+) (0x[0-9a-f]+|\d+)\b", text)}
        self.enums = {}
        for name, body in re.findall(r"enum (\w+) \{(.*?)\};", text, flags=re.DOTALL):
            self.enums[name] = {n: int(v) for n, v in re.findall(r"(\w+) = (\d+)", body)}
        self.structs: dict[str, type[ctypes.Structure]] = {}
        for name, body in re.findall(r"struct (\w+) \{\n(.*?)\n\};", text, flags=re.DOTALL):
            self.structs[name] = type(name, (ctypes.Structure,), self._members(body))

    def _members(self, body: str) -> dict[str, object]:
        inner = re.search(r"union \{(.*?)\};", body, flags=re.DOTALL)
        if inner is None:
            return {"_fields_": self._plain(body)}
        assert not body[inner.end() :].strip(), "the union comes last"
        union = type("union", (ctypes.Union,), {"_fields_": self._plain(inner[1])})
        return {"_anonymous_": ["union"], "_fields_": [*self._plain(body[: inner.start()]), ("union", union)]}

    def _plain(self, body: str) -> list[tuple[str, type]]:
        found = []
        for line in filter(None, (part.strip() for part in body.split(";"))):
            spec, name, dimensions = re.fullmatch(r"((?:struct )?\w+) (\w+)((?:\[\w+\])*)", line).groups()
            kind = self.structs[spec[7:]] if spec.startswith("struct ") else BASE[spec]
            for size in reversed(re.findall(r"\[(\w+)\]", dimensions)):
                kind = kind * (int(size) if size.isdigit() else self.constants[size])
            found.append((name, kind))
        return found


@pytest.fixture(scope="module")
def header() -> Header:
    return Header(HEADER.read_text())


def layout_of_ctypes(kind) -> tuple[int, list[tuple[str, int, int]]]:
    members = [(n, getattr(kind, n).offset, getattr(kind, n).size) for n, *_ in kind._fields_]
    return ctypes.sizeof(kind), members


def layout_of_numpy(dtype: np.dtype, shift: int = 0) -> tuple[int, list[tuple[str, int, int]]]:
    members = [(n, dtype.fields[n][1] - shift, dtype.fields[n][0].itemsize) for n in dtype.names]
    return dtype.itemsize - shift, members


# ---------------------------------------------------------------- the object's BTF

INT, ARRAY, STRUCT, UNION, ENUM, FUNC_PROTO, VAR, DATASEC, DECL_TAG, ENUM64 = 1, 3, 4, 5, 6, 13, 14, 15, 17, 19
TAIL = {INT: 4, ARRAY: 12, VAR: 4, DECL_TAG: 4}
TAIL_PER_MEMBER = {STRUCT: 12, UNION: 12, ENUM: 8, FUNC_PROTO: 8, DATASEC: 12, ENUM64: 12}


def section(elf: bytes, wanted: bytes) -> bytes:
    """A section of a 64-bit little-endian ELF file."""
    (at,) = struct.unpack_from("<Q", elf, 0x28)
    size, count, names = struct.unpack_from("<HHH", elf, 0x3A)
    headers = [struct.unpack_from("<I20xQQ", elf, at + i * size) for i in range(count)]
    for name, offset, length in headers:
        begin = headers[names][1] + name
        if elf[begin : elf.index(b"\0", begin)] == wanted:
            return elf[offset : offset + length]
    raise AssertionError(f"the object has no section {wanted.decode()}: it must not be stripped")


class Btf:
    """The types of a .BTF section."""

    def __init__(self, raw: bytes) -> None:
        magic, self._header, types, length, strings, _ = struct.unpack_from("<HxxIIIII", raw)
        assert magic == 0xEB9F
        self._raw, self._strings = raw, self._header + strings
        self._types: list[tuple[int, int, int, int, int]] = [(0, 0, 0, 0, 0)]  # number 0 is void
        at, end = self._header + types, self._header + types + length
        while at < end:
            name, info, size = struct.unpack_from("<III", raw, at)
            kind, members = info >> 24 & 31, info & 0xFFFF
            self._types.append((name, kind, members, size, at + 12))
            at += 12 + TAIL.get(kind, 0) + TAIL_PER_MEMBER.get(kind, 0) * members
        self.structs = {self._name(t[0]): i for i, t in enumerate(self._types) if t[1] == STRUCT}

    def _name(self, at: int) -> str:
        begin = self._strings + at
        return self._raw[begin : self._raw.index(b"\0", begin)].decode()

    def size(self, number: int) -> int:
        _, kind, _, size, at = self._types[number]
        if kind == ARRAY:
            element, _, count = struct.unpack_from("<III", self._raw, at)
            return count * self.size(element)
        # A typedef, const or volatile has the number of its type where others have their size.
        return size if kind in (INT, STRUCT, UNION, ENUM, ENUM64) else self.size(size)

    def layout(self, name: str) -> tuple[int, list[tuple[str, int, int]]]:
        _, _, count, size, at = self._types[self.structs[name]]
        members = [struct.unpack_from("<III", self._raw, at + 12 * i) for i in range(count)]
        return size, [(self._name(n), bits // 8, self.size(t)) for n, t, bits in members]


@pytest.fixture(scope="module")
def btf() -> Btf:
    if not OBJECT.exists():
        pytest.skip("the sensor is not built: run `make sensor`")
    return Btf(section(OBJECT.read_bytes(), b".BTF"))


def aligned(name: str) -> np.dtype:
    return np.dtype(records.STRUCTS[name], align=True)


@pytest.mark.parametrize("name", sorted(IN_BTF))
def test_layout_equals_that_of_the_compiled_object(btf, name):
    assert layout_of_numpy(aligned(name)) == btf.layout(name)


@pytest.mark.parametrize("name", sorted(set(records.STRUCTS) - {"event", "chunk"}))
def test_layout_equals_that_of_the_header(header, name):
    assert layout_of_numpy(aligned(name)) == layout_of_ctypes(header.structs[name])


def test_every_structure_of_the_header_is_known(header):
    assert set(header.structs) == set(records.STRUCTS)


def test_what_btf_lacks_is_only_what_no_map_names(btf):
    assert set(records.STRUCTS) - set(btf.structs) <= {*records.PARTS, "event", "chunk", "member"}


def test_a_chunk_stands_behind_the_ring_header(header):
    assert layout_of_numpy(records.CHUNK, records.HEADER) == layout_of_ctypes(header.structs["chunk"])


def test_an_event_stands_behind_the_ring_header(header):
    kind = header.structs["event"]
    size, members = layout_of_ctypes(kind)
    assert size == header.constants["RECORD_SIZE"] == records.STRIDE - records.HEADER
    expected = {n: (at, length) for n, at, length in members if n != "union"}
    union = dict(kind._fields_)["union"]
    for part, inner in union._fields_:
        if part != "raw":
            for name, *_ in inner._fields_:
                place = getattr(inner, name)
                expected[f"{part}.{name}"] = (kind.union.offset + place.offset, place.size)
    got = {n: (at, length) for n, at, length in layout_of_numpy(records.EVENT, records.HEADER)[1]}
    assert got == expected
    assert kind.union.offset == records.PART_OFFSET


def test_constants_equal_those_of_the_header(header):
    constants = header.constants
    assert constants["CHUNK_DATA"] == records.CHUNK_DATA
    assert constants["CHUNK_FAULT"] == records.CHUNK_FAULT
    assert constants["CLASSES"] == records.CLASSES
    assert constants["REASONS"] == len(records.REASONS)
    assert constants["RULE_DEFAULT"] == records.RULE_DEFAULT
    assert constants["RULE_ISOLATED"] == records.RULE_ISOLATED
    assert header.enums["verdict"]["V_NONE"] == records.VERDICT_NONE


def test_a_stride_divides_every_ring(header):
    assert records.HEADER + header.constants["RECORD_SIZE"] == records.STRIDE
    assert 4096 % records.STRIDE == 0


def test_enumerations_equal_the_schema(header):
    names = {"OPEN": "file.open", "IO_URING": "kernel.io_uring", "FORK": "fork", "EXEC": "exec", "EXIT": "exit"}
    for name, code in header.enums["operation"].items():
        bare = name.removeprefix("OP_")
        known = schema.OPERATION_BY_CODE[code].name
        assert known == names.get(bare, known.split(".")[0] + "." + bare.lower())
    assert set(header.enums["operation"].values()) == {o.code for o in schema.OPERATIONS if not o.windows_only}
    for name, code in header.enums["activity_class"].items():
        assert schema.CLASSES[code] == name.removeprefix("CLASS_").lower()
    for name, bit in header.enums["quality"].items():
        assert 1 << schema.QUALITY.index(name.removeprefix("Q_").lower()) == bit
    for name, bit in header.enums["intent"].items():
        assert 1 << schema.INTENTS.index(name.removeprefix("INTENT_").lower()) == bit
    for name, code in header.enums["verdict"].items():
        assert name == "V_NONE" or schema.VERDICTS[code] == name.removeprefix("V_").lower()
    lost = header.enums["reason"]
    assert [records.REASONS[lost[n]] for n in ("LOST_RING_FULL", "LOST_PRIORITY_FULL", "LOST_TASK_MAP")] == [
        "ring_full", "priority_full", "task_map_full",
    ]  # fmt: skip
