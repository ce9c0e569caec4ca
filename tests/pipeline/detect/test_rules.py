from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.detect.interface import HITS, Detection
from pipeline.detect.rules import SigmaRules
from pipeline.lake.errors import QueryError
from pipeline.sigma.compile import compile_folder

CURL = """
title: Curl below a shell
id: 11111111-1111-4111-8111-111111111111
status: test
logsource: { category: process_creation, product: linux }
detection:
  selection: { Image|endswith: '/curl', ParentCommandLine|contains: 'login shell' }
  condition: selection
level: medium
"""


@pytest.fixture
def detector(tmp_path):
    (tmp_path / "a.yml").write_text(CURL)
    (tmp_path / "b.yml").write_text(CURL.replace("/curl", "/wget").replace("1111-1", "1111-2", 1))
    bundle = compile_folder(tmp_path)
    said = []
    names = [Detection(f"sigma:{r.id}", "v", "sigma", r.title, r.level, ()) for r in bundle.rules]
    made = SigmaRules(bundle, names, report=said.append)
    made.said = said
    return made


def exec_row(exe, at=100, parent=7):
    return {"exe": exe, "cmdline": exe, "operation": "exec", "process_key": at, "parent_key": parent, "at": at}


def found(detector, fresh, context):
    return pa.concat_tables([HITS.empty_table(), *detector.detect({"activity": fresh}, context)])


def programs(*rows):
    return pa.Table.from_pylist(list(rows), schema.lake_schema("processes"))


def test_a_rule_hits_new_rows_and_knows_the_parent_from_before(detector, rows, past):
    new = rows(exec_row("/bin/curl"), exec_row("/bin/wget", 101), exec_row("/bin/ls", 102))
    parent = programs({"process_key": 7, "time": new["time"][0].as_py(), "exe": "/bin/bash", "cmdline": "login shell"})
    hits = found(detector, new, past(processes=parent))
    by_exe = {e[0]["seq"]: d for d, e in zip(hits["detection"].to_pylist(), hits["evidence"].to_pylist(), strict=True)}
    ids = [d.id for d in detector.detections]
    assert sorted(by_exe) == [100_000_000, 101_000_000]
    assert sorted(by_exe.values()) == sorted(ids)
    assert found(detector, new, past()).num_rows == 0


def test_the_parents_user_has_the_name_that_new_rows_give_its_number(tmp_path, rows, past):
    asked = CURL.replace("ParentCommandLine|contains: 'login shell'", "ParentUser: dev")
    (tmp_path / "a.yml").write_text(asked)
    bundle = compile_folder(tmp_path)
    [rule] = bundle.rules
    made = SigmaRules(bundle, [Detection("x", "v", "sigma", rule.title, rule.level, ())])
    users = {"uid": 1000, "user": "dev"}, {"uid": 0, "user": "root"}
    new = rows(exec_row("/bin/curl") | users[0], exec_row("/bin/ls", 102) | users[1])
    when = new["time"][0].as_py()
    for uid, count in ((1000, 1), (0, 0), (5, 0)):
        parent = programs({"process_key": 7, "time": when, "exe": "/bin/bash", "host": "vm", "uid": uid})
        assert found(made, new, past(processes=parent)).num_rows == count


def test_without_an_answer_about_parents_rules_run_all_the_same(detector, rows):
    class Deaf:
        def query_all(self, sqls, **_):
            return dict.fromkeys(sqls, QueryError("the disk is on fire"))

    assert found(detector, rows(exec_row("/bin/curl")), Deaf()).num_rows == 0
    assert detector.said == ["sigma: parents are unknown: the disk is on fire"]


def test_rows_without_programs_ask_nothing(detector, rows, past):
    lake = past()
    assert found(detector, rows({"operation": "file.read", "path": "/x"}), lake).num_rows == 0
    assert lake.asked == []
    assert list(detector.detect({}, lake)) == []
