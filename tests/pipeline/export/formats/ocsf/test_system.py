"""Processes, files and the kernel: which activity a row is, and what stands in process, parent, actor and file."""

from __future__ import annotations

import pytest

from pipeline import schema
from pipeline.export.formats.ocsf.system import FILE_ACTIVITIES

WHO = {
    "process_key": 7,
    "pid": 70,
    "parent_key": 6,
    "exe": "/usr/bin/bash",
    "parent_exe": "/usr/bin/codex",
    "cmdline": "bash -c ls",
    "host": "h",
}


def ids(event):
    return event["class_uid"], event["activity_id"], event["type_uid"]


def test_fork_starts_the_child_of_whoever_forks(event):
    made = event("activity", operation="fork", child_key=8, child_pid=80, **WHO)
    assert ids(made) == (1007, 1, 100701)
    assert (made["process"]["uid"], made["process"]["pid"]) == ("8", 80)
    assert made["process"]["cpid"] == "00000000-0000-0000-0000-000000000008"
    assert made["process"]["parent_process"]["uid"] == "7"
    assert made["actor"]["process"]["uid"] == "7"
    assert made["actor"]["process"]["parent_process"]["file"]["path"] == "/usr/bin/codex"


def test_exec_starts_the_program_of_the_process_itself_by_its_parent(event):
    made = event("activity", operation="exec", outcome="success", exe_sha256="ab" * 32, **WHO)
    assert ids(made) == (1007, 1, 100701)
    assert made["process"]["uid"] == "7"
    assert made["process"]["name"] == "bash"
    assert made["process"]["cmd_line"] == "bash -c ls"
    assert made["process"]["file"]["hashes"] == [{"algorithm_id": 3, "algorithm": "SHA-256", "value": "ab" * 32}]
    assert made["process"]["parent_process"]["name"] == "codex"
    assert made["actor"]["process"]["uid"] == "6"


def test_refused_exec_names_the_program_that_did_not_start(event):
    made = event("activity", operation="exec", outcome="denied", path="/usr/bin/curl", errno=13, **WHO)
    assert made["process"]["file"] == {"type_id": 0, "name": "curl", "path": "/usr/bin/curl"}
    assert made["actor"]["process"]["file"]["path"] == "/usr/bin/bash"
    assert (made["status_id"], made["status_code"]) == (2, "EACCES")
    assert made["unmapped"]["exe"] == "/usr/bin/bash"


def test_exit_terminates_with_its_code(event):
    made = event("activity", operation="exit", exit_code=3, signal=9, **WHO)
    assert ids(made) == (1007, 2, 100702)
    assert made["exit_code"] == 3
    assert made["unmapped"]["signal"] == 9


def test_act_of_a_process_without_a_name_is_unknown(event):
    assert ids(event("activity", **{"class": "process"}, **WHO)) == (1007, 0, 100700)


def test_process_without_key_or_number_is_named_as_unknown(event):
    assert event("activity", operation="exec", outcome="success", process_key=0)["process"] == {"uid": "unknown"}


def test_tool_call_is_the_message_context(event):
    made = event(
        "activity",
        operation="exec",
        outcome="success",
        tool_call="c1",
        tool="shell",
        agent="codex",
        agent_run="r1",
        **WHO,
    )
    assert made["message_context"] == {
        "ai_role_id": 3,
        "uid": "c1",
        "name": "shell",
        "application": {"name": "codex", "uid": "r1"},
    }
    assert "ai_operation" in made["metadata"]["profiles"]


@pytest.mark.parametrize(("operation", "activity"), FILE_ACTIVITIES.items())
def test_each_act_on_a_file_has_its_activity(event, operation, activity):
    made = event("activity", operation=operation, path="/a/b", path_to="/c/d", dev=1, ino=2, **WHO)
    assert ids(made) == (1001, activity, 100100 + activity)
    assert made["file"]["uid"] == "1:2"
    assert made["metadata"]["event_code"] == operation


def test_every_operation_on_files_is_known():
    assert set(FILE_ACTIVITIES) == {o.name for o in schema.OPERATIONS if o.activity_class == "file"}


def test_file_has_path_folder_kind_hash_and_labels(event):
    made = event(
        "activity",
        operation="file.read",
        path="/home/dev/.ssh/id",
        mode=0o100600,
        sha256="cd" * 32,
        labels="secret,key",
    )
    assert made["file"]["path"] == "/home/dev/.ssh/id"
    assert made["file"]["name"] == "id"
    assert made["file"]["parent_folder"] == "/home/dev/.ssh"
    assert made["file"]["type_id"] == 1
    assert made["file"]["hashes"][0]["value"] == "cd" * 32
    assert made["file"]["tags"] == [{"name": "label", "values": ["secret", "key"]}]
    assert made["unmapped"]["mode"] == 0o100600


def test_renamed_file_has_its_new_name_as_result(event):
    made = event("activity", operation="file.rename", path="/a/b", path_to="/c/d")
    assert made["file"]["path"] == "/a/b"
    assert made["file_result"] == {"name": "d", "path": "/c/d", "type_id": 0}


@pytest.mark.parametrize(("operation", "kind"), [("file.link", 0), ("file.symlink", 7)])
def test_link_is_the_file_that_was_made(event, operation, kind):
    made = event("activity", operation=operation, path="/home/dev/.ssh/id", path_to="/tmp/x")
    assert (made["file"]["path"], made["file"]["type_id"]) == ("/tmp/x", kind)
    assert made["unmapped"]["path"] == "/home/dev/.ssh/id"
    assert {"name": "unmapped.path", "type_id": 45, "value": "/home/dev/.ssh/id"} in made["observables"]
    assert "file_result" not in made


def test_io_uring_is_made_in_the_kernel(event):
    made = event("activity", operation="kernel.io_uring", **WHO)
    assert ids(made) == (1003, 1, 100301)
    assert made["kernel"] == {"name": "io_uring", "type_id": 99, "type": "Asynchronous I/O"}


def test_row_of_no_class_is_a_base_event(event):
    made = event("activity", **{"class": "ui"}, **WHO)
    assert ids(made) == (0, 99, 99)
    assert made["unmapped"]["class"] == "ui"
