"""Destinations from the options of a command line."""

from __future__ import annotations

import pytest

from lictor.errors import LictorError
from lictor.exporting import given
from lictor.exporting.model import Destination
from pipeline.export.errors import ExportError


def test_options_become_a_destination():
    made = given.from_options(
        "cef", "syslog+tcp://h", name="n", tables=["runs"], where="uid = 0", redact=["path"], options=["app=a=b"],
        secrets=["token=env:T"], batch="events=7,bytes=1KiB,seconds=2", give_up="5m", from_now=True,
    )  # fmt: skip
    assert made == Destination(
        "n",
        "syslog+tcp://h",
        "cef",
        ("runs",),
        "uid = 0",
        ("path",),
        {"app": "a=b"},
        {"token": "env:T"},
        True,
        7,
        1024,
        2.0,
        300.0,
    )


@pytest.mark.parametrize(
    ("form", "to", "more", "said"),
    [
        (None, "-", {}, "--as is missing"),
        ("json", None, {}, "--to is missing"),
        ("json", "-", {"batch": "rows=5"}, "--batch rows=5"),
        ("json", "-", {"batch": "events=x"}, "--batch events=x"),
        ("json", "-", {"batch": "5"}, "NAME=VALUE"),
        ("json", "-", {"options": ["x"]}, "--option"),
        ("json", "-", {"give_up": "long"}, "--give-up"),
    ],
)
def test_options_that_are_wrong(form, to, more, said):
    with pytest.raises(LictorError, match=said):
        given.from_options(form, to, **more)


def test_secrets_on_the_command_line_are_refused_and_not_repeated():
    with pytest.raises(LictorError, match="--secret") as error:
        given.from_options("json", "-", secrets=["s3cret"])
    assert "s3cret" not in str(error.value)
    with pytest.raises(ExportError) as refused:
        given.from_options("json", "https://u:s3cret@h")
    assert "s3cret" not in str(refused.value)


def test_one_export_does_not_wait_for_ever():
    made = Destination("n", "-", "json")
    assert given.patient(made).give_up == 60
    assert given.patient(given.from_options("json", "-", give_up="5s")).give_up == 5


def test_file(tmp_path):
    (tmp_path / "d.yaml").write_text("export: 1\ndestinations: [{to: '-', as: json}]\n")
    assert given.from_file(tmp_path / "d.yaml") == [Destination("stdout", "-", "json")]
