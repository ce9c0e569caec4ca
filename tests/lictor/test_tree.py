"""The tree and timeline as a person reads them: complete, harmless, and with denials in words."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor import tree
from lictor.report import RunReport

RUN = {
    "run": "r-1", "state": "ended", "exit_code": 0, "agent": "codex", "source": "ebpf", "command": "codex x", "cwd": "/w", "user": "dev", "host": "box",
    "started": "2026-11-25T12:00:00.000000Z", "ended": "2026-11-25T12:00:01.500000Z", "policy": "p", "mode": "enforce", "lost": 0,
}  # fmt: skip


def process(key, parent, **values):
    zero = dict.fromkeys(("execs", "reads", "writes", "deletes", "connections", "failed", "audited", "denied"), 0)
    named = {"exe": "/bin/x", "cmdline": f"cmd{key}"}
    return {
        "process_key": key, "pid": key, "parent_key": parent, "exe": "/bin/x", "started": None, "exit_code": 0, "signal": 0,
        "images": [named], **zero, **values,
    }  # fmt: skip


def event(**values):
    row = dict.fromkeys(("errno", "tool_call", "rule", "policy", "severity", "action", "enforced_at", "enforcement"))
    return {
        **row, "time": "2026-11-25T12:00:00.250000Z", "pid": 5, "exe": "/bin/cat", "operation": "file.read", "object": "/x", "outcome": "success",
        "verdict": "allow", "count": 1, **values,
    }  # fmt: skip


def lines(made):
    return ["".join(text for text, _ in line) for line in made]


def drawn(processes=(), timeline=(), hidden=0, **run):
    out = io.StringIO()
    tree.draw(RunReport({**RUN, **run}, list(processes), list(timeline), hidden), out)
    return out.getvalue()


def test_children_stand_below_their_parents():
    made = lines(tree.tree([process(1, 99), process(2, 1), process(3, 2), process(4, 1)]))
    assert made == ["1 cmd1", "├─ 2 cmd2", "│  └─ 3 cmd3", "└─ 4 cmd4"]


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), max_size=14, unique_by=lambda e: e[0]))
def test_every_process_is_shown_once_also_where_the_chain_of_parents_is_broken(edges):
    made = lines(tree.tree([process(key, parent) for key, parent in edges]))
    assert sorted(int(line.lstrip("├─└│ ").split()[0]) for line in made) == sorted(key for key, _ in edges)


def test_a_chain_of_thousands_is_cut_and_says_so():
    made = lines(tree.tree([process(key, key - 1) for key in range(1, 3001)]))
    assert len(made) == tree.TREE_LINES + 1
    assert made[-1].startswith("… and 2,600 more processes")
    assert max(map(len, made)) < 200


def test_forks_that_did_nothing_are_counted_not_shown():
    idle = {"images": [], "exit_code": 0}
    made = lines(
        tree.tree([process(1, 99), process(2, 1, **idle), process(3, 1, **idle), process(4, 1, images=[], reads=2)])
    )
    assert made == [
        "1 cmd1",
        "└─ 4 /bin/x (fork)  2 reads",
        "(2 forked without running a program or touching anything)",
    ]


def test_what_a_process_did_and_how_it_ended():
    images = [{"exe": "/usr/bin/env", "cmdline": "env x"}, {"exe": "/bin/x", "cmdline": "x -v"}]
    made = lines(tree.tree([process(1, 0, images=images, reads=1, connections=2, denied=3, audited=1, signal=9)]))
    assert made == ["1 x -v  (before: env)  1 read, 2 connections  1 audited  3 DENIED  killed by SIGKILL"]
    assert "exit 3" in lines(tree.tree([process(1, 0, exit_code=3)]))[0]
    assert "killed by signal 200" in lines(tree.tree([process(1, 0, signal=200)]))[0]


@pytest.mark.parametrize(
    ("row", "mode", "said"),
    [
        ({"verdict": "deny", "rule": "r", "action": "kill", "enforced_at": "kernel", "enforcement": "confirmed"}, "enforce", "DENY by r: kill at kernel, confirmed"),
        ({"verdict": "deny", "rule": "r", "outcome": "denied"}, "enforce", "DENY by r: the call was refused"),
        ({"verdict": "kill", "rule": "r"}, "audit", "KILL by r: only recorded (audit mode)"),
        ({"verdict": "deny", "rule": "r"}, "enforce", "DENY by r: only recorded (no action)"),
        ({"verdict": "audit", "rule": "r"}, "enforce", "audit by r"),
        ({"outcome": "failure", "errno": 2}, "enforce", "failed (errno 2)"),
        ({"count": 1200}, "enforce", "x1,200"),
    ],
)  # fmt: skip
def test_a_line_of_the_timeline_says_what_came_of_it(row, mode, said):
    text = drawn(timeline=[event(**row)], mode=mode)
    assert said in text
    assert "+0.250s" in text


def test_the_head_tells_losses_and_what_runs_still():
    assert "7 LOST" in drawn(lost=7)
    assert "still running" in drawn(state="started", exit_code=None, ended=None)
    assert "nothing was judged" in drawn(policy=None)
    assert "ended with exit status 0" in drawn()
    assert "for 1.5 s" in drawn()


def test_hidden_events_are_told():
    assert "12,345 more events" in drawn(hidden=12345)


@given(st.text())
def test_whatever_a_program_calls_itself_no_line_is_forged(name):
    hostile = process(1, 0, images=[{"exe": name, "cmdline": name}], exe=name)
    text = drawn([hostile], [event(exe=name, object=name, rule=name, verdict="deny")], command=name, cwd=name, run=name)
    assert "\x1b" not in text
    shape = drawn([process(1, 0)], [event(rule="r", verdict="deny")], command="c", cwd="c")
    assert len(text.splitlines()) in {len(shape.splitlines()), len(shape.splitlines()) - 2}


def test_a_terminal_gets_colour(terminal):
    report = RunReport(RUN, [process(1, 0, denied=1)], [event(verdict="deny", rule="r")], 0)
    sent = terminal(lambda out: tree.draw(report, out))
    assert "\x1b[1;31m" in sent
    assert "DENIED" in sent
