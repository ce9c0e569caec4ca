"""The live collector over pywintrace: recorded events go the way of live ones and must become the rows that an import gives."""

from __future__ import annotations

import os
import sys
import time
from importlib import util
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="pywintrace loads on Windows only")

from collectors.etw import machine, tracing  # noqa: E402
from collectors.etw.collector import EtwCollector  # noqa: E402
from collectors.etw.sessions import SESSIONS  # noqa: E402
from collectors.etw.source import usable  # noqa: E402
from collectors.interface import CollectorError, Run, Wanted  # noqa: E402
from collectors.replay.etl import EtlCollector  # noqa: E402
from collectors.replay import etl_file  # noqa: E402
from pipeline import schema  # noqa: E402
from tests import etl_writer as w  # noqa: E402
from tests.etw_events import events  # noqa: E402

HERE = Path(__file__).parent
AGENT = 1000
DEVICE = "\\Device\\HarddiskVolume3"
OF_THE_FILE = {"boot_id", "host", "source", "seq", "agent_run", "agent", "initiator", "initiator_evidence"}
"""Columns that only one of the two ways knows, or knows in its own way."""


def _fake():
    spec = util.spec_from_file_location("fake_etw", HERE / "fake_etw.py")
    module = util.module_from_spec(spec)
    sys.modules["fake_etw"] = module
    spec.loader.exec_module(module)
    return module


FakeWindows = _fake().FakeWindows
