"""The command that judges recorded sessions: its verdict on itself, and what it leaves in a lake."""

import json

import pyarrow.parquet as pq


def test_a_session_agrees_with_what_it_wrote_itself(lictor, session):
    assert lictor("replay", session, "--write-expected").status == 0
    ended = lictor("replay", session)
    assert ended.status == 0
    assert "expected verdicts are given" in ended.out


def test_another_policy_differs_and_the_rows_are_shown(lictor, session):
    lictor("replay", session, "--write-expected")
    policy = session / "policy.yaml"
    policy.write_text(policy.read_text().replace("~/.ssh/**", "~/.gnupg/**"))
    ended = lictor("replay", session)
    assert ended.status == 1
    assert "not as expected" in ended.out
    assert "/home/dev/.ssh/id_rsa" in ended.out.split("not as expected")[1]
    assert lictor("replay", session, "--format", "json").status == 1


def test_one_row_more_is_a_difference(lictor, session):
    lictor("replay", session, "--write-expected")
    expected = json.loads((session / "expected.json").read_text())
    expected[0]["count"] += 1
    (session / "expected.json").write_text(json.dumps(expected))
    assert lictor("replay", session).status == 1


def test_a_trace_and_a_policy_by_name(lictor, session, tmp_path):
    expected = tmp_path / "mine.json"
    trace, policy = session / "trace.parquet", session / "policy.yaml"
    assert lictor("replay", trace, "--policy", policy, "--expect", expected, "--write-expected").status == 0
    ended = lictor("replay", trace, "--policy", policy, "--expect", expected, "--format", "json")
    assert ended.status == 0
    assert [r["rule"] for r in json.loads(ended.out)] == [
        "keys",
        "default:net.connect",
        "default:net.connect",
        "default:file.write",
    ]


def test_a_lake_gets_the_judged_rows_the_run_and_the_coverage_once(lictor, session, tmp_path, made):
    lake = tmp_path / "lake"
    assert lictor("replay", session, "--lake", lake).status == 0
    ask = "SELECT (SELECT count(*) FROM activity WHERE verdict = 'deny') AS denied, (SELECT sum(emitted) FROM coverage) AS emitted, (SELECT run FROM runs) AS run"
    assert json.loads(lictor("sql", "--lake", lake, ask, "--format", "json").out) == [
        {"denied": 4, "emitted": 20, "run": made.run}
    ]
    again = lictor("replay", session, "--lake", lake)
    assert again.status == 2
    assert "already" in again.err
    assert json.loads(lictor("sql", "--lake", lake, "SELECT count(*) AS n FROM activity", "--format", "json").out) == [
        {"n": 20}
    ]


def test_what_a_lake_gives_out_can_be_replayed(lictor, lake, session, tmp_path):
    trace = tmp_path / "again.parquet"
    lictor("sql", "--lake", lake, "SELECT * FROM activity", "-o", trace)
    ended = lictor(
        "replay",
        trace,
        "--policy",
        session / "policy.yaml",
        "--home",
        "/home/dev",
        "--workspace",
        "/home/dev/repo",
        "--format",
        "json",
    )
    assert (ended.status, len(json.loads(ended.out))) == (0, 4)


def test_bad_input_is_told_and_leaves_no_lake(lictor, session, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("lictor: 1\nname: x\ncolour: red\n")
    cut = tmp_path / "cut.parquet"
    cut.write_bytes((session / "trace.parquet").read_bytes()[:-40])
    foreign = tmp_path / "foreign.parquet"
    table = pq.read_table(session / "trace.parquet")
    pq.write_table(table.rename_columns([f"x_{n}" for n in table.schema.names]), foreign)
    lake = tmp_path / "lake"
    for arguments, said in (
        ([session / "trace.parquet", "--policy", bad], f"{bad}:3:1: "),
        ([cut], "no readable Parquet"),
        ([foreign], "column time_ns is missing"),
        ([tmp_path / "none"], "no such file"),
        ([tmp_path], "no trace.parquet in this folder"),
        ([session, "--expect", bad], "no JSON"),
        ([session, "--expect", tmp_path / "none"], "cannot be read"),
    ):
        ended = lictor("replay", *arguments, "--lake", lake)
        assert (ended.status, ended.out, len(ended.err.splitlines())) == (2, "", 1), said
        assert said in ended.err
        assert not lake.exists() or not list((lake / "activity").iterdir())
