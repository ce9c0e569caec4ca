from __future__ import annotations

import contextlib

import pytest

from enforcer.windows import api
from enforcer.windows.alone import alone


@pytest.fixture
def file(monkeypatch):
    """A file that is held for so many tries; what was closed."""
    made = {"held": 0, "code": api.SHARING_VIOLATION, "closed": []}

    def call(name, path, access, share, *_rest):
        assert (name, path, share) == ("CreateFileW", "C:\\lock", 0)
        if made["held"]:
            made["held"] -= 1
            raise OSError(made["code"], "held")
        return 7

    monkeypatch.setattr(api, "call", call)
    monkeypatch.setattr(api, "close", made["closed"].append)
    monkeypatch.setattr(api, "code_of", lambda error: error.errno)
    return made


def test_it_waits_for_who_has_it_and_lets_go_whatever_happens(file):
    file["held"] = 3
    with contextlib.suppress(ValueError), alone("C:\\lock", 5):
        assert file["closed"] == []
        raise ValueError("inside")
    assert (file["held"], file["closed"]) == (0, [7])


def test_who_never_lets_go_is_not_waited_for(file):
    file["held"] = 10_000
    with pytest.raises(TimeoutError, match="another process"), alone("C:\\lock", 0.05):
        pytest.fail("it is held")


def test_another_error_is_told_at_once(file):
    file["held"], file["code"] = 10_000, 5
    with pytest.raises(OSError, match="held"), alone("C:\\lock", 60):
        pytest.fail("it may not be opened")
    assert file["held"] == 9_999
