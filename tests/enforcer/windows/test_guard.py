from __future__ import annotations

import ntpath
import sys

import pytest

from enforcer.interface import GuardRefusal, Order
from enforcer.rate import FILES, PROCESSES, RUNS
from enforcer.windows.guard import WindowsGuard, is_system, lineage
from enforcer.windows.snapshot import Seen

SYSTEM32 = "C:\\Windows\\System32\\"
SEEN = [
    Seen(0, 0, "[System Process]"), Seen(4, 0, "System"), Seen(400, 4, "smss.exe"), Seen(500, 400, "lsass.exe"),
    Seen(600, 500, "explorer.exe"), Seen(700, 600, "lictor.exe"), Seen(800, 600, "agent.exe"), Seen(804, 800, "lsass.exe"),
]  # fmt: skip
PROGRAMS = {400: SYSTEM32 + "smss.exe", 804: "C:\\Users\\a\\lsass.exe"}


def program(pid):
    if pid == 500:
        raise PermissionError(5, "protected")
    return PROGRAMS.get(pid, f"C:\\x\\{pid}.exe")


def began(pid):
    if pid == 500:
        raise PermissionError(5, "protected")
    return pid


@pytest.fixture
def made():
    return WindowsGuard(lambda: SEEN, lambda pid: pid * 10, program, began, own=700)


@pytest.mark.parametrize("pid", [0, 4, 400, 500, 600, 700])
def test_system_lictor_and_parents_are_refused(made, pid):
    with pytest.raises(GuardRefusal):
        made.check(Order("kill", "r1", pid * 10, pid))


@pytest.mark.parametrize("pid", [800, 804, 9996])
def test_agents_pass_whatever_they_call_themselves(made, pid):
    made.check(Order("kill", "r1", pid * 10, pid))


def test_other_process_and_no_run_are_refused(made):
    with pytest.raises(GuardRefusal, match="another process by now"):
        made.check(Order("kill", "r1", 1, 800))
    with pytest.raises(GuardRefusal, match="no agent run"):
        made.check(Order("kill", "", 8000, 800))


@pytest.mark.parametrize(
    ("name", "path", "refused"),
    [
        ("LSASS.EXE", "c:\\windows\\SYSTEM32\\lsass.exe", True),
        ("MsMpEng.exe", "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18\\MsMpEng.exe", True),
        ("lsass.exe", "C:\\Windows\\System32x\\lsass.exe", False),
        ("lsass.exe", None, True),
        ("cmd.exe", SYSTEM32 + "cmd.exe", False),
    ],
)
def test_name_counts_only_where_the_system_keeps_its_programs(name, path, refused):
    assert is_system(name, path) == refused


def test_lineage_ends_in_a_circle():
    assert lineage(8, [Seen(8, 12, "a"), Seen(12, 8, "b")], lambda _: 0) == {8, 12}


def test_agent_with_the_pid_of_a_parent_that_has_ended_is_no_parent():
    seen = [Seen(700, 600, "lictor.exe"), Seen(600, 500, "claude.exe"), Seen(500, 400, "explorer.exe")]
    assert lineage(700, seen, {700: 7, 600: 6, 500: 5}.__getitem__) == {700, 600, 500}
    assert lineage(700, seen, {700: 7, 600: 9, 500: 5}.__getitem__) == {700}
    guard = WindowsGuard(
        lambda: seen, lambda pid: pid * 10, program, lambda pid: 9 if pid == 600 else pid // 100, own=700
    )
    guard.check(Order("kill", "r1", 6000, 600))


def test_parent_that_may_not_be_looked_at_is_one():
    seen = [Seen(700, 600, "lictor.exe"), Seen(600, 500, "service.exe"), Seen(500, 400, "claude.exe")]

    def told(pid):
        if pid == 600:
            raise PermissionError(5, "protected")
        return {700: 7, 500: 8}[pid]

    assert lineage(700, seen, told) == {700, 600}, "what is above it is still held against the last known time"


def test_limits_of_a_minute_hold_for_policies_and_not_for_people(made):
    for number in range(RUNS):
        made.permit_run(Order("kill", f"r{number}", 1, 8))
    with pytest.raises(GuardRefusal, match="a person must order"):
        made.permit_run(Order("kill", "other", 1, 8))
    made.permit_run(Order("kill", "other", 1, 8, actor="dea"))
    assert all(made.permit_process(Order("kill", "r1", 1, 8)) for _ in range(PROCESSES))
    assert not made.permit_process(Order("kill", "r1", 1, 8))
    for _ in range(FILES):
        made.permit_file(Order("quarantine", "r1", 1, 8))
    with pytest.raises(GuardRefusal):
        made.permit_file(Order("quarantine", "r1", 1, 8))


def test_streams_and_lictors_own_files_are_not_taken(tmp_path, made):
    with pytest.raises(GuardRefusal, match="stream"):
        made.check_file("C:\\x\\a.txt:hidden")
    with pytest.raises(GuardRefusal, match="belongs to Lictor"):
        WindowsGuard(lambda: SEEN, began=began, files=[str(tmp_path)], own=700).check_file(str(tmp_path))
    made.check_file(ntpath.join("D:\\", "agent.txt") if sys.platform == "win32" else str(tmp_path / "agent.txt"))
