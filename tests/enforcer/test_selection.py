import errno

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.selection import CROWD, MANY, Answer, Asked, answered, select
from pipeline import schema

ROW = {"agent_run": "r", "process_key": 7, "pid": 70, "rule": "x", "policy": "p", "verdict": "deny",
       "enforced_at": "kernel", "class": "file", "operation": "file.read", "path": "/s", "path_to": None, "dev": 5, "ino": 9,
       "uid": 1000, "dst_ip": None, "dst_port": None, "errno": 0}  # fmt: skip


def batch(*rows, plain=False, leave_out=()):
    columns = {}
    for name in ROW:
        if name not in leave_out:
            array = pa.array([(ROW | row)[name] for row in rows], schema.lake_type("activity", name))
            columns[name] = array if plain or not pa.types.is_string(array.type) else array.dictionary_encode()
    return schema.batch("activity", columns)


def test_rows_that_nobody_stopped_are_not_selected():
    calm = [{"verdict": v, "enforced_at": e} for v in ("allow", "audit", None) for e in ("none", "userspace", None)]
    assert select(batch(*calm)).asked == []
    assert select(batch()).asked == []
    assert select(batch({}, leave_out=("verdict", "enforced_at"))).rows.size == 0


def test_what_a_policy_or_the_kernel_stopped_is_selected():
    rows = [{"verdict": "allow", "enforced_at": "none"}] + [
        {"verdict": v, "enforced_at": "none", "rule": v} for v in schema.VERDICTS[2:]
    ]
    rows += [{"verdict": None, "enforced_at": "kernel"}, {"verdict": "allow", "enforced_at": "fanotify"}]
    assert select(batch(*rows)).rows.tolist() == list(range(1, len(rows)))


def test_a_demand_holds_what_the_row_says():
    (asked,) = select(batch({})).asked
    assert asked == Asked(
        "r", 7, 70, "x", "p", "deny", "kernel", "/s", network=False, errno=0,
        operation="file.read", file="/s", inode=(5, 9), uid=1000,
    )  # fmt: skip
    assert asked.in_kernel
    assert not asked.refused


@pytest.mark.parametrize(
    ("row", "text"),
    [({"dst_ip": "10.0.0.1", "dst_port": 443}, "10.0.0.1:443"), ({"dst_ip": "fe80::1", "dst_port": 53}, "[fe80::1]:53"),
     ({"dst_ip": "10.0.0.1"}, "10.0.0.1"), ({"path": None}, None)],
)  # fmt: skip
def test_object_is_the_path_or_the_address(row, text):
    assert select(batch(row)).asked[0].object == text


@pytest.mark.parametrize(
    ("number", "refused"), [(errno.EPERM, True), (errno.EACCES, True), (0, False), (111, False), (None, False)]
)
def test_refused(number, refused):
    assert select(batch({"errno": number})).asked[0].refused is refused


def test_columns_may_be_plain_or_absent():
    absent = ("dst_ip", "dst_port", "errno", "class", "policy", "operation", "path_to", "dev", "ino", "uid")
    (asked,) = select(batch({}, plain=True, leave_out=absent)).asked
    assert asked == Asked("r", 7, 70, "x", None, "deny", "kernel", "/s", network=False, errno=None, file="/s")


@pytest.mark.parametrize(
    ("row", "file"),
    [({}, "/s"), ({"operation": "file.rename", "path_to": "/new"}, "/new"), ({"path": None}, None),
     ({"class": "network", "path": None, "dst_ip": "10.0.0.1"}, None)],
)  # fmt: skip
def test_the_file_is_where_it_is_after_the_act(row, file):
    """Who takes it away must look there; the object of the row stays what the policy judged."""
    (asked,) = select(batch(row)).asked
    assert asked.file == file
    assert asked.object == (row.get("dst_ip") or (ROW | row)["path"])


@pytest.mark.parametrize("row", [{"dev": None}, {"ino": None}, {"dev": None, "ino": None}])
def test_half_an_inode_is_none(row):
    assert select(batch(row)).asked[0].inode is None


@pytest.mark.parametrize("row", [{"ino": 10}, {"uid": 0}, {"path_to": "/t"}, {"operation": "file.write"}])
def test_what_a_deed_needs_to_know_tells_demands_apart(row):
    assert len(select(batch({}, row, {})).asked) == 2


