from __future__ import annotations

import os

import pyarrow as pa
import pytest

from lictor.context import local_context
from lictor.inforce import PoliciesInForce
from lictor.runtime import paused_file
from pipeline import schema
from pipeline.policy.load import read_policies

TEXT = "lictor: 1\nname: p\nrules:\n  - { id: a, on: file.read, match: { path: /x }, action: deny }\n"


@pytest.fixture
def made(tmp_path):
    """Function: policies in force from a file, what was told, and the rows that were kept."""
    opened = []

    def make(**options):
        file = tmp_path / "p.yaml"
        file.write_text(TEXT)
        told, kept = [], []
        policies = PoliciesInForce(
            read_policies([file]),
            audit=False,
            report=told.append,
            keep=lambda _, rows: kept.extend(rows.to_pylist()),
            **options,
        )
        opened.append(policies)
        return policies, file, told, kept

    yield make
    for policies in opened:
        policies.close()


def batch(rule, key=7):
    texts = {name: pa.array([value]).dictionary_encode() for name, value in (("rule", rule), ("agent_run", "run-1"))}
    return schema.batch("activity", texts | {"process_key": pa.array([key], pa.int64())})


def test_a_version_is_kept_once_with_its_text(made):
    policies, _, _, kept = made()
    policies.keep_versions()
    policies.keep_versions()
    assert [(r["state"], r["text"], r["version"]) for r in kept] == [("in_force", TEXT, policies.policies[0].version)]


def test_the_files_are_protected_where_they_are_followed(made):
    followed, file, _, _ = made()
    program = followed.compile(local_context("a"))
    assert next(g.literal for r in program.layers[1].rules for g in r.match.paths) == str(file)
    literals = {g.literal for r in program.layers[1].rules for g in r.match.paths}
    assert os.path.realpath(paused_file()) in literals, "the switch lifts them: it is out of reach too"
    unfollowed, *_ = made(follow=False)
    assert len(unfollowed.compile(local_context("a")).layers) == 1


def test_a_change_from_within_a_run_is_refused(made, monkeypatch):
    policies, _, told, kept = made()
    monkeypatch.setattr(policies._files, "changed", lambda: True)
    policies.notice(batch("other"))
    assert policies.changed()
    policies.notice(batch("policy-files"))
    assert not policies.changed()
    assert "changed from within run run-1" in told[-1]
    assert kept[-1]["state"] == "refused"
    assert policies.changed()  # the next change, from outside, counts again


def test_a_change_of_which_nobody_knows_who_made_it_is_refused_in_other_words(made, monkeypatch):
    policies, _, told, _ = made()
    monkeypatch.setattr(policies._files, "changed", lambda: True)
    policies.notice(batch("policy-files", key=None))
    assert not policies.changed()
    assert "changed while run run-1 went on, and the source cannot tell by whom" in told[-1]


def test_rereading_takes_the_file_as_it_is(made):
    policies, file, _, kept = made()
    file.write_text(TEXT.replace("/x", "/y"))
    policies.take(policies.reread())
    assert policies.policies[0].rules[0].match.path == ("/y",)
    assert kept[-1]["text"] == file.read_text()


def test_without_policies_nothing_is_judged():
    assert PoliciesInForce([], audit=False, report=print, keep=print).compile(local_context("a")) is None
