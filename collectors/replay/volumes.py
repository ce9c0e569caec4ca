r"""Which device is which drive (``\Device\HarddiskVolume3`` is ``C:``), found in a trace before it is read.

The kernel writes the mappings when a trace ends; without them no path of it is a path that a policy knows. Their
provider's GUID is searched for in the bytes of the file, so that a large trace is not decoded twice. In compressed
buffers it cannot be found so: those mappings hold from where they stand.
"""

from __future__ import annotations

from uuid import UUID

import numpy as np

from collectors.etw.guids import PROVIDERS
from collectors.etw.layouts import compiled
from collectors.etw.records import Bytes, Walk, headers
from collectors.etw.tables import event
from collectors.etw.texts import strings
from collectors.etw.unpack import Chunk, unpack
from collectors.replay.etl_file import HEAD_SIZE, Buffer

_NAME = "SystemTrace-SystemConfigEx"
_GUID = UUID(next(guid for guid, name in PROVIDERS.items() if name == _NAME)).bytes_le
_GUID_AT = 24  # in EVENT_HEADER and EVENT_TRACE_HEADER alike
_VOLUME = 35


def volumes(data: Bytes, buffers: list[Buffer]) -> list[tuple[str, str]]:
    """Pairs of device and drive."""
    found: list[tuple[str, str]] = []
    for buffer in buffers:
        if not buffer.compressed:
            found += _of(data[buffer.offset + HEAD_SIZE : buffer.offset + buffer.used])
    return found


def _of(records: Bytes) -> list[tuple[str, str]]:
    raw = records.tobytes()
    places, at = [], raw.find(_GUID)
    while at >= 0:
        if at >= _GUID_AT and (at - _GUID_AT) % 8 == 0:
            places.append(at - _GUID_AT)
        at = raw.find(_GUID, at + 1)
    begins = np.array(places, np.int64)
    if not len(begins):
        return []
    sizes = records[begins].astype(np.int64) | records[begins + 1].astype(np.int64) << 8
    fits = (sizes >= 80) & (begins + sizes <= len(records)) & np.isin(records[begins + 2], (0x12, 0x13))
    heads = headers(records, Walk(begins[fits], sizes[fits], 0))
    heads = heads[heads["id"] == _VOLUME]
    mapping = event(_NAME, _VOLUME, 0)
    if mapping is None or not len(heads):
        return []
    fields = unpack(chunk := Chunk(records), compiled(mapping.fields, 8), heads["start"], heads["end"], 8)
    fields = fields.at(fields.good)
    texts = [strings(chunk.data, fields.spans[name]).to_pylist() for name in ("NtPath", "DosPath")]
    return list(zip(*texts, strict=True))
