"""URLs and the sinks behind them."""

from __future__ import annotations

import importlib

import pytest

from pipeline.export.errors import ExportError
from pipeline.export.sinks import catalog
from pipeline.export.sinks.interface import Settings


def test_every_scheme_has_a_module_that_opens_it():
    for scheme, module in catalog._PLACES.items():
        assert callable(importlib.import_module(f"pipeline.export.sinks.{module}").open_sink), scheme


def test_unknown_schemes_name_what_there_is():
    with pytest.raises(ExportError, match="did you mean 'syslog\\+tls'"):
        catalog.open_sink("syslogtls://h", Settings())
    with pytest.raises(ExportError, match="known here: stdout, file"):
        catalog.open_sink("gopher://h", Settings())


def test_sink_is_ready_to_send(tmp_path):
    sink = catalog.open_sink(f"file://{tmp_path}/x", Settings())
    sink.close()
    assert (tmp_path / "x").exists()
