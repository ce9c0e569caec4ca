"""Taint against a simulation that takes one event after the other, written from the module's text."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.policy.sequences import taint as module
from pipeline.policy.sequences.taint import HELD, Taint


class Labeller:
    """``/secret/<n>`` has label bit n."""

    def labels(self, paths):
        return np.array([label_of(p) for p in paths.to_pylist()], np.int64)


def label_of(path):
    return 1 << int(path[-1]) if path and path.startswith("/secret/") else 0


# ---------------------------------------------------------------- the simulation


class Simulation:
    def __init__(self, held=HELD):
        self.processes, self.files, self.held, self.limit = {}, {}, {}, held

    def step(self, row):
        process, operation = row.get("process_key"), row["operation"]
        intents = set((row.get("intent") or "").split(","))
        failed = row.get("errno") or row.get("outcome") in ("failure", "denied")
        if process is not None and not failed:
            inode = (
                ("inode", row["dev"], row["ino"]) if row.get("ino") is not None and row.get("dev") is not None else None
            )
            path = ("path", row["path"]) if row.get("path") is not None else None
            opened = operation in ("file.open", "file.read", "file.write", "file.create")
            if operation == "fork" and row.get("child_key") is not None:
                self.bear(row["child_key"], self.processes.get(process, 0))
            if operation in ("file.rename", "file.link") and row.get("path_to") is not None:
                bits = label_of(row.get("path")) | self.files.get(inode, 0) | self.files.get(path, 0)
                self.stain(("path", row["path_to"]), bits)
            if operation == "file.create":
                for key in (inode, path):
                    self.files.pop(key, None)
                    self.held = {p: [None if k == key else k for k in ks] for p, ks in self.held.items()}
            file = inode or path
            if (
                file
                and opened
                and (operation in ("file.write", "file.create") or intents & {"write", "create", "truncate"})
            ):
                self.held.setdefault(process, []).append(file)
                self.held[process] = self.held[process][-self.limit :]
                self.stain(file, self.processes.get(process, 0))
            if operation == "exec" or (opened and (operation == "file.read" or "read" in intents)):
                bits = self.files.get(inode, 0) | self.files.get(path, 0)
                self.bear(process, bits | (label_of(row.get("path")) if opened else 0))
        return self.processes.get(process, 0)

    def bear(self, process, bits):
        self.processes[process] = self.processes.get(process, 0) | bits
        for file in self.held.get(process, []):
            self.stain(file, bits)

    def stain(self, file, bits):
        if file is not None:
            self.files[file] = self.files.get(file, 0) | bits


# ---------------------------------------------------------------- rows


def batch_of(rows):
    names = [c.name for c in schema.ACTIVITY if any(c.name in r for r in rows)]
    columns = {n: pa.array([r.get(n) for r in rows], schema.lake_type("activity", n)) for n in names}
    columns = {n: a.dictionary_encode() if pa.types.is_string(a.type) else a for n, a in columns.items()}
    return schema.batch("activity", columns)


def engine_bits(rows, cuts, taint=None):
    taint, found = taint or Taint(Labeller()), []
    for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        if b > a:
            found += taint.advance(batch_of(rows[a:b]), a).tolist()
    return found


def simulated_bits(rows):
    simulation = Simulation()
    return [simulation.step(row) for row in rows]


PROCESSES = st.sampled_from([1, 2, 3, 4])
PATHS = st.sampled_from(["/secret/0", "/secret/3", "/a", "/b", "/c"])
INODES = st.sampled_from([None, 1, 2, 3])


@st.composite
def acts(draw):
    operation = draw(
        st.sampled_from(
            [
                "fork",
                "exec",
                "file.read",
                "file.read",
                "file.write",
                "file.create",
                "file.open",
                "file.rename",
                "file.link",
                "net.connect",
            ]
        )
    )
    row = {"operation": operation, "process_key": draw(st.one_of(PROCESSES, PROCESSES, st.none()))}
    if operation == "fork":
        return row | {"child_key": draw(st.one_of(PROCESSES, st.integers(5, 8)))}
    if operation == "net.connect":
        return row
    row |= {
        "path": draw(st.one_of(PATHS, st.none())),
        "ino": draw(INODES),
        "dev": draw(st.sampled_from([5, 5, 6, None])),
    }
    row |= {"errno": draw(st.sampled_from([0, 0, 0, 0, None, 13]))}
    if operation in ("file.rename", "file.link"):
        row |= {"path_to": draw(PATHS)}
    if operation in ("file.write", "file.create", "file.open"):
        row |= {"intent": draw(st.sampled_from(["write", "read,write", None]))}
    return row


@settings(max_examples=200, deadline=None)
@given(st.lists(acts(), max_size=40), st.data())
def test_taint_is_that_of_the_simulation_in_any_batching(rows, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=5)))
    wanted = simulated_bits(rows)
    assert engine_bits(rows, cuts) == wanted
    assert engine_bits(rows, list(range(1, len(rows)))) == wanted


@settings(max_examples=40, deadline=None)
@given(
    st.lists(acts().filter(lambda r: "file" in r["operation"] or r["operation"] == "fork"), min_size=10, max_size=40),
    st.data(),
)
def test_files_held_open_are_few_in_any_batching(rows, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=5)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "HELD", 2)
        simulation = Simulation(held=2)
        assert engine_bits(rows, cuts) == [simulation.step(row) for row in rows]


def busy_rows(rng, count):
    """Few processes, files and secrets, so that much is tainted, made anew and closed."""
    for _ in range(count):
        process, inode = rng.randint(1, 5), rng.randint(1, 4)
        kind = rng.choice(["secret", "read", "read", "write", "write", "create", "fork", "rename"])
        if kind == "secret":
            yield read(process, f"/secret/{rng.randint(0, 2)}", 9) if rng.random() < 0.2 else connect(process)
        elif kind == "fork":
            yield fork(process, rng.randint(1, 5)) if rng.random() < 0.2 else connect(process)
        elif kind == "rename":
            yield {
                "operation": "file.rename",
                "process_key": process,
                "path": f"/n{inode}",
                "path_to": f"/n{rng.randint(1, 4)}",
            }
        elif kind == "read":
            yield read(process, f"/n{inode}", inode if rng.random() < 0.7 else None)
        else:
            yield write(process, f"/n{inode}", inode if rng.random() < 0.7 else None, f"file.{kind}")


@pytest.mark.parametrize("seed", range(40))
def test_busy_runs_in_batches_of_any_size(seed, monkeypatch):
    rng = random.Random(seed)
    monkeypatch.setattr(module, "HELD", 2)
    rows = list(busy_rows(rng, 60))
    cuts = sorted(rng.sample(range(1, 60), rng.choice([0, 2, 6, 15])))
    simulation = Simulation(held=2)
    assert engine_bits(rows, cuts) == [simulation.step(row) for row in rows]


# ---------------------------------------------------------------- cases a person would think of


def read(process, path, inode=None):
    return {"operation": "file.read", "intent": "read", "process_key": process, "path": path} | (
        {} if inode is None else {"dev": 1, "ino": inode}
    )


def write(process, path, inode=None, operation="file.write"):
    return read(process, path, inode) | {"operation": operation, "intent": "write"}


def connect(process):
    return {"operation": "net.connect", "process_key": process}


def fork(process, child):
    return {"operation": "fork", "process_key": process, "child_key": child}


def test_copy_of_a_copy_taints_who_reads_it():
    rows = [
        read(1, "/secret/0", 9),
        write(1, "/a", 10),
        read(2, "/a", 10),
        write(2, "/b", 11),
        read(3, "/b", 11),
        connect(3),
    ]
    assert engine_bits(rows, [])[-1] == 1


def test_redirection_opens_the_copy_before_the_secret():
    rows = [write(1, "/out", 10), read(1, "/secret/1", 9), read(2, "/out", 10)]
    assert engine_bits(rows, []) == [0, 2, 2]


def test_children_bear_what_the_parent_bore_at_the_fork():
    rows = [fork(1, 2), read(1, "/secret/0"), fork(1, 3), fork(3, 4), connect(2), connect(4)]
    assert engine_bits(rows, [2])[-2:] == [0, 1]


@pytest.mark.parametrize("cuts", [[], [1], [2], [3], [1, 2, 3]])
def test_file_made_anew_is_not_what_a_process_still_holds(cuts):
    rows = [write(1, "/a", 10), write(2, "/n", 10, "file.create"), read(1, "/secret/0", 9), read(3, "/n", 10)]
    assert engine_bits(rows, cuts) == [0, 0, 1, 0]


@pytest.mark.parametrize("cuts", [[], [2], [3], [2, 3]])
def test_file_made_anew_loses_its_labels(cuts):
    rows = [read(1, "/secret/0", 9), write(1, "/a", 10), write(2, "/n", 10, "file.create"), read(3, "/n", 10)]
    assert engine_bits(rows, cuts) == [1, 1, 0, 0]


def test_rename_takes_the_label_along():
    rows = [
        {"operation": "file.rename", "process_key": 1, "path": "/secret/0", "path_to": "/x"},
        read(2, "/x", 77),
    ]
    assert engine_bits(rows, []) == [0, 1]


def test_read_that_was_denied_gives_nothing():
    assert engine_bits([read(1, "/secret/0") | {"errno": 13}, connect(1)], []) == [0, 0]


def test_chain_of_a_thousand_copies_in_one_batch():
    rows = [read(0, "/secret/0")]
    for i in range(1000):
        rows += [write(i, f"/f{i}", i + 1), read(i + 1, f"/f{i}", i + 1)]
    assert engine_bits(rows, []) == [1] * len(rows)


# ---------------------------------------------------------------- bounds


def test_ended_processes_are_forgotten_at_the_end_of_a_block():
    taint = Taint(Labeller())
    rows = [read(1, "/secret/0"), read(2, "/secret/0"), {"operation": "exit", "process_key": 1}]
    assert engine_bits([*rows, connect(1)], [], taint) == [1, 1, 1, 1]
    taint.keep_latest()
    assert engine_bits([connect(1), connect(2)], [], taint) == [0, 1]
    assert taint.lost == 0


def test_what_was_tainted_first_goes_first_and_is_counted(monkeypatch):
    monkeypatch.setattr(module, "MOST_PROCESSES", 2)
    monkeypatch.setattr(module, "MOST_FILES", 1)
    taint = Taint(Labeller())
    rows = [read(p, "/secret/0") for p in (5, 1, 3)] + [write(1, "/a", 10), write(1, "/b", 11)]
    engine_bits(rows, [2, 4], taint)
    taint.keep_latest()
    assert taint.lost == 2
    assert engine_bits([connect(5), connect(1), connect(3), read(8, "/a", 10), read(9, "/b", 11)], [], taint) == [
        0,
        1,
        1,
        0,
        1,
    ]


def test_paths_nobody_refers_to_are_forgotten_and_the_others_keep_their_labels():
    taint = Taint(Labeller())
    rows = [write(7, f"/n{i}") for i in range(100)] + [read(1, "/secret/0"), write(1, "/kept")]
    engine_bits(rows, [], taint)
    taint.keep_latest()
    assert len(taint._paths) == HELD + 1
    assert engine_bits([read(2, "/kept"), read(3, "/n99")], [], taint) == [1, 0]
