"""The service without a service manager; with one it is tested under Wine."""

from __future__ import annotations

import sys

import pytest

from lictor import winservice
from lictor.errors import LictorError


@pytest.fixture
def told(tmp_path):
    (tmp_path / "policies").mkdir()
    return winservice.parsed(["--home", str(tmp_path)])


def lines(told):
    return (told.home / "log" / "service.log").read_text().splitlines()


def test_all_policies_of_the_folder_count_in_order_of_name(told):
    for name in ("b.yaml", "a.yaml", "c.txt"):
        (told.home / "policies" / name).touch()
    options = winservice.options_of(told)
    assert [p.name for p in options.policies] == ["a.yaml", "b.yaml"]
    assert (options.lake, options.audit) == (told.home / "lake", False)


def test_without_a_policy_it_only_starts_when_that_is_wanted(told):
    with pytest.raises(LictorError, match="no policy"):
        winservice.options_of(told)
    told.audit = True
    assert winservice.options_of(told).policies == []


def test_it_watches_until_it_is_told_to_stop_and_its_lines_have_their_time(told, monkeypatch):
    told.audit = True

    def watch(_options, *, stop, report):
        report("watching")
        assert stop()

    monkeypatch.setattr(winservice, "watch", watch)
    assert winservice.serve(told, lambda: True) is None
    assert [line.split(" ", 1)[1] for line in lines(told)] == ["begins", "watching", "ended as it was told to"]
    assert all(line[:2] == "20" and line[19] == "Z" for line in lines(told))


def test_what_is_wrong_is_one_line_and_the_reason(told):
    why = winservice.serve(told, lambda: True)
    assert "no policy" in why
    assert lines(told)[-1].endswith(why)


def test_a_defect_is_told_with_its_place(told, monkeypatch):
    told.audit = True
    monkeypatch.setattr(winservice, "watch", lambda *_, **__: 1 / 0)
    assert "ZeroDivisionError" in winservice.serve(told, lambda: True)
    assert "test_winservice.py" in "\n".join(lines(told))


@pytest.mark.skipif(sys.platform == "win32", reason="says what other systems answer")
def test_elsewhere_it_says_what_to_use(capsys):
    assert winservice.main([]) == 2
    assert "lictor watch" in capsys.readouterr().err
