"""What belongs to a session, and that nothing is written before all of it is known to be good."""

import pytest

from collectors.interface import CollectorError
from lictor.errors import LictorError
from lictor.sessions import Session, play, read_sums, sessions, survey
from pipeline.policy.load import PolicyError


def test_a_folder_brings_its_policy_and_expectation(session, tmp_path):
    (bare,) = sessions([session], [], None)
    assert bare == Session(session / "trace.parquet", (session / "policy.yaml",), None)
    (session / "expected.json").write_text("[]")
    other = tmp_path / "other.yaml"
    (named,) = sessions([session], [other], None)
    assert (named.policies, named.expected) == ((other,), session / "expected.json")


def test_a_file_brings_nothing(session):
    assert sessions([session / "trace.parquet"], [], None) == [Session(session / "trace.parquet")]


def test_one_expectation_for_two_traces_is_refused(session, tmp_path):
    with pytest.raises(LictorError, match="belongs to one trace"):
        sessions([session, session], [], tmp_path / "expected.json")


def test_a_folder_without_a_trace_is_refused(tmp_path):
    with pytest.raises(LictorError, match=r"no trace\.parquet in this folder"):
        sessions([tmp_path], [], None)


def test_expectations_that_cannot_be_read_are_one_line(session, tmp_path):
    with pytest.raises(LictorError, match="cannot be read: No such file"):
        read_sums(Session(session / "trace.parquet", expected=tmp_path / "none.json"))
    (tmp_path / "bad.json").write_bytes(b"\xff")
    with pytest.raises(LictorError, match="not UTF-8"):
        read_sums(Session(session / "trace.parquet", expected=tmp_path / "bad.json"))


def test_a_session_is_judged_in_its_own_place(session, made):
    written = []
    (one,) = sessions([session], [], None)
    played = play(one, {}, lambda table, rows: written.append((table, rows.num_rows)))
    denied = {(r["operation"], r["path"] or r["dst_ip"], r["rule"]) for r in played.outcome.denied.to_pylist()}
    assert denied == {
        ("file.read", "/home/dev/.ssh/id_rsa", "keys"),
        ("net.connect", "192.0.2.7", "default:net.connect"),
        ("net.connect", "2001:db8::7", "default:net.connect"),
        ("file.rename", "/home/dev/repo/a", "default:file.write"),
    }
    assert written == [("activity", len(made.rows())), ("runs", 1), ("coverage", 4)]
    assert played.where.guessed == ()


def test_another_home_is_another_verdict(session):
    (one,) = sessions([session], [], None)
    rules = {r["rule"] for r in play(one, {"home": "/root"}).outcome.denied.to_pylist()}
    assert "keys" not in rules


def test_a_policy_for_others_is_named(session):
    policy = session / "policy.yaml"
    policy.write_text(policy.read_text().replace("name: coding", "name: coding\nscope: { agents: [goose] }"))
    played = play(sessions([session], [], None)[0], {})
    assert played.out_of_scope == ("coding",)
    assert played.outcome.denied.num_rows == 0


def test_a_broken_policy_or_trace_writes_nothing(session, tmp_path):
    written = []
    bad = tmp_path / "bad.yaml"
    bad.write_text("lictor: 1\nname: x\ncolour: red\n")
    with pytest.raises(PolicyError, match=r"bad\.yaml:3:1: "):
        play(Session(session / "trace.parquet", (bad,)), {}, lambda *part: written.append(part))
    with pytest.raises(CollectorError):
        play(Session(bad), {}, lambda *part: written.append(part))
    assert written == []


def test_survey_names_the_runs_and_refuses_a_cut_file(session, made):
    one = Session(session / "trace.parquet")
    assert survey(one) == {made.run}
    one.trace.write_bytes(one.trace.read_bytes()[:200])
    with pytest.raises(CollectorError):
        survey(one)
