from __future__ import annotations

import json
import os

import pytest

from lictor.alerts.command import PATH, CommandTarget
from lictor.alerts.interface import Deadline
from lictor.alerts.model import Command


def attempt(*argv, seconds=5.0, given=b"{}", **more):
    return CommandTarget(Command("page", argv, ("alarms",), **more)).attempt(given, "delivery-1", Deadline(seconds))


def shell(script, **more):
    return attempt("/bin/sh", "-c", script, **more)


def test_exit_status_0_is_delivered():
    found = shell("exit 0")
    assert (found.came, found.said, found.output) == ("delivered", "exit status 0", "")


def test_any_other_end_may_be_tried_again():
    assert (shell("exit 3").came, shell("exit 3").said) == ("again", "exit status 3")
    assert shell("kill -9 $$").said == "ended by signal 9"


def test_a_program_that_hangs_is_killed():
    found = shell("sleep 30", seconds=0.3)
    assert (found.came, found.said) == ("again", "killed with all its processes, not done within 0.3 s")


def test_it_reads_the_document_and_knows_which_target_it_is():
    document = json.dumps({"title": "a\u2028b"}).encode()
    found = shell("cat; echo; echo $LICTOR_ALERT $PATH", given=document)
    assert found.output == f"{document.decode()}\npage {PATH}"


def test_output_of_odd_bytes_becomes_text():
    assert shell("printf 'caf\\303\\251 \\377'").output == "café \\xff"


@pytest.mark.parametrize(("program", "why"), [("/no/such", "No such file"), ("/etc", "Permission denied")])
def test_a_program_that_cannot_be_run_is_not_tried_again(program, why):
    found = attempt(program)
    assert found.came == "final"
    assert found.said.startswith(f"could not be run: {why}")


def test_a_text_that_is_no_program_is_told(tmp_path):
    text = tmp_path / "text"
    text.write_text("not a program")
    text.chmod(0o700)
    assert attempt(str(text)).said == "could not be run: Exec format error"


def test_a_user_that_is_gone_is_told():
    assert attempt("/bin/true", user="no-such-user").came == "final"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs commands as others")
def test_it_runs_as_another_user_with_no_group_of_ours():
    found = attempt("/usr/bin/id", user="nobody")
    plain = attempt("/usr/bin/id", "nobody")
    assert found.output.split(" context")[0] == plain.output
    assert found.output.startswith("uid=65534")
