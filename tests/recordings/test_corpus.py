"""Every real recording that there is: read without a crash, each record accounted for, numbers as somebody else counted."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from collectors.interface import CollectorError
from collectors.replay.opening import reader
from tests.corpus import corpus

ROOT = corpus("windows")
INDEX = {entry["file"]: entry for entry in json.loads((ROOT / "index.json").read_text())}
FILES = sorted(name for name in INDEX if name.endswith((".etl", ".evtx")))
TRACES = [name for name in FILES if name.endswith(".etl")]


def read(path):
    collector = reader(path)
    collector.open()
    for batch in collector.batches(lambda: False):
        batch.validate(full=True)
    collector.close()
    counts = collector.counts
    assert counts.records == counts.tally.records
    return collector


def test_every_file_is_read_and_every_record_accounted_for():
    wrong = {}
    for name in FILES:
        counts = read(ROOT / name).counts
        summary = INDEX[name].get("summary", {}).get("sysmon")
        expected = INDEX[name].get("records", sum(summary.values()) if summary else None)
        if counts.problems or counts.records == 0 or expected not in (None, counts.records):
            wrong[name] = counts.records, expected, counts.problems
    assert not wrong
    assert len(FILES) > 100


@pytest.mark.parametrize("name", TRACES)
def test_a_traces_header_and_unknown_events_are_as_indexed(name):
    found, entry = read(ROOT / name), INDEX[name]
    header = entry["header"]
    said = (
        found.header.processors,
        found.header.pointer,
        found.header.events_lost,
        found.header.frequency,
        found.header.buffers_written,
    )
    assert said == tuple(
        header[n] for n in ("NumberOfProcessors", "PointerSize", "EventsLost", "PerfFreq", "BuffersWritten")
    )
    manifest = Counter(
        {tuple(key.replace(" v", "#").split("#")): n for key, n in entry["events"].items() if "#" in key}
    )
    unknown = Counter({(p, str(i), str(v)): n for (p, i, v), n in found.counts.unknown.items()})
    assert unknown == manifest  # none of these files has manifest events of the providers that are decoded


@pytest.mark.parametrize("seed", range(60))
def test_damaged_files_end_in_clear_errors(tmp_path, seed):
    """Cuts, flipped bits, holes and junk at any place: no crash, nothing uncounted."""
    rng = random.Random(seed)
    name = rng.choice(FILES)
    data = bytearray((ROOT / name).read_bytes())
    place, size = rng.randrange(len(data)), rng.randrange(1, 9000)
    match seed % 4:
        case 0:
            del data[place:]
        case 1:
            for _ in range(size % 60 + 1):
                data[rng.randrange(min(len(data), 5000 if seed % 8 == 1 else len(data)))] ^= 1 << rng.randrange(8)
        case 2:
            data[place : place + size] = rng.randbytes(len(data[place : place + size]))
        case _:
            del data[place : place + size]
    path = tmp_path / name.rpartition("/")[2]
    path.write_bytes(data)
    try:
        read(path)
    except CollectorError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either it is refused in one line or read
