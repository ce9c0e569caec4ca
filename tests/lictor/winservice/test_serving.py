"""The service without a service manager; with one it is tested under Wine."""

from __future__ import annotations

import pytest

from lictor.errors import LictorError
from lictor.winservice import serving
from lictor.winservice.settings import ServiceSettings


@pytest.fixture
def told(tmp_path, lists):
    (tmp_path / "policies").mkdir()
    return ServiceSettings(tmp_path)


@pytest.fixture
def audit(told):
    return ServiceSettings(told.home, audit=True)


def lines(told):
    return (told.home / "log" / "service.log").read_text().splitlines()


def test_all_policies_of_the_folder_count_in_order_of_name(told):
    for name in ("b.yaml", "a.yaml", "c.txt"):
        (told.home / "policies" / name).touch()
    options = serving.options_of(told)
    assert [p.name for p in options.policies] == ["a.yaml", "b.yaml"]
    assert (options.lake, options.audit) == (told.home / "lake", False)


def test_without_a_policy_it_only_starts_when_that_is_wanted(told, audit):
    with pytest.raises(LictorError, match="no policy"):
        serving.options_of(told)
    assert serving.options_of(audit).policies == []


def test_where_others_may_write_policies_it_does_not_start_and_says_who(told, audit, lists):
    lists.of[told.home / "policies"] = "O:BAG:SYD:(A;;FA;;;SY)(A;;FA;;;BA)(A;CI;DCLC;;;BU)"
    with pytest.raises(LictorError, match=r"policies may be changed by Users; .*install"):
        serving.options_of(audit)
    assert serving.options_of(ServiceSettings(told.home, audit=True, unsealed=True)).audit


def test_a_home_that_is_not_looked_at_is_told_of_at_each_start(told, monkeypatch):
    monkeypatch.setattr(serving, "watch", lambda *_, **__: 0)
    assert serving.serve(ServiceSettings(told.home, audit=True, unsealed=True), lambda: True) is None
    assert "whoever may write there" in lines(told)[1]


def test_it_watches_until_it_is_told_to_stop_and_its_lines_have_their_time(audit, monkeypatch):
    def watch(_options, *, stop, report):
        report("watching")
        assert stop()

    monkeypatch.setattr(serving, "watch", watch)
    assert serving.serve(audit, lambda: True) is None
    assert [line.split(" ", 1)[1] for line in lines(audit)] == ["begins", "watching", "ended as it was told to"]
    assert all(line[:2] == "20" and line[19] == "Z" for line in lines(audit))


def test_what_is_wrong_is_one_line_and_the_reason(told):
    why = serving.serve(told, lambda: True)
    assert "no policy" in why
    assert lines(told)[-1].endswith(why)


def test_a_defect_is_told_with_its_place(audit, monkeypatch):
    monkeypatch.setattr(serving, "watch", lambda *_, **__: 1 / 0)
    assert "ZeroDivisionError" in serving.serve(audit, lambda: True)
    assert "test_serving.py" in "\n".join(lines(audit))


def test_without_a_log_it_does_not_run_unseen(audit):
    (audit.home / "log").write_text("a file")
    assert "log cannot be written" in serving.serve(audit, lambda: True)
