"""Each name gives its format, and asking for the names imports none of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pipeline.export.formats import catalog
from pipeline.export.formats.interface import Format, FormatError


@pytest.mark.parametrize("name", catalog.NAMES)
def test_format_bears_the_name_that_it_is_asked_by(name):
    form = catalog.load(name)
    assert isinstance(form, Format)
    assert form.name == name


def test_unknown_name_lists_those_that_there_are():
    with pytest.raises(FormatError, match=r"no format 'xml': choose one of json, ocsf, ecs, cef, leef, asim, udm"):
        catalog.load("xml")


def test_names_alone_import_no_format():
    code = "import sys, pipeline.export.formats.catalog; print([m for m in sys.modules if m.endswith(('.ocsf.format', '.ecs', '.cef'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
