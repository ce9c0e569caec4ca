"""Programs, completed from a process that lives, and from paths alone where it does not."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from collectors.bcc.images import Images
from collectors.bcc.links import Links
from collectors.bcc.places import Places
from collectors.bcc.texts import OwnTexts
from collectors.identity import TICK_NS, read_stat
from collectors.kernel.decode import view
from collectors.kernel.strings import StringTable
from pipeline import schema

IMAGE = 12
SLEEP = os.path.realpath(shutil.which("sleep"))
Q = {name: 1 << at for at, name in enumerate(schema.QUALITY)}


class Table:
    """Strings, images, and one record at a time."""

    def __init__(self, event, chunks):
        self.strings = StringTable()
        links = Links()
        links.refresh()
        own = OwnTexts(self.strings, 2)
        self.places = Places(self.strings, own, links)
        self.images = Images(self.strings, own, self.places, links, lambda _pid: IMAGE)
        self._event, self._chunks, self._given = event, chunks, 0

    def text(self, text):
        self._given += 3
        self.strings.add(self._chunks(self._given, text.encode()))
        return self._given

    def complete(self, pid, path, argv="sleep\0" + "60\0", marks=None, image=IMAGE, class_="process", **members):
        record = self._event(
            "exec", pid=pid, image=image, quality=Q["claimed"], exec__path=self.text(path) if path else 0,
            exec__argv=self.text(argv) if argv else 0, exec__marks=self.text(marks) if marks else 0, **members,
        )  # fmt: skip
        row = view(record)
        row["class"] = schema.CLASSES.index(class_)
        self.images.complete(row)
        told = {
            name: self.strings.text(int(row[f"exec.{name}"][0])) for name in ("path", "script", "cwd", "argv", "marks")
        }
        return told | {"quality": int(row["quality"][0]), "row": row}


@pytest.fixture
def table(event, chunks):
    return Table(event, chunks)


@pytest.fixture
def sleeper(tmp_path):
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path) as child:
        yield child
        child.kill()


@pytest.fixture
def gone():
    with subprocess.Popen(["true"]) as child:
        pass
    return child.pid


def test_what_lives_is_the_file_that_proc_names(table, sleeper, tmp_path):
    table.places.learn(5, str(tmp_path))
    found = table.complete(sleeper.pid, "/bin/sleep", exec__dev=5)
    assert (found["path"], found["script"], found["cwd"], found["quality"]) == (
        SLEEP,
        None,
        str(tmp_path),
        Q["from_proc"],
    )
    true = os.stat(SLEEP)
    assert found["row"]["exec.ino"] == true.st_ino
    assert found["row"]["exec.dev"] == os.major(true.st_dev) << 20 | os.minor(true.st_dev)
    assert found["row"]["exec.mode"] == true.st_mode


def test_who_has_started_another_program_since_is_known_by_the_path_he_asked_for(table, sleeper):
    found = table.complete(sleeper.pid, "/bin/cat", image=IMAGE - 1)
    assert found["path"] == os.path.realpath("/bin/cat")
    assert found["quality"] == Q["claimed"]
    assert found["row"]["exec.ino"] == 0


def test_what_is_gone_is_known_by_its_path_joined_to_its_folder(table, gone, tmp_path):
    (tmp_path / "tool").symlink_to("/bin/sleep")
    table.places.learn(5, str(tmp_path))
    found = table.complete(gone, "./tool", exec__dev=5)
    assert (found["path"], found["cwd"], found["quality"]) == (SLEEP, str(tmp_path), Q["claimed"])


def test_a_script_and_its_interpreter(table, gone, tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\nread _\n")
    script.chmod(0o755)
    with subprocess.Popen([script], stdin=subprocess.PIPE) as child:
        alive = table.complete(child.pid, str(script))
        child.communicate()
    after = table.complete(gone, str(script), argv=f"/bin/sh\0{script}\0")
    for found in (alive, after):
        assert (found["path"], found["script"]) == (os.path.realpath("/bin/sh"), str(script))
        assert found["quality"] & Q["claimed"]


def test_a_program_by_descriptor(table, gone):
    table.places.learn(9, SLEEP)
    assert table.complete(gone, "/dev/fd/4", exec__cwd=9)["path"] == SLEEP
    assert table.complete(gone, "/dev/fd/5")["path"] == "/dev/fd/5"


def test_only_marks_are_kept_of_what_begins_like_one(table, gone):
    found = table.complete(gone, SLEEP, marks="CODEX_THREAD_ID=t\0CODEX_TOKEN=secret\0AGENT=1\0AI_AGENT_KEY=k\0")
    assert found["marks"] == "CODEX_THREAD_ID=t\0AGENT=1"
    assert table.complete(gone, SLEEP, marks="CODEX_TOKEN=secret\0")["marks"] is None


def test_arguments_that_were_not_read_come_from_proc(table, sleeper, gone):
    found = table.complete(sleeper.pid, None, argv=None)
    assert (found["path"], found["argv"], found["row"]["exec.argv_len"]) == (SLEEP, "sleep\x0060\0", 9)
    assert found["quality"] & Q["from_proc"]
    lost = table.complete(gone, None, argv=None)
    assert lost["path"] is None
    assert lost["quality"] & Q["unresolved"]


def test_a_possible_agent_gets_the_start_that_its_key_needs(table, sleeper, gone):
    found = table.complete(sleeper.pid, "/bin/sleep", image=0, class_="agent")
    assert found["path"] == SLEEP
    assert found["row"]["start"] == read_stat(sleeper.pid).start_ticks * TICK_NS
    assert table.complete(gone, "/bin/sleep", image=0, class_="agent")["row"]["start"] == 0


def test_a_path_that_leads_to_a_pipe_is_not_waited_for(table, gone, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert table.complete(gone, f"{tmp_path}/pipe")["path"] == f"{tmp_path}/pipe"
