from __future__ import annotations

import json
import sys

import pytest

from lictor.system import here
from lictor.winservice import __main__ as entry
from lictor.winservice import installing, status, uninstalling
from lictor.winservice.steps import Step


@pytest.fixture
def windows(monkeypatch):
    """As on Windows, as its administrator."""
    monkeypatch.setattr(entry.sys, "platform", "win32")
    monkeypatch.setattr(here, "own_uid", lambda: 0)


@pytest.mark.skipif(sys.platform == "win32", reason="says what other systems answer")
@pytest.mark.parametrize("verb", ["install", "uninstall", "status", "host"])
def test_elsewhere_it_says_what_to_use(verb, capsys):
    assert entry.main([verb]) == 2
    assert "lictor watch" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_what_changes_the_machine_needs_an_administrator(verb, windows, monkeypatch, capsys):
    monkeypatch.setattr(here, "own_uid", lambda: 1)
    assert entry.main([verb]) == 2
    assert "needs an administrator" in capsys.readouterr().err


def test_anybody_may_ask_how_it_stands(windows, monkeypatch, capsys):
    monkeypatch.setattr(here, "own_uid", lambda: 1)
    monkeypatch.setattr(status, "status", lambda: iter([Step("running", "confirmed", "yes")]))
    monkeypatch.setattr(entry.metadata, "version", {"lictor": "1.2.3"}.get)
    assert entry.main(["status", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["service"], told["version"], told["running"], told["ok"]) == ("Lictor", "1.2.3", True, True)


def test_from_a_source_tree_there_is_no_version(monkeypatch):
    def unknown(name):
        raise entry.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(entry.metadata, "version", unknown)
    assert entry._version() == ""


def test_install_hands_on_what_was_said_and_tells_each_step(windows, monkeypatch, capsys, tmp_path):
    seen = []
    monkeypatch.setattr(installing, "check", lambda *a: seen.append(a))
    monkeypatch.setattr(
        installing, "install", lambda *_: iter([Step("home", "confirmed", "a"), Step("running", "failed", "b")])
    )
    words = ["install", "--home", str(tmp_path), "--audit", "--source", "etw", "--policies", "somewhere"]
    assert entry.main(words) == 1
    ((settings, source),) = seen
    assert (settings.home, settings.audit, settings.source, source.is_absolute()) == (tmp_path, True, "etw", True)
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [
        ["confirmed", "home"],
        ["failed", "running"],
    ]


def test_install_without_a_policy_begins_nothing(windows, tmp_path, capsys):
    assert entry.main(["install", "--home", str(tmp_path)]) == 2
    assert "--audit" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_uninstall_hands_on_what_was_said(windows, monkeypatch, tmp_path):
    seen = []

    def uninstall(home, *, purge):
        seen.append((home, purge))
        yield Step("service", "confirmed", "gone")

    monkeypatch.setattr(uninstalling, "uninstall", uninstall)
    assert entry.main(["uninstall", "--home", str(tmp_path), "--purge"]) == 0
    assert seen == [(tmp_path, True)]


def test_a_defect_is_not_hidden(windows, monkeypatch):
    monkeypatch.setattr(status, "status", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        entry.main(["status"])
