"""Ways around a rule that denies reading a file: no byte of it may leave, whichever way it is opened.

Each trick is done twice: under enforcement, where it must give nothing, and under --audit, where
it must print the secret (else the trick proves nothing) and leave a row that says what would have
been done. Covers, by id of the bypass list: R1, R2, R3, R4, R6, R7, R8, R9, R10, R11, R19, R20, R21,
R23, R24 and W3, W5 where they make a name anew. What this tier does not stop (R5 has nothing to stop,
R12–R14 io_uring, R15 descriptors from before) is asserted as it is at the end.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field

import pytest

pytestmark = pytest.mark.kernel

SECRET = "TOP-SECRET-4711"
LONG = "d" * 200


@dataclass
class Trick:
    """A command that tries to print ``secret`` of its own folder ``$D``; ``acts`` is the program of acts."""

    row: str
    command: str
    rule: str = "$D/secret"
    needs: str = ""
    programs: tuple[str, ...] = field(default=())


TRICKS = {
    "cat": Trick("R1", "cat $D/secret"),
    "python": Trick("R1", "python3 -I -c 'import sys; print(open(sys.argv[1]).read())' $D/secret"),
    "redirection": Trick("R1", "sh -c 'read line < $D/secret; echo $line'"),
    "read-and-write": Trick("R1", "python3 -I -c 'import sys; print(open(sys.argv[1], \"r+\").read())' $D/secret"),
    "relative": Trick("R1", "cd $D/.. && cat ./$(basename $D)/../$(basename $D)/secret"),
    "symlink": Trick("R2", "ln -s $D/secret $D/soft; cat $D/soft"),
    "symlink-folder": Trick("R2", "ln -s $D $D/../soft-folder; cat $D/../soft-folder/secret"),
    "hard-link": Trick("R3", "cat $D/elsewhere/hard"),
    "hard-link-made-inside": Trick("R3", "ln $D/secret $D/elsewhere/mine; cat $D/elsewhere/mine"),
    "proc-root": Trick("R4", "cat /proc/self/root/$D/secret"),
    "proc-cwd": Trick("R4", "cd $D && cat /proc/self/cwd/secret"),
    "reopen-o-path": Trick("R6", "$ACTS reopen $D/secret"),
    "openat2-in-root": Trick("R7", "$ACTS in_root $D secret"),
    "bind-mount": Trick("R8", "unshare -m sh -c 'touch $D/other; mount --bind $D/secret $D/other; cat $D/other'", needs="unshare"),
    "bind-mount-folder": Trick("R8", "unshare -m sh -c 'mount --bind $D $D/elsewhere; cat $D/elsewhere/secret'", needs="unshare"),
    "chroot": Trick("R9", "$ACTS rooted $D"),
    "detached-tree": Trick("R11", "$ACTS cloned_tree $D"),
    "false-name": Trick("R20", "$ACTS renamed_comm $D/secret"),
    "renamed-first": Trick("R21", "mv $D/secret $D/elsewhere/moved; cat $D/elsewhere/moved"),
    "renamed-folder": Trick("R21", "mv $D $D.moved; cat $D.moved/secret"),
    "file-handle": Trick("R23", "$ACTS handle $D/secret $D"),
    "int-0x80": Trick("R1", "$ACTS compat $D/secret", needs="compat"),
    "made-later": Trick("R24", f"echo {SECRET[:3]}{SECRET[3:]} > $D/later; cat $D/later", rule="$D/later"),
    "made-anew": Trick("W5", f"rm $D/secret; echo {SECRET} > $D/secret; cat $D/secret"),
    "renamed-over": Trick("W3", f"echo {SECRET} > $D/draft; mv $D/draft $D/secret; cat $D/secret"),
    "below-folder": Trick("R1", "cat $D/deep/er/secret", rule="$D/deep/**"),
    "below-folder-made-later": Trick("R24", f"mkdir $D/new; echo {SECRET} > $D/new/x; cat $D/new/x", rule="$D/new/**"),
    "below-folder-bind": Trick("R8", "unshare -m sh -c 'mount --bind $D/deep $D/elsewhere; cat $D/elsewhere/er/secret'", rule="$D/deep/**", needs="unshare"),
    "by-name-anywhere": Trick("R1", f"mkdir -p $D/a/b; echo {SECRET} > $D/a/b/id_secret; cat $D/a/b/id_secret", rule="**/id_secret"),
    "path-beyond-4096": Trick("R19", f"$ACTS walk_down $D/long 25 {LONG}", rule="$D/long/**"),
    "deeper-than-64": Trick("R19", "$ACTS walk_down $D/deepest 80 n", rule="$D/deepest/**"),
}  # fmt: skip


def prepared(folder, acts):
    """The folder of one trick, as it is before the run."""
    (folder / "elsewhere").mkdir(parents=True)
    (folder / "deep" / "er").mkdir(parents=True)
    for place in (folder, folder / "deep" / "er"):
        (place / "secret").write_text(SECRET + "\n")
    os.link(folder / "secret", folder / "elsewhere" / "hard")
    for name, step, depth in (("long", LONG, 25), ("deepest", "n", 80)):
        if folder.name in ("path-beyond-4096", "deeper-than-64"):
            deep_secret(folder / name, step, depth)


def deep_secret(top, step, depth):
    """A path that no system call takes as a whole is made step by step."""
    top.mkdir()
    here = os.open(top, os.O_PATH)
    for _ in range(depth):
        os.mkdir(step, dir_fd=here)
        below = os.open(step, os.O_PATH, dir_fd=here)
        os.close(here)
        here = below
    with open(os.open("secret", os.O_WRONLY | os.O_CREAT, dir_fd=here), "w") as file:
        file.write(SECRET + "\n")
    os.close(here)


def policy(folder):
    rules = [t.rule.replace("$D", str(folder / name)) for name, t in TRICKS.items()]
    listed = ", ".join(f'"{r}"' for r in dict.fromkeys(rules))
    return f"""
