"""The page about held runs and quarantine: cards, decisions in two clicks, what was decided, and files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboards.interface import DashboardError, Ports, Role
from tests.dashboards.conftest import Files, Orders, texts
from tests.dashboards.holding.conftest import HOSTILE, held, kept, live

NOW = datetime.now(UTC)
HOLD = "a" * 32


def request(id_, at, state, **more):
    return {
        "id": id_, "time": at, "state": state, "host": "h1", "agent_run": "r1", "agent": "codex", "user": "agent", "operation": "file.read",
        "object": HOSTILE, "rule": "keys", "policy": "base", "cmdline": "cat secret", "until": at + timedelta(minutes=9), "then": "deny", **more,
    }  # fmt: skip


def action(id_, at, what, **more):
    return [
        {"id": id_, "time": at, "phase": "intent", "action": what, "object": "/tmp/d", "host": "h1", "actor": "policy", **more},
        {"id": id_, "time": at, "phase": "result", "action": what, "object": "/tmp/d", "host": "h1", "enforcement": "confirmed",
         "evidence": "q-9: moved", **more},
    ]  # fmt: skip


AGO = NOW - timedelta(hours=2)
TABLES = {
    "requests": [
        request("d1", AGO, "waiting"),
        request("d1", AGO + timedelta(seconds=90.5), "released", decided_by="root", decided_login="ann", why="rotation"),
        request("d2", AGO, "waiting", host="h2", until=NOW + timedelta(hours=1)),
        request("d3", AGO - timedelta(days=30), "waiting"),
        request("d3", AGO - timedelta(days=30), "gone"),
        request(HOLD, AGO, "waiting", until=NOW + timedelta(hours=1)),
        request("d4", AGO, "waiting", until=AGO + timedelta(minutes=1)),
    ],
    "actions": [*action("x1", AGO, "quarantine"), *action("x2", AGO, "purge"), *action("x3", AGO, "kill")],
    "console": [
        {"id": "c1", "time": AGO, "account": "ann", "role": "responder", "act": "purge", "phase": phase, "object": "q-9 /tmp/d", "note": "bad"}
        for phase in ("intent", "result")
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def lake(lake_of, tmp_path_factory):
    return lake_of(tmp_path_factory.mktemp("held") / "lake", **TABLES)


@pytest.fixture
def orders():
    return Orders([held()], [live(held=1), live("r2", isolated=True)])


@pytest.fixture
def files():
    return Files([kept("q-1"), kept("q-2", path=HOSTILE)])


@pytest.fixture
def over(stage, journal, orders, files):
    stage.ports = Ports(stage.ports.lake, journal, orders, files)
    return stage


def key(label, hold=HOLD):
    return f"held_{hold}_{label}"


def decided(at, label, hold=HOLD, why=None):
    """Both clicks."""
    at.button(key=key(label, hold)).click().run()
    if why is not None:
        at.text_input(key=f"{key(label, hold)}_why").set_value(why).run()
    at.button(key=f"{key(label, hold)}_do").click()
    return at.run()


def test_without_services_and_vault_the_page_says_why(stage, journal):
    stage.ports = Ports(stage.ports.lake, journal)
    at = stage.page("held")
    assert not at.exception
    assert "without a way to the services" in at.info[0].value
    at = stage.page("held", query={"tab": "Quarantine"})
    assert "no way to a quarantine" in at.info[0].value


def test_where_nothing_waits_the_page_says_what_would(over, orders):
    orders.questions, orders.runs = [], []
    at = over.page("held")
    assert "No run of this machine waits for a person." in texts(at)


def test_a_card_says_who_wants_what_why_and_what_would_let_it_pass(over):
    said = texts(over.page("held"))
    for part in (
        "codex", "file\\.read", "/home/dev/.ssh/id", "/usr/bin/cat (42), run by agent", "Rule keys of policy base: Keys stay here.",
        "Instead: Ask for a token.", "- id: keys-cat\n  on: file.read", "9:01 left", "then the process that asks is ended, the run goes on",
    ):  # fmt: skip
        assert part in said, part


def test_hostile_text_is_harmless_on_a_card(over, orders):
    hostile = dict.fromkeys(
        ("agent", "user", "object", "rule", "because", "instead", "exe", "cmdline", "change"), HOSTILE
    )
    orders.questions = [held(**hostile)]
    at = over.page("held")
    assert not at.exception
    assert not set(texts(at)) & set("\x1b\u202e")
    assert "<script>" not in "".join(m.value for m in at.markdown)


def test_a_question_is_released_in_two_clicks_and_what_was_seen_is_told(over, orders, journal):
    at = over.page("held")
    at.button(key=key("Release")).click().run()
    assert orders.told == []
    assert "file.read /home/dev/.ssh/id (run r1): it is let through." in texts(at)
    at = decided(over.page("held"), "Release", why="her own key")
    assert not at.exception
    assert orders.told == [("release", HOLD, "her own key", "ann", False)]
    assert [r["phase"] for r in journal.acts("order")] == ["intent", "result"]
    assert f"release {HOLD}: confirmed: 3 of 3 processes" in texts(at)
    assert "No run of this machine waits for a person." in texts(at)


def test_release_for_the_run_says_so_to_the_service(over, orders):
    decided(over.page("held"), "Release for the run")
    assert orders.told == [("release", HOLD, None, "ann", True)]


def test_a_kill_needs_a_reason(over, orders):
    at = over.page("held")
    at.button(key=key("Kill")).click().run()
    at.button(key=f"{key('Kill')}_do").click().run()
    assert "Give a reason" in at.error[0].value
    assert orders.told == []
    decided(over.page("held"), "Kill", why="exfiltration")
    assert orders.told == [("kill", HOLD, "exfiltration", "ann", False)]


def test_what_the_service_refuses_is_told_in_its_words(over, orders):
    orders.refuse = "the agent runs as ann, and the same user may not decide for it"
    at = decided(over.page("held"), "Deny")
    assert orders.refuse in texts(at)
    assert "It was not done" in at.error[0].value


def test_an_effect_that_is_not_proven_is_no_success(over, orders):
    orders.enforcement = "unverified"
    at = decided(over.page("held"), "Deny")
    assert not at.success
    assert f"deny {HOLD}: unverified" in texts(at)


def test_a_run_that_was_frozen_by_hand_is_thawed_and_one_without_network_gets_it_back(over, orders):
    orders.questions = [held(operation=None, object=None, rule="by hand: odd", change=None)]
    at = over.page("held")
    assert "was frozen by a person" in texts(at)
    assert not [b for b in at.button if b.key == key("Deny")]
    decided(at, "Thaw")
    at = over.page("held")
    at.button(key="held_network_r2").click().run()
    at.button(key="held_network_r2_do").click().run()
    assert orders.told == [("release", HOLD, None, "ann", False), ("release", "r2", None, "ann", False)]


@pytest.mark.parametrize("role", [Role.viewer, Role.analyst])
def test_whoever_is_no_responder_sees_the_buttons_but_cannot_press_them(over, role):
    at = over.page("held", role=role)
    buttons = [b for b in at.button if b.key and b.key.startswith("held_")]
    assert len(buttons) == 5
    assert all(b.disabled for b in buttons)
    assert ("cat /home/dev" in texts(at)) == (role is Role.analyst)


def test_questions_of_other_machines_are_listed_once_and_only_while_their_time_goes_on(over):
    at = over.page("held")
    assert at.dataframe[0].value["id"].tolist() == ["d2"]


def test_an_address_of_a_question_that_is_decided_shows_how(over):
    at = over.page("held", query={"hold": "d3"})
    assert at.dataframe[0].value["state"].tolist() == ["gone"]
    assert "is decided" in at.info[0].value


def test_an_address_of_an_open_question_puts_it_first(over, orders):
    orders.questions = [held("c" * 32, left=1.0), held()]
    at = over.page("held", query={"hold": "aaa"})
    first = next(b.key for b in at.button if b.key and b.key.startswith("held_"))
    assert first.startswith(f"held_{HOLD}")


def test_an_address_that_cannot_be_read_is_no_exception(over):
    at = over.page("held", query={"hold": "x\ny\u202e", "tab": "Nowhere"})
    assert not at.exception
    assert "Keys stay here." in texts(at)


def test_what_was_decided_is_listed_with_who_why_and_how_long(over):
    at = over.page("held", query={"tab": "Decided"})
    rows = at.dataframe[0].value
    assert rows[["state", "took_s", "decided_by", "decided_login", "why"]].values.tolist() == [
        ["released", 90.5, "root", "ann", "rotation"],
    ]  # fmt: skip
    assert "\x1b" not in rows["object"][0]
    viewer = over.page("held", query={"tab": "Decided"}, role=Role.viewer).dataframe[0].value
    assert set(viewer["cmdline"]) == set(viewer["why"]) == {"hidden: needs the role analyst"}


def test_files_are_listed_and_given_back_with_a_reason(over, files, journal):
    at = over.page("held", query={"tab": "Quarantine"})
    assert not set(at.dataframe[0].value["path"].sum()) & set("\n\x1b\u202e")
    history = next(d.value for d in at.dataframe if "action" in d.value)
    assert sorted(history["action"]) == ["purge", "quarantine"]
    people = next(d.value for d in at.dataframe if "account" in d.value)
    assert people["note"].tolist() == ["bad"]
    listed = at.dataframe[0].key
    choice = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.session_state[listed] = choice
    at.run()
    button = next(b.key for b in at.button if b.key.startswith("vault_") and b.key.endswith("_Restore"))
    at.session_state[listed] = choice
    at.button(key=button).click().run()
    assert at.button(key=f"{button}_do")
    at.session_state[listed] = choice
    at.text_input(key=f"{button}_why").set_value("harmless").run()
    at.session_state[listed] = choice
    at.button(key=f"{button}_do").click().run()
    assert not at.exception
    assert [(act, why) for act, _, _, why in files.told] == [("restore", "harmless")]
    assert "restored and looked at" in texts(at)
    assert [r["phase"] for r in journal.acts("restore")] == ["intent", "result"]


def test_a_quarantine_that_is_empty_or_cannot_be_read_says_so(over, files, monkeypatch):
    files.rows = []
    assert "No file is in quarantine." in texts(over.page("held", query={"tab": "Quarantine"}))

    def broken():
        raise DashboardError("the vault cannot be read")

    monkeypatch.setattr(files, "listed", broken)
    at = over.page("held", query={"tab": "Quarantine"})
    assert "the vault cannot be read" in texts(at)
    assert any("action" in d.value for d in at.dataframe)
