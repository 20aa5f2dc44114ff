"""conf/kubernetes: the manifests match the Kubernetes API, each other, and the
server's config, probes and shutdown."""

import copy
import json
import re
import time

import pytest
import yaml

from support import kubernetes
from support.patience import seconds, wait_until
from support.program import run_peal
from support.raw import request_text
from support.server import ROOT
from support.tokens import make_token

FOLDER = ROOT / "conf" / "kubernetes"
STRAGGLERS = 5  # seconds: LINGER_STEPS in net/drain.c
SECRETS = {"auth-secret": "0123456789abcdef0123456789abcdef0123456789",
           "api-key": "abcdef0123456789abcdef0123456789",
           "redis-url": "redis://:password@127.0.0.1:1/0"}


def read_manifests():
    return [manifest for file in sorted(FOLDER.glob("*.yml"))
            for manifest in yaml.safe_load_all(file.read_text())]


MANIFESTS = read_manifests()
NAMES = kubernetes.Names(MANIFESTS)


def created_secret():
    """The name and keys of the secret created in the README."""
    command = re.search(r"kubectl create secret generic (\w+)(.*?)```",
                        (FOLDER / "README.md").read_text(), re.S)
    return command[1], re.findall(r"--from-literal=([\w-]+)=", command[2])


def faults(manifests):
    """The last two checks need manifests that pass the first."""
    return (list(kubernetes.wrong_fields(manifests)) or
            [*kubernetes.wrong_names(manifests, *created_secret()),
             *wrong_end(manifests)])


def config_text():
    return NAMES.by_kind["ConfigMap"]["data"]["peal.json"]


def without_comments(text):
    return re.sub(r"^\s*//.*$", "", text, flags=re.M)


def config():
    return json.loads(without_comments(config_text()))


def wrong_end(manifests):
    pod = kubernetes.Names(manifests).pod
    sleep = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    needed = (int(sleep[1]) + config()["drain_delay_seconds"] +
              config()["drain_seconds"] + STRAGGLERS)
    if sleep[0] != "sleep" or needed >= pod["terminationGracePeriodSeconds"]:
        yield f"a pod needs {needed} s for its end"
    probe = pod["containers"][0]["readinessProbe"]
    if config()["drain_delay_seconds"] < (probe["periodSeconds"] *
                                          probe["failureThreshold"]):
        yield "a pod drains before its probe has failed"


def test_the_files_match_the_api_and_each_other():
    assert len(MANIFESTS) == len(NAMES.by_kind) == len(list(
        FOLDER.glob("*.yml")))
    assert not faults(MANIFESTS)


CONTAINER = "spec.template.spec.containers.0"
CHANGES = [
    ("Deployment", "spec.replica", 2),
    ("Deployment", "spec.replicas", 2),
    ("Deployment", "spec.selector.matchLabels", {"app": "other"}),
    ("Deployment", "spec.template.metadata.labels", {"app": "other"}),
    ("Deployment", "spec.template.spec.terminationGracePeriodSeconds", 40),
    ("Deployment", "spec.template.spec.terminationGracePeriodSeconds", "45"),
    ("Deployment", "spec.template.spec.volumes.0.configMap.name", "other"),
    ("Deployment", "spec.template.spec.volumes.1.secret.secretName", "other"),
    ("Deployment", "spec.template.spec.volumes.1.secret.items.0.key", "x"),
    ("Deployment", "spec.template.spec.volumes.1.secret.items.0.path", "x"),
    ("Deployment", CONTAINER + ".ports.0.name", "web"),
    ("Deployment", CONTAINER + ".ports.0.containerPort", "8080"),
    ("Deployment", CONTAINER + ".env.1.value", "/elsewhere"),
    ("Deployment", CONTAINER + ".livenessProbe.httpGet.port", "web"),
    ("Deployment", CONTAINER + ".livenessProbe.httpGet.url", "/health"),
    ("Deployment", CONTAINER + ".lifecycle.preStop.exec.command.1", "10"),
    ("Deployment", CONTAINER + ".readinessProbe.failureThreshold", 3),
    ("Deployment", CONTAINER + ".volumeMounts.0.name", "other"),
    ("Service", "spec.selector", {"app": "other"}),
    ("Service", "spec.ports.0.targetPort", "web"),
    ("Ingress", "spec.rules.0.http.paths.0.backend.service.name", "other"),
    ("Ingress", "spec.rules.0.http.paths.0.backend.service.port.name", "web"),
    ("Ingress", "spec.rules.0.http.paths.0.pathType", None),
    ("PodDisruptionBudget", "spec.selector.matchLabels", {"app": "other"}),
    ("PodDisruptionBudget", "spec.maxUnavailablePods", 1),
    ("HorizontalPodAutoscaler", "spec.scaleTargetRef.name", "other"),
    ("HorizontalPodAutoscaler", "spec.metrics.0.pods.metric.name", 5),
    ("ConfigMap", "data.peal.json", {}),
    ("ConfigMap", "apiVersion", "v2"),
]


