"""Editing: what is wrong stands beside the text, what it changes is shown, and what it would have done is waited for."""

from __future__ import annotations

import time

from dashboards.policing import editing

CAREFUL = {"policy": "careful", "part": "Edit"}


def edited(at, change):
    area = at.text_area[0]
    area.set_value(change(area.value)).run()
    assert not at.exception
    return at


def tables(at):
    return {name: frame for frame in at.dataframe for name in frame.value.columns}


def test_the_text_in_force_is_valid_and_cannot_be_rolled_out(governed):
    at = governed.page("policies", query=CAREFUL)
    assert [s.value for s in at.success] == ["Valid."]
    assert "Prepare roll-out" not in [b.label for b in at.button]


def test_problems_stand_beside_the_text_with_their_lines(governed):
    at = edited(governed.page("policies", query=CAREFUL), lambda t: t.replace("action: freeze", "action: freze"))
    assert "cannot be in force" in at.error[0].value
    problem = tables(at)["message"].value.iloc[0]
    assert "did you mean 'freeze'" in problem["message"]
    line = at.text_area[0].value.split("\n")[problem["line"] - 1]
    assert "freze" in line
    assert line.strip() in at.code[-1].value
    assert "Prepare roll-out" not in [b.label for b in at.button]


def test_what_a_change_does_is_shown_by_rule(governed):
    at = edited(
        governed.page("policies", query=CAREFUL),
        lambda t: t.replace("action: freeze", "action: audit").replace("expect: freeze", "expect: audit"),
    )
    assert "keys-freeze" in set(tables(at)["effect"].value["rule"])


def test_a_comment_changes_nothing(governed):
    at = edited(governed.page("policies", query=CAREFUL), lambda t: "# noted\n" + t)
    assert any("Nothing that is decided" in t.value for t in at.text)


def test_an_edited_text_is_what_the_other_parts_speak_of(governed):
    at = edited(governed.page("policies", query=CAREFUL), lambda t: t.replace("expect: freeze", "expect: deny"))
    at.session_state["policies_part"] = "Tests"
    at.run()
    assert "of 2 tests fail" in at.error[0].value
    assert "edited text" in at.info[-1].value


def test_a_backtest_is_begun_waited_for_and_shown(governed, journal):
    at = edited(governed.page("policies", query=CAREFUL), lambda t: t.replace("exec: allow", "exec: deny"))
    next(b for b in at.button if b.label == "Backtest").click().run()
    for _ in range(120):
        if len(at.metric) == 3:
            break
        time.sleep(0.25)
        at.run()
    assert [m.label for m in at.metric] == [
        "Events judged",
        "Went through, would be stopped",
        "Stopped, would go through",
    ]
    assert int(at.metric[1].value.replace(",", "")) > 0
    assert [r["object"] for r in journal.acts("search")] == ["backtest careful"]
    edited(at, lambda t: t + "\n# one more\n")
    assert any("changed after this backtest" in w.value for w in at.warning)


def test_unseen_characters_are_found_and_shown():
    text = "lictor: 1\nname: p\u202e\n\tok: yes\nx: \u200b\n"
    assert editing.unseen(text) == [2, 4]
    assert editing.around(text, [2, 4]) == "   2  name: p\\u202e\n   4  x: \\u200b"


def test_lines_that_are_not_there_are_left_out_and_long_ones_cut():
    assert editing.around("a\nb", [0, 2, 3, 2]) == "   2  b"
    assert len(editing.around("x" * 5000, [1])) < 220
