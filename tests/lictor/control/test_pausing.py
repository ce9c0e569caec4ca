"""The red switch as a file: whose counts, and that it is there whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from lictor.control.pausing import Paused, is_ours, pause, paused, resume
from lictor.errors import LictorError
from tests.lictor.control.conftest import BECOME, NOBODY, needs_root


def test_thrown_and_put_back(runtime):
    assert paused() is None
    before = time.time_ns()
    state = pause("anna", "false alarms ☂", "bert")
    assert paused() == state == Paused("anna", "false alarms ☂", state.since, "bert")
    assert before <= state.since <= time.time_ns()
    assert resume() is True
    assert paused() is None
    assert resume() is False
    assert os.listdir(runtime) == []


def test_everybody_may_read_it_whatever_the_umask(runtime):
    old = os.umask(0o077)
    try:
        pause("anna", None)
    finally:
        os.umask(old)
    assert (runtime / "paused.json").stat().st_mode & 0o777 == 0o644
    assert os.listdir(runtime) == ["paused.json"]


def test_thrown_again_it_says_who_was_last(runtime):
    pause("anna", "one")
    pause("bert", None)
    state = paused()
    assert (state.who, state.why, state.login) == ("bert", None, None)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", "null", "{}", '{"who": "x"}', '{"who": "x", "since": "soon"}', '{"since": 1}', "\x80"]
)
def test_what_is_in_another_form_does_not_count(runtime, text):
    runtime.mkdir(mode=0o755)
    (runtime / "paused.json").write_text(text, encoding="latin-1")
    assert paused() is None
    pause("anna", None)
    assert paused().who == "anna"


@pytest.mark.parametrize("mode", [0o646, 0o664, 0o666])
def test_one_that_others_could_have_written_does_not_count(runtime, mode):
    pause("anna", None)
    (runtime / "paused.json").chmod(mode)
    assert paused() is None


@needs_root
def test_one_of_another_user_does_not_count(runtime):
    pause("anna", None)
    os.chown(runtime / "paused.json", NOBODY, NOBODY)
    assert paused() is None


def test_a_link_does_not_count(runtime):
    pause("anna", None)
    (runtime / "paused.json").rename(runtime / "real")
    (runtime / "paused.json").symlink_to(runtime / "real")
    assert paused() is None


def test_it_is_never_seen_half_written(runtime):
    """Read again and again while another process throws it as fast as it can."""
    code = "import sys\nfrom lictor.control.pausing import pause\nfor n in range(400):\n    pause('x' * 5000, str(n))"
    pause("x" * 5000, "first")
    writer = subprocess.Popen([sys.executable, "-c", code])
    seen = set()
    while writer.poll() is None:
        state = json.loads((runtime / "paused.json").read_text())
        seen.add(state["why"])
        assert len(state["who"]) == 5000
    assert len(seen) > 1
    assert os.listdir(runtime) == ["paused.json"]


@needs_root
@pytest.mark.parametrize("deed", ["pause('me', None)", "resume()"])
def test_who_does_not_run_lictor_is_told(runtime, deed):
    pause("anna", None)
    code = (
        f"{BECOME}\nfrom lictor.control.pausing import is_ours, pause, resume\nfrom lictor.errors import LictorError\n"
        f"become(65534, 65534)\nprint(is_ours())\ntry:\n    {deed}\nexcept LictorError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "only who runs Lictor may" in done.stdout, done.stderr
    assert done.stdout.startswith("False\n")
    assert paused().who == "anna"


def test_who_runs_lictor_writes_it(runtime):
    assert is_ours() is (os.geteuid() == 0)
    runtime.mkdir(mode=0o755)
    assert is_ours()


def test_a_full_disk_leaves_nothing(runtime, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    runtime.mkdir(mode=0o755)
    monkeypatch.setattr(json, "dump", full)
    with pytest.raises(LictorError, match="No space left"):
        pause("anna", None)
    assert os.listdir(runtime) == []
