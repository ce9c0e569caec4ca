"""Standard output as a sink."""

from __future__ import annotations

import io
import os

import pytest

from pipeline.export.errors import ExportError
from pipeline.export.sinks.catalog import open_sink
from pipeline.export.sinks.interface import Settings
from pipeline.export.sinks.stdout import StdoutSink
from tests.receivers.events import HOSTILE, batch


def test_each_event_is_one_line():
    out = io.BytesIO()
    sink = StdoutSink(out)
    assert not len(sink.send(batch(payloads=HOSTILE)).retry)
    sink.close()
    assert out.getvalue().decode().split("\n") == [*HOSTILE, ""]
    assert not out.closed


def test_reader_that_went_away_ends_the_command():
    inner, outer = os.pipe()
    os.close(inner)
    out = os.fdopen(outer, "wb")
    with pytest.raises(BrokenPipeError):
        StdoutSink(out).send(batch(1000, size=1000))
    out.detach().close()


@pytest.mark.parametrize("url", ["-", "stdout:"])
def test_both_names_and_no_options(url, capsysbinary):
    open_sink(url, Settings()).send(batch(1))
    assert capsysbinary.readouterr().out.startswith(b'{"n": 0')
    with pytest.raises(ExportError, match="unknown option"):
        open_sink(url, Settings({"x": "y"}))
