"""Records survive the way to disk and back, also those of names that are no text."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.vault.record import Record, Traits, VaultError, from_json, to_json

TRAITS = Traits(mode=0o4755, uid=1, gid=2, atime_ns=3, mtime_ns=4, flags=16, xattrs={"user.a": "MQ=="})


def record(path="/home/dev/tool", **changes):
    return Record("q-abc", "intended", path, (1, 2), 5, 1, TRAITS, 6, {"rule": "r", "pid": 7}, **changes)


@given(st.binary(min_size=1).filter(lambda b: b"\0" not in b), st.none() | st.tuples(st.integers(0), st.integers(0)))
def test_any_path_comes_back(name, inode):
    before = record(os.fsdecode(b"/" + name), to_inode=inode)
    assert from_json(to_json(before)) == before
    assert to_json(before).isascii()


def test_the_next_state_keeps_the_rest():
    after = record().now("taken", how="moved")
    assert (after.state, after.how, after.traits) == ("taken", "moved", TRAITS)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"null", to_json(record())[:-9], b'{"vault": 1, "state": "taken"}']
)
def test_what_is_no_record_is_said_to_be_none(data):
    with pytest.raises(VaultError, match="cannot be read"):
        from_json(data)


@pytest.mark.parametrize("change", [(b'"vault": 1', b'"vault": 2'), (b'"intended"', b'"burned"')])
def test_a_record_of_another_version_is_refused(change):
    with pytest.raises(VaultError, match="another version"):
        from_json(to_json(record()).replace(*change))
