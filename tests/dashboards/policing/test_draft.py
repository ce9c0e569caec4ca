"""A draft is the lake's text with what it includes; what the tools say is that of the real ones, and files of this machine stay unread."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from dashboards import context, hiding
from dashboards.interface import DashboardError, Origin, Ports
from dashboards.policing import draft
from lictor.dashboard.policy_tools import PolicyTools

OWN = "lictor: 1\nname: p\ninclude: [common/base.yaml]\ndefaults: { exec: allow }\n"
BASE = "lictor: 1\nname: base\nrules:\n  - { id: keys, on: file.read, match: { path: /k }, action: deny }\n"


@pytest.fixture
def real(lake, journal):
    context.install(Ports(lake, journal, policies=PolicyTools(lake)))
    yield
    context._installed.clear()


def texts(*rows):
    return pa.Table.from_pylist(
        [dict(zip(("file", "own", "text"), row, strict=True)) for row in rows],
        pa.schema([("file", pa.string()), ("own", pa.bool_()), ("text", pa.string())]),
    )


def made(own=OWN):
    return draft.from_lake("p", "v1", texts(("/etc/l/p.yaml", True, own), ("/etc/l/common/base.yaml", False, BASE)))


def test_a_draft_begins_as_what_is_in_force():
    found = made()
    assert (found.text, found.changed, found.origin.file) == (OWN, False, "/etc/l/p.yaml")
    assert found.origin.files == {"/etc/l/common/base.yaml": BASE}


def test_included_files_are_those_of_the_lake(real):
    assert draft.problems(made()) == []
    assert "keys" in {row["rule"] for row in draft.told("explain", made())}


def test_no_file_of_this_machine_is_included(real, tmp_path):
    secret = tmp_path / "secret.yaml"
    secret.write_text(BASE)
    for name in (str(secret), "../" * 20 + str(secret).lstrip("/")):
        (problem,) = draft.problems(made(OWN.replace("common/base.yaml", name)))
        assert "the lake has no text of it" in problem["message"]
    (problem,) = draft.problems(draft.Draft("p", "", "", OWN.replace("common/base.yaml", str(secret))))
    assert "was not read from a file" in problem["message"]


def test_problems_say_where_and_of_an_included_file_which(real):
    (own,) = draft.problems(made(OWN + "colour: red\n"))
    assert (own["line"], own["file"]) == (5, "")
    broken = draft.from_lake(
        "p", "v1", texts(("/etc/l/p.yaml", True, OWN), ("/etc/l/common/base.yaml", False, BASE + "colour: red\n"))
    )
    (included,) = draft.problems(broken)
    assert (included["line"], included["file"]) == (5, "/etc/l/common/base.yaml")


def test_differences_are_between_what_stands_and_what_is_written(real):
    edited = draft.Draft("p", "v1", OWN, OWN.replace("exec: allow", "exec: deny"), made().origin)
    assert edited.changed
    assert any("exec" in row["text"] for row in draft.differences(edited))


def test_a_new_policy_is_valid_and_stops_nothing(real):
    found = draft.new()
    assert draft.problems(found) == []
    assert not {row["action"] for row in draft.told("explain", found)} - {"allow", "audit"}


def test_a_hidden_text_and_a_missing_one_are_no_draft():
    with pytest.raises(DashboardError, match="analysts"):
        draft.from_lake("p", "v1", texts(("/p.yaml", True, hiding.HIDDEN)))
    with pytest.raises(DashboardError, match="no text of version"):
        draft.from_lake("p", "v1", texts())


def test_without_tools_it_is_said(lake, journal):
    context.install(Ports(lake, journal))
    with pytest.raises(DashboardError, match="cannot be checked from here"):
        draft.problems(made())
    context._installed.clear()


def test_what_a_tool_said_is_remembered_for_the_same_text_only(real, monkeypatch):
    calls = []
    monkeypatch.setattr(PolicyTools, "check", lambda _self, text, _origin: calls.append(text) or [])
    one = draft.Draft("p", "", "", "lictor: 1\n# once", Origin())
    draft.problems(one)
    draft.problems(one)
    draft.problems(draft.Draft("p", "", "", "lictor: 1\n# twice", Origin()))
    assert calls == ["lictor: 1\n# once", "lictor: 1\n# twice"]


def test_shipped_policies_can_be_edited_from_what_a_host_recorded(real):
    folder = Path(__file__).parents[3] / "policies"
    files = {str(p): p.read_text() for p in sorted((folder / "common").glob("*.yaml"))}
    text = (folder / "codex.yaml").read_text()
    assert draft.problems(draft.Draft("codex", "v", text, text, Origin(str(folder / "codex.yaml"), files))) == []
