"""What a replay tells a person, and what it leaves for a program."""

import json

import pytest

from lictor import replay_report, verdicts
from lictor.errors import LictorError
from lictor.formats import Format
from lictor.sessions import play, sessions


@pytest.fixture
def played(session):
    return play(sessions([session], [], None)[0], {})


def test_a_table_tells_sums_and_denied_rows(played, capsys):
    replay_report.tell([played], Format.table, None)
    out = capsys.readouterr().out
    assert "20 rows, 1 run(s), policy coding, 4 denied" in out
    assert "[2001:db8::7]:443" in out
    assert "/home/dev/repo/a → /etc/cron.d/a" in out
    assert "\x1b" not in out
    sums = {line.split()[-2]: int(line.split()[-1]) for line in out.splitlines() if line.startswith("deny")}
    assert sums == {"default:file.write": 1, "default:net.connect": 2, "keys": 1}


def test_json_gives_the_denied_rows_and_remarks_stand_beside(played, capsys):
    replay_report.tell([played], Format.json, None)
    out, err = capsys.readouterr()
    rows = json.loads(out)
    assert {row["verdict"] for row in rows} == {"deny"}
    assert len(rows) == 4
    assert "4 denied" in err


def test_agreement_and_difference(played, capsys):
    replay_report.compare(played, dict(played.outcome.sums))
    replay_report.tell([played], Format.table, None)
    assert "all 17 expected verdicts are given" in capsys.readouterr().out
    changed = dict(played.outcome.sums)
    key = next(k for k in changed if k[-1] == "keys")
    changed[key] += 1
    replay_report.compare(played, changed)
    replay_report.tell([played], Format.table, None)
    assert played.differences == [
        {**{n: v for n, v in zip(verdicts.KEYS, key, strict=True) if v}, "expected": 2, "found": 1}
    ]
    assert ": 1 different" in capsys.readouterr().out


def test_expected_verdicts_are_written_beside_the_trace(played, session):
    replay_report.write_expected(played, None)
    assert verdicts.read_expected((session / "expected.json").read_text(), "x") == played.outcome.sums


def test_a_place_that_cannot_be_written_is_one_line(played, tmp_path):
    with pytest.raises(LictorError, match="cannot be written"):
        replay_report.write_expected(played, tmp_path / "none" / "expected.json")


def test_without_a_policy_that_is_said(session, capsys):
    one = play(sessions([session / "trace.parquet"], [], None)[0], {})
    replay_report.tell([one], Format.table, None)
    assert "nothing was judged" in capsys.readouterr().out


def test_a_guessed_place_is_said(session, tmp_path, capsys):
    import pyarrow.parquet as pq  # noqa: PLC0415 - one test strips what the recorder noted

    bare = tmp_path / "bare.parquet"
    pq.write_table(pq.read_table(session / "trace.parquet").replace_schema_metadata(None), bare)
    one = play(sessions([bare], [session / "policy.yaml"], None)[0], {})
    replay_report.tell([one], Format.table, None)
    assert "taken: workspace /home/dev/repo, home /home/dev" in capsys.readouterr().out