def change(manifests, kind, path, value):
    """Sets a value; None removes it."""
    at = {manifest["kind"]: manifest for manifest in manifests}[kind]
    *steps, last = ([*path.split(".", 1)] if kind == "ConfigMap"
                    else path.split("."))
    for step in steps:
        at = at[int(step) if step.isdigit() else step]
    last = int(last) if last.isdigit() else last
    if value is None:
        del at[last]
    else:
        at[last] = value


@pytest.mark.parametrize("kind, path, value", CHANGES,
                         ids=[f"{kind}.{path}" for kind, path, _ in CHANGES])
def test_a_mistake_would_be_found(kind, path, value):
    manifests = copy.deepcopy(MANIFESTS)
    change(manifests, kind, path, value)
    assert faults(manifests)


# ---- against the server

@pytest.fixture(name="container")
def make_container(tmp_path):
    """The config file and the environment, as in the container."""
    for path, key in NAMES.secret_files().items():
        file = tmp_path / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(SECRETS[key])
    file = tmp_path / "etc" / "peal" / "peal.json"
    file.parent.mkdir(parents=True)
    file.write_text(config_text())
    environment = {
        name: str(tmp_path / value.lstrip("/")) if name.endswith("_FILE")
        else value for name, value in NAMES.environment().items()}
    return file, environment


def test_the_config_and_every_variable_are_understood(container):
    file, environment = container
    flag, path = NAMES.container["args"]
    assert (flag, path) == ("--config", "/etc/peal/peal.json")
    mounted = [mount["mountPath"] for mount in NAMES.container["volumeMounts"]]
    assert "/etc/peal" in mounted
    result = run_peal("--config", str(file), "--check-config",
                      env=environment)
    assert result.returncode == 0, result.stderr
    assert "level=warn" not in result.stderr
    printed = json.loads(without_comments(run_peal(
        "--config", str(file), "--print-config", env=environment).stdout))
    assert printed["port"] in NAMES.ports.values()
    assert all(printed[section][key] for section, key in
               (("auth", "secret"), ("api", "key"), ("redis", "url")))
    # the autoscaler adds pods before the limit is reached
    target = NAMES.by_kind["HorizontalPodAutoscaler"]["spec"]["metrics"][0]
    average = int(target["pods"]["target"]["averageValue"])
    assert average <= printed["limits"]["connections"] / 2


def test_probes_metrics_and_paths_exist(peal, container):
    """Without Redis, which is not available here."""
    _, environment = container
    del environment["PEAL_REDIS_URL_FILE"]
    server = peal(config={**config(), "drain_delay_seconds": 0},
                  env=environment, plain=True)
    for probe in NAMES.probes().values():
        raw = server.socket()
        raw.send(request_text(probe["path"], host="10.1.2.3:8080"))
        assert raw.response().status == 200, probe
    metric = NAMES.by_kind["HorizontalPodAutoscaler"]["spec"]["metrics"][0]
    assert metric["pods"]["metric"]["name"] in server.metrics()
    for rule in NAMES.by_kind["Ingress"]["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            inside = path["path"] + "/alice"
            assert server.request(inside).status != 404, inside


def test_a_pod_stops_within_its_grace_period(peal, container):
    """With a shorter drain; the remaining time is the same."""
    _, environment = container
    del environment["PEAL_REDIS_URL_FILE"]
    server = peal(config={**config(), "drain_delay_seconds": 1,
                          "drain_seconds": 1}, env=environment, plain=True)
    for i in range(50):  # these clients do not close
        server.connect(f"c{i}", token=make_token(
            f"c{i}", secret=SECRETS["auth-secret"]))
    began = time.monotonic()
    server.signal()
    wait_until(lambda: server.process.poll() is not None, 30)
    assert time.monotonic() - began < seconds(1 + 1 + STRAGGLERS + 2)


def test_the_adapters_rule_names_the_same_metric():
    comment = re.search(r"^# {3}rules:\n(?:^#   .*\n)+",
                        (FOLDER / "autoscaler.yml").read_text(), re.M)[0]
    rule, = yaml.safe_load(re.sub(r"^# {3}", "", comment,
                                  flags=re.M))["rules"]
    assert rule["seriesQuery"].startswith("peal_connections{")
    assert "name" not in rule  # the metric keeps its name


def test_the_image_is_of_this_version():
    version = re.search(r"project\(peal\s+VERSION ([\d.]+)",
                        (ROOT / "CMakeLists.txt").read_text())[1]
    assert NAMES.container["image"].endswith(":" + version)


def test_operator_routes_are_not_exposed():
    paths = [path["path"] for rule in
             NAMES.by_kind["Ingress"]["spec"]["rules"]
             for path in rule["http"]["paths"]]
    assert paths == ["/ws", "/sse", "/client"]
