"""Rules with a memory on a real run: what is done after a secret was read, also through a copy of it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.kernel

POLICY = """lictor: 1
name: p
labels: {{ secret: ["{folder}/secret"] }}
rules:
  - id: secret-then-egress
    title: A secret was read, then something outside was asked for
    sequence:
      - {{ on: file.read, match: {{ label: secret }} }}
      - {{ on: net.connect, match: {{ net: external }} }}
    within: 60s
    action: kill
  - {{ id: tainted, on: net.connect, match: {{ taint: secret, net: private }}, action: deny }}
  - {{ id: many, on: file.read, match: {{ path: "{folder}/n", rate: "5/60s" }}, action: audit }}
"""

CONNECT = """
import socket, sys, time
if sys.argv[2] != "-":
    open(sys.argv[2]).read()
s = socket.socket(); s.setblocking(False)
try:
    s.connect((sys.argv[1], 9))
except OSError:
    pass
time.sleep(2)
print("went on")
"""


@pytest.fixture
def run(lictor, tmp_path):
    """Function: run a shell script under the policy, with ``connect ADDRESS FILE`` at hand."""

    def go(script):
        (tmp_path / "secret").write_text("s")
        (tmp_path / "n").write_text("n")
        (tmp_path / "connect.py").write_text(CONNECT)
        head = f'cd {tmp_path}; connect() {{ python3 -I connect.py "$@"; }}; '
        return lictor("sh", "-c", head + script, policy=POLICY.format(folder=tmp_path))

    return go


def test_the_run_ends_when_a_secret_was_read_before_something_outside_is_asked_for(run):
    seen = run("cat secret; connect 192.0.2.1 -; echo done")
    assert b"done" not in seen.out
    assert seen.status == 137
    (finding,) = seen.table("findings").to_pylist()
    assert (finding["rule"], finding["title"][:8]) == ("secret-then-egress", "A secret")
    (row,) = seen.rows("net.connect", dst_ip="192.0.2.1")
    assert (row["verdict"], row["rule"], row["enforcement"]) == ("kill", "secret-then-egress", "confirmed")


def test_the_other_way_round_is_nothing(run):
    seen = run("connect 192.0.2.1 -; cat secret; echo done")
    assert seen.out.endswith(b"done\n")
    assert not seen.table("findings").num_rows


def test_a_copy_carries_the_label_to_whoever_reads_it(run):
    seen = run("cp secret copy; mv copy other; connect 10.255.255.1 other; echo done")
    assert b"went on" not in seen.out
    (row,) = seen.rows("net.connect", dst_ip="10.255.255.1")
    assert (row["verdict"], row["rule"]) == ("deny", "tainted")


def test_a_process_that_read_nothing_of_it_is_free(run):
    seen = run("cp secret copy; connect 10.255.255.1 n; echo done")
    assert seen.out == b"went on\ndone\n"


def test_a_rate_is_told_from_the_event_that_is_too_much(run):
    seen = run("for i in 1 2 3 4 5 6 7; do cat n > /dev/null; done")
    verdicts = [r["rule"] for r in seen.rows("file.read") if r["path"].endswith("/n")]
    assert verdicts == [None] * 5 + ["many"] * 2
