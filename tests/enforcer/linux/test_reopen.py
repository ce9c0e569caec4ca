import errno
import os
import threading

import pytest

from enforcer.linux.reopen import open_as

NOBODY = 65534

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may try as another user")


@pytest.fixture
def folder(tmp_path):
    """A folder that everybody may enter, also where pytest has made those above it for one user."""
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o011)
    return tmp_path


@pytest.fixture
def file(folder):
    made = folder / "file"
    made.write_text("x")
    made.chmod(0o644)
    return made


def fsuid():
    """The fourth of the user ids in /proc, that of the calling thread."""
    lines = open(f"/proc/self/task/{threading.get_native_id()}/status").read().splitlines()  # noqa: SIM115
    return int(next(line for line in lines if line.startswith("Uid:")).split()[4])


def test_what_everybody_may_read_can_be_opened(file):
    assert open_as(0, str(file)) == 0
    assert open_as(NOBODY, str(file)) == 0


@pytest.mark.parametrize("mode", [0o000, 0o200, 0o700])
def test_another_user_is_refused_what_root_may_open(file, mode):
    file.chmod(mode)
    assert open_as(NOBODY, str(file)) == errno.EACCES
    assert open_as(0, str(file)) == 0


def test_the_owner_may_open_his_own(file):
    file.chmod(0o600)
    os.chown(file, NOBODY, NOBODY)
    assert open_as(NOBODY, str(file)) == 0
    assert open_as(NOBODY - 1, str(file)) == errno.EACCES


def test_what_is_not_there_and_what_is_a_link(file, folder):
    assert open_as(NOBODY, str(folder / "gone")) == errno.ENOENT
    (folder / "link").symlink_to(file)
    assert open_as(0, str(folder / "link")) == errno.ELOOP


def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "pipe", 0o644)
    assert open_as(NOBODY, str(folder / "pipe")) == 0


@pytest.mark.parametrize("path", ["file", "gone"])
def test_we_are_ourselves_again_afterwards(folder, file, path):
    file.chmod(0o600)
    before = set(os.listdir("/proc/self/fd"))
    open_as(NOBODY, str(folder / path))
    assert fsuid() == 0
    assert set(os.listdir("/proc/self/fd")) == before
    file.write_text("root again")  # the rights over files came back with the user


def test_other_threads_keep_their_rights(file):
    """The pipeline goes on while a file is looked at in the background."""
    file.chmod(0o000)
    stop, failed = threading.Event(), []

    def read():
        while not stop.is_set():
            try:
                file.read_text()
            except PermissionError as error:
                failed.append(error)
                return

    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(500):
        assert open_as(NOBODY, str(file)) == errno.EACCES
    stop.set()
    thread.join()
    assert failed == []


def test_a_user_with_a_high_number_is_one_too(file):
    """Users of a container have numbers above 2^31, which C takes for negative ones."""
    file.chmod(0o600)
    assert open_as(3_000_000_000, str(file)) == errno.EACCES
    assert fsuid() == 0


def test_who_may_not_become_another_is_told_so(file):
    child = os.fork()
    if child == 0:
        os.setuid(NOBODY)
        try:
            open_as(NOBODY - 1, str(file))
        except PermissionError:
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
