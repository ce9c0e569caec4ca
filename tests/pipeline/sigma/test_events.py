"""Activity rows as Sigma events: command lines, called names, parents, systems."""

import shlex

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.schema import lake_schema
from pipeline.sigma.events import events_query, prepared, programs_query, unquoted


def rows_of(*rows):
    types = lake_schema("activity")
    given_ = [{"source": "ebpf", "outcome": "success", "operation": "exec"} | r for r in rows]
    names = {n for r in given_ for n in r}
    return pa.Table.from_pylist(given_, pa.schema([f for f in types if f.name in names]))


def events(rows, *fields, product="linux", category="process_creation", earlier=None):
    with duckdb.connect() as connection:
        connection.register("rows", prepared(rows))
        if earlier is not None:
            connection.register("earlier", earlier)
        told = programs_query(
            "rows", "earlier" if earlier is not None else None, earlier.schema.names if earlier is not None else ()
        )
        connection.execute(f"CREATE TABLE programs AS {told}")
        query = events_query(product, category, fields, extra="extra" in rows.schema.names)
        return sorted(connection.execute(query).fetchall(), key=str)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=6))
def test_command_line_is_argv_joined_by_spaces(words):
    line = unquoted(pa.chunked_array([[shlex.join(words)]]))
    assert line.to_pylist() == [" ".join(words)]


def test_a_command_line_of_windows_keeps_its_quotes():
    rows = rows_of({"cmdline": "sh -c 'a b'"}, {"cmdline": "x -c 'a b'", "source": "etw"}, {"cmdline": None})
    assert prepared(rows)["cmdline"].to_pylist() == ["sh -c a b", "x -c 'a b'", None]


@pytest.mark.parametrize(
    ("source", "exe", "product"),
    [
        ("ebpf", "/bin/x", "linux"),
        ("etw", r"C:\x.exe", "windows"),
        ("new", r"C:\x.exe", "windows"),
        ("new", "/bin/x", "linux"),
        (None, None, "linux"),
    ],
)
def test_system_of_a_row(source, exe, product):
    assert prepared(rows_of({"source": source, "exe": exe}))["product"].to_pylist() == [product]


def test_a_program_is_an_event_under_the_name_it_was_called_by_too():
    rows = rows_of(
        {"exe": "/usr/bin/nc.openbsd", "cmdline": "nc -l 99"}, {"exe": "/usr/bin/dash", "cmdline": "/bin/sh -c true"},
        {"exe": "/usr/bin/bash", "cmdline": "-bash"}, {"exe": "/usr/bin/git", "cmdline": "git status"}, {"exe": "/usr/bin/x"},
    )  # fmt: skip
    assert events(rows, "Image") == [
        (0, "/usr/bin/nc"), (0, "/usr/bin/nc.openbsd"), (1, "/usr/bin/dash"), (1, "/usr/bin/sh"),
        (2, "/usr/bin/bash"), (3, "/usr/bin/git"), (4, "/usr/bin/x"),
    ]  # fmt: skip


def test_parents_are_what_they_ran_last_before():
    rows = rows_of(
        {"time": 10, "process_key": 1, "exe": "/bin/bash", "cmdline": "bash -i", "user": "root"},
        {"time": 20, "process_key": 2, "parent_key": 1, "exe": "/bin/ls", "cmdline": "ls"},
        {"time": 30, "process_key": 1, "exe": "/bin/zsh", "cmdline": "zsh"},
        {"time": 40, "process_key": 3, "parent_key": 1, "exe": "/bin/ls", "cmdline": "ls -l"},
        {"time": 50, "process_key": 4, "parent_key": 3, "exe": "/bin/w", "cmdline": "w"},
        {"time": 60, "process_key": 5, "parent_key": 99, "exe": "/bin/w", "cmdline": "w 2"},
        {"time": 70, "process_key": 6, "parent_key": 1, "parent_exe": "/told", "exe": "/bin/w", "cmdline": "w 3", "outcome": "failure"},
    )  # fmt: skip
    found = events(rows, "CommandLine", "ParentImage", "ParentCommandLine", "ParentUser", "GrandParentImage")
    assert found == [
        (0, "bash -i", None, None, None, None), (1, "ls", "/bin/bash", "bash -i", "root", None), (2, "zsh", None, None, None, None),
        (3, "ls -l", "/bin/zsh", "zsh", None, None), (4, "w", "/bin/ls", "ls -l", None, "/bin/zsh"), (5, "w 2", None, None, None, None),
    ]  # fmt: skip


def test_a_parent_that_ran_nothing_itself_is_what_it_was_forked_from():
    rows = rows_of(
        {"time": 10, "operation": "fork", "process_key": 1, "child_key": 2, "exe": "/bin/bash", "cmdline": "bash x.sh"},
        {"time": 20, "process_key": 3, "parent_key": 2, "exe": "/bin/ls", "cmdline": "ls"},
    )
    assert events(rows, "ParentImage", "ParentCommandLine") == [(1, "/bin/bash", "bash x.sh")]


def test_parents_may_be_of_rows_from_before():
    earlier = pa.table({"process_key": [7], "time": pa.array([5], lake_schema("activity").field("time").type), "exe": ["/bin/bash"],
                        "cmdline": ["bash"], "parent_key": pa.array([None], pa.int64())})  # fmt: skip
    rows = rows_of({"time": 20, "process_key": 3, "parent_key": 7, "exe": "/bin/ls", "cmdline": "ls"})
    assert events(rows, "ParentImage", earlier=earlier) == [(0, "/bin/bash")]
    assert events(rows, "ParentImage") == [(0, None)]


def test_files_and_connections():
    files = rows_of(
        {"operation": "file.create", "path": "/etc/a"}, {"operation": "file.rename", "path": "/tmp/x", "path_to": "/etc/b"},
        {"operation": "file.write", "path": "/etc/c", "outcome": "denied"}, {"operation": "file.write", "path": "/etc/d", "outcome": "failure"},
        {"operation": "file.read", "path": "/etc/e"},
    )  # fmt: skip
    assert events(files, "TargetFilename", category="file_event") == [(0, "/etc/a"), (1, "/etc/b"), (2, "/etc/c")]
    assert events(files, "SourceFilename", "TargetFilename", category="file_rename") == [(1, "/tmp/x", "/etc/b")]
    net = rows_of(
        {
            "operation": "net.connect",
            "src_ip": "10.0.0.1",
            "src_port": 5,
            "dst_ip": "192.0.2.1",
            "dst_port": 443,
            "protocol": "tcp",
            "dst_name": "a.org",
        },
        {"operation": "net.accept", "src_ip": "10.0.0.1", "src_port": 22, "dst_ip": "2001:db8::1", "dst_port": 999},
        {"operation": "net.connect", "path": "/run/x", "protocol": "unix"},
    )
    fields = ("Initiated", "SourceIp", "DestinationIp", "DestinationPort", "DestinationHostname", "SourceIsIpv6")
    assert events(net, *fields, category="network_connection") == [
        (0, "true", "10.0.0.1", "192.0.2.1", "443", "a.org", "false"), (1, "false", "2001:db8::1", "10.0.0.1", "22", None, "true"),
    ]  # fmt: skip


def test_what_no_column_has_comes_from_extra():
    extra = pa.array([[("OriginalFileName", "x.exe"), ("Image", "other")]], pa.map_(pa.string(), pa.string()))
    rows = rows_of({"exe": r"C:\y.exe", "source": "etw"}).append_column("extra", extra)
    assert events(rows, "Image", "OriginalFileName", "Product", product="windows") == [(0, r"C:\y.exe", "x.exe", None)]
