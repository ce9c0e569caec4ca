"""Expected errors are told apart from defects, and the table of them names classes that there are."""

import importlib
import subprocess
import sys

import pytest

from lictor import errors


@pytest.mark.parametrize(("module", "name"), errors.EXPECTED)
def test_every_expected_error_exists_and_means_bad_input(module, name):
    kind = getattr(importlib.import_module(module), name)
    error = kind("file", []) if name == "PolicyError" else kind("what is wrong")
    assert errors.exit_status(error) == errors.BAD_INPUT


def test_a_query_error_is_a_lake_error():
    from pipeline.lake.errors import QueryError  # noqa: PLC0415 - the class is looked up by name elsewhere

    assert errors.is_expected(QueryError("no such column"))


@pytest.mark.parametrize(
    ("error", "status"),
    [(KeyboardInterrupt(), 130), (BrokenPipeError(), 141), (ValueError("defect"), None), (OSError("defect"), None)],
)
def test_other_ends(error, status):
    assert errors.exit_status(error) == status


def test_telling_them_apart_loads_nothing():
    code = "import sys, lictor.errors as e; e.exit_status(ValueError()); print([m for m in sys.modules if m.startswith('pipeline')])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
