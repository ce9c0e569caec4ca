"""Strings from pieces, whatever the order and however the drains cut them."""

from __future__ import annotations

import itertools
import os
import posixpath
import shlex

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.kernel.records import CHUNK, CHUNK_DATA, CHUNK_FAULT, STRIDE
from collectors.kernel.strings import StringTable, tidy

texts = st.dictionaries(st.integers(1, 2**32 - 1), st.binary(min_size=1, max_size=450), max_size=8)


def ids(*numbers):
    return np.array(numbers, np.uint32)


def shown(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


@given(texts, st.randoms(use_true_random=False), st.lists(st.integers(0, 40), max_size=6))
@settings(deadline=None, max_examples=100)
def test_any_order_and_any_cut_gives_the_exact_texts(chunks, wanted, random, cuts):
    rows = [row for number, text in wanted.items() for row in chunks(number, text)]
    random.shuffle(rows)
    table = StringTable()
    raw = np.array(rows, np.uint8).reshape(-1, STRIDE)
    bounds = [0, *sorted(min(c, len(raw)) for c in cuts), len(raw)]
    buffer = np.zeros((len(raw), STRIDE), np.uint8)  # used again by each drain, as the ring does
    for begin, end in itertools.pairwise(bounds):
        buffer[: end - begin] = raw[begin:end]
        table.add(buffer[: end - begin])
        buffer[:] = 0xFF
    numbers = list(wanted)
    assert table.get(ids(*numbers)) == [shown(t) for t in wanted.values()]
    assert len(table) == len(wanted)
    assert not table.missing(ids(0, *numbers))
    assert table.newest() == max(numbers, default=0)
    assert table.faults == 0
    assert len(table._parts) == 0


def test_an_unfinished_string_is_missing_until_its_last_piece(chunks):
    table, pieces = StringTable(), chunks(7, b"x" * 300)
    table.add(pieces[:2])
    assert table.missing(ids(7))
    assert table.get(ids(7)) == [None]
    table.add(pieces[2:])
    assert table.get(ids(7)) == ["x" * 300]


def test_no_string_and_unknown_strings_are_none(chunks):
    table = StringTable()
    assert table.get(ids(0, 5)) == [None, None]
    assert not table.missing(ids(0))
    assert table.missing(ids(0, 5))
    assert table.newest() == 0
    assert table.words(ids(0)) == table.command_lines(ids(5)) == [None]


def test_a_piece_that_could_not_be_read_is_counted_and_the_rest_is_kept(chunks):
    table, pieces = StringTable(), chunks(3, b"a" * CHUNK_DATA + b"b" * CHUNK_DATA + b"c")
    pieces.reshape(-1).view(CHUNK)["length"][1] = CHUNK_FAULT
    table.add(pieces)
    assert table.get(ids(3)) == ["a" * CHUNK_DATA + "c"]
    assert table.faults == 1


def test_bytes_that_are_no_utf8_show_as_escapes(chunks):
    table = StringTable()
    table.add(chunks(1, b"/tmp/\xff\xfe"))
    assert table.get(ids(1)) == ["/tmp/\\xff\\xfe"]


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1, max_size=6))
@settings(deadline=None, max_examples=60)
def test_words_are_the_argument_vector(chunks, argv):
    table = StringTable()
    raw = b"".join(word.encode() + b"\0" for word in argv)
    table.add(chunks(1, raw))
    assert table.words(ids(1)) == [argv]
    assert shlex.split(table.command_lines(ids(1))[0]) == argv


def test_words_of_a_vector_that_was_cut(chunks):
    table = StringTable()
    table.add(chunks(1, b"sh\0-c\0ech"))
    assert table.words(ids(1)) == [["sh", "-c", "ech"]]


@given(texts, st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_forget_drops_the_old_and_keeps_the_new(chunks, wanted, up_to):
    table = StringTable()
    for number, text in wanted.items():
        table.add(chunks(number, text))
    table.forget(up_to)
    expected = [shown(t) if n > up_to else None for n, t in wanted.items()]
    assert table.get(ids(*wanted)) == expected
    assert len(table) == sum(e is not None for e in expected)


@pytest.mark.parametrize("up_to", [6, 7])
def test_forget_drops_unfinished_strings_too(chunks, up_to):
    table, pieces = StringTable(), chunks(7, b"x" * 300)
    table.add(pieces[:1])
    table.forget(up_to)
    table.add(pieces[1:])
    assert table.missing(ids(7)) == (up_to >= 7)


spellings = st.lists(st.sampled_from(["a", "..", ".", "", "...", ".b", "c.", "..d"]), max_size=7).map("/".join)


@given(spellings)
def test_tidy_folds_an_absolute_path_as_posix_does(path):
    absolute = "/" + path
    expected = posixpath.normpath(absolute).replace("//", "/", 1)
    assert tidy(absolute) == expected


@given(spellings)
def test_tidy_is_done_after_one_time(path):
    once = tidy("/" + path)
    assert tidy(once) == once
    assert "//" not in once
    assert not {"", ".", ".."} & set(once.split("/")[1:]) or once == "/"


@pytest.mark.parametrize("path", [None, "", "relative/../x", "@abstract//name", "/", "/a/b", "/a...b/.c", "/a/..."])
def test_what_needs_no_tidying_stays(path):
    assert tidy(path) == path


def test_tidy_reaches_what_the_system_reaches(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "f").touch()
    spelled = f"{tmp_path}//a/./b/../../f"
    assert os.path.samefile(spelled, tidy(spelled))
    assert tidy(spelled) == f"{tmp_path}/f"
