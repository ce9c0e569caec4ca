from __future__ import annotations

import pytest

from collectors.interface import CollectorError
from collectors.replay.etl import EtlCollector
from collectors.replay.evtx import EvtxCollector
from collectors.replay.opening import reader


def test_the_beginning_tells_and_the_name_where_it_is_damaged(tmp_path):
    for name, data, kind in (
        ("a.etl", b"ElfFile\0", EvtxCollector),
        ("b.evtx", b"damaged", EvtxCollector),
        ("c", b"other", EtlCollector),
    ):
        (tmp_path / name).write_bytes(data)
        assert type(reader(tmp_path / name)) is kind


def test_folders_and_missing_files_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(CollectorError):
            reader(path)
