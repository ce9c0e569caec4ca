from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from tests.collectors.etw.conftest import chunk_of
from tests.etl_writer import START, connected, moved, opened, started, volume


def test_rows_are_rows_of_the_schema_in_order_of_time(decoded):
    rows = decoded(
        [
            opened(1, "\\Device\\HarddiskVolume3\\a", 30),
            started(200, 100, "\\SystemRoot\\x.exe", 20),
            connected(12, 200, bytes(4), bytes(4), 1, 2, 10),
        ]
    )
    assert [r["operation"] for r in rows] == ["net.connect", "exec", "file.open"]
    assert [r["time_ns"] for r in rows] == [(START - 116_444_736_000_000_000 + t) * 100 for t in (10, 20, 30)]
    assert all(r["class"] == schema.OPERATION_BY_NAME[r["operation"]].activity_class for r in rows)


def test_volumes_that_the_trace_tells_of_hold_from_there_on(decoded):
    rows = decoded([volume("\\Device\\HarddiskVolume8", "E:", 1), opened(1, "\\Device\\HarddiskVolume8\\a", 2)])
    assert rows[0]["path"] == "E:\\a"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 7)), min_size=1, max_size=30))
def test_flipped_bits_never_end_it_and_every_record_is_counted(decoded, flips):
    data = bytearray(
        b"".join(
            [
                started(200, 100, "\\SystemRoot\\x.exe", 1),
                opened(1, "a", 2),
                moved(1, 3, 3),
                connected(12, 200, bytes(4), bytes(4), 1, 2, 4),
            ]
            * 6
        )
    )
    for at, bit in flips:
        data[at % len(data)] ^= 1 << bit
    before = decoded.decoder.tally.records
    chunk = chunk_of([bytes(data)])
    batch, _ = decoded.decoder.decode(*chunk)
    if batch is not None:
        batch.validate(full=True)
    assert decoded.decoder.tally.records - before == len(chunk[1])
