"""A lake recorded with Lictor, ports that remember what they were told, and pages run as Streamlit runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboards import context, data, who
from dashboards.interface import Account, Asked, DashboardError, Ports, Role
from lictor.cli.app import invoke
from pipeline import schema
from pipeline.lake.standing import StandingLake
from pipeline.lake.writer import LakeWriter
from queries.catalog import views
from tools import sample_lake

ROOT = Path(__file__).parents[2]
APP = ROOT / "dashboards" / "entry" / "app.py"
SAMPLES = sorted(p for p in (ROOT / "sample-traces").iterdir() if p.is_dir())


@dataclass
class Remembering:
    """A journal in memory."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def write(self, account: Account, act: str, **columns: Any) -> None:
        self.rows.append({"account": account.name, "role": account.role.name, "act": act, **columns})

    def acts(self, act: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["act"] == act]


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with the sample traces, each judged by its policy, and what detections find in them."""
    folder = tmp_path_factory.mktemp("recorded") / "lake"
    for sample in SAMPLES:
        assert invoke(["replay", str(sample), "--lake", str(folder)]) in {0, 1}
    assert invoke(["detect", "--once", "--lake", str(folder)]) in {0, 1}
    return folder


@pytest.fixture(scope="session")
def lake(recorded: Path, at_hand: Callable[[Path], StandingLake]) -> StandingLake:
    return at_hand(recorded)


@pytest.fixture(scope="session")
def at_hand() -> Iterator[Callable[[Path], StandingLake]]:
    """Gives a lake that answers in milliseconds, from a worker that stays."""
    made: list[StandingLake] = []

    def open_one(root: Path) -> StandingLake:
        for idle in made[:-3]:  # a worker takes 200 MB, and starts again when it is asked
            for worker in list(idle._free.queue):
                worker.stop()
        made.append(StandingLake(root, views=views(), workers=1))
        return made[-1]

    yield open_one
    for lake in made:
        lake.close()


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample lake: several hosts, policies with their texts, coverage with losses and a blind spell; no detections."""
    folder = tmp_path_factory.mktemp("sampled") / "lake"
    sample_lake.make(folder, now=datetime.now(UTC), days=2, scale=1, detections=False)
    return folder


@pytest.fixture
def journal() -> Remembering:
    return Remembering()


@dataclass
class Stage:
    """Runs pages as an account; ``ports`` can be replaced before a page runs."""

    ports: Ports
    account: Account = field(default_factory=lambda: Account("ann", Role.admin, "local"))

    def page(
        self, name: str, *, role: Role | None = None, query: dict[str, Any] | None = None, timeout: float = 60
    ) -> AppTest:
        if role is not None:
            self.account = Account(self.account.name, role, "local")
        context.install(self.ports)
        who.recognise_by(lambda: self.account)
        data.forget()
        at = AppTest.from_file(str(APP), default_timeout=timeout)
        for key, value in (query or {}).items():
            at.query_params[key] = value
        if name != "overview":
            at._page_hash = calc_hash(name)  # switch_page() wants a run of the first page before
        return at.run()


@pytest.fixture
def stage(lake: Asked, journal: Remembering) -> Iterator[Stage]:
    yield Stage(Ports(lake, journal))
    context._installed.clear()  # no test may lean on the ports of another
    who._known.clear()


def texts(at: AppTest) -> str:
    """All that a page says in words, for what must (not) stand there."""
    kinds: tuple[Callable[[], Any], ...] = (
        lambda: at.markdown, lambda: at.text, lambda: at.caption, lambda: at.code, lambda: at.error, lambda: at.info,
        lambda: at.warning, lambda: at.title, lambda: at.header, lambda: at.subheader, lambda: at.success,
    )  # fmt: skip
    return "\n".join(str(e.value) for kind in kinds for e in kind())


@dataclass
class Orders:
    """Services that remember what they were told; ``refuse`` is what they say instead of doing it."""

    questions: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    told: list[tuple[str, str, str | None, str, bool]] = field(default_factory=list)
    refuse: str | None = None
    broken: str | None = None
    enforcement: str = "confirmed"

    def live(self) -> list[dict[str, Any]]:
        if self.broken:
            raise DashboardError(self.broken)
        return self.runs

    def held(self) -> list[dict[str, Any]]:
        if self.broken:
            raise DashboardError(self.broken)
        return self.questions

    def order(
        self, do: str, name: str, why: str | None, account: Account, *, for_run: bool = False
    ) -> list[dict[str, Any]]:
        self.told.append((do, name, why, account.name, for_run))
        if self.refuse:
            raise DashboardError(self.refuse)
        self.questions = [q for q in self.questions if q["hold"] != name]
        return [{"id": name, "deed": do, "enforcement": self.enforcement, "evidence": "3 of 3 processes"}]


@dataclass
class Files:
    """A quarantine that remembers what it was told."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    told: list[tuple[str, str, str, str]] = field(default_factory=list)
    refuse: str | None = None

    def listed(self) -> list[dict[str, Any]]:
        return self.rows

    def restore(self, file: str, account: Account, why: str) -> str:
        return self._out("restore", file, account, why)

    def purge(self, file: str, account: Account, why: str) -> str:
        return self._out("purge", file, account, why)

    def _out(self, act: str, file: str, account: Account, why: str) -> str:
        self.told.append((act, file, account.name, why))
        if self.refuse:
            raise DashboardError(self.refuse)
        self.rows = [row for row in self.rows if row["id"] != file]
        return f"{file}: {act}d and looked at"


@pytest.fixture(scope="session")
def lake_of(at_hand: Callable[[Path], StandingLake]) -> Callable[..., StandingLake]:
    """Makes a lake of some rows by table, in a folder, and gives it."""

    def made(folder: Path, **tables: list[dict[str, Any]]) -> StandingLake:
        with LakeWriter(folder, "h") as writer:
            for name, rows in tables.items():
                writer.append(name, pa.Table.from_pylist(rows, schema.lake_schema(name)))
        return at_hand(folder)

    return made
