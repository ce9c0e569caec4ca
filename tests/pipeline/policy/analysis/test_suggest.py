from __future__ import annotations

import pytest

from pipeline.policy.analysis.suggest import REFUSED, REVIEW, Learner, Wishes, needed
from pipeline.policy.analysis.suggest_facts import Fact, SeenRun

RUNS = [SeenRun(f"r{i}", f"/home/u{i}/shop", f"/home/u{i}") for i in range(4)]


def learned(*facts, **wishes):
    learner = Learner(RUNS, Wishes(**wishes))
    learner.learn(facts)
    found, left = learner.learned()
    return [(one.selector, one.what.text, one.stability) for one in found], [
        (one.outcome, one.selector, one.what, one.runs, one.events) for one in left
    ]


def write(run, path, **more):
    return Fact(f"r{run}", "file.write", 3, path=path.replace("HOME", f"/home/u{run}"), **more)


def test_what_half_of_the_runs_did_is_learned_and_the_rest_is_for_review():
    found, left = learned(write(0, "HOME/.cache/x"), write(1, "HOME/.cache/x"), write(2, "HOME/.cache/y"))
    assert found == [("file.write", "~/.cache/x", 0.5)]
    assert left == [(REVIEW, "file.write", "~/.cache/y", 1, 3)]


def test_more_is_asked_for_where_it_is_wished():
    facts = [write(i, "/opt/app/x") for i in range(3)]
    assert learned(*facts, min_stability=0.75)[0] == [("file.write", "/opt/app/x", 0.75)]
    assert learned(*facts, min_stability=0.8)[0] == []


def test_what_is_sensitive_is_refused_however_often():
    facts = [write(i, "HOME/.bashrc") for i in range(4)]
    assert learned(*facts) == ([], [(REFUSED, "file.write", "~/.bashrc", 4, 12)])


def test_a_rename_of_something_sensitive_teaches_nothing_about_its_other_name():
    facts = [Fact(f"r{i}", "file.rename", 1, path="/opt/app/x", path_to=f"/home/u{i}/.bashrc") for i in range(4)]
    assert learned(*facts) == ([], [(REFUSED, "file.write", "~/.bashrc", 4, 4)])


def test_both_names_of_a_rename_are_learned():
    facts = [Fact(f"r{i}", "file.rename", 1, path="/opt/app/x", path_to="/opt/app/y") for i in range(4)]
    assert [what for _, what, _ in learned(*facts)[0]] == ["/opt/app/x", "/opt/app/y"]


def test_reading_start_up_files_is_what_every_program_does_reading_keys_is_not():
    paths = ("/etc/passwd", "HOME/.ssh/id_rsa")
    facts = [Fact(f"r{i}", "file.read", 1, path=p.replace("HOME", f"/home/u{i}")) for i in range(4) for p in paths]
    found, left = learned(*facts, governed=("file.read",))
    assert found == [("file.read", "/etc/passwd", 1.0)]
    assert left == [(REFUSED, "file.read", "~/.ssh/id_rsa", 4, 4)]


def test_only_what_is_closed_is_learned():
    facts = [Fact(f"r{i}", "exec", 1, exe="/usr/bin/git") for i in range(4)]
    assert learned(*facts) == ([], [])
    assert learned(*facts, governed=("exec",))[0] == [("exec", "/usr/bin/git", 1.0)]


def test_peers_by_their_stability():
    facts = [Fact(f"r{i}", "net.connect", 2, ip=ip, port=443) for i in range(4) for ip in ("8.8.8.8", f"9.9.9.{i}")]
    found, left = learned(*facts, Fact("r0", "net.send", 1), Fact("r0", "net.connect", 1, protocol="unix"))
    assert found == [("network", "8.8.8.8:443", 1.0)]
    assert left == [(REVIEW, "network", f"9.9.9.{i}:443", 1, 2) for i in range(4)] + [
        (REVIEW, "network", "(no name is known)", 1, 1)
    ]


def test_what_has_no_name_is_told():
    assert learned(*(Fact(f"r{i}", "file.write", 1) for i in range(4)), write(0, "relative")) == (
        [], [(REVIEW, "file.write", "(no name is known)", 4, 7)],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("runs", "share", "least"),
    [(10, 0.5, 5), (3, 0.5, 2), (30, 0.1, 3), (10, 0.0, 1), (4, 1.0, 4), (1, 0.5, 1), (7, 0.3, 3), (0, 0.5, 1)],
)
def test_how_many_runs_a_share_is(runs, share, least):
    assert needed(runs, share) == least
