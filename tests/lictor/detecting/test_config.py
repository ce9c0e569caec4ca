from __future__ import annotations

import pytest

from lictor.detecting.config import Change, DetectionConfig, read_config
from lictor.errors import LictorError


@pytest.fixture
def read(tmp_path):
    def made(text):
        path = tmp_path / "detections.yaml"
        path.write_text(text)
        return read_config(path)

    return made


def test_a_whole_file(read, tmp_path):
    found = read("""
detections: 1
sigma: [rules.json, /etc/lictor/more.json]
on: ["hunt:write_outside_workspace"]
off: ["sigma:*"]
change:
  hunt:mass_delete:
    severity: critical
    parameters: { least: 100 }
""")
    assert [str(p) for p in found.sigma] == [f"{tmp_path}/rules.json", "/etc/lictor/more.json"]
    assert found.on == ("hunt:write_outside_workspace",)
    assert found.off == ("sigma:*",)
    assert found.change == {"hunt:mass_delete": Change("critical", {"least": 100})}


def test_an_empty_one_changes_nothing(read):
    assert read("detections: 1\n") == DetectionConfig()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: []", r"detections.yaml:1:1: a file of detections is a mapping that begins with 'detections: 1'"),
        ("detections: 1\noff: x", r":2:6: 'off' must be a list of texts"),
        ("detections: 1\nof: []", r":2:1: unknown key 'of'; did you mean 'off'\?"),
        (
            "detections: 1\nchange:\n  a:\n    severity: hihg",
            r":4:15: severity 'hihg' is none of .* did you mean 'high'\?",
        ),
        ("detections: 1\nchange:\n  a: 3", r":3:6: 'a' must be a mapping with severity or parameters"),
        ("detections: 1\nchange: 3", r"'change' must be a mapping"),
        ("detections: 1\nchange: {a: {parameters: 3}}", r"'parameters' must be a mapping"),
        ("detections: [", r"not readable as YAML"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(read, text, said):
    with pytest.raises(LictorError, match=said):
        read(text)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(LictorError, match="cannot be read"):
        read_config(tmp_path / "none.yaml")