rows = st.fixed_dictionaries(
    {
        "agent_run": st.sampled_from(["r", "s", None]),
        "process_key": st.sampled_from([1, -2, None]),
        "rule": st.sampled_from(["x", "y"]),
        "verdict": st.sampled_from(["allow", "deny", "kill"]),
        "enforced_at": st.sampled_from(["none", "kernel"]),
        "path": st.sampled_from(["/a", "/b", None]),
        "errno": st.sampled_from([0, 1, None]),
    }
)


FIELDS = ("agent_run", "process_key", "rule", "verdict", "enforced_at", "path", "errno")


@given(st.lists(rows, max_size=40))
def test_distinct_demands_equal_a_plain_reading(some):
    selection = select(batch(*some))
    stopped = [i for i, r in enumerate(some) if r["verdict"] != "allow" or r["enforced_at"] == "kernel"]
    assert selection.rows.tolist() == stopped
    in_order = list(dict.fromkeys(tuple(some[i][name] for name in FIELDS) for i in stopped))
    got = [(a.run, a.process_key, a.rule, a.verdict, a.enforced_at, a.object, a.errno) for a in selection.asked]
    assert got == in_order
    assert [in_order[w] for w in selection.which] == [tuple(some[i][name] for name in FIELDS) for i in stopped]


@given(st.lists(rows, max_size=40), st.booleans())
def test_answers_return_to_their_rows_and_leave_the_others(some, plain):
    part = batch(*some, plain=plain)
    selection = select(part)
    answers = [Answer(f"act{i}", None if i % 2 else "userspace", "confirmed") for i in range(len(selection.asked))]
    after = answered(part, selection, answers)
    assert after.num_rows == len(some)
    assert after.schema.names == [n for n in schema.memory_schema("activity").names if n in after.schema.names]
    which = dict(zip(selection.rows.tolist(), selection.which.tolist(), strict=True))
    for i, (old, new) in enumerate(zip(part.to_pylist(), after.to_pylist(), strict=True)):
        answer = answers[which[i]] if i in which else Answer(None, None, None)
        expected = {"action": answer.action, "enforced_at": answer.enforced_at or old["enforced_at"]}
        assert new == old | expected | {"enforcement": answer.enforcement}


def test_objects_of_crowded_processes_are_not_told_apart():
    some = [{"path": "/a"}, {"path": "/b"}, {"process_key": 8, "path": "/a"}, {"process_key": 8, "path": "/b"}]
    more = {"dst_ip": "1.2.3.4", "dst_port": 5, "path_to": "/c", "dev": 6, "ino": 1}
    selection = select(batch(*some, more), crowded={7})
    assert [(a.process_key, a.object) for a in selection.asked] == [(7, MANY), (8, "/a"), (8, "/b")]
    assert [(a.file, a.inode) for a in selection.asked] == [(None, None), ("/a", (5, 9)), ("/b", (5, 9))]
    assert selection.which.tolist() == [0, 0, 1, 2, 0]


def test_a_process_that_crowds_one_batch_has_its_objects_merged():
    scan = [{"path": f"/{n}", "errno": n % 2} for n in range(CROWD + 1)]
    selection = select(batch({"process_key": 8}, *scan))
    assert [(a.process_key, a.object, a.errno) for a in selection.asked] == [(8, "/s", 0), (7, MANY, 0), (7, MANY, 1)]
    assert selection.which.tolist() == [0, *(1 + n % 2 for n in range(CROWD + 1))]
    assert len(select(batch(*scan[:CROWD])).asked) == CROWD


def test_many_processes_are_no_crowd():
    assert len(select(batch(*({"process_key": n} for n in range(500)))).asked) == 500


def test_a_flood_is_one_demand():
    flood = pa.Table.from_batches([batch({})]).take(pa.array([0] * 100_000)).combine_chunks().to_batches()[0]
    selection = select(flood)
    assert len(selection.asked) == 1
    after = answered(flood, selection, [Answer("deny", None, "confirmed")])
    assert after.column("action").cast(pa.string()).unique().to_pylist() == ["deny"]
    assert after.column("enforced_at").cast(pa.string()).unique().to_pylist() == ["kernel"]
