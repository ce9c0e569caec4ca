"""Folders of rules: what is taken, what is left out, what is refused; and all of SigmaHQ's where it is there."""

from collections import Counter

import pytest
import yaml

from pipeline.sigma.compile import MOST_BYTES, compile_folder
from tests.corpus import corpus
from tests.pipeline.sigma.conftest import HEAD

GOOD = HEAD.format(product="linux", category="process_creation") + "  s: { Image|endswith: /a }\n  condition: s\n"


@pytest.fixture
def folder(tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    return rules


def test_takes_rules_of_a_folder_and_leaves_other_telemetry_out(folder):
    (folder / "a.yml").write_text(GOOD)
    (folder / "deep").mkdir()
    (folder / "deep" / "b.yaml").write_text(GOOD.replace("0001\n", "0002\n").replace("linux", "windows"))
    (folder / "c.yml").write_text(GOOD.replace("0001\n", "0003\n").replace("process_creation", "proxy"))
    (folder / "d.yml").write_text(GOOD.replace("0001\n", "0004\n").replace("linux", "aws"))
    (folder / "README.md").write_text("no rule")
    seen = []
    made = compile_folder(folder, progress=lambda done, total: seen.append((done, total)))
    assert [(r.source, r.product, r.level, r.fires) for r in made.rules] == [
        ("a.yml", "linux", "high", "yes"), ("deep/b.yaml", "windows", "high", "yes"),
    ]  # fmt: skip
    assert made.elsewhere == {"linux/proxy": 1, "aws/process_creation": 1}
    assert made.failures == ()
    assert seen == [(n, 4) for n in range(1, 5)]
    assert compile_folder(folder / "a.yml").rules[0].source == "a.yml"


def test_only_a_category(folder):
    (folder / "a.yml").write_text(GOOD)
    (folder / "b.yml").write_text(GOOD.replace("0001\n", "0002\n").replace("process_creation", "file_event"))
    assert [r.source for r in compile_folder(folder, categories=["file_event"]).rules] == ["b.yml"]


BAD = {
    "no yaml": ": : [",
    "no mapping": "- a\n- b\n",
    "nothing": "",
    "no log source": GOOD.replace("logsource", "source"),
    "no detection": GOOD.replace("detection", "selection"),
    "a correlation": "title: c\ncorrelation: { type: event_count, rules: [a], group-by: [x], timespan: 1m, condition: { gte: 3 } }\n",
    "a list as a rule": GOOD.replace("s: { Image|endswith: /a }", "s: 5.5.5: x"),
    "an alias bomb": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{c}: &{c} [{','.join([f'*{p}'] * 9)}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True))
    + GOOD.replace("  s: { Image|endswith: /a }", "  s: { Image: *i }"),
    "half a surrogate pair": GOOD.replace("/a", '"\\ud800"'),
    "too large": "#" * (MOST_BYTES + 1),
    "no text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD.keys())
def test_a_bad_file_is_listed_and_costs_no_other_rule(content, folder):
    (folder / "bad.yml").write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "good.yml").write_text(GOOD.replace("0001\n", "0009\n"))
    made = compile_folder(folder)
    assert [r.source for r in made.rules] == ["good.yml"]
    assert [f.source for f in made.failures] == ["bad.yml"]
    assert made.failures[0].reason
    assert "\n" not in made.failures[0].reason


def test_two_rules_with_one_id_are_told(folder):
    (folder / "a.yml").write_text(GOOD)
    (folder / "b.yml").write_text(GOOD)
    made = compile_folder(folder)
    assert [r.source for r in made.rules] == ["a.yml"]
    assert "a.yml" in made.failures[0].reason


def test_a_link_is_not_followed(folder, tmp_path):
    (tmp_path / "elsewhere.yml").write_text(GOOD)
    (folder / "a.yml").symlink_to(tmp_path / "elsewhere.yml")
    assert compile_folder(folder).rules == ()


@pytest.mark.parametrize(
    ("detection", "fires", "blind"),
    [
        ("s: { Image: x }\ncondition: s", "yes", ()),
        ("s: { LogonId: 0 }\ncondition: s", "never", ("LogonId",)),
        ("s: { LogonId: 0 }\nt: { Image: x }\ncondition: s and t", "never", ("LogonId",)),
        ("s: { LogonId: 0 }\nt: { Image: x }\ncondition: s or t", "partly", ("LogonId",)),
        ("s: { LogonId: 0 }\nt: { Image: x }\ncondition: t and not s", "partly", ("LogonId",)),
        ("s: { LogonId: null }\nt: { Image: x }\ncondition: s and t", "partly", ("LogonId",)),
    ],
)
def test_a_rule_that_can_never_match_here_says_so(detection, fires, blind, bundle_of):
    (rule,) = bundle_of(detection).rules
    assert (rule.fires, rule.blind) == (fires, blind)


def test_a_category_that_nothing_records_never_fires(bundle_of):
    assert (
        bundle_of("s: { Image: x }\ncondition: s", product="windows", category="registry_set").rules[0].fires == "never"
    )


def test_techniques_are_read_off_the_tags(folder):
    (folder / "a.yml").write_text(
        "tags: [attack.t1059.004, attack.execution, ATTACK.T1005, cve.2024-1]\n".lower() + GOOD
    )
    assert compile_folder(folder).rules[0].attack == ("T1059.004", "T1005")


def test_every_endpoint_rule_of_sigmahq_is_compiled(compiled, sigmahq):
    assert compiled.failures == ()
    found = Counter(f"{r.product}/{r.category}" for r in compiled.rules)
    assert found.total() == len(compiled.rules) >= 2_475
    counted = yaml.safe_load(corpus("views", "sigma", "rule_counts.json").read_text())["counts"]
    assert found == counted
