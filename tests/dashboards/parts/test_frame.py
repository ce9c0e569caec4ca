"""Around every page: one row for each page and what was asked of it, not for each click on it; a way out."""

from __future__ import annotations

from dashboards.interface import Account, Role


def test_a_click_is_no_second_view_and_other_filters_are(stage, journal):
    at = stage.page("overview")
    at.run()
    assert len(journal.acts("view")) == 1
    at.query_params["since"] = "24h"
    at.run()
    assert [r["detail"].get("since") for r in journal.acts("view")][-1] == ["24h"]


def test_who_looks_and_the_way_out_are_told(stage):
    at = stage.page("overview", role=Role.analyst)
    assert "ann · analyst" in [c.value for c in at.sidebar.caption]
    assert [b.label for b in at.sidebar.button] == ["Sign out"]
    assert not at.exception


def test_hostile_names_of_accounts_are_no_markup(stage):
    stage.account = Account("**x**[a](b)", Role.admin, "oidc")
    at = stage.page("overview")
    assert any("\\*\\*x" in c.value for c in at.sidebar.caption)
