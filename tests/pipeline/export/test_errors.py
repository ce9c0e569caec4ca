"""The error of an export, as the command line shows it."""

from __future__ import annotations

from lictor.errors import BAD_INPUT, exit_status
from pipeline.export.errors import ExportError, missing_library


def test_it_is_expected_and_names_what_to_install():
    error = missing_library("httpx", "export", "an HTTP receiver")
    assert isinstance(error, ExportError)
    assert exit_status(error) == BAD_INPUT
    assert str(error) == "an HTTP receiver needs httpx, which is not installed: pip install 'lictor[export]'"
