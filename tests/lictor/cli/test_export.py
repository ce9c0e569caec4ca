"""``lictor export`` as it is typed."""

from __future__ import annotations

import json

import pytest

from tests.receivers.http import answer_json, receiver


def test_to_standard_output(lictor, lake):
    ran = lictor(
        "export", "--as", "json", "--to", "-", "--lake", lake, "--table", "activity", "--where", "verdict = 'deny'"
    )
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.status == 0
    assert {e["verdict"] for e in events} == {"deny"}
    assert ran.err == f"stdout: {len(events)} events sent\n"


@pytest.mark.parametrize("form", ["asim", "cef", "ecs", "leef", "udm"])
def test_recorded_run_in_the_formats_of_siems(lictor, lake, tmp_path, form):
    counted = lictor(
        "sql",
        "SELECT (SELECT count(*) FROM activity) + (SELECT count(*) FROM runs) AS n",
        "--lake",
        lake,
        "--format",
        "json",
    )
    out = tmp_path / "events"
    rules = ("--redact", "mask:cmdline", "--redact", "drop:cwd,host")
    ran = lictor(
        "export",
        "--as",
        form,
        "--to",
        f"file://{out}",
        "--lake",
        lake,
        "--table",
        "activity",
        "--table",
        "runs",
        *rules,
    )
    lines = out.read_text().splitlines()
    assert (ran.status, len(lines)) == (0, json.loads(counted.out)[0]["n"])
    assert (
        '"/home/dev/repo"' in lictor("sql", "SELECT DISTINCT cwd FROM activity", "--lake", lake, "--format", "json").out
    )
    assert "cwd" not in out.read_text()
    if form in {"asim", "ecs", "udm"}:
        assert all(json.loads(line) for line in lines)


def test_refusals_are_a_finding_and_come_again(lictor, lake, tmp_path):
    import shutil  # noqa: PLC0415 - the shared lake is for reading only

    own = shutil.copytree(lake, tmp_path / "lake")
    refuse = [True]

    def answer(request):
        count = len(request.lines) // 2
        bad = 400 if refuse[0] else 201
        return answer_json(200, {"errors": refuse[0], "items": [{"create": {"status": bad}}] * count})

    with receiver(answer) as server:
        to = f"elasticsearch+http://127.0.0.1:{server.port}/i"
        ran = lictor("export", "--as", "json", "--to", to, "--lake", own, "--name", "es", "--table", "runs")
        assert ran.status == 1
        assert "export replay" in ran.err
        shown = lictor("export", "status", "--lake", own, "--format", "json")
        assert [(r["destination"], r["dead_files"]) for r in json.loads(shown.out)] == [("es", 1)]
        assert lictor("export", "replay", "es", "--lake", own).status == 1
        refuse[0] = False
        assert lictor("export", "replay", "es", "--lake", own).status == 0
    assert json.loads(lictor("export", "status", "--lake", own, "--format", "json").out)[0]["dead_files"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--as is missing"),
        (("--as", "json"), "--to is missing"),
        (("--as", "json", "--to", "-", "--from-now"), "--from-now is for --follow"),
        (("--as", "json", "--to", "-", "--follow", "--since", "1h"), "--since is for one export"),
        (("--as", "json", "--to", "-", "--since", "soon"), "--since"),
        (("--as", "json", "--config", "x.yaml"), "--config says everything"),
        (("--config", "/nowhere.yaml"), "cannot be read"),
        (("--as", "json", "--to", "splunk+https://h?token=s3cret"), "a secret is not an option"),
        (("--as", "json", "--to", "-", "--where", "nope"), "nope"),
        (("replay", "nobody"), "no destination 'nobody'"),
    ],
)
def test_mistakes_are_one_line_and_status_2(lictor, lake, arguments, said):
    lake_option = ("--lake", lake)
    ran = lictor("export", *arguments, *lake_option)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1
    assert "s3cret" not in ran.err


def test_no_lake(lictor, tmp_path):
    ran = lictor("export", "--as", "json", "--to", "-", "--lake", tmp_path / "no")
    assert ran.status == 2
    assert "no lake there yet" in ran.err


def test_several_destinations_of_a_file(lictor, lake, tmp_path):
    (tmp_path / "d.yaml").write_text(
        f"export: 1\ndestinations:\n  - {{ to: 'file://{tmp_path}/a', as: json, tables: [runs] }}\n"
        f"  - {{ to: 'file://{tmp_path}/b', as: json, tables: [activity] }}\n"
    )
    ran = lictor("export", "--config", tmp_path / "d.yaml", "--lake", lake)
    assert ran.status == 0
    assert {json.loads(line)["table"] for line in (tmp_path / "a").read_text().splitlines()} == {"runs"}
    assert {json.loads(line)["table"] for line in (tmp_path / "b").read_text().splitlines()} == {"activity"}
