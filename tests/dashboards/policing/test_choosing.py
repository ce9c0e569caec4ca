"""What is looked at stands in the address: a link shows the same, and what it does not know is said."""

from __future__ import annotations

import pytest

from dashboards.interface import Role
from dashboards.policing import choosing


def words(at):
    return " ".join(
        str(e.value)
        for kind in (at.subheader, at.caption, at.warning, at.info, at.markdown, at.code, at.text)
        for e in kind
    )


def test_without_a_choice_nothing_is_looked_into(governed, journal):
    at = governed.page("policies")
    assert not at.exception
    assert [s.value for s in at.subheader][:1] == ["In force"]
    assert not [r for r in journal.rows if r["act"] == "reveal"]


def test_a_policy_in_the_address_is_shown_in_its_part(governed, standing):
    known = next(r for r in standing if r["policy"] == "careful")
    at = governed.page("policies", query={"policy": "careful", "version": known["version"], "part": "Tests"})
    assert not at.exception
    assert "tests pass" in at.success[0].value
    assert at.query_params["part"] == "Tests"


def test_a_policy_without_a_version_is_the_one_in_force(governed, standing):
    known = {r["version"][:12] for r in standing if r["policy"] == "careful"}
    at = governed.page("policies", query={"policy": "careful"})
    assert any(version in words(at) for version in known)


@pytest.mark.parametrize("version", ["0" * 64, "'; DROP TABLE policies; --", "<script>alert(1)</script>"])
def test_an_unknown_version_is_said_and_shows_nothing(governed, journal, version):
    at = governed.page("policies", query={"policy": "careful", "version": version})
    assert not at.exception
    assert "not in the lake" in at.warning[-1].value
    assert not [r for r in journal.rows if r["act"] == "reveal"]


def test_a_version_that_cannot_be_asked_for_is_said_in_a_line(governed):
    at = governed.page("policies", query={"policy": "careful", "version": "a\0b"})
    assert not at.exception
    assert "cannot be shown" in at.info[-1].value


def test_an_unknown_part_is_the_first(governed):
    at = governed.page("policies", query={"policy": "careful", "part": "Nonsense"})
    assert at.query_params["part"] == choosing.PARTS[0]
    assert not at.exception


def test_a_clicked_row_is_looked_into(governed):
    at = governed.page("policies")
    at.session_state["policies_standing"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    assert at.query_params["policy"]
    assert at.subheader[-1].value.replace("\\", "") == at.query_params["policy"]


def test_a_text_that_is_shown_is_recorded_once(governed, journal):
    at = governed.page("policies", query={"policy": "careful"})
    at.run()
    (row,) = journal.acts("reveal")
    assert (row["object"], row["outcome"]) == ("careful", "success")
    assert row["detail"]["files"] == ["/etc/lictor/policies/careful.yaml"]


def test_a_viewer_sees_what_stands_where_but_no_text(governed, journal):
    at = governed.page("policies", role=Role.viewer, query={"policy": "careful", "part": "Edit"})
    assert not at.exception
    assert at.dataframe
    assert not at.text_area
    assert "shown to analysts" in at.info[-1].value
    assert not [r for r in journal.rows if r["act"] == "reveal"]
    assert "Write a new policy" not in [b.label for b in at.button]


def test_a_viewer_gets_no_new_policy_by_its_address_either(governed):
    at = governed.page("policies", role=Role.viewer, query={"policy": "x", "version": choosing.NEW, "part": "Edit"})
    assert not at.exception
    assert not at.text_area


def test_a_new_policy_begins_with_a_valid_text(governed):
    at = governed.page("policies")
    next(b for b in at.button if b.label == "Write a new policy").click().run()
    assert not at.exception
    assert at.success[-1].value == "Valid."
    assert at.query_params["version"] == choosing.NEW
