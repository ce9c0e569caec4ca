"""Events of OCSF and two outside opinions on them: the published JSON schema, and the published dictionary of all classes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.export.formats.ocsf.format import Ocsf
from pipeline.lake.feed import Feed

ROOT = Path(__file__).parents[5]
LARGEST_LONG = 2**63


def events_of(table, rows):
    return [json.loads(payload) for payload in Ocsf().encode(table, rows).to_pylist()]


@pytest.fixture(scope="session")
def events():
    """The events of rows, without opinions on them."""
    return events_of


@pytest.fixture(scope="session")
def event(make):
    """The one event of a row given by its columns."""

    def made(table, **columns):
        return events_of(table, make(table, {name: [value] for name, value in columns.items()}))[0]

    return made


@pytest.fixture(scope="session")
def judged(ocsf_schema, ocsf_compiled):
    """The events of rows; fails where the schema or the dictionary has anything against one of them."""
    validator, covered = ocsf_schema
    dictionary = Dictionary(ocsf_compiled)

    def made(table, rows):
        found = events_of(table, rows)
        assert len(found) == rows.num_rows
        for one in found:
            if one["class_uid"] in covered:
                assert not (wrong := [f"{e.message} at {e.instance_path}" for e in validator.iter_errors(one)]), (
                    wrong,
                    one,
                )
            assert not (wrong := dictionary.complaints(one)), (wrong, one)
        return found

    return SimpleNamespace(events=made, validator=validator, covered=covered, dictionary=dictionary)


@pytest.fixture(scope="session")
def replayed(tmp_path_factory):
    """What an exporter gets of the lake that a replay of a sample trace makes: tables and rows, piece by piece."""

    def pieces(sample):
        lake = tmp_path_factory.mktemp("lakes") / sample
        command = [
            sys.executable,
            "-c",
            "from lictor.cli.app import app; app()",
            "replay",
            ROOT / "sample-traces" / sample,
        ]
        subprocess.run([*command, "--lake", lake], check=True, capture_output=True, cwd=ROOT)
        return [(piece.table, piece.rows) for piece in Feed(lake, "test", sorted(Ocsf.tables)).read()]

    return pieces


class Dictionary:
    """The dictionary read as a closed world: an event has no attributes but those of its class and profiles."""

    def __init__(self, published):
        self._objects = published["objects"]
        self._types = published["dictionary"]["types"]["attributes"]
        self._classes = {c["uid"]: c for c in published["classes"].values()}

    def complaints(self, event):
        """Everything that the dictionary has against an event."""
        described = self._classes.get(event["class_uid"])
        if described is None:
            return [f"no class {event['class_uid']}"]
        profiles = set(event["metadata"]["profiles"])
        strange = [f"profile {p} is none of {described['name']}" for p in profiles - set(described["profiles"])]
        return strange + list(self._members(event, described, profiles, ""))

    def _members(self, value, described, profiles, path):
        known = {name: a for name, a in described["attributes"].items() if fits(a, profiles)}
        yield from (f"{path}{name}: unknown" for name in value.keys() - known.keys())
        for name, attribute in known.items():
            if name in value:
                yield from self._attribute(value[name], attribute, profiles, f"{path}{name}")
            elif attribute.get("requirement") == "required":
                yield f"{path}{name}: missing"
        for kind, names in (described.get("constraints") or {}).items():
            there = sum(name in value for name in names)
            if there == 0 or (kind == "just_one" and there > 1):
                yield f"{path}: {kind} of {names}"

    def _attribute(self, value, attribute, profiles, path):
        if attribute.get("is_array"):
            if not isinstance(value, list):
                yield f"{path}: no list"
                return
            for item in value:
                yield from self._single(item, attribute, profiles, f"{path}[]")
        else:
            yield from self._single(value, attribute, profiles, path)

    def _single(self, value, attribute, profiles, path):
        if attribute["type"] == "object_t":
            if not isinstance(value, dict):
                yield f"{path}: no object"
            elif attribute["object_type"] != "object":
                yield from self._members(value, self._objects[attribute["object_type"]], profiles, f"{path}.")
            return
        base = self._types[attribute["type"]].get("type", attribute["type"])
        if not SCALARS[base](value):
            yield f"{path}: {value!r} is no {base}"
        if attribute.get("enum") and str(value) not in attribute["enum"]:
            yield f"{path}: {value!r} is none of its values"


SCALARS = {
    "string_t": lambda v: isinstance(v, str),
    "integer_t": lambda v: type(v) is int,
    "long_t": lambda v: type(v) is int and -LARGEST_LONG <= v < LARGEST_LONG,
    "boolean_t": lambda v: type(v) is bool,
    "float_t": lambda v: type(v) in {int, float},
    "json_t": lambda v: True,  # noqa: ARG005 - any JSON
}


def fits(attribute, profiles):
    """Whether an attribute is there without a profile, or with one that the event names."""
    wanted = attribute.get("profiles") or ([attribute["profile"]] if attribute.get("profile") else [])
    return not wanted or bool(set(wanted) & profiles)
