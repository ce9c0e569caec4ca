"""Facts against Python's own libraries: paths, addresses, UUIDs, error names, modes."""

from __future__ import annotations

import errno
import posixpath
import stat
import uuid

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import schema
from pipeline.export.formats import facts
from pipeline.export.formats.rows import pieces


def made(leaf, **columns):
    values = leaf.make(pieces("activity", pa.table(columns), 10_000)[0])
    return None if values is None else values.to_pylist()


@given(st.lists(st.none() | st.text("ab/.", max_size=8), min_size=1))
def test_names_of_paths_are_those_of_posixpath(paths):
    column = pa.array(paths, pa.string())
    if column.null_count == len(column):
        assert made(facts.basename("path"), path=column) is None
        return
    trimmed = [None if p is None else p.rstrip("/") for p in paths]
    assert made(facts.basename("path"), path=column) == [
        p if t is None or not t else posixpath.basename(t) for p, t in zip(paths, trimmed, strict=True)
    ]
    folders = [None if not t or "/" not in t else t.rpartition("/")[0] or "/" for t in trimmed]
    assert made(facts.dirname("path"), path=column) == folders


@given(st.ip_addresses())
def test_addresses_are_canonical(address):
    for version in (None, 4, 6):
        wanted = [str(address), None] if version in {None, address.version} else None
        got = made(facts.address("dst_ip", version), dst_ip=[address.exploded, "nonsense"])
        assert (got if wanted or got != [None, None] else None) == wanted
    assert made(facts.ip_version("dst_ip"), dst_ip=[str(address)]) == [address.version]


def test_zone_is_left_out_and_other_texts_are_none():
    assert made(facts.address("dst_ip"), dst_ip=["fe80::1%eth0", "1.2.3", "", None, "1.2.3.4\n"]) == [
        "fe80::1",
        None,
        None,
        None,
        None,
    ]


@given(st.integers(-(2**63), 2**63 - 1).filter(bool))
def test_key_is_the_low_half_of_a_uuid(key):
    (written,) = made(facts.uuid("process_key"), process_key=pa.array([key], pa.int64()))
    assert uuid.UUID(written).int == key % 2**64
    assert made(facts.key("process_key"), process_key=pa.array([key], pa.int64())) == [str(key)]


def test_key_zero_and_null_are_not_known():
    keys = pa.array([0, None, 5], pa.int64())
    assert made(facts.key("process_key"), process_key=keys) == [None, None, "5"]
    assert made(facts.uuid("process_key"), process_key=keys)[:2] == [None, None]


@pytest.mark.parametrize(("number", "name"), errno.errorcode.items())
def test_errors_bear_their_names(number, name):
    assert made(facts.error_name("errno"), errno=pa.array([number], pa.int32())) == [name]


def test_errors_without_name_are_numbers_and_zero_is_none():
    assert made(facts.error_name("errno"), errno=pa.array([0, 99999, -1, None], pa.int32())) == [
        None,
        "99999",
        "-1",
        None,
    ]


@pytest.mark.parametrize(
    ("mode", "kind"),
    [(stat.S_IFREG, "file"), (stat.S_IFDIR, "directory"), (stat.S_IFLNK, "symlink"), (stat.S_IFSOCK, "socket"),
     (stat.S_IFBLK, "block"), (stat.S_IFCHR, "character"), (stat.S_IFIFO, "fifo"), (0, "?")],
)  # fmt: skip
def test_modes_tell_the_kind_and_the_permissions(mode, kind):
    kinds = {k: k for k in ("file", "directory", "symlink", "socket", "block", "character", "fifo")}
    column = pa.array([mode | 0o4751, None], pa.int32())
    assert made(facts.file_kind("mode", kinds, "?"), mode=column) == [kind, "?"]
    assert made(facts.permissions("mode"), mode=column) == ["4751", None]


def test_ports_and_sizes_outside_of_their_range_are_none_and_not_lost():
    ports = pa.array([0, 65535, 65536, -1, None], pa.int32())
    assert made(facts.port("dst_port"), dst_port=ports) == [0, 65535, None, None, None]
    assert made(facts.unfit("dst_port", facts.port("dst_port")), dst_port=ports) == [None, None, 65536, -1, None]
    assert made(facts.natural("bytes"), bytes=pa.array([0, -1], pa.int64())) == [0, None]
    assert set(facts.unfit_network()) == {"src_ip", "src_port", "dst_port", "bytes"}


def test_leaf_where_another_has_a_value():
    leaf = facts.where_any(facts.port("dst_port"), (facts.address("dst_ip"),))
    assert made(leaf, dst_port=pa.array([1, 2], pa.int32()), dst_ip=["::1", None]) == [1, None]
    assert made(leaf, dst_port=pa.array([1], pa.int32())) is None


def test_column_where_an_operation_is():
    columns = {"path": ["a", "b", "c"], "operation": pa.array(["file.link", "exec", None])}
    assert made(facts.where_operation("path", ("file.link",)), **columns) == ["a", None, None]
    assert made(facts.where_operation("path", ("file.link",), inside=False), **columns) == [None, "b", "c"]
    assert made(facts.where_operation("path", ("file.link",)), path=["a"]) is None
    assert made(facts.where_operation("path", ("file.link",), inside=False), path=["a"]) == ["a"]


def test_lists_and_pairs():
    assert made(facts.listed("labels"), labels=["a,b", None, 'x"']) == ['["a", "b"]', None, '["x\\""]']
    leaf = facts.joined(("dev", "ino"), ":")
    assert made(leaf, dev=pa.array([1, None], pa.int64()), ino=pa.array([2, 3], pa.int64())) == ["1:2", None]
    assert made(leaf, dev=pa.array([1], pa.int64())) is None
    assert facts.pick(pa.array([1, 0, None, -1]), "yes", "no").to_pylist() == ["yes", "no", "no", "no"]


def came_of_it(verdict, action, enforcement):
    if verdict not in schema.VERDICTS:
        return None
    if verdict in {"allow", "audit"}:
        return verdict
    if enforcement == "failed":
        return "failed"
    return "noted" if action is None else f"done {verdict}"


@given(
    st.sampled_from((None, "?", *schema.VERDICTS)),
    st.sampled_from((None, "deny")),
    st.sampled_from((None, "confirmed", "failed")),
)
def test_control_tells_what_came_of_a_verdict(verdict, action, enforcement):
    leaf = facts.control(
        allowed="allow", audited="audit", noted="noted", done={v: f"done {v}" for v in facts.STRONG}, failed="failed"
    )
    got = made(
        leaf,
        verdict=pa.array([verdict], pa.string()),
        action=pa.array([action], pa.string()),
        enforcement=pa.array([enforcement], pa.string()),
    )
    assert (got or [None]) == [came_of_it(verdict, action, enforcement)]


def test_strong_verdicts_are_those_beyond_audit():
    assert set(facts.STRONG) == set(schema.VERDICTS) - {"allow", "audit"}
