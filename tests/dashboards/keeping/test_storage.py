"""The folder on the page: what a check finds is shown and recorded, chains are told plainly, and bytes as people say them."""

from __future__ import annotations

import shutil
import time

import pyarrow as pa
import pytest

from dashboards import context, who
from dashboards.interface import Account, DashboardError, Ports, Role
from dashboards.keeping import storage
from dashboards.parts.jobs import jobs
from pipeline.lake.writer import LakeWriter


@pytest.fixture
def kept(recorded, tmp_path):
    """A lake of one's own, since it is damaged here."""
    shutil.copytree(recorded, tmp_path / "lake")
    return tmp_path / "lake"


@pytest.fixture
def over(stage, journal, at_hand, kept):
    stage.ports = Ports(at_hand(kept), journal)
    jobs.forget(stage.account, storage.CHECK)
    yield stage
    jobs.forget(stage.account, storage.CHECK)


def words(at):
    return "\n".join(
        str(e.value) for kind in (at.text, at.caption, at.error, at.success, at.warning, at.code, at.info) for e in kind
    )


def checked(at):
    next(b for b in at.button if b.label.startswith("Check every segment")).click().run()
    for _ in range(240):
        if "Checked in" in words(at):
            break
        time.sleep(0.25)
        at.run()
    assert not at.exception
    return words(at)


def test_a_whole_lake_is_checked_and_that_is_recorded(over, journal):
    told = checked(over.page("health"))
    assert "Every segment and log agrees with its checksums." in told
    assert [(r["object"], r["account"]) for r in journal.acts("search")] == [("lake check", "ann")]


def test_a_damaged_segment_is_found_and_named(over, kept):
    path = max((kept / "activity").rglob("*.parquet"), key=lambda p: p.stat().st_size)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    told = checked(over.page("health"))  # whether or not the lake can still be asked
    assert "1 damages" in told
    assert path.name in told


def test_a_lake_that_cannot_be_asked_can_still_be_checked(over, kept):
    for path in (kept / "coverage").rglob("*.parquet"):
        path.write_bytes(path.read_bytes()[:40])
    at = over.page("health")
    assert "This could not be shown." in words(at)
    assert "damages." in checked(at)


def test_a_viewer_cannot_begin_a_check(over, journal):
    at = over.page("health", role=Role.viewer)
    assert next(b for b in at.button if b.label.startswith("Check every segment")).disabled
    context.install(over.ports)
    who.recognise_by(lambda: Account("vera", Role.viewer, "local"))
    with pytest.raises(DashboardError, match="needs the role analyst"):
        storage.begin(over.ports.lake)
    assert journal.acts("search") == []


def test_a_chain_that_does_not_hold_is_an_error(over, kept):
    with LakeWriter(kept, "h") as writer:
        for _ in range(3):
            writer.append("runs", pa.table({"run": ["r"]}))
            writer.seal()
    at = over.page("health")
    assert "2 links between logs" in words(at)
    path = next(p for p in (kept / "commits").iterdir() if p.stem == f"{writer.name}-2")
    path.unlink()
    at.run()
    assert "1 records are missing" in words(at)
    assert path.stem in words(at)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 KB"),
        (1_234_567, "1.23 MB"),
        (10**13, "10 TB"),
        (10**20, "1e+05 PB"),
    ],
)
def test_bytes_as_people_say_them(count, text):
    assert storage.size(count) == text
