"""What is in deploy/ for telemetry fits the metrics that there are, and is what Prometheus, Grafana and the collector take."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import combinations

import pytest
import yaml

from lictor.observing.metrics import METRICS, exposed_names, prometheus_name

METRIC = re.compile(r"\b(?:lictor|process)_[a-z_]+")
LABELS = {"service_instance_id", "service_name", "host_name", "le"}
"""Of the resource, and of histograms."""


def label(attribute):
    return attribute.replace(".", "_")


KNOWN = {name: {label(a) for a in metric.attributes} for metric in METRICS for name in exposed_names(metric)}
ATTRIBUTES = {name for labels in KNOWN.values() for name in labels}


def asked_for(expression):
    """Names of metrics in PromQL: what is neither a label nor in quotes."""
    return set(METRIC.findall(re.sub(r'"[^"]*"', "", expression))) - ATTRIBUTES - LABELS


def labels_in(expression):
    bare = re.sub(r'"[^"]*"', "", expression)
    grouped = re.findall(r"\bby \(([^)]*)\)", bare)
    selected = re.findall(r"[{,]\s*(\w+)\s*(?:=~|!~|!=|=)", bare)
    return {name.strip() for group in grouped for name in group.split(",")} | set(selected)


@pytest.fixture(scope="session")
def rules(tree):
    (group,) = yaml.safe_load(tree.text("deploy/prometheus/alerts.yaml"))["groups"]
    return group["rules"]


@pytest.fixture(scope="session")
def board(tree):
    return json.loads(tree.text("deploy/grafana/lictor.json"))


@pytest.fixture(scope="session")
def queries(board):
    return [target["expr"] for panel in board["panels"] for target in panel["targets"]]


@pytest.fixture(scope="session")
def promtool():
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (apt-get install prometheus)")

    def run(*arguments):
        done = subprocess.run([found, *map(str, arguments)], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


def test_rules_and_dashboard_ask_for_metrics_and_labels_that_there_are(rules, queries):
    for expression in (*queries, *(rule["expr"] for rule in rules)):
        names = asked_for(expression)
        assert names, expression
        assert names <= set(KNOWN), expression
        assert labels_in(expression) <= LABELS.union(*(KNOWN[name] for name in names)), expression


def test_every_metric_is_on_the_dashboard(queries):
    shown = {name for expression in queries for name in asked_for(expression)}
    missing = [m.name for m in METRICS if not shown & set(exposed_names(m))]
    assert missing == ["lictor.lake.durable.age"]  # grows while nothing happens; the age of what waits says more


def test_names_that_do_not_exist_are_noticed():
    assert asked_for('sum by (lictor_step) (rate(lictor_nothing_total{host_name=~"process_x"}[5m]))') == {
        "lictor_nothing_total"
    }
    assert labels_in('sum by (a, b) (x{c="d", e=~"f"})') == {"a", "b", "c", "e"}


def test_the_rules_are_those_that_were_asked_for_and_say_what_to_do(rules):
    assert {rule["alert"] for rule in rules} == {
        "LictorEventsLost", "LictorVerdictsLate", "LictorActionFailed", "LictorEnforcementPaused", "LictorPolicyRefused",
        "LictorRowsNotDurable", "LictorExportBehind", "LictorSilent",
    }  # fmt: skip
    for rule in rules:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert {"summary", "description"} == set(rule["annotations"])


def test_dashboard_has_the_shape_that_grafana_imports(board):
    assert board["uid"]
    assert board["title"] == "Lictor"
    assert isinstance(board["schemaVersion"], int)
    assert "id" not in board  # Grafana gives it out; one in the file would overwrite another dashboard
    (source, host) = board["templating"]["list"]
    assert (source["type"], source["query"], host["datasource"]["uid"]) == ("datasource", "prometheus", "${datasource}")
    panels = board["panels"]
    assert len({p["id"] for p in panels}) == len({p["title"] for p in panels}) == len(panels)
    for panel in panels:
        assert panel["type"] in {"stat", "timeseries"}
        assert panel["datasource"]["uid"] == "${datasource}"
        assert [t["refId"] for t in panel["targets"]] == [chr(ord("A") + i) for i in range(len(panel["targets"]))]
        place = panel["gridPos"]
        assert 0 <= place["x"] <= place["x"] + place["w"] <= 24


def test_no_panel_lies_on_another(board):
    for one, other in combinations([p["gridPos"] for p in board["panels"]], 2):
        apart = (
            one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        )  # fmt: skip
        assert apart, (one, other)


def test_collector_takes_what_lictor_sends_and_names_it_as_the_rules_do(tree):
    config = yaml.safe_load(tree.text("deploy/otel-collector.yaml"))
    assert config["receivers"]["otlp"]["protocols"] == {"http": {"endpoint": "127.0.0.1:4318"}}
    exporter = config["exporters"]["prometheus"]
    assert (exporter["add_metric_suffixes"], exporter["resource_to_telemetry_conversion"]) == (True, {"enabled": True})
    pipelines = config["service"]["pipelines"]
    assert set(pipelines) == {"metrics", "traces", "logs"}
    for pipeline in pipelines.values():
        for kind, names in pipeline.items():
            assert set(names) <= set(config[kind])


def test_prometheus_takes_the_rules(promtool, tree):
    status, said = promtool("check", "rules", tree.root / "deploy/prometheus/alerts.yaml")
    assert status == 0, said
    assert "8 rules found" in said


def test_prometheus_takes_the_queries_of_the_dashboard(promtool, queries, tmp_path):
    filled = [q.replace("$__rate_interval", "5m").replace("$__range", "6h").replace("$host", ".*") for q in queries]
    recorded = [{"record": f"query:{i}", "expr": q} for i, q in enumerate(filled)]
    (tmp_path / "r.yaml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": recorded}]}))
    status, said = promtool("check", "rules", tmp_path / "r.yaml")
    assert status == 0, said


RESOURCE = 'service_instance_id="i", host_name="h", service_name="lictor"'
CASES = {
    "LictorEventsLost": ('lictor_events_lost_total{%s, lictor_event_class="file", lictor_loss_reason="ring_full"}', "0x5 3x20", "0x20"),
    "LictorActionFailed": ('lictor_actions_total{%s, lictor_action="kill", lictor_action_result="failed"}', "0x5 1x20", "0x20"),
    "LictorEnforcementPaused": ("lictor_enforcement_paused{%s}", "0x3 1x20", "0x20"),
    "LictorPolicyRefused": ('lictor_policy_reload_duration_seconds_count{%s, lictor_policy_result="refused"}', "0x5 1x20", "0x20"),
    "LictorRowsNotDurable": ("lictor_lake_unsynced_age_seconds{%s}", "0.4x3 60x20", "0.9x20"),
    "LictorExportBehind": ('lictor_export_lag_seconds{%s, lictor_export_destination="siem"}', "400x20", "200x20"),
    "LictorSilent": ("process_uptime_seconds{%s}", "1+60x3 stale", "1+60x20"),
}  # fmt: skip
"""Series that must fire each rule within ten minutes, and one that must not."""


@pytest.mark.parametrize("alert", CASES)
@pytest.mark.parametrize("fires", [True, False])
def test_each_rule_fires_when_it_should_and_only_then(promtool, tree, tmp_path, alert, fires):
    series, bad, good = CASES[alert]
    run_unit(
        promtool, tree, tmp_path, alert, [{"series": series % RESOURCE, "values": bad if fires else good}], fires=fires
    )


@pytest.mark.parametrize(("late", "fires"), [(5, True), (0, False)])
def test_late_verdicts_fire_when_one_in_a_hundred_is_late(promtool, tree, tmp_path, late, fires):
    buckets = {"0.015": 1000 - late, "0.02": 1000 - late, "0.05": 1000, "+Inf": 1000}
    if late:
        buckets |= {"0.015": 980, "0.02": 980}
    name = "lictor_verdict_latency_seconds_bucket{%s, le=%s}"
    series = [{"series": name % (RESOURCE, f'"{le}"'), "values": f"0+{count}x20"} for le, count in buckets.items()]
    run_unit(promtool, tree, tmp_path, "LictorVerdictsLate", series, fires=fires)


def run_unit(promtool, tree, tmp_path, alert, series, *, fires):
    """Prometheus' own unit test of one rule, as ALERTS has it at the tenth minute."""
    test = {
        "interval": "1m",
        "input_series": series,
        "promql_expr_test": [{
            "expr": f'count by (alertname) (ALERTS{{alertname="{alert}", alertstate="firing"}})', "eval_time": "10m",
            "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1}] if fires else [],
        }],
    }  # fmt: skip
    file = tmp_path / "unit.yaml"
    file.write_text(yaml.safe_dump({
        "rule_files": [str(tree.root / "deploy/prometheus/alerts.yaml")], "evaluation_interval": "1m", "tests": [test],
    }))  # fmt: skip
    status, said = promtool("test", "rules", file)
    assert status == 0, said


def test_exposed_names_are_built_on_the_documented_ones():
    assert all(name.startswith(prometheus_name(m)) for m in METRICS for name in exposed_names(m))
