"""Nothing is watched by default: what is wrapped comes back as it was, and no library of telemetry is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lictor.observing.interface import Observer


def work(batch):
    return batch


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda o: o.step("x", work), lambda o: o.judge(work), lambda o: o.batch(work, lambda: 0), lambda o: o.reload(work),
        lambda o: o.report(work),
    ],
)  # fmt: skip
def test_what_is_wrapped_is_the_thing_itself(wrapped):
    assert wrapped(Observer()) is work


def test_rows_are_not_looked_at_and_its_life_is_empty():
    observer = Observer()
    assert observer.seen is None
    assert [observer.open(tuple), observer.tick(), observer.close()] == [None, None, None]


def loaded(code):
    """Names of modules that a piece of code loads in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint('\\n'.join(sys.modules))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


def test_a_service_without_telemetry_loads_none_of_it():
    modules = loaded(
        "import lictor.running, lictor.watching\n"
        "from pathlib import Path\n"
        "from lictor.observing.choosing import observer\n"
        "observer(None, Path('/nowhere'))"
    )
    assert "lictor.service" in modules
    heavy = {"opentelemetry", "google", "requests", "urllib3"}
    assert {name for name in modules if name.split(".")[0] in heavy} == set()
    ours = {name for name in modules if name.startswith("lictor.observing.")}
    assert ours == {f"lictor.observing.{name}" for name in ("choosing", "interface", "looking", "metrics")}


def test_with_it_the_service_itself_still_loads_no_library_of_telemetry():
    modules = loaded(
        "from pathlib import Path\n"
        "from lictor.observing.choosing import observer\n"
        "observer('http://127.0.0.1:1', Path('/nowhere'))"
    )
    assert "lictor.observing.telemetry" in modules
    assert {name for name in modules if name.split(".")[0] in {"opentelemetry", "google", "requests"}} == set()
