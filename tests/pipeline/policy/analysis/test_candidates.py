from __future__ import annotations

import pytest

from pipeline.policy.analysis.candidates import Author
from pipeline.policy.analysis.changes import Book, changed
from pipeline.policy.analysis.samples import filled
from pipeline.policy.analysis.views import views
from pipeline.policy.model import TestEvent

POLICY = """
lictor: 1
name: p
defaults: { file.write: deny }
rules:
  - { id: key, on: file.read, match: { path: [~/k, ~/l] }, unless: { exe: [/ssh] }, action: deny }
  - { id: own, on: file.write, match: { path: "${workspace}/**" }, action: allow }
  - { id: two, on: file.delete, match: { path: /t }, unless: { exe: [/rm], path: [/t] }, action: deny }
  - { id: log, on: exec, match: { path: /x }, action: deny, mode: audit }
"""


def texts(world, event, *, closing=None):
    policy = world.load(POLICY)
    event = filled(event, world.context)
    author = Author(Book(policy), event, world.context)
    seen = views(world.asked(policy).program, event, world.context)
    found = [c for v in seen for c in (author.closing(v, closing) if closing else author.opening(v))]
    assert all(changed([policy], edits) is not None for _, edits in found)
    return dict(found)


def test_a_rule_that_stops_may_get_an_exception_record_only_or_go(world):
    found = texts(world, TestEvent(on="file.read", path="~/k", exe="/cat"))
    assert found["except exe /cat from rule 'key'"][0].raw["unless"] == {"exe": ["/ssh", "/cat"]}
    assert {"let rule 'key' only record", "take out rule 'key'"} <= set(found)
    rest, part = found["take ~/k out of rule 'key' into one of its own that excepts exe /cat"]
    assert (rest.raw["match"], part.raw["match"]) == ({"path": ["~/l"]}, {"path": ["~/k"]})
    assert not any("except path" in text for text in found), "it would narrow the exception that is there"


def test_a_default_may_be_lifted_by_a_new_rule_a_longer_one_or_changed(world):
    found = texts(world, TestEvent(on="file.write", path="/etc/[x]", exe="/vi"))
    new = found["add a rule that is allow for exe /vi and path /etc/\\[x\\]"][0]
    assert new.raw == {
        "id": "allow-x",
        "on": "file.write",
        "match": {"exe": "/vi", "path": "/etc/\\[x\\]"},
        "action": "allow",
    }
    assert found["add path /etc/\\[x\\] to rule 'own'"][0].raw["match"] == {"path": ["${workspace}/**", "/etc/\\[x\\]"]}
    assert "change the default of file.write to allow" in found


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (TestEvent(on="file.read", path="~/k", exe="/ssh"), "take exe back out of the exceptions of rule 'key'"),
        (TestEvent(on="file.write", path="/home/u/w/x"), "take out rule 'own'"),
        (TestEvent(on="exec", path="/x"), "let rule 'log' count"),
        (TestEvent(on="file.read", path="~/m", exe="/cat"), "add path ~/m to rule 'key'"),
        (TestEvent(on="exec", path="/y"), "change the default of exec to deny"),
        (
            TestEvent(on="net.connect", dst_ip="8.8.8.8", dst_port=1),
            "add a rule that is deny for ip 8.8.8.8 and port 1",
        ),
    ],
)
def test_what_passes_may_be_closed_where_it_came_through(world, event, expected):
    assert expected in texts(world, event, closing="deny")


def test_one_key_of_an_exception_is_taken_back_and_the_others_stay(world):
    found = texts(world, TestEvent(on="file.delete", path="/t", exe="/rm"), closing="deny")
    (edit,) = found["take exe back out of the exceptions of rule 'two'"]
    assert edit.raw["unless"] == {"path": ["/t"]}


def test_paths_are_written_from_the_workspace_and_the_home_folder(world):
    found = texts(world, TestEvent(on="file.read", path="/home/u/w/a b"), closing="deny")
    assert "add a rule that is deny for path ${workspace}/a b" in found
    found = texts(world, TestEvent(on="file.read", path="/home/u/x"), closing="deny")
    assert {"add a rule that is deny for path ~/x", "add a rule that is deny for path ~/**"} <= set(found)
