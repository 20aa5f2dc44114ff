"""Checks /metrics and conf/ with Prometheus' own tool."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from support import redis_samples, tls
from support.api import WITH_KEY, ask, publish
from support.server import ROOT

CONF = ROOT / "conf"


@pytest.fixture(scope="module")
def promtool():
    """Runs promtool, which is required: apt-get install prometheus."""
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


def test_promtool_accepts_the_metrics(peal, promtool):
    text = busy_server(peal).request("/metrics").body.decode()
    done = promtool("check", "metrics", text=text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_promtool_detects_errors(promtool):
    done = promtool("check", "metrics", text="peal_x_total 1\npeal x\n")
    assert done.returncode != 0


def test_the_example_config_and_its_alerts_are_valid(promtool):
    done = promtool("check", "config", "prometheus.yml")
    assert done.returncode == 0, done.stderr
    assert "SUCCESS" in done.stdout


def all_metrics(peal):
    """With TLS, because some metrics exist only then."""
    secure = peal(config={"tls": tls.server_keys()}, plain=True)
    secure.context = tls.common_context()
    return "".join(server.request("/metrics").body.decode()
                   for server in (busy_server(peal), secure))


def test_alerts_are_about_metrics_that_exist(peal):
    text = all_metrics(peal)
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


def buckets(name, *steps):
    """(series, growth on the instance that alerts, growth on the other one)"""
    return [(f'{name}_bucket{{le="{le}"}}', alerts, silent)
            for le, alerts, silent in steps]


# For each alert: evaluation time, labels other than instance and severity, and
# series with values per minute on an instance that alerts and on one that does
# not.
ALERTS = {
    "PealDown": ("6m", {"job": "peal"}, [
        ('up{job="peal"}', "1 1 0x10", "1 1 0 1x10")]),
    "PealRestarted": ("16m", {}, [
        ("peal_start_time_seconds", "100x3 200x3 300x3 400x20",
         "100x3 200x3 300x30")]),
    "PealNotUpgraded": ("10m", {}, [
        ("peal_failed_upgrades_total", "0x5 1x20", "1x30")]),
    "PealFull": ("8m", {"limit": "connections"}, [
        ('peal_limit_reached_total{limit="connections"}', "0x4 5x10", "5x20"),
        ('peal_limit_reached_total{limit="channels"}', "0x20", "0x4 5x10")]),
    "PealFull ": ("8m", {"limit": "descriptors"}, [
        ('peal_limit_reached_total{limit="descriptors"}', "0x4 5x10", "5x20"),
    ]),
    "PealFull  ": ("8m", {"limit": "admin_sockets"}, [
        ('peal_limit_reached_total{limit="admin_sockets"}', "0x4 5x10", "5x20"),
    ]),
    "PealNearlyFull": ("12m", {}, [
        ("peal_connections", "950x20", "850x20"),
        ("peal_connections_limit", "1000x20", "1000x20")]),
    "PealNearlyOutOfDescriptors": ("12m", {}, [
        ("peal_descriptors", "950x20", "850x20"),
        ("peal_descriptors_limit", "1000x20", "1000x20")]),
    "PealConfigsDiffer": ("70m", {}, [
        ("peal_config_hash", "7x3 5x80", "7x90")]),
    "PealVersionsDiffer": ("70m", {"version": "1"}, [
        ('peal_build_info{version="1"}', "1x90", "_x90"),
        ('peal_build_info{version="2"}', "_x90", "1x90"),
        ("peal_start_time_seconds", "100x90", "200x90")]),
    "PealNotReloaded": ("5m", {}, [
        ("peal_config_last_reload_successful", "1x3 0x20", "1 0 1x20")]),
    "PealCertificateExpires": ("15m", {}, [
        ("peal_tls_certificate_expiry_timestamp_seconds",
         f"{6 * 86400}x20", f"{8 * 86400}x20")]),
    "PealLogLost": ("9m", {}, [
        ("peal_log_lines_lost_total", "0x5 3x10", "3x20")]),
    "PealSwamped": ("8m", {"limit": "inbox"}, [
        ('peal_limit_reached_total{limit="inbox"}', "0x4 5x10", "5x20")]),
    "PealRedisAway": ("8m", {}, [
        ("peal_redis_unavailable_total", "0x4 5x10", "5x20")]),
    "PealMessagesMissed": ("8m", {}, [
        ("peal_redis_gaps_total", "0x4 5x10", "5x20")]),
    "PealRedisNotStored": ("8m", {}, [
        ("peal_redis_not_stored_total", "0x4 5x10", "5x20")]),
    "PealRedisLostMessages": ("8m", {}, [
        ("peal_redis_lost_total", "0x4 5x10", "5x20")]),
    "PealRedisMoves": ("12m", {}, [
        ("peal_redis_moved_total", "0+1x20", "3x20"),
        ("peal_redis_deaf_total", "0x20", "3x20")]),
    "PealRedisMoves ": ("12m", {}, [
        ("peal_redis_moved_total", "0x20", "3x20"),
        ("peal_redis_deaf_total", "0+1x20", "3x20")]),
    "PealRedisNodeDown": ("8m", {"state": "down"}, [
        ('peal_redis_nodes{state="down"}', "0x4 1x20", "0x4 1 0x20"),
        ('peal_redis_nodes{state="up"}', "3x4 2x20", "3x4 2 3x20")]),
    "PealRedisFailover": ("8m", {}, [
        ("peal_redis_failovers_total", "0x4 1x20", "1x20")]),
    # one per second: above the threshold for 200, below it for 2000
    "PealSlowReaders": ("18m", {}, [
        ('peal_closes_total{reason="too_slow"}', "0+60x20", "0+60x20"),
        ('peal_closes_total{reason="by_client"}', "0x20", "0+600x20"),
        ("peal_connections", "200x20", "2000x20")]),
    "PealRefusals": ("18m", {}, [
        ('peal_handshakes_refused_total{reason="origin"}', "0+50x20",
         "0+30x20"),
        ('peal_handshakes_refused_total{reason="token_expired"}', "0+50x20",
         "0+30x20"),
        ("peal_connections_opened_total", "0+80x20", "0+80x20")]),
    "PealApiErrors": ("15m", {}, [
        ('peal_api_requests_total{route="/api/publish",status="503"}',
         "0+5x20", "0x20"),
        ('peal_api_requests_total{route="/api/publish",status="200"}',
         "0+100x20", "0+100x20")]),
    "PealThreadFull": ("18m", {"thread": "worker-0"}, [
        ('peal_thread_cpu_seconds_total{thread="worker-0"}', "0+57x20",
         "0+50x20")]),
    "PealFanOutSlow": ("18m", {}, buckets(
        "peal_fan_out_seconds", ("0.1", "0+97x20", "0+100x20"),
        ("2.5", "0+100x20", "0+100x20"), ("+Inf", "0+100x20", "0+100x20"))),
    "PealHangs": ("12m", {}, buckets(
        "peal_loop_lag_seconds", ("1", "0+60x10 659+60x10", "0+60x20"),
        ("+Inf", "0+60x20", "0+60x20"))),
    "PealHooksFail": ("15m", {}, [
        ('peal_hook_calls_total{hook="connect",result="failed"}',
         "0+5x20", "0x20"),
        ('peal_hook_calls_total{hook="connect",result="allowed"}',
         "0+100x20", "0+100x20")]),
    "PealEventsDropped": ("15m", {"result": "dropped"}, [
        ('peal_hook_events_total{result="dropped"}', "0x9 3x10", "3x20")]),
    "PealRedisNotThere": ("6m", {}, [
        ("peal_redis_ready", "1 1 0x20", "1 1 0 1x20"),
        ('peal_thread_cpu_seconds_total{thread="bus"}', "0+1x20",
         "0+1x20")]),
}


def alert_rules():
    rules = yaml.safe_load((CONF / "alerts.yml").read_text())
    return {rule["alert"]: rule for group in rules["groups"]
            for rule in group["rules"]}


def on_instance(series, instance):
    name, _, labels = series.partition("{")
    labels = labels.rstrip("}")
    return f'{name}{{{labels}{labels and ","}instance="{instance}"}}'


def alert_test(name, rule):
    """A promtool test in which one of two instances alerts."""
    when, labels, series = ALERTS[name]
    labels = {**rule["labels"], "instance": "bad", **labels}
    summary = re.sub(r"{{ \$labels\.(\w+) }}",
                     lambda found: labels[found[1]],
                     rule["annotations"]["summary"])
    return {
        "interval": "1m",
        "input_series": [
            {"series": on_instance(each, instance), "values": values}
            for each, bad, good in series
            for instance, values in (("bad", bad), ("good", good))],
        "alert_rule_test": [{
            "eval_time": when, "alertname": name.strip(),
            "exp_alerts": [{"exp_labels": labels,
                            "exp_annotations": {"summary": summary}}]}],
    }


def run_alert_test(promtool, tmp_path, made):
    file = tmp_path / "alerts_test.yml"
    file.write_text(json.dumps({
        "rule_files": [str(CONF / "alerts.yml")], "evaluation_interval": "1m",
        "tests": [made]}))
    return promtool("test", "rules", str(file))


def test_every_alert_is_tested():
    assert {name.strip() for name in ALERTS} == set(alert_rules())


@pytest.mark.parametrize("name", ALERTS)
def test_alerts_fire_exactly_when_expected(promtool, tmp_path, name):
    made = alert_test(name, alert_rules()[name.strip()])
    done = run_alert_test(promtool, tmp_path, made)
    assert done.returncode == 0, done.stdout + done.stderr
    # no alert fires without its series
    made["input_series"] = [each for each in made["input_series"]
                            if "bad" not in each["series"]]
    assert run_alert_test(promtool, tmp_path, made).returncode != 0


def test_alerts_are_tested_with_series_that_exist(peal):
    """A test with wrong labels would prove nothing."""
    known = [line.rsplit(" ", 1)[0] for line in all_metrics(peal).splitlines()
             if not line.startswith("#")]
    free = {"status": "[0-9]+", "thread": "[^\"]+", "route": "[^\"]+",
            "version": "[^\"]+"}
    for series in (row[0] for _, _, rows in ALERTS.values() for row in rows):
        if series.startswith("up{"):
            continue
        wanted = re.escape(series)
        for label, values in free.items():
            wanted = re.sub(rf'{label}="[^"]*"', f'{label}="{values}"', wanted)
        assert any(re.fullmatch(wanted, name) for name in known), series


def expressions():
    """Each expression of the dashboard, as sent by Grafana."""
    dashboard = json.loads((CONF / "grafana.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], (target["expr"]
                                   .replace("$__rate_interval", "5m")
                                   .replace("$instance", ".+"))


def test_promtool_accepts_the_dashboards_queries(promtool, tmp_path):
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
    """The labels of each name in /metrics, including those added by
    Prometheus."""
    labels = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name = re.match(r"[a-z_]+", line)[0]
            labels.setdefault(name, {"instance", "job"}).update(
                re.findall(r'(\w+)="', line))
    return labels


def test_the_dashboard_is_about_metrics_and_labels_that_exist(peal):
    labels = labels_of(all_metrics(peal))
    for name, own in redis_samples.SAMPLES.items():
        labels[name] = {"instance", "job"} | own
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


def test_the_process_reports_its_own_metrics(peal):
    server = peal()
    samples = server.metrics()
    version = server.log_lines("Listening")[0].split("version")[1]
    version = re.search(r"\d+\.\d+\.\d+", version)[0]
    assert samples[f'peal_build_info{{version="{version}"}}'] == 1
    assert samples["peal_resident_bytes"] > 1 << 20
    assert samples["peal_start_time_seconds"] > 1.7e9
