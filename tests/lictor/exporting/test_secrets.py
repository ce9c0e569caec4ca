"""Secrets by reference: from a variable or a private file, and never repeated in an error."""

from __future__ import annotations

import pytest

from lictor.errors import LictorError
from lictor.exporting.secrets import resolved


def test_variables_and_private_files(tmp_path):
    (tmp_path / "t").write_text("s3cret\n")
    (tmp_path / "t").chmod(0o600)
    assert resolved({"a": "env:A", "b": f"file:{tmp_path}/t"}, {"A": "x"}) == {"a": "x", "b": "s3cret"}


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("s3cret", "what it is"),
        ("env:", "what it is"),
        ("s3cret:x", "what it is"),
        ("env:NOPE", "NOPE is not set"),
        ("file:/nowhere/s", "cannot be read"),
    ],
)
def test_references_that_lead_nowhere(reference, said):
    with pytest.raises(LictorError, match=said) as error:
        resolved({"token": reference}, {})
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (b"x", 0o644, "chmod 600"),
        (b"", 0o600, "no secret"),
        (b"a\nb", 0o600, "no secret"),
        (b"\xff", 0o600, "no secret"),
    ],
)
def test_files_that_are_no_secret(tmp_path, content, mode, said):
    path = tmp_path / "t"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(LictorError, match=said):
        resolved({"token": f"file:{path}"}, {})