lictor: 1
name: secrets
defaults: {{ file.read: allow, file.write: allow, exec: allow }}
rules:
  - {{ id: secret, on: file.read, match: {{ path: [{listed}] }}, action: deny }}
"""


def script(folder, acts):
    """Each trick in a shell of its own, with its own output; the script itself goes on."""
    lines = [f"export ACTS={acts}"]
    for name, trick in TRICKS.items():
        command = (
            "export D="
            + str(folder / name)
            + "\n"
            + trick.command.replace("$D", str(folder / name)).replace("$ACTS", str(acts))
        )
        (folder / f"{name}.sh").write_text(command + "\n")
        lines.append(
            f"sh {folder}/{name}.sh > {folder}/{name}.out 2> {folder}/{name}.err; echo $? > {folder}/{name}.status"
        )
    return "\n".join(lines)


def done(lictor_once, folder, acts, *, audit):
    if os.geteuid():
        pytest.skip("no root: mounts and chroot cannot be tried")
    for name in TRICKS:
        prepared(folder / name, acts)
    observed = lictor_once("sh", "-c", script(folder, acts), policy=policy(folder), audit=audit)
    observed.folder = folder
    return observed


@pytest.fixture(scope="module")
def enforced(lictor_once, acts, tmp_path_factory):
    return done(lictor_once, tmp_path_factory.mktemp("enforced"), acts, audit=False)


@pytest.fixture(scope="module")
def audited(lictor_once, acts, tmp_path_factory):
    return done(lictor_once, tmp_path_factory.mktemp("audited"), acts, audit=True)


def told(observed, name, kind):
    return (observed.folder / f"{name}.{kind}").read_text(errors="replace")


def possible(audited, name):
    """Skip what this machine cannot do at all, with its own words."""
    trick = TRICKS[name]
    if SECRET not in told(audited, name, "out") and trick.needs:
        pytest.skip(f"this machine does not do {trick.needs}: {told(audited, name, 'err').strip()[:150]}")


@pytest.mark.parametrize("name", TRICKS)
def test_no_byte_of_the_secret_comes_out(enforced, audited, name):
    possible(audited, name)
    out = told(enforced, name, "out") + told(enforced, name, "err")
    assert not re.search(r"SECRET|4711", out)
    assert int(told(enforced, name, "status")) != 0


@pytest.mark.parametrize("name", TRICKS)
def test_in_audit_it_prints_and_says_what_would_have_been_done(audited, name):
    possible(audited, name)
    assert SECRET in told(audited, name, "out"), told(audited, name, "err")
    assert int(told(audited, name, "status")) == 0


def denials(observed):
    return [r for r in observed.rows() if r["verdict"] == "deny"]


def test_every_denial_has_a_row_with_proof(enforced):
    rows = denials(enforced)
    stopped = [
        n for n in TRICKS if "Killed" in told(enforced, n, "err") or told(enforced, n, "status").strip() == "137"
    ]
    assert len(rows) >= len(stopped)
    assert {(r["rule"], r["action"], r["enforced_at"], r["outcome"]) for r in rows} == {
        ("secret", "deny", "kernel", "denied")
    }
    assert {r["enforcement"] for r in rows} == {"confirmed"}
    killed = {r["process_key"] for r in enforced.rows("exit", signal=9)}
    assert {r["process_key"] for r in rows} <= killed


def test_an_audit_row_says_deny_and_that_nothing_was_done(audited):
    rows = denials(audited)
    assert len(rows) >= len(TRICKS) - 6
    assert {(r["rule"], r["action"], r["enforced_at"]) for r in rows} == {("secret", None, None)}
    assert {r["outcome"] for r in rows} == {"success"}
    assert set(audited.table("runs")["mode"].to_pylist()) == {"audit"}
    assert not audited.rows("exit", signal=9)


def test_other_files_of_the_same_folder_stay_readable(lictor, tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "open").write_text("open")
    text = policy(tmp_path).replace(f"{tmp_path}/cat/secret", f"{tmp_path}/secret")
    observed = lictor("sh", "-c", f"cat {tmp_path}/secret; cat {tmp_path}/open", policy=text)
    assert observed.out == b"open"
    assert observed.status == 0


def test_reading_is_denied_and_writing_is_not(lictor, tmp_path):
    (tmp_path / "cat").mkdir()
    target = tmp_path / "cat" / "secret"
    target.write_text("")
    observed = lictor("sh", "-c", f"echo written > {target}", policy=policy(tmp_path))
    assert observed.status == 0
    assert target.read_text() == "written\n"


def test_o_path_alone_gives_nothing_and_is_seen(lictor, tmp_path, acts):
    """R5: a descriptor that can read nothing is no reading, and must leave no verdict behind."""
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "secret").write_text(SECRET)
    command = "import os, sys; os.close(os.open(sys.argv[1], os.O_PATH)); print('alive')"
    observed = lictor(sys.executable, "-I", "-c", command, tmp_path / "cat" / "secret", policy=policy(tmp_path))
    assert observed.out == b"alive\n"
    (row,) = observed.rows("file.open")
    assert (row["path"], row["verdict"]) == (f"{tmp_path}/cat/secret", "allow")


# What this tier does not stop: each is said so, and what is recorded instead is held.


def test_io_uring_opens_are_not_stopped_but_its_setup_is_recorded(lictor, tmp_path, acts):
    """R12–R14: an open through io_uring passes no system call's return; the ring's set-up does."""
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "secret").write_text(SECRET)
    observed = lictor(acts, "uring_open", tmp_path / "cat" / "secret", policy=policy(tmp_path))
    if b"Operation not permitted" in observed.err.encode():
        pytest.skip("io_uring is switched off on this machine")
    assert observed.out.decode() == SECRET
    assert not [r for r in observed.rows() if r["path"] == f"{tmp_path}/cat/secret"]
    (row,) = observed.rows("kernel.io_uring")
    assert (row["exe"], row["errno"]) == (str(acts), 0)


def test_a_descriptor_from_before_the_run_is_not_stopped(lictor, tmp_path):
    """R15: what whoever started the run handed to it was theirs to give."""
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "secret").write_text(SECRET)
    with (tmp_path / "cat" / "secret").open() as given:
        observed = lictor("cat", policy=policy(tmp_path), stdin=given)
    assert observed.out.decode() == SECRET


def test_an_overlay_mount_is_seen_through(lictor, tmp_path):
    """R10: the file of an overlay has an inode of its own; the one beneath it is looked at as well."""
    if os.geteuid():
        pytest.skip("no root: an overlay cannot be mounted")
    folder = tmp_path / "cat"
    folder.mkdir()
    (folder / "secret").write_text(SECRET)
    mount = (
        f"mount -t tmpfs t /mnt && cd /mnt && mkdir u w m && "
        f"mount -t overlay o -o lowerdir={folder},upperdir=u,workdir=w m && cat m/secret"
    )
    audited = lictor("unshare", "-m", "sh", "-c", mount, policy=policy(tmp_path), audit=True)
    if audited.status:
        pytest.skip(f"this machine does not mount an overlay: {audited.err[:150]}")
    assert audited.out.decode() == SECRET
    observed = lictor("unshare", "-m", "sh", "-c", mount, policy=policy(tmp_path))
    assert SECRET.strip() not in observed.out.decode()
    rows = observed.rows("file.read", path="/mnt/m/secret")  # both runs are in one lake
    assert [(r["verdict"], r["enforced_at"]) for r in rows] == [("deny", None), ("deny", "kernel")]


def test_a_hard_link_out_of_a_denied_folder_is_stopped_and_recorded(lictor, tmp_path):
    """R3 for a file that no rule names by itself: it was below the folder when the run began, so its inode is held."""
    folder = tmp_path / "below-folder" / "deep"
    folder.mkdir(parents=True)
    (folder / "unlisted").write_text(SECRET)
    observed = lictor("sh", "-c", f"ln {folder}/unlisted {tmp_path}/out; cat {tmp_path}/out", policy=policy(tmp_path))
    (row,) = observed.rows("file.link", errno=0)
    assert (row["path"], row["path_to"]) == (f"{folder}/unlisted", f"{tmp_path}/out")
    assert SECRET.strip() not in observed.out.decode()
    (denied,) = observed.rows("file.read", path=f"{tmp_path}/out")
    assert (denied["verdict"], denied["enforced_at"]) == ("deny", "kernel")


def test_the_tricks_leave_no_mount_behind(enforced, audited):
    mounts = subprocess.run(["cat", "/proc/self/mounts"], capture_output=True, text=True, check=True).stdout
    for observed in (enforced, audited):
        assert str(observed.folder) not in mounts
        shutil.rmtree(observed.folder / "path-beyond-4096")
