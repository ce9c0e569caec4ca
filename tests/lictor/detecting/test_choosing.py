from __future__ import annotations

from dataclasses import replace

import pytest

from lictor.detecting.choosing import by_row, choose
from lictor.detecting.config import Change, DetectionConfig
from lictor.errors import LictorError
from pipeline.detect.past_questions import PastQuestions
from pipeline.detect.row_questions import RowQuestions
from pipeline.sigma.bundle import Bundle, Rule
from queries.hunting import hunts, parse

ROW = parse("row", """-- title: A row
-- answers: What?
-- severity: low
-- tactics: execution
-- attack: T1059
-- atlas: none
-- owasp: ASI05
-- lookback: 5m
-- scheduled: yes
-- false positives: none
-- parameters:
--   what: text = curl: the program
-- columns:
--   cmdline: the command
SELECT *, [row_id] AS evidence FROM commands WHERE program = $what""")  # fmt: skip
PAST = replace(ROW, name="past", sql=ROW.sql + " QUALIFY row_number() OVER () = 1")
RARE = replace(ROW, name="rare", scheduled=False, unscheduled="it is slow")
ACTED = replace(
    ROW,
    name="acted",
    sql="SELECT *, [row_id] AS evidence FROM commands WHERE program = $what AND pid IN (SELECT pid FROM actions)",
)


def rule(name="r1", fires="yes"):
    return Rule(
        name,
        "A rule",
        "medium",
        "test",
        "",
        "",
        (),
        ("T1105",),
        "linux",
        "process_creation",
        "true",
        "true",
        (),
        (),
        (),
        fires,
        "a.yml",
        "",
    )


def bundle(*rules):
    return Bundle(rules, (), {}, "0", "0")


def chosen(*hunts_, bundles=(), **config):
    return choose(hunts_, bundles, DetectionConfig(**config), print)


def test_what_is_scheduled_is_on_and_what_is_not_says_why():
    found = {c.detection.id: c for c in chosen(ROW, RARE, bundles=[bundle(rule(), rule("r2", "never"))]).all}
    assert {n: c.on for n, c in found.items()} == {
        "hunt:row": True,
        "hunt:rare": False,
        "sigma:r1": True,
        "sigma:r2": False,
    }
    assert found["hunt:rare"].why == "it is slow"


def test_on_and_off_are_patterns_and_off_wins():
    found = chosen(ROW, PAST, RARE, on=("hunt:ra*",), off=("hunt:p*",))
    assert [c.detection.id for c in found.all if c.on] == ["hunt:row", "hunt:rare"]
    assert not any(c.on for c in chosen(ROW, off=("*",), on=("*",)).all)
    assert chosen(ROW, off=("*",)).detectors == ()


def test_each_detection_goes_to_the_detector_of_its_kind():
    row, past, sigma = chosen(ROW, PAST, ACTED, bundles=[bundle(rule())]).detectors
    assert isinstance(row, RowQuestions)
    assert isinstance(past, PastQuestions)
    assert [d.id for d in row.detections] == ["hunt:row"]
    assert [d.id for d in past.detections] == ["hunt:past", "hunt:acted"]
    assert past.tables == {"activity", "actions"}
    assert [d.attack for d in sigma.detections] == [("T1105",)]


def test_changes_take_effect_and_make_another_version():
    plain = chosen(ROW).all[0].detection
    changed = chosen(ROW, change={"hunt:row": Change("critical", {"what": "wget"})})
    assert changed.all[0].detection.severity == "critical"
    assert changed.all[0].detection.version != plain.version
    assert chosen(ROW, change={"hunt:row": Change("critical")}).all[0].detection.version == plain.version
    [detector] = changed.detectors
    assert "'wget'" in detector._numbers[0]
    assert chosen(bundles=[bundle(rule())], change={"sigma:r1": Change("low")}).all[0].detection.severity == "low"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"off": ("hunt:rwo",)}, r"no detection matches 'hunt:rwo'; did you mean 'hunt:row'\?"),
        ({"on": ("x*",)}, "lictor detect --list"),
        ({"change": {"hunt:none": Change("low")}}, "no detection 'hunt:none' to change"),
        ({"change": {"hunt:row": Change(None, {"nothing": 1})}}, "no parameter 'nothing'"),
        ({"change": {"sigma:r1": Change(None, {"a": 1})}}, "only hunts have parameters"),
    ],
)
def test_what_names_nothing_is_no_silent_mistake(config, said):
    with pytest.raises(LictorError, match=said):
        chosen(ROW, bundles=[bundle(rule())], **config)


@pytest.mark.parametrize(
    "sql",
    [
        PAST.sql, ACTED.sql,
        "SELECT a.*, [a.row_id] AS evidence FROM commands a JOIN reads b USING (pid)",
        "WITH x AS (SELECT * FROM commands) SELECT *, [row_id] AS evidence FROM x",
        "SELECT *, [row_id] AS evidence FROM commands UNION SELECT *, [row_id] AS evidence FROM reads",
        "SELECT *, list(row_id) AS evidence FROM commands GROUP BY pid",
        "SELECT *, [row_id] AS evidence FROM coverage",
    ],
)  # fmt: skip
def test_what_looks_at_other_rows_is_not_asked_row_by_row(sql):
    assert not by_row(sql)


def test_rows_alone_are_recognised_and_words_in_texts_do_not_count():
    assert by_row(ROW.sql)
    assert by_row(
        "SELECT *, [row_id] AS evidence FROM reads WHERE path = 'join' -- group by\nUNION ALL SELECT *, [row_id] AS evidence FROM changes"
    )


def test_lictors_own_hunts_can_all_be_scheduled():
    found = choose(hunts().values(), [], DetectionConfig(), print)
    on = {c.detection.id for c in found.all if c.on}
    assert len(on) == sum(len(d.detections) for d in found.detectors) >= 60
    assert all(c.why for c in found.all if not c.on)
