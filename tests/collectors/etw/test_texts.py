from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from collectors.etw.texts import Span, binaries, sid_texts, strings
from tests.etl_writer import sid


def spans(kind: str, texts: list[bytes]):
    length = np.array([len(t) for t in texts], np.int64)
    return np.frombuffer(b"".join(texts), np.uint8), Span(kind, np.cumsum(length) - length, length)


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)))
def test_wide_texts_are_what_python_decodes(texts):
    data, span = spans("wstr", [t.encode("utf-16-le") for t in texts])
    assert strings(data, span).to_pylist() == texts


@given(st.lists(st.binary(max_size=9)))
def test_bytes_that_are_no_text_keep_every_row_apart(raws):
    for kind in ("wstr", "astr", "wbin"):
        made = strings(*spans(kind, raws))
        made.validate(full=True)
        assert len(made) == len(raws)


def test_lone_surrogates_become_replacements_and_neighbours_stay():
    data, span = spans("wstr", [b"a\0\x00\xd8", b"b\0", b"\x00\xdcc\0"])
    assert strings(data, span).to_pylist() == ["a\ufffd", "b", "\ufffdc"]


def test_sids_as_text():
    raws = [sid(21, 1, 2, 3, 1000), sid(18), b"", b"\2\1", sid(8192, authority=16)]
    assert sid_texts(pa.array(raws, pa.binary())).to_pylist() == [
        "S-1-5-21-1-2-3-1000",
        "S-1-5-18",
        None,
        None,
        "S-1-16-8192",
    ]


def test_binaries_are_the_bytes():
    assert binaries(*spans("bin", [b"ab", b"", b"c"])).to_pylist() == [b"ab", b"", b"c"]
