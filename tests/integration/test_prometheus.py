"""What Prometheus' own tool says of /metrics and of conf/."""

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
        assert re.search(rf"^# TYPE {name} ", text, re.M), name
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


def test_the_process_tells_of_itself(peal):
    server = peal()
    samples = server.metrics()
    version = server.log_lines("Listening")[0].split("version")[1]
    version = re.search(r"\d+\.\d+\.\d+", version)[0]
    assert samples[f'peal_build_info{{version="{version}"}}'] == 1
    assert samples["peal_resident_bytes"] > 1 << 20
    assert samples["peal_start_time_seconds"] > 1.7e9
