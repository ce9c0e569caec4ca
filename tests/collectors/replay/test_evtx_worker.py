from __future__ import annotations

import io
import json
import subprocess
import sys

from collectors.replay import evtx_file, evtx_worker
from tests.corpus import corpus

LOG = corpus("windows", "evtx", "attack-samples", "persistence_sysmon_11_13_1_shime_appfix.evtx")


def first_chunk() -> bytes:
    return evtx_file.single(evtx_file.plain_header(), next(evtx_file.chunks(memoryview(LOG.read_bytes()))))


def sent(*files: bytes) -> list[tuple[bytes, bytes]]:
    out = io.BytesIO()
    evtx_worker.serve(io.BytesIO(b"".join(len(f).to_bytes(4, "little") + f for f in files)), out)
    raw, found = out.getvalue(), []
    while raw:
        size = int.from_bytes(raw[:4], "little")
        found.append((raw[4:5], raw[5 : 5 + size]))
        raw = raw[5 + size :]
    return found


def test_each_record_is_a_frame_and_each_file_ends():
    found = sent(first_chunk(), first_chunk())
    kinds = [kind for kind, _ in found]
    half = len(found) // 2
    assert kinds[:half] == kinds[half:] == [evtx_worker.RECORD] * (half - 1) + [evtx_worker.END]
    assert half - 1 == next(evtx_file.chunks(memoryview(LOG.read_bytes()))).records
    assert json.loads(found[0][1])["Event"]["System"]["Provider"]


def test_what_is_no_log_is_said_in_one_line():
    (kind, text), (end, _) = sent(b"no log at all")
    assert (kind, end) == (evtx_worker.UNREADABLE, evtx_worker.END)
    assert text
    assert b"\n" not in text


def test_a_size_without_its_file_ends_it():
    assert sent() == []
    out = io.BytesIO()
    evtx_worker.serve(io.BytesIO(b"\x01\x00"), out)
    assert out.getvalue() == b""


def test_it_runs_by_its_path_and_knows_nothing_of_lictor(tmp_path):
    code = (
        f"import sys; sys.argv = [{evtx_worker.__file__!r}]; import runpy; runpy.run_path({evtx_worker.__file__!r}, run_name='__main__')\n"
        "assert not [m for m in sys.modules if m.startswith(('collectors', 'pipeline', 'numpy'))], sys.modules"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], input=b"", capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_an_error_is_one_short_line():
    assert evtx_worker.line(ValueError("a\n  b" + "x" * 500)) == b"a b" + b"x" * 197
