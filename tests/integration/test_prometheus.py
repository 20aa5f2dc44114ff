"""What Prometheus' own tool says of /metrics and of conf/."""

import json
import re
import shutil
import subprocess

import pytest

from support.api import WITH_KEY, ask, publish
from support.server import ROOT

CONF = ROOT / "conf"


@pytest.fixture(scope="module")
def promtool():
    """Runs it; it must be there: apt-get install prometheus."""
    program = shutil.which("promtool")
    assert program, "promtool is missing: apt-get install prometheus"

    def run(*args, text="", cwd=CONF):
        return subprocess.run([program, *args], input=text, text=True,
                              capture_output=True, cwd=cwd, check=False)

    return run


def busy_server(peal):
    server = peal(WITH_KEY)
    client = server.join("alice", "lobby")
    publish(server, "lobby", 1)
    ask(server, "/api/publish", {})
    ask(server, "/api/none", {})
    client.end()
    return server


def test_metrics_are_as_promtool_wants_them(peal, promtool):
    text = busy_server(peal).request("/metrics").body.decode()
    done = promtool("check", "metrics", text=text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_promtool_can_find_fault(promtool):
    done = promtool("check", "metrics", text="peal_x_total 1\npeal x\n")
    assert done.returncode != 0


def test_the_example_config_and_its_alerts_are_valid(promtool):
    done = promtool("check", "config", "prometheus.yml")
    assert done.returncode == 0, done.stderr
    assert "SUCCESS" in done.stdout


def test_alerts_are_about_metrics_that_exist(peal):
    text = busy_server(peal).request("/metrics").body.decode()
    rules = (CONF / "alerts.yml").read_text()
    named = set(re.findall(r"\bpeal_[a-z_]+", rules))
    assert len(named) > 5
    for name in named:
        family = re.sub("_(bucket|sum|count)$", "", name)
        assert re.search(rf"^# TYPE {family} ", text, re.M), name
    for name, value in re.findall(r'(\w+)=~?"([a-z_|]+)"', rules):
        if name in ("limit", "reason"):
            for each in value.split("|"):
                assert f'{name}="{each}"' in text


ALERTS_TEST = """
rule_files: [%s]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'up{job="peal",instance="a"}', values: "1 1 1 0 0 0 0"}
      - {series: 'peal_thread_cpu_seconds_total{thread="worker-0",instance="a"}', values: "0+57x20"}
      - {series: 'peal_thread_cpu_seconds_total{thread="worker-1",instance="a"}', values: "0+50x20"}
      - {series: 'peal_thread_cpu_seconds_total{thread="bus",instance="a"}', values: "0+1x20"}
      - {series: 'peal_redis_ready{instance="a"}', values: "1 1 0 0 0 0 0"}
      - {series: 'peal_redis_ready{instance="b"}', values: "0x20"}
      - {series: 'peal_fan_out_seconds_bucket{le="0.1",instance="a"}', values: "0+97x20"}
      - {series: 'peal_fan_out_seconds_bucket{le="2.5",instance="a"}', values: "0+100x20"}
      - {series: 'peal_fan_out_seconds_bucket{le="+Inf",instance="a"}', values: "0+100x20"}
      - {series: 'peal_fan_out_seconds_bucket{le="0.1",instance="b"}', values: "0+100x20"}
      - {series: 'peal_fan_out_seconds_bucket{le="+Inf",instance="b"}', values: "0+100x20"}
      - {series: 'peal_loop_lag_seconds_bucket{le="1",instance="a"}', values: "0+60x10 659+60x10"}
      - {series: 'peal_loop_lag_seconds_bucket{le="+Inf",instance="a"}', values: "0+60x20"}
      - {series: 'peal_limit_reached_total{limit="connections",instance="a"}', values: "0 0 0 0 5 5 5"}
      - {series: 'peal_limit_reached_total{limit="channels",instance="a"}', values: "0 0 0 0 5 5 5"}
      - {series: 'peal_api_requests_total{status="200",instance="a"}', values: "0+100x20"}
      - {series: 'peal_api_requests_total{status="503",instance="a"}', values: "0+5x20"}
      - {series: 'peal_api_requests_total{status="503",instance="b"}', values: "0x20"}
      - {series: 'peal_api_requests_total{status="200",instance="b"}', values: "0+100x20"}
    alert_rule_test:
      - {eval_time: 2m, alertname: PealDown}
      - eval_time: 6m
        alertname: PealDown
        exp_alerts: [{exp_labels: {severity: critical, job: peal, instance: a}, exp_annotations: {summary: a does not answer}}]
      - eval_time: 18m
        alertname: PealThreadFull
        exp_alerts: [{exp_labels: {severity: warning, instance: a, thread: worker-0}, exp_annotations: {summary: "worker-0 of a has no time left: more workers, or instances"}}]
      - eval_time: 5m
        alertname: PealRedisNotThere
        exp_alerts: [{exp_labels: {severity: critical, instance: a}, exp_annotations: {summary: a is without Redis}}]
      - eval_time: 18m
        alertname: PealFanOutSlow
        exp_alerts: [{exp_labels: {severity: warning, instance: a}, exp_annotations: {summary: Messages take more than 250 ms to leave a}}]
      - {eval_time: 9m, alertname: PealHangs}
      - eval_time: 12m
        alertname: PealHangs
        exp_alerts: [{exp_labels: {severity: warning, instance: a}, exp_annotations: {summary: A thread of a did nothing for more than a second}}]
      - {eval_time: 3m, alertname: PealFull}
      - eval_time: 6m
        alertname: PealFull
        exp_alerts: [{exp_labels: {severity: critical, limit: connections, instance: a}, exp_annotations: {summary: "a turns clients away: connections"}}]
      - eval_time: 15m
        alertname: PealApiErrors
        exp_alerts: [{exp_labels: {severity: warning, instance: a}, exp_annotations: {summary: "More than 1 %% of what backends ask a fails"}}]
"""


def test_alerts_fire_when_they_should_and_only_then(promtool, tmp_path):
    file = tmp_path / "alerts_test.yml"
    file.write_text(ALERTS_TEST % (CONF / "alerts.yml"))
    done = promtool("test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def expressions():
    """Each expression of the dashboard, as Grafana would ask it."""
    dashboard = json.loads((CONF / "grafana.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], (target["expr"]
                                   .replace("$__rate_interval", "5m")
                                   .replace("$instance", ".+"))


def test_the_dashboard_asks_what_promtool_understands(promtool, tmp_path):
    rules = [{"record": f"panel:{number}", "expr": expr}
             for number, (_, expr) in enumerate(expressions())]
    assert len(rules) > 20
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "x", "rules": rules}]}))
    done = promtool("check", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    file.write_text(file.read_text().replace("rate(", "rat(", 1))
    assert promtool("check", "rules", str(file)).returncode != 0


def labels_of(text):
    """The labels of each name in /metrics, with those that come from
    Prometheus."""
    labels = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name = re.match(r"[a-z_]+", line)[0]
            labels.setdefault(name, {"instance", "job"}).update(
                re.findall(r'(\w+)="', line))
    return labels


def test_the_dashboard_is_about_metrics_and_labels_that_exist(peal):
    labels = labels_of(busy_server(peal).request("/metrics").body.decode())
    shown = set()
    for title, expr in expressions():
        names = re.findall(r"\bpeal_[a-z_]+", expr)
        assert names, title
        for name in names:
            assert name in labels, (title, name)
            used = re.findall(r'(\w+)=~?"', expr)
            used += re.findall(r"\w+", " ".join(
                re.findall(r"by \(([^)]*)\)", expr)))
            assert set(used) <= labels[name], (title, name)
        shown.update(names)
    assert len(shown) > 20


def test_the_process_tells_of_itself(peal):
    server = peal()
    samples = server.metrics()
    version = server.log_lines("Listening")[0].split("version")[1]
    version = re.search(r"\d+\.\d+\.\d+", version)[0]
    assert samples[f'peal_build_info{{version="{version}"}}'] == 1
    assert samples["peal_resident_bytes"] > 1 << 20
    assert samples["peal_start_time_seconds"] > 1.7e9
