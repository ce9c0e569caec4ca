"""libbpf by ctypes: load an object, size its maps, attach its programs, read and write maps.

Only what the sensor needs. The system library does the hard part (CO-RE relocation,
feature probes); a Python binding of its own would be one more thing to build and trust.
libbpf's chatter is caught, so that a refusal becomes one line instead of 300.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from collectors.interface import CollectorError

_PRINT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
_POINTER_RESULTS = (
    "bpf_object__open_file", "bpf_object__find_map_by_name", "bpf_object__next_program",
    "bpf_program__attach", "bpf_program__attach_cgroup",
)  # fmt: skip
_TEXT_RESULTS = ("bpf_program__name", "bpf_program__section_name")
_INT_RESULTS = (
    "bpf_object__load", "bpf_map__fd", "bpf_map__set_max_entries", "bpf_program__fd", "bpf_program__set_autoload",
    "bpf_map_update_elem", "bpf_map_lookup_elem", "bpf_map_delete_elem", "bpf_map_get_next_key", "bpf_link__destroy",
    "bpf_link__fd", "bpf_iter_create", "bpf_obj_get_info_by_fd",
)  # fmt: skip


class KernelRefusalError(CollectorError):
    """The kernel or libbpf said no; ``log`` holds what they said, for ``lictor doctor``."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log


class _Library:
    """The shared library, with its printing redirected into ``log``."""

    def __init__(self) -> None:
        try:
            self.c = ctypes.CDLL("libbpf.so.1", use_errno=True)
        except OSError as error:
            raise KernelRefusalError(
                "libbpf 1.x is not installed: the kernel sensor cannot load; install it (Debian: apt install libbpf1)"
            ) from error
        for name in _POINTER_RESULTS:
            getattr(self.c, name).restype = ctypes.c_void_p
        for name in _TEXT_RESULTS:
            getattr(self.c, name).restype = ctypes.c_char_p
        for name in _INT_RESULTS:
            getattr(self.c, name).restype = ctypes.c_int
        self.lines: list[str] = []
        # The callback takes a va_list; vsnprintf of the C library prints it.
        libc = ctypes.CDLL(None)

        def keep(_level: int, template: bytes, arguments: int) -> int:
            buffer = ctypes.create_string_buffer(4096)
            libc.vsnprintf(buffer, len(buffer), template, ctypes.c_void_p(arguments))
            self.lines.append(buffer.value.decode(errors="replace"))
            del self.lines[:-400]
            return 0

        self._keep = _PRINT(keep)  # kept alive: the library calls it for ever
        self.c.libbpf_set_print(self._keep)

    def refusal(self, what: str, hint: str) -> KernelRefusalError:
        """The error for a failed call, from errno and the log."""
        code = ctypes.get_errno()
        return KernelRefusalError(f"{what}: {os.strerror(code)}; {hint}", "".join(self.lines))


_library: _Library | None = None


def library() -> _Library:
    """The library, loaded once; raises ``KernelRefusalError`` where it is not installed."""
    global _library  # noqa: PLW0603 - the print callback must be set once and live as long as the process
    if _library is None:
        _library = _Library()
    return _library


class Map:
    """One BPF map of a loaded object: a dictionary of bytes to bytes."""

    def __init__(self, fd: int, name: str) -> None:
        self.fd = fd
        self.name = name

    def update(self, key: bytes, value: bytes) -> None:
        """Set one entry; raises ``KernelRefusalError``, for example when the map is full."""
        if library().c.bpf_map_update_elem(self.fd, key, value, ctypes.c_uint64(0)):
            raise library().refusal(f"map {self.name} did not take an entry", "it may be full")

    def lookup(self, key: bytes, size: int) -> bytes | None:
        """Value of ``size`` bytes (per-CPU maps: of all processors), ``None`` where there is none."""
        value = ctypes.create_string_buffer(size)
        if library().c.bpf_map_lookup_elem(self.fd, key, value):
            return None
        return value.raw

    def delete(self, key: bytes) -> bool:
        """Remove one entry; whether it was there."""
        return bool(library().c.bpf_map_delete_elem(self.fd, key) == 0)

    def keys(self, size: int) -> Iterator[bytes]:
        """Keys of ``size`` bytes, as they stand when each is asked for."""
        key = ctypes.create_string_buffer(size)
        pointer: Any = None
        while library().c.bpf_map_get_next_key(self.fd, pointer, key) == 0:
            yield key.raw
            pointer = ctypes.create_string_buffer(key.raw, size)


