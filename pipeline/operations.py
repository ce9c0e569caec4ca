"""The operations of the activity schema: everything that a row can say was done, and how policies reach it.

A part of ``pipeline.schema``, which hands it out; it stands here because it is the longest list of it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """One thing that can be done; a policy's ``on:`` reaches it by its ``selectors``, opens also by ``INTENT_SELECTORS``."""

    name: str
    code: int
    activity_class: str
    selectors: tuple[str, ...]
    meaning: str
    windows_only: bool = False
    """Whether no source of another system tells of it."""

    @property
    def described(self) -> str:
        """The meaning, and where it is known."""
        return self.meaning + " (Windows only)" * self.windows_only


CLASSES = ("process", "file", "network", "dns", "registry", "kernel", "ui", "agent", "finding", "action", "health")
"""Activity classes; the position is the code in kernel records and in sequence counters."""

OPERATIONS: tuple[Operation, ...] = (
    Operation("fork", 1, "process", ("fork",), "a process was created"),
    Operation("exec", 2, "process", ("exec",), "a process replaced its program"),
    Operation("exit", 3, "process", ("exit",), "a process ended"),
    Operation("image.load", 4, "process", ("image.load",), "a library or driver was mapped into a process; path is its file", windows_only=True),
    Operation("process.access", 5, "process", ("process.access",), "another process was opened, or one of its threads; child_pid is it, content the rights", windows_only=True),
    Operation("process.inject", 6, "process", ("process.inject",), "another process was made to run foreign code: a thread started in it, its image replaced; child_pid is it", windows_only=True),
    Operation("process.kill", 7, "process", ("process.kill",), "another process was ended; child_pid is it", windows_only=True),
    Operation("script.run", 8, "process", ("script.run",), "an interpreter was handed a script; content is its text", windows_only=True),
    Operation("file.open", 10, "file", ("file.open",), "a file was opened for neither reading nor writing (O_PATH)"),
    Operation("file.read", 11, "file", ("file.read",), "a file was opened for reading only"),
    Operation("file.write", 12, "file", ("file.write",), "a file was opened for writing or truncated by open"),
    Operation("file.create", 13, "file", ("file.create", "file.write"), "a file was created by open"),
    Operation("file.delete", 14, "file", ("file.delete",), "a name was removed (unlink, rmdir)"),
    Operation("file.rename", 15, "file", ("file.rename", "file.write"), "a name was moved; path_to is the new one"),
    Operation("file.link", 16, "file", ("file.link", "file.write"), "a hard link was made; path_to is the new name"),
    Operation("file.symlink", 17, "file", ("file.symlink", "file.write"), "a symbolic link was made at path_to, pointing to path"),
    Operation("file.chmod", 18, "file", ("file.chmod",), "permission bits were changed"),
    Operation("file.mkdir", 19, "file", ("file.mkdir", "file.write"), "a directory was made"),
    Operation("file.truncate", 20, "file", ("file.truncate", "file.write"), "a file was cut by truncate(2)"),
    Operation("net.connect", 30, "network", ("net.connect", "network"), "a connection was asked for"),
    Operation("net.bind", 31, "network", ("net.bind",), "a local address was taken"),
    Operation("net.listen", 32, "network", ("net.listen",), "a socket began to listen"),
    Operation("net.accept", 33, "network", ("net.accept",), "a connection was taken in"),
    Operation("net.send", 34, "network", ("net.send", "network"), "a datagram was sent to an address without connect"),
    Operation("net.receive", 35, "network", ("net.receive",), "bytes came in from an address, summed up over seconds", windows_only=True),
    Operation("dns.query", 50, "dns", ("dns.query",), "a name was asked for; dst_name is it, content the answer", windows_only=True),
    Operation("registry.create", 60, "registry", ("registry.create", "registry"), "a key was made; path is it", windows_only=True),
    Operation("registry.set", 61, "registry", ("registry.set", "registry"), "a value was written; path is key and value, content the data", windows_only=True),
    Operation("registry.delete", 62, "registry", ("registry.delete", "registry"), "a key or value was removed", windows_only=True),
    Operation("registry.rename", 63, "registry", ("registry.rename", "registry"), "a key or value was moved; path_to is the new name", windows_only=True),
    Operation("object.access", 41, "kernel", ("object.access",), "a key, section or other named object, or a capability was asked for; path is its name, content its kind and the rights", windows_only=True),
    Operation("kernel.io_uring", 40, "kernel", ("kernel.io_uring",), "an io_uring was set up: file opens through it are not seen by the tracepoint tier"),
)  # fmt: skip

OPERATION_BY_NAME = {o.name: o for o in OPERATIONS}
OPERATION_BY_CODE = {o.code: o for o in OPERATIONS}
SELECTORS: tuple[str, ...] = tuple(dict.fromkeys(s for o in OPERATIONS for s in o.selectors))
"""Every name that a policy may put behind ``on:`` or ``defaults:``."""
