import errno
import itertools
from collections import deque

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.interface import Order, Outcome
from enforcer.proof import ActionLog, Exits, ended_by, refusal
from pipeline import schema

ORDER = Order("deny", "run-1", -5, 77, "/etc/secret", "credentials", "p", "kernel")


def exits(rows, **extra):
    """Batch of (key, signal, status); a status of None makes the row something else than an exit."""
    operations = ["exit" if status is not None else "fork" for _, _, status in rows]
    return schema.batch(
        "activity",
        {
            "operation": pa.array(operations, pa.string()).dictionary_encode(),
            "exit_code": pa.array([s for _, _, s in rows], pa.int32()),
            "signal": pa.array([s for _, s, _ in rows], pa.int32()),
            "process_key": pa.array([k for k, _, _ in rows], pa.int64()),
        }
        | extra,
    )


def test_an_exit_by_sigkill_proves_the_kill():
    book = Exits()
    book.add(exits([(1, 9, 0), (2, None, 3), (3, 15, 0), (4, 9, None), (None, 9, 0)]))
    found = book.find([1, 2, 3, 4, 5])
    assert {key: outcome.enforcement for key, outcome in found.items()} == {1: "confirmed", 2: "failed", 3: "failed"}
    assert "exit status 3" in found[2].evidence
    assert "signal 15" in found[3].evidence
    assert book.find([]) == {}


@given(st.lists(st.lists(st.sampled_from([0, 9]), max_size=12), max_size=6))
def test_the_last_ends_are_remembered_and_no_more(batches):
    book, plain, keys = Exits(size=8), deque(maxlen=8), itertools.count(-20)
    for signals in batches:
        rows = [(next(keys), signal, 0) for signal in signals]
        book.add(exits(rows))
        plain.extend(rows)
        assert book.find(range(-20, 60)) == {key: ended_by(signal, status) for key, signal, status in plain}


def test_batches_without_what_is_needed_change_nothing():
    book = Exits()
    book.add(schema.batch("activity", {"process_key": pa.array([1], pa.int64())}))
    book.add(exits([]))
    assert book.find([1]) == {}
    book.add(schema.batch("activity", {"operation": pa.array(["exit"]), "process_key": pa.array([1], pa.int64())}))
    assert book.find([1])[1].enforcement == "failed"


def test_a_flood_of_exits_is_taken_in_by_arrays():
    keys = np.arange(200_000)
    book = Exits(size=1000)
    book.add(
        schema.batch(
            "activity",
            {
                "operation": pa.DictionaryArray.from_arrays(pa.array(np.zeros(200_000, np.int32)), ["exit"]),
                "signal": pa.array(np.full(200_000, 9, np.int32)),
                "process_key": pa.array(keys),
            },
        )
    )
    assert len(book.find(keys.tolist())) == 1000
    assert book.find([198_999]) == {}
    assert book.find([199_000])[199_000].confirmed


@pytest.mark.parametrize(
    ("number", "enforcement", "word"),
    [(errno.EPERM, "confirmed", "EPERM"), (errno.EACCES, "confirmed", "EACCES"), (0, "failed", "success"),
     (errno.EINPROGRESS, "failed", "EINPROGRESS"), (errno.ECONNREFUSED, "failed", "ECONNREFUSED"),
     (9999, "failed", "9999"), (None, "unverified", "not known")],
)  # fmt: skip
def test_what_an_error_number_proves(number, enforcement, word):
    outcome = refusal(number)
    assert outcome.enforcement == enforcement
    assert word in outcome.evidence


def test_intent_and_result_share_an_id_and_fit_the_table():
    ticks = iter([1_000_000_500_000, 2_000_000_000_000])
    log = ActionLog(lambda: next(ticks), "host-a", "boot-a")
    action = log.intent(ORDER)
    log.result(action, ORDER, Outcome("confirmed", "seen"))
    batch = log.take()
    assert batch.schema == schema.memory_schema("actions")
    intent, result = schema.conform(batch, "actions").to_pylist()
    same = {"id": action, "action": "deny", "host": "host-a", "boot_id": "boot-a", "agent_run": "run-1", "process_key": -5,
            "pid": 77, "object": "/etc/secret", "rule": "credentials", "policy": "p", "enforced_at": "kernel", "actor": "policy"}  # fmt: skip
    assert {k: intent[k] for k in same} == {k: result[k] for k in same} == same
    assert (intent["phase"], intent["enforcement"], intent["evidence"]) == ("intent", None, None)
    assert (result["phase"], result["enforcement"], result["evidence"]) == ("result", "confirmed", "seen")
    assert [row["time"].timestamp() for row in (intent, result)] == [1000.0005, 2000.0]
    assert log.take() is None


def test_each_action_has_its_own_id():
    log = ActionLog(lambda: 0, "h", "b")
    assert log.intent(ORDER) != log.intent(ORDER)
