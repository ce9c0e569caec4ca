"""Rows beside a recorded session: in its time, by its run, with what pages must be able to show."""

from __future__ import annotations

import pytest

from tools.sampling import asides, moving


@pytest.fixture(scope="module")
def beside():
    sessions = {s: moving.recorded(s) for s in ("attack", "coding")}
    return lambda run: asides.beside(moving.moved(sessions[run.sample], run), run)


def test_the_first_row_is_the_agents_own_start(beside, pick):
    run = pick(sample="attack", agent="claude-code")
    first = beside(run).slice(0, 1).to_pylist()[0]
    assert first["operation"] == "exec"
    assert first["cmdline"] in asides.COMMANDS["claude-code"]


def test_rows_lie_within_the_run_and_belong_to_it(beside, pick):
    run = pick(sample="attack", agent="codex")
    rows, before = beside(run), moving.moved(moving.recorded("attack"), run)
    assert rows.num_rows > before.num_rows
    assert set(rows["agent_run"].to_pylist()) == {run.id}
    assert rows["time_ns"][0] == before["time_ns"][0]
    assert rows["time_ns"][-1] == before["time_ns"][-1]
    assert rows["time_ns"].to_pylist() == sorted(rows["time_ns"].to_pylist())


def test_what_pages_must_show_is_somewhere(beside, runs):
    small = [beside(r) for r in runs if r.sample in {"attack", "coding"}]
    lines = {line for rows in small for line in rows["cmdline"].to_pylist() if line}
    paths = {path for rows in small for path in rows["path"].to_pylist() if path}
    labels = {label for rows in small for label in rows["labels"].to_pylist() if label}
    names = {name for rows in small for name in rows["dst_name"].to_pylist() if name}
    assert any("--dangerously-skip-permissions" in line for line in lines)
    assert any("modelcontextprotocol" in line for line in lines)
    assert {"credential", "customer-data,financial"} <= labels
    assert len(names) > 5
    assert any("\n" in path for path in paths)
    assert any("\x1b" in path for path in paths)
    assert any("<script>" in path for path in paths)


def test_the_same_run_has_the_same_asides(beside, pick):
    run = pick(sample="attack")
    assert beside(run).equals(beside(run))
