"""Paths as text; the columns of whole records are tested with the decoder."""

from __future__ import annotations

import os
import posixpath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.ebpf import paths, records
from collectors.ebpf.strings import StringTable

spellings = st.lists(st.sampled_from(["a", "..", ".", "", "...", ".b", "c.", "..d"]), max_size=7).map("/".join)


@given(spellings)
def test_tidy_folds_an_absolute_path_as_posix_does(path):
    absolute = "/" + path
    expected = posixpath.normpath(absolute).replace("//", "/", 1)
    assert paths.tidy(absolute) == expected


@given(spellings)
def test_tidy_is_done_after_one_time(path):
    once = paths.tidy("/" + path)
    assert paths.tidy(once) == once
    assert "//" not in once
    assert not {"", ".", ".."} & set(once.split("/")[1:]) or once == "/"


@pytest.mark.parametrize("path", [None, "", "relative/../x", "@abstract//name", "/", "/a/b", "/a...b/.c", "/a/..."])
def test_what_needs_no_tidying_stays(path):
    assert paths.tidy(path) == path


def test_tidy_reaches_what_the_system_reaches(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "f").touch()
    spelled = f"{tmp_path}//a/./b/../../f"
    assert os.path.samefile(spelled, paths.tidy(spelled))
    assert paths.tidy(spelled) == f"{tmp_path}/f"


def test_each_distinct_path_is_asked_for_once(event, chunks):
    asked = []

    class Counting(StringTable):
        def get(self, ids):
            asked.append(ids.tolist())
            return super().get(ids)

    strings = Counting()
    strings.add(chunks(3, b"/x/../y"))
    raw = np.concatenate([event("file.read", file__path=3) for _ in range(50)] + [event("exit")])
    found = paths.columns(raw.reshape(-1).view(records.EVENT), strings)
    assert found["path"].to_pylist() == ["/y"] * 50 + [None]
    assert asked == [[3, 0]]


def test_columns_that_no_row_fills_are_left_out(event):
    raw = np.concatenate([event("exit"), event("fork")])
    assert set(paths.columns(raw.reshape(-1).view(records.EVENT), StringTable())) == {"path"}
