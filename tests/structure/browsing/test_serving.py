"""The dashboard started as a person would: it says where it is and answers there, or why not."""

from __future__ import annotations

import json
import stat
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pipeline.lake.writer import LakeWriter
from tools.browsing import serving


@pytest.fixture
def lake(tmp_path):
    LakeWriter(tmp_path / "lake", "h").close()
    return tmp_path / "lake"


def test_it_is_there_and_gone_afterwards(lake):
    with serving.served(lake) as found:
        assert urllib.request.urlopen(f"{found.address}healthz", timeout=10).read() == b"ok\n"
        assert found.link
        assert Path(f"/proc/{found.pid}").exists()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{found.address}healthz", timeout=10)


def test_what_keeps_it_from_starting_is_told(tmp_path):
    with pytest.raises(serving.NotServedError, match="no lake there"), serving.served(tmp_path / "none"):
        pass


def test_people_have_an_account_each(tmp_path):
    file = serving.people(tmp_path / "accounts.json", {"ann": "viewer"})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["accounts"]["ann"]["role"] == "viewer"
    assert serving.password("ann") not in file.read_text()
