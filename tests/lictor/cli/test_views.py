"""`lictor views` lists what can be asked and what it means, without a lake."""

import json

from queries import catalog


def test_every_view_is_listed_with_what_it_answers(lictor):
    ended = lictor("views", "--format", "json")
    assert (ended.status, ended.err) == (0, "")
    assert {r["view"]: r["answers"] for r in json.loads(ended.out)} == {q.name: q.answers for q in catalog.load()}


def test_the_columns_of_one_come_with_types_meanings_and_reasons(lictor):
    rows = json.loads(lictor("views", "alertevidence", "--format", "json").out)
    by_name = {r["column"]: (r["type"], r["meaning"]) for r in rows}
    assert by_name["Timestamp"] == ("TIMESTAMPTZ", "when it was found")
    assert by_name["ThreatFamily"][1].startswith("NULL: ")
    assert len(rows) == 42


def test_a_name_that_is_none_gets_the_closest_ones(lictor):
    ended = lictor("views", "DeviceFileEvent")
    assert (ended.status, ended.out) == (2, "")
    assert "DeviceFileEvents" in ended.err
    assert "lictor views lists them" in lictor("views", "zzzzzz").err
