"""The way of a batch: order of the steps, what is kept where, and rows of many runs in one batch."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import schema
from pipeline.flow import PROCESS_COLUMNS, Flow, PerRun, started_programs


def batch_of(rows):
    """A sparse batch, as a collector makes it."""
    names = [c.name for c in schema.ACTIVITY if any(c.name in r for r in rows)]
    arrays = {n: pa.array([r.get(n) for r in rows], schema.lake_type("activity", n)) for n in names}
    encoded = {n: a.dictionary_encode() if pa.types.is_string(a.type) else a for n, a in arrays.items()}
    return schema.batch("activity", encoded)


def rows_of(batch):
    return schema.conform(batch, "activity").to_pylist()


def row(number, run, **values):
    return {"seq": number, "agent_run": run, "operation": "file.read", "errno": 0, **values}


def mark(text):
    """A step that writes its name, and which rows it saw, into ``tool``."""

    def step(batch):
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        columns["tool"] = pa.array([text] * batch.num_rows).dictionary_encode()
        return schema.batch("activity", columns)

    return step


class Kept:
    """A sink that remembers."""

    def __init__(self):
        self.parts = []

    def __call__(self, table, part):
        self.parts.append((table, part))


def test_steps_then_act_then_sink():
    seen, kept = [], Kept()

    def step(name):
        return lambda batch: seen.append(name) or batch

    def act(batch):
        seen.append("act")
        return mark("acted")(batch), None

    flow = Flow([step("one"), step("two")], act, lambda table, part: (seen.append(table), kept(table, part)))
    result = flow(batch_of([row(1, "r")]))
    assert seen == ["one", "two", "act", "activity"]
    assert kept.parts == [("activity", result)]
    assert rows_of(result)[0]["tool"] == "acted"


def test_actions_are_kept_behind_what_they_answer():
    actions, kept = pa.table({"id": ["a"]}).to_batches()[0], Kept()
    Flow([], lambda b: (b, actions), kept)(batch_of([row(1, "r")]))
    assert [t for t, _ in kept.parts] == ["activity", "actions"]
    kept.parts.clear()
    Flow([], lambda b: (b, actions.slice(0, 0)), kept)(batch_of([row(1, "r")]))
    assert [t for t, _ in kept.parts] == ["activity"]


def test_started_programs_are_kept_too():
    kept = Kept()
    Flow([], lambda b: (b, None), kept)(batch_of([row(1, "r", operation="exec", exe="/bin/x", process_key=5)]))
    assert [t for t, _ in kept.parts] == ["activity", "processes"]
    assert schema.conform(kept.parts[1][1], "processes").to_pylist()[0]["exe"] == "/bin/x"


def test_what_a_step_raises_is_not_swallowed_and_nothing_is_kept():
    kept = Kept()

    def fails(_batch):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        Flow([fails], lambda b: (b, None), kept)(batch_of([row(1, "r")]))
    assert kept.parts == []


def test_only_execs_that_worked_started_a_program():
    batch = batch_of(
        [
            row(1, "r", operation="exec", exe="/bin/a", pid=1, path="/bin/a"), row(2, "r", operation="exec", errno=2),
            row(3, "r"), row(4, "r", operation="exec", exe="/bin/b", pid=2),
        ]
    )  # fmt: skip
    programs = started_programs(batch)
    assert programs.column("exe").to_pylist() == ["/bin/a", "/bin/b"]
    assert set(programs.schema.names) == set(PROCESS_COLUMNS) & set(batch.schema.names)
    assert started_programs(batch_of([row(3, "r")])) is None


runs = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=12)


@given(runs)
def test_every_row_passes_the_step_of_its_run_and_keeps_its_place(wanted):
    batch = batch_of([row(i, run) for i, run in enumerate(wanted)] + [row(99, "a")])
    result = rows_of(PerRun({"a": mark("A"), "b": mark("B")})(batch))
    assert [r["seq"] for r in result] == [*range(len(wanted)), 99]
    assert [r["tool"] for r in result] == [{"a": "A", "b": "B"}.get(run) for run in [*wanted, "a"]]
    assert [r["agent_run"] for r in result] == [*wanted, "a"]


def test_a_batch_of_one_run_is_not_taken_apart():
    batch = batch_of([row(1, "a"), row(2, "a")])
    assert PerRun({})(batch) is batch
    steps = {"a": lambda given: (given is batch) and given}
    assert PerRun(steps)(batch) is batch


def test_steps_come_and_go_between_batches():
    steps, batch = {}, batch_of([row(1, "a"), row(2, "b")])
    step = PerRun(steps)
    steps["a"] = mark("A")
    assert [r["tool"] for r in rows_of(step(batch))] == ["A", None]
    del steps["a"]
    assert [r["tool"] for r in rows_of(step(batch))] == [None, None]


def test_a_split_batch_has_the_pipelines_types():
    result = PerRun({"a": mark("A")})(batch_of([row(1, "a"), row(2, "b")]))
    kinds = {c.name: schema.memory_type(c) for c in schema.ACTIVITY}
    assert all(field.type == kinds[field.name] for field in result.schema)


def test_rows_of_no_run_pass_whole():
    """Also a batch of nothing else: the next step finds the column that it looks for."""
    result = PerRun({"a": mark("A")})(batch_of([row(1, None), row(2, None)]))
    assert result.num_rows == 2
    assert result.column("agent_run").null_count == 2
