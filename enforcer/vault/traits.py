"""Owner, mode, times, flags and extended attributes of a file: read, taken away, given back.

All by descriptor, so that no name can be swapped in between. Taking away is owner first:
once root owns the file, nobody else can give it a mode again.
"""

from __future__ import annotations

import base64
import os
import stat

from enforcer.vault import calls
from enforcer.vault.record import Traits, VaultError

_OWN = stat.S_IRUSR | stat.S_IWUSR


def read(descriptor: int) -> Traits:
    """Everything beside the content, as it is now."""
    found = os.fstat(descriptor)
    return Traits(
        mode=stat.S_IMODE(found.st_mode),
        uid=found.st_uid,
        gid=found.st_gid,
        atime_ns=found.st_atime_ns,
        mtime_ns=found.st_mtime_ns,
        flags=calls.flags(descriptor),
        xattrs=_xattrs(descriptor),
    )


def strip(descriptor: int) -> None:
    """Nobody's but root's, and with no right for anybody; reads back that it is so."""
    calls.set_flags(descriptor, calls.flags(descriptor) & ~(calls.IMMUTABLE | calls.APPEND))
    found = os.fstat(descriptor)
    if os.geteuid() == 0 and (found.st_uid, found.st_gid) != (0, 0):
        os.chown(descriptor, 0, 0)
    if stat.S_IMODE(found.st_mode):
        os.chmod(descriptor, 0)
    if stat.S_IMODE(os.fstat(descriptor).st_mode):
        raise VaultError("the file's mode could not be taken away")


def give_back(descriptor: int, traits: Traits) -> None:
    """Make owner, attributes, mode and times what they were; flags come last, by ``give_flags``.

    Only what differs is touched. Raises ``VaultError`` when something reads back otherwise.
    """
    found = os.fstat(descriptor)
    if (found.st_uid, found.st_gid) != (traits.uid, traits.gid):
        os.chown(descriptor, traits.uid, traits.gid)
    if os.geteuid() and os.fstat(descriptor).st_mode & _OWN != _OWN:  # without root attributes need both rights
        os.chmod(descriptor, 0o600)
    _give_xattrs(descriptor, traits)
    # After the owner, whose change takes setuid away, and after an ACL, which sets mode bits.
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != traits.mode:
        os.chmod(descriptor, traits.mode)
    found = os.fstat(descriptor)
    if (found.st_atime_ns, found.st_mtime_ns) != (traits.atime_ns, traits.mtime_ns):
        os.utime(descriptor, ns=(traits.atime_ns, traits.mtime_ns))
    _compare(os.fstat(descriptor), traits)


def give_flags(descriptor: int, traits: Traits) -> None:
    """Immutable and the like; last, since a file that bears them cannot be renamed."""
    calls.set_flags(descriptor, traits.flags)


def _xattrs(descriptor: int) -> dict[str, str]:
    try:
        names = os.listxattr(descriptor)
    except OSError:  # a file system without them
        return {}
    return {name: base64.b64encode(os.getxattr(descriptor, name)).decode() for name in names}


def _give_xattrs(descriptor: int, traits: Traits) -> None:
    have = _xattrs(descriptor)
    if have == traits.xattrs:
        return
    for name in have.keys() - traits.xattrs.keys():
        os.removexattr(descriptor, name)
    for name, value in traits.xattrs.items():
        if have.get(name) != value:
            os.setxattr(descriptor, name, base64.b64decode(value))
    if _xattrs(descriptor) != traits.xattrs:
        raise VaultError("its extended attributes could not be made what they were")


def _compare(found: os.stat_result, traits: Traits) -> None:
    have = (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, found.st_atime_ns, found.st_mtime_ns)
    want = (traits.mode, traits.uid, traits.gid, traits.atime_ns, traits.mtime_ns)
    names = ("mode", "owner", "group", "time of access", "time of change")
    differing = [name for name, one, other in zip(names, have, want, strict=True) if one != other]
    if differing:
        raise VaultError(f"its {', '.join(differing)} could not be made what it was")
