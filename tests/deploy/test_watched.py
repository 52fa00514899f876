"""The dashboard and the alert rules refer to metrics that exist, and the manual says what to do about each alert."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from ruamel.yaml import YAML

from gateways.ledger.sql_ledger import SqlLedger
from gateways.prometheus_gauges import LedgerGauges
from gateways.prometheus_meter import PrometheusMeter
from runtime.settings import ROOT

ALERTS = ROOT / "deploy/prometheus/alerts.yaml"
SCRAPE = ROOT / "deploy/prometheus/prometheus.yaml"
DASHBOARD = ROOT / "deploy/grafana/dunning.json"
DURATION = re.compile(r"(\d+(ms|[smhdwy]))+")
_STRINGS = re.compile(r'"[^"]*"')


def rules() -> list[dict[str, Any]]:
    groups = YAML(typ="safe").load(ALERTS)["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> Iterator[str]:
    yield from (str(rule["expr"]) for rule in rules())
    panels = json.loads(DASHBOARD.read_text())["panels"]
    yield from (target["expr"] for panel in panels for target in panel.get("targets", ()))


def used(prefix: str) -> set[str]:
    """The metrics that are referred to, by a prefix."""
    return {name for each in expressions() for name in re.findall(rf"\b{prefix}\w+", _STRINGS.sub("", each))}


def test_every_metric_of_ours_that_is_asked_for_exists(ledger: SqlLedger) -> None:
    assert used("dunning_")
    assert set() == used("dunning_") - set(registered(ledger))


def registered(ledger: SqlLedger) -> dict[str, set[str]]:
    """What can be asked for, by name, with its labels."""
    registry = CollectorRegistry()
    meter = PrometheusMeter(registry)
    registry.register(LedgerGauges(ledger, lambda: datetime.now(UTC), timedelta(hours=6)))
    count_everything(meter)
    names: dict[str, set[str]] = {}
    for family in registry.collect():
        names.setdefault(family.name, set())
        for sample in family.samples:
            names.setdefault(sample.name, set()).update(sample.labels)
    return names


def count_everything(meter: PrometheusMeter) -> None:
    with meter.call("stripe", "get invoices") as call:
        call.answered(200)
    meter.arrived("stripe", "kept")
    meter.taken("stripe", "PaymentFailed", "opened", timedelta(seconds=1))
    meter.delivered("taken")
    meter.decided("wait")
    meter.postponed("hours@standard@1")
    meter.refused(None)
    meter.charged("retry_later", "declined")
    meter.contacted("email", "sent")
    meter.swept("opened", 1)


def test_every_label_that_is_asked_for_exists(ledger: SqlLedger) -> None:
    """`by (…)`, and what stands in braces."""
    known = registered(ledger) | {"dunning_open_cases": {"currency"}, "dunning_open_amount": {"currency"}}
    for each in expressions():
        names = re.findall(r"\bdunning_\w+", _STRINGS.sub("", each))
        labels = {label for name in names for label in known[name]}
        grouped = {label.strip() for part in re.findall(r"by \(([^)]*)\)", each) for label in part.split(",")}
        matched = {label for part in re.findall(r"\{([^}]*)\}", each) for label in re.findall(r"(\w+)\s*[=!]", part)}
        if names:
            assert set() == (grouped | matched) - labels - {"job", "instance"}, each


def test_parentheses_braces_and_brackets_are_closed() -> None:
    pairs = {")": "(", "}": "{", "]": "["}
    for each in expressions():
        open_ones: list[str] = []
        for letter in _STRINGS.sub("", each):
            if letter in pairs.values():
                open_ones.append(letter)
            elif letter in pairs:
                assert pairs[letter] == open_ones.pop(), each
        assert [] == open_ones, each
        for span in re.findall(r"\[([^\]]*)\]", each):
            assert span == "$__rate_interval" or DURATION.fullmatch(span), each


def test_counters_are_asked_for_their_rate() -> None:
    """A counter by itself says how long a process lives."""
    for each in expressions():
        for name in re.findall(r"\b\w+_(?:total|bucket|count|sum)\b", _STRINGS.sub("", each)):
            assert re.search(rf"(?:rate|increase)\(\s*{name}", each), each


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_is_whole(rule: dict[str, Any]) -> None:
    """The keys that Prometheus knows, a duration, a severity, and sentences for whoever is woken."""
    assert set(rule) <= {"alert", "expr", "for", "keep_firing_for", "labels", "annotations"}
    assert DURATION.fullmatch(rule["for"])
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert {"summary", "description"} == set(rule["annotations"])


def test_the_manual_says_what_each_alert_means_and_what_to_do() -> None:
    manual = (ROOT / "docs/operations.md").read_text()
    watched = re.search(r"^## Watched$(.*?)^## ", manual, re.MULTILINE | re.DOTALL)
    assert watched
    told = re.findall(r"^\| `(Dunning\w+)` \|", watched[1], re.MULTILINE)

    assert [rule["alert"] for rule in rules()] == told


def test_prometheus_is_told_of_every_port_and_the_rules() -> None:
    config = YAML(typ="safe").load(SCRAPE)
    compose = YAML(typ="safe").load(ROOT / "docker-compose.yml")["services"]
    targets = {
        (config_of["job_name"], target)
        for config_of in config["scrape_configs"]
        for group in config_of.get("dns_sd_configs", config_of.get("static_configs"))
        for target in (f"{group['names'][0]}:{group['port']}",)
    }
    worker, web = compose["worker"]["environment"], compose["web"]["environment"]

    assert {
        ("dunning-worker", f"worker:{worker['WORKER_METRICS_PORT']}"),
        ("dunning-temporal-sdk", f"worker:{worker['TEMPORAL_METRICS_PORT']}"),
        ("dunning-web", f"web:{web['WEB_METRICS_PORT']}"),
    } == targets
    assert [Path(file).name for file in config["rule_files"]] == [ALERTS.name]


def test_the_dashboard_can_be_imported() -> None:
    """Every panel has a place of its own and a title; the data source is chosen at the import."""
    board = json.loads(DASHBOARD.read_text())
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]

    assert len(places) == len(set(places))
    assert all(panel["title"] and panel["datasource"]["uid"] == "${DS_PROMETHEUS}" for panel in board["panels"])
    assert ["DS_PROMETHEUS"] == [each["name"] for each in board["__inputs"]]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
