"""Destinations: names, what is written down of them, and that it holds no secret."""

from __future__ import annotations

import pytest

from lictor.errors import LictorError
from lictor.exporting.model import Destination, checked, name_of, names, saved


def test_what_is_saved_comes_back(tmp_path):
    made = Destination(
        "siem", "syslog+tls://h", "cef", ("activity",), "uid = 0", ("path",), {"a": "b"}, {"token": "env:T"}
    )
    made.save(tmp_path)
    assert saved(tmp_path, "siem") == made
    assert names(tmp_path) == ["siem"]
    assert (tmp_path / "export/siem/destination.json").stat().st_mode & 0o777 == 0o600


def test_unknown_and_damaged_ones(tmp_path):
    with pytest.raises(LictorError, match="there are: none yet"):
        saved(tmp_path, "siem")
    Destination("a", "-", "json").save(tmp_path)
    with pytest.raises(LictorError, match="there are: a"):
        saved(tmp_path, "siem")
    (tmp_path / "export/a/destination.json").write_text("{}")
    with pytest.raises(LictorError, match="start its export again"):
        saved(tmp_path, "a")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "../x"}, "a name is"),
        ({"name": ""}, "a name is"),
        ({"tables": ("nope",)}, "no such table"),
        ({"events": 0}, "more than 0"),
    ],
)
def test_destinations_that_cannot_be(change, said):
    with pytest.raises(LictorError, match=said):
        checked(Destination(**{"name": "a", "to": "-", "format": "json", **change}))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("-", "stdout"),
        ("syslog+tls://h:6514?ca=/x", "syslog-tls-h-6514"),
        ("file:///a/b.jsonl", "file-a-b.jsonl"),
        ("sentinel+https://h?dcr=a&stream=b&tenant=c", "sentinel-https-h-a-b"),
    ],
)
def test_names_of_urls(url, name):
    assert checked(Destination(name_of(url), url, "json")).name == name


def test_long_urls_that_differ_have_different_names():
    made = {name_of(f"file:///{'x' * 60}/{n}") for n in range(5)}
    assert len(made) == 5
    assert {len(n) for n in made} == {48}
