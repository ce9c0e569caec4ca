from __future__ import annotations

import sys

import pytest

from lictor.winservice import eventlog


def test_a_source_whose_file_is_gone_is_none(tmp_path, monkeypatch):
    file = tmp_path / "servicemanager.pyd"
    monkeypatch.setattr(eventlog, "message_file", lambda: str(file))
    assert not eventlog.is_registered()
    file.touch()
    assert eventlog.is_registered()
    monkeypatch.setattr(eventlog, "message_file", lambda: None)
    assert not eventlog.is_registered()


@pytest.mark.skipif(sys.platform == "win32", reason="says what other systems answer")
def test_elsewhere_there_is_no_such_log():
    with pytest.raises(OSError, match="only Windows"):
        eventlog.message_file()