def missed(program_fd: int) -> int:
    """Calls that the kernel skipped since the program was running already; 0 where it does not say.

    ``recursion_misses`` stands at byte 208 of ``struct bpf_prog_info`` since 5.12.
    """
    info = ctypes.create_string_buffer(216)
    length = ctypes.c_uint32(len(info))
    if library().c.bpf_obj_get_info_by_fd(program_fd, info, ctypes.byref(length)) or length.value < len(info):
        return 0
    return int.from_bytes(info.raw[208:216], "little")


class Program:
    """One loaded program."""

    def __init__(self, pointer: int) -> None:
        c = library().c
        self._pointer = ctypes.c_void_p(pointer)
        self.name: str = c.bpf_program__name(self._pointer).decode()
        self.section: str = c.bpf_program__section_name(self._pointer).decode()

    @property
    def fd(self) -> int:
        """Its file descriptor."""
        return int(library().c.bpf_program__fd(self._pointer))

    def leave_out(self) -> None:
        """Do not load it; to be said before the object is loaded."""
        library().c.bpf_program__set_autoload(self._pointer, ctypes.c_bool(False))

    def missed(self) -> int:
        """See ``missed``."""
        return missed(self.fd)

    def attach(self) -> int:
        """Attach by its section name; the link. Raises ``KernelRefusalError``."""
        return self._link(library().c.bpf_program__attach(self._pointer))

    def attach_cgroup(self, cgroup_fd: int) -> int:
        """Attach to a cgroup and all below it; the link. Raises ``KernelRefusalError``."""
        return self._link(library().c.bpf_program__attach_cgroup(self._pointer, cgroup_fd))

    def _link(self, link: int | None) -> int:
        if not link:
            raise library().refusal(
                f"the kernel did not attach {self.section}", "`lictor doctor` tells what it permits"
            )
        return link


def iterate(link: int) -> bytes:
    """Run the iterator of a link once, from its beginning to its end; raises ``KernelRefusalError``."""
    c = library().c
    descriptor = c.bpf_iter_create(c.bpf_link__fd(ctypes.c_void_p(link)))
    if descriptor < 0:
        raise library().refusal("the kernel did not begin an iteration", "it may be short of memory or descriptors")
    with os.fdopen(descriptor, "rb", buffering=0) as walk:
        return walk.readall()


class Object:
    """A BPF object: opened, sized, loaded, attached, closed."""

    def __init__(self, path: Path, sizes: Mapping[str, int], *, without: str | None = None) -> None:
        """Open and load ``path`` with ``sizes`` as the entries of its maps; raises ``KernelRefusalError``.

        Programs whose section begins with ``without`` are left out.
        """
        lib = library()
        lib.lines.clear()
        self._links: list[int] = []
        self._object = lib.c.bpf_object__open_file(str(path).encode(), None)
        if not self._object:
            raise lib.refusal(f"{path.name} cannot be opened", "build it with `make sensor`")
        self._object = ctypes.c_void_p(self._object)
        for name, entries in sizes.items():
            lib.c.bpf_map__set_max_entries(self._map_pointer(name), ctypes.c_uint32(entries))
        for program in self._all() if without else ():
            if program.section.startswith(without or ""):
                program.leave_out()
        if lib.c.bpf_object__load(self._object):
            error = lib.refusal("the kernel refused the sensor", "`lictor doctor` tells what it permits")
            self.close()
            raise error

    def _map_pointer(self, name: str) -> ctypes.c_void_p:
        pointer = library().c.bpf_object__find_map_by_name(self._object, name.encode())
        if not pointer:
            raise KernelRefusalError(f"the sensor has no map {name}: build it anew with `make sensor`")
        return ctypes.c_void_p(pointer)

    def map(self, name: str) -> Map:
        """A map by name; raises ``KernelRefusalError`` for one that the object lacks."""
        return Map(library().c.bpf_map__fd(self._map_pointer(name)), name)

    def programs(self) -> Iterator[Program]:
        """The programs that were loaded."""
        return (program for program in self._all() if program.fd >= 0)

    def _all(self) -> Iterator[Program]:
        pointer: ctypes.c_void_p | None = None
        while pointer := ctypes.c_void_p(library().c.bpf_object__next_program(self._object, pointer)):
            yield Program(pointer.value or 0)

    def attach(self, program: Program, cgroup_fd: int | None = None) -> int:
        """Attach a program and keep its link until ``close``; the link. Raises ``KernelRefusalError``."""
        link = program.attach() if cgroup_fd is None else program.attach_cgroup(cgroup_fd)
        self._links.append(link)
        return link

    def close(self) -> None:
        """Detach and free everything; safe to call twice."""
        for link in self._links:
            library().c.bpf_link__destroy(ctypes.c_void_p(link))
        self._links.clear()
        if self._object:
            library().c.bpf_object__close(self._object)
            self._object = None
