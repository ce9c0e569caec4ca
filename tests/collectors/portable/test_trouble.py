from __future__ import annotations

from collectors.portable.trouble import LIMIT, Trouble


def test_a_reason_is_said_once_and_counted_always():
    said = []
    trouble = Trouble(said.append)
    trouble.overflowed()
    trouble.overflowed()
    assert said == []  # nothing from a thread of watchdog's
    trouble.say()
    trouble.overflowed()
    trouble.say()
    assert len(said) == 1
    assert trouble.take() == {"inotify_overflow": 3}
    assert trouble.take() == {}


def test_the_limit_is_named_with_its_value_and_holds_in_every_interval(tmp_path):
    said = []
    trouble = Trouble(said.append)
    trouble.refused(bytes(tmp_path / "a\xff"), limit=True)
    trouble.say()
    assert "max_user_watches" in said[0]
    assert LIMIT.read_text().strip() in said[0]
    assert trouble.take() == {"watch_limit": 1}
    assert trouble.take() == {"watch_limit": 1}


def test_a_folder_that_is_gone_is_no_trouble(tmp_path):
    trouble = Trouble(print)
    trouble.refused(str(tmp_path / "gone"), limit=False)
    assert trouble.take() == {}
    trouble.refused(str(tmp_path), limit=False)
    assert trouble.take() == {"unreadable": 1}
