"""compose.sentinel.yml and compose.cluster.yml without Docker: their commands
run locally, with a loopback address per service."""

import os
import re
import subprocess

import pytest
import yaml

from redis_server import CLI, PROGRAM, RedisConnection, free_port
from support import patience
from support.server import ROOT

CLUSTER = ROOT / "conf" / "cluster"
BASE = CLUSTER / "compose.yml"


def merge(one, other):
    """Merges like Compose, as far as these files need it."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    return {**one, **{key: merge(one[key], value) if key in one else value
                      for key, value in other.items()}}


class Stack:
    """The Redis services as processes."""

    def __init__(self, file, folder):
        self.content = merge(yaml.safe_load(BASE.read_text()),
                             yaml.safe_load((CLUSTER / file).read_text()))
        self.services = self.content["services"]
        self.folder = folder
        self.port = free_port()
        self.sentinel_port = self.port + 1
        self.processes = {}
        self.places = {name: self.place(number, service) for number,
                       (name, service) in enumerate(self.services.items())
                       if service["image"].startswith("redis:")}

    @staticmethod
    def place(number, service):
        """A service's address in Docker's network, mapped to 127.0.0.0/8."""
        fixed = service.get("networks", {}).get("default", {})
        address = fixed.get("ipv4_address", f"172.28.7.{number + 1}")
        return address.replace("172.", "127.", 1)

    def here(self, text):
        """Replaces addresses and ports by those used on this machine."""
        names = sorted(self.places, key=len, reverse=True)
        text = re.sub(rf"(?<![\w/.-])({'|'.join(names)})(?![\w./-])",
                      lambda found: self.places[found[1]], text)
        text = text.replace("172.28.6.", "127.28.6.")
        text = re.sub(r"\b26379\b", str(self.sentinel_port), text)
        return re.sub(r"\b6379\b", str(self.port), text)

    def command(self, name):
        shell, option, text = self.services[name]["command"]
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        text = text.replace("$$", "$").replace("/data", str(folder))
        options = (f"--bind {self.places[name]} --bind-source-addr "
                   f"{self.places[name]} --protected-mode no")
        if "--port" not in text and ".conf" not in text:
            options += " --port 6379"
        text = re.sub(r"exec redis-server( \S+\.conf)?",
                      rf"exec {PROGRAM}\1 {options}", text)
        text = text.replace("redis-cli", CLI)
        text = text.replace("milliseconds mymaster 5000",
                            "milliseconds mymaster 1000")
        return [shell, option, self.here(text)]

    def start(self, name):
        environment = {key: self.here(value) for key, value in
                       self.services[name].get("environment", {}).items()}
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                self.command(name), env={**os.environ, **environment},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_healthy(self, name):
        """Waits until the service's health check passes."""
        kind, *words = self.services[name]["healthcheck"]["test"]
        text = words[0] if kind == "CMD-SHELL" else " ".join(words)
        where = f"{CLI} -h {self.places[name]}"
        if "-p " not in text:
            where += " -p 6379"
        check = self.here(text.replace("redis-cli", where))
        patience.wait_until(lambda: subprocess.run(
            check, shell=True, capture_output=True,
            check=False).returncode == 0, 10, 0.1, what=f"{name}: {check}")

    def start_all(self):
        """Starts each service after its dependencies."""
        waiting = list(self.places)
        while waiting:
            name = next(each for each in waiting if not
                        set(self.needs(each)) & set(waiting))
            waiting.remove(name)
            self.start(name)
            if "healthcheck" in self.services[name]:
                self.wait_healthy(name)
            else:
                assert self.processes.pop(name).wait(
                    patience.seconds(20)) == 0

    def needs(self, name):
        return self.services[name].get("depends_on", {})

    def call(self, name, *words):
        made = RedisConnection(self.port, host=self.places[name])
        try:
            return made.call(*words)
        finally:
            made.close()

    @property
    def url(self):
        scheme, rest = self.services["one"]["environment"][
            "PEAL_REDIS_URL"].split("://")
        hosts, _, more = rest.partition("/")
        port = self.sentinel_port if "sentinel" in scheme else self.port
        hosts = ",".join(f"{self.places[name]}:{port}"
                         for name in hosts.split(","))
        return f"{scheme}://{hosts}" + (f"/{more}" if more else "")

    def kill(self, name):
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def end(self):
        for name in list(self.processes):
            self.kill(name)


@pytest.fixture
def stack(tmp_path):
    made = []

    def start(file):
        made.append(Stack(file, tmp_path))
        made[0].start_all()
        return made[0]

    yield start
    for each in made:
        each.end()


def talk(instances):
    alice = instances[0].join("alice", "room")
    bob = instances[1].join("bob", "room")
    alice.ask({"type": "broadcast", "channel": "room", "payload": 1})
    assert bob.receive_type("broadcast")["payload"] == 1
    alice.drop()
    bob.drop()


@pytest.mark.parametrize("file", ("compose.sentinel.yml",
                                  "compose.cluster.yml"))
def test_referenced_files_exist(file, tmp_path):
    made = Stack(file, tmp_path)
    assert file in (CLUSTER / "README.md").read_text()
    assert made.services["one"] == made.services["two"]
    assert made.services["one"]["environment"]["PEAL_INSECURE"] == "true"
    for name, service in made.services.items():
        for needed, how in service.get("depends_on", {}).items():
            once = how["condition"] == "service_completed_successfully"
            assert once or "healthcheck" in made.services[needed] or \
                needed in ("one", "two"), (name, needed)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source.startswith("./") or \
                source in made.content["volumes"], name
    assert [name for name, service in made.services.items()
            if "ports" in service] == ["proxy"]


def test_with_sentinels_the_replica_takes_over(stack, cluster):
    made = stack("compose.sentinel.yml")
    instances = cluster(made.url, 2, redis={"backlog_seconds": 60})
    talk(instances)
    made.kill("redis")
    instances.wait_not_ready()
    instances.wait_ready(20)
    talk(instances)


def test_a_cluster_is_made_once(stack, cluster):
    made = stack("compose.cluster.yml")
    instances = cluster(made.url, 2)
    talk(instances)
    info = made.call("redis", "CLUSTER", "INFO")
    assert "cluster_size:3" in info and "cluster_known_nodes:6" in info
    made.start("make-cluster")
    assert made.processes.pop("make-cluster").wait(patience.seconds(5)) == 0
