"""A generated document is written when asked for, and only compared, with a diff, under --check."""

from __future__ import annotations

import pytest

from tools import generated


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(generated, "ROOT", tmp_path)
    return tmp_path / "docs" / "page.md"


def test_writes_what_is_wanted_and_then_finds_it_fresh(page, capsys):
    assert generated.main("docs/page.md", "one\n", []) == 0
    assert page.read_text() == "one\n"
    assert generated.main("docs/page.md", "one\n", ["--check"]) == 0
    assert capsys.readouterr().out == "docs/page.md: written\n"


@pytest.mark.parametrize("have", [None, "old\n"])
def test_check_writes_nothing_and_shows_what_is_stale(page, capsys, have):
    if have:
        page.parent.mkdir()
        page.write_text(have)
    assert generated.main("docs/page.md", "new\n", ["--check"]) == 1
    assert (page.read_text() if page.exists() else None) == have
    shown = capsys.readouterr().out
    assert "make docs" in shown
    assert "+new" in shown


def test_difference_is_empty_only_where_file_and_text_agree(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\nb\n")
    assert generated.difference(page, "a\nb\n") == ""
    assert "-b" in generated.difference(page, "a\n")


def test_notice_names_the_way_to_make_it_anew():
    assert "make docs" in generated.notice("tools.some_docs")
    assert "tools.some_docs" in generated.notice("tools.some_docs")
