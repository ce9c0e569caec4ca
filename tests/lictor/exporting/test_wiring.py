"""What is wrong with a destination is found before the first row is read."""

from __future__ import annotations

import pyarrow as pa
import pytest

from lictor.errors import LictorError
from lictor.exporting import wiring
from lictor.exporting.model import Destination
from lictor.exporting.stopping import Stop
from pipeline.export.errors import ExportError
from pipeline.export.formats.catalog import NAMES, load
from pipeline.lake.feed import Piece


def opened(tmp_path, **change):
    made = Destination(**{"name": "d", "to": f"file://{tmp_path}/x", "format": "json", **change})
    with wiring.ready(tmp_path, made, Stop(), follow=False, keep_status=False) as found:
        return found


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"format": "xml"}, LictorError, "--as xml"),
        ({"where": "nope = 1"}, ExportError, "nope"),
        ({"to": "gopher://h"}, ExportError, "no receiver"),
        ({"secrets": {"token": "env:NOT_THERE"}}, LictorError, "NOT_THERE"),
        ({"options": {"x": "y"}}, ExportError, "unknown option"),
        ({"redact": ("path",)}, LictorError, "--redact 'path' is no redaction: write drop:COLUMN"),
        ({"redact": ("drop:pth",)}, LictorError, "--redact 'pth': no such column"),
        ({"redact": ("hash:user",)}, LictorError, "give --secret redact_key=env:NAME"),
        ({"secrets": {"redact_key": "env:PATH"}}, LictorError, "no rule hashes anything"),
    ],
)
def test_faults(tmp_path, change, kind, said):
    with pytest.raises(kind, match=said):
        opened(tmp_path, **change)


def test_tables_are_those_that_were_named_else_all_of_the_format(tmp_path):
    assert opened(tmp_path, tables=("runs",)).tables == ("runs",)
    assert set(opened(tmp_path).tables) == load("json").tables
    form = load("json")
    form.tables = frozenset({"runs"})
    with pytest.raises(LictorError, match="has no events for it"):
        wiring.tables_of(Destination("d", "-", "json", ("activity",)), form)


def test_batches_are_those_of_the_destination_within_what_the_sink_wants(tmp_path):
    assert opened(tmp_path, events=7).shipper.events == 7
    assert opened(tmp_path, events=10**9).shipper.events == 20_000


def test_what_is_redacted_does_not_reach_the_receiver(tmp_path, monkeypatch):
    monkeypatch.setenv("PSEUDONYMS", "0123456789abcdef")
    secret = {"cmdline": "tool --token=verysecret", "cwd": "/home/alice", "user": "alice"}
    rows = pa.table({**{name: [value] for name, value in secret.items()}, "host": ["box"], "operation": ["exec"]})
    rules, out = ("drop:cwd", "hash:user", "mask:cmdline"), tmp_path / "x"
    for name in NAMES:
        out.unlink(missing_ok=True)
        made = Destination("d", f"file://{out}", name, redact=rules, secrets={"redact_key": "env:PSEUDONYMS"})
        with wiring.ready(tmp_path, made, Stop(), follow=False, keep_status=False) as found:
            assert found.shipper.ship([Piece("activity", rows, None)], lambda _: None)
        written = out.read_text()
        assert "tool --token" in written
        assert "hmac:" in written
        assert "alice" not in written
        assert "verysecret" not in written
        assert "0123456789abcdef" not in written
