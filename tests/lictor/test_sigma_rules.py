"""Sigma at the rim: import, and a lake's rows page by page."""

from pathlib import Path

import pyarrow as pa
import pytest

from lictor import sigma_rules
from lictor.errors import LictorError
from lictor.history.asking import Window
from lictor.lake import open_lake

RULES = {
    "curl": "logsource: { product: linux, category: process_creation }\ndetection: { s: { Image|endswith: /curl, ParentCommandLine|startswith: bash }, condition: s }",
    "cron": "logsource: { product: linux, category: file_event }\ndetection: { s: { TargetFilename|startswith: /etc/cron.d/ }, condition: s }",
    "out": "logsource: { product: linux, category: network_connection }\ndetection: { s: { DestinationIp|cidr: ['192.0.2.0/24', '2001:db8::/32'] }, condition: s }",
}


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "rules"
    made.mkdir()
    for number, (name, text) in enumerate(RULES.items(), 1):
        (made / f"{name}.yml").write_text(
            f"title: {name}\nid: 00000000-0000-4000-8000-{number:012}\nlevel: high\ntags: [attack.t1105]\n{text}\n"
        )
    return made


def imported(folder, **options):
    return sigma_rules.imported(
        folder, **({"categories": None, "licence": None, "progress": lambda *_: None} | options)
    )


def titles(found):
    return [(t, o) for t, o in zip(found["title"].to_pylist(), found["operation"].to_pylist(), strict=True)]


EXPECTED = [("curl", "exec"), ("out", "net.connect"), ("out", "net.connect"), ("cron", "file.rename")]


@pytest.mark.parametrize("page", [1, 2, 3, 1000])
def test_matches_are_the_same_whatever_the_pages(page, folder, lake, monkeypatch):
    monkeypatch.setattr(sigma_rules, "PAGE_ROWS", page)
    found = sigma_rules.matched(open_lake(lake), imported(folder), Window(), timeout=60)
    assert titles(found) == EXPECTED
    assert set(found["attack"].to_pylist()) == {"T1105"}


def test_only_since_then_and_parents_from_before(folder, lake, made):
    window = Window(since=made.begin + 13_000_000, until=made.begin + 15_000_000)
    assert titles(sigma_rules.matched(open_lake(lake), imported(folder), window, timeout=60)) == EXPECTED[:2]


def test_sums_by_rule_gravest_and_most_frequent_first():
    at = pa.array([1, 2, 3, 4], pa.timestamp("us", "UTC"))
    found = pa.table(
        {
            "level": ["low", "high", "low", "critical"],
            "title": list("abac"),
            "id": list("abac"),
            "attack": [""] * 4,
            "time": at,
            "agent_run": ["r", "r", "q", "r"],
        }
    )
    summed = sigma_rules.by_rule(found)
    assert [(r["title"], r["rows"], r["runs"]) for r in summed.to_pylist()] == [("c", 1, 1), ("b", 1, 1), ("a", 2, 2)]
    assert summed["first"].to_pylist()[2] == at[0].as_py()


def test_kept_and_opened_again(folder, tmp_path):
    made, lake = imported(folder, licence="MIT"), tmp_path / "new-lake"
    path = sigma_rules.place(lake)
    sigma_rules.stored(made, path, lake)
    assert sigma_rules.opened(path) == made
    assert {r.license for r in made.rules} == {"MIT"}
    assert open_lake(lake).query("SELECT count(*) AS n FROM activity")["n"].to_pylist() == [
        0
    ]  # still a lake that can be asked
    assert sigma_rules.listed(made)["title"].to_pylist() == ["cron", "out", "curl"]


@pytest.mark.parametrize(
    ("where", "options", "said"),
    [
        ("none", {}, "no rules there"),
        ("empty", {}, "no rule files"),
        ("rules", {"categories": ["nosuch"]}, "process_creation"),
    ],
)
def test_bad_input_is_one_line_with_the_next_step(where, options, said, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(LictorError, match=said) as error:
        imported(folder if where == "rules" else tmp_path / where, **options)
    assert "\n" not in str(error.value)


def test_a_bundle_that_cannot_be_written_or_read_is_one_line(folder, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LictorError, match="--out"):
        sigma_rules.stored(imported(folder), tmp_path / "file" / "b.json", tmp_path / "lake")
    with pytest.raises(LictorError, match="lictor sigma import"):
        sigma_rules.opened(Path("/nonexistent/bundle.json"))


def test_levels_have_an_order():
    assert sigma_rules.gravity("critical") > sigma_rules.gravity("low") > sigma_rules.gravity("odd") == -1
