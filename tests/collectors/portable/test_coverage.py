from __future__ import annotations

from collectors.interface import Origin
from collectors.portable.coverage import UNSEEN, Coverage
from collectors.portable.rows import Numbering


def test_numbers_given_out_are_rows_and_losses_and_what_is_never_seen_has_no_number():
    numbers = Numbering()
    coverage = Coverage(Origin("h", "b"), numbers)
    numbers.take("file", 7)  # 5 rows, 2 dropped
    numbers.take("process", 3)
    rows = coverage.close(2, {"watch_limit": 4, "connections_unread": 1}).to_pylist()
    counted = {r["class"]: r for r in rows if r["reason"] == "none"}
    assert (counted["file"]["emitted"], counted["file"]["delivered"]) == (7, 5)
    assert (counted["file"]["first_seq"], counted["file"]["last_seq"]) == (0, 6)
    assert counted["network"]["emitted"] == 0
    lost = sum(r["lost"] or 0 for r in rows if r["class"] == "file")
    assert counted["file"]["emitted"] == counted["file"]["delivered"] + lost
    unknown = {(r["class"], r["reason"]) for r in rows if r["lost"] is None}
    assert unknown == {*UNSEEN, ("file", "watch_limit"), ("network", "connections_unread")}


def test_intervals_follow_each_other():
    numbers = Numbering()
    coverage = Coverage(Origin("h", "b"), numbers)
    numbers.take("file", 2)
    first = coverage.close(0, {}).to_pylist()
    numbers.take("file", 3)
    second = coverage.close(0, {}).to_pylist()
    assert first[0]["until"] == second[0]["since"]
    (file,) = [r for r in second if (r["class"], r["reason"]) == ("file", "none")]
    assert (file["first_seq"], file["last_seq"], file["emitted"]) == (2, 4, 3)
