"""Items and rules made from places of a file."""

from __future__ import annotations

import json

from pipeline.policy.dialects.interface import Imported
from pipeline.policy.dialects.json_places import read_json
from pipeline.policy.dialects.srt.items import Sheet, numbered, rule, told_apart
from pipeline.policy.load import load_policy

TEXT = '{\n "files": {\n  "deny~x": ["a", "b/\\ud800"]\n }\n}'


def sheet():
    return Sheet(read_json(TEXT, "f"), "srt", ("files",))


def test_an_item_knows_where_it_stands():
    found = sheet().item(("files", "deny~x", 1), "narrower", [rule(("file.read",), {"path": "/a"}, "deny")], why="so")
    assert (found.name, found.pointer, found.line) == ("srt-deny_x-1", "/files/deny~0x/1", 3)
    assert found.text == "deny~x: b/?"
    assert found.safe == (
        {
            "id": "srt-deny_x-1",
            "on": ["file.read"],
            "match": {"path": "/a"},
            "action": "deny",
            "origin": "/files/deny~0x/1",
        },
    )


def test_rules_of_one_item_and_of_items_of_one_place_have_different_ids():
    two = [rule(("file.read",), {"path": "/a"}, "deny"), rule(("file.write",), {"path": "/a"}, "deny")]
    items = [sheet().item(("files",), "exact", two) for _ in range(3)]
    document = Imported({"name": "x"}, tuple(items)).document()
    assert len({r["id"] for r in document["rules"]}) == 6
    load_policy(json.dumps(document), "p")
    assert [i.name for i in told_apart(items)] == ["srt", "srt~2", "srt~3"]


def test_reasons_are_one_line_without_control_characters():
    assert rule(("exec",), {}, "deny", because="a\n\x07b\ud800 ")["because"] == "a b"
    assert "because" not in rule(("exec",), {}, "deny", because="\n")
    assert len(rule(("exec",), {}, "deny", because="x" * 2000)["because"]) == 1000


def test_the_whole_file_has_an_origin_too():
    assert numbered([{"action": "allow"}], "a", "")[0]["origin"] == "/"
