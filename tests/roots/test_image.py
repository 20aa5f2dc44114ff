"""The image of conf/Dockerfile, built and run by a Docker engine."""

import itertools

import pytest

from support.ports import free_port
from root import AS_ROOT, output_of
from support.patience import wait_until
from support.websocket import Client, Closed

SECRET = "PEAL_AUTH_SECRET=0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def image(engine, source):
    engine.run("build", "--network=host", "-f", "conf/Dockerfile", "-t",
               "peal", ".", cwd=source)
    engine.run("network", "create", "tested")
    yield "peal"
    engine.run("network", "rm", "tested")


class Container:
    def __init__(self, engine, name, image, *settings):
        self.engine = engine
        self.name = name
        self.port = free_port()
        words = [word for each in settings for word in ("-e", each)]
        engine.run("run", "-d", "--name", name, "--network", "tested", "-p",
                   f"127.0.0.1:{self.port}:8080", *words, image)

    def state(self, template):
        return self.engine.run("inspect", "-f", template, self.name).strip()

    def logs(self):
        return self.engine.try_run("logs", self.name).stderr

    def wait_health(self, wanted):
        wait_until(lambda: self.state("{{.State.Health.Status}}") == wanted,
                   60, step=0.2, what=f"the container to be {wanted}")

    def wait_healthy(self):
        self.wait_health("healthy")


@pytest.fixture
def container(engine, image):
    """container(*settings) runs a container; all are removed after the
    test."""
    numbers = itertools.count()
    made = []

    def run(*settings):
        made.append(Container(engine, f"one-{next(numbers)}", image,
                              *settings))
        return made[-1]

    yield run
    for each in made:
        engine.run("rm", "-f", each.name)


def test_it_adds_little_to_its_base(engine, image):
    def size(name):
        return int(engine.run("inspect", "-f", "{{.Size}}", name))

    assert size(image) - size("debian:12-slim") < 20_000_000


def test_without_a_key_it_reports_why_it_does_not_start(engine, image):
    done = engine.try_run("run", "--rm", "--network", "none", image)
    assert done.returncode == 2
    assert "PEAL_AUTH_SECRET" in done.stderr


def test_it_serves_becomes_healthy_and_does_not_run_as_root(container):
    one = container("PEAL_INSECURE=true")
    one.wait_healthy()
    alice = Client(one.port)
    alice.send("hello")
    assert alice.receive_data() == "Echo: hello"
    alice.end()
    who = one.engine.run("exec", one.name, "sh", "-c",
                         "id -un; find / -xdev -user peal -not -path '/proc/*' "
                         "2>/dev/null || true")
    assert who == "peal\n"  # and it owns no file


def test_a_token_made_in_the_container_is_accepted(container):
    one = container(SECRET)
    one.wait_healthy()
    token = one.engine.run("exec", one.name, "peal", "token", "--sub",
                           "alice").strip()
    alice = Client(one.port, token=token)
    alice.send("hello")
    assert alice.receive_data() == "Echo: hello"
    alice.end()


def test_docker_stop_drains_it(container):
    one = container("PEAL_INSECURE=true", "PEAL_DRAIN_SECONDS=1")
    one.wait_healthy()
    alice = Client(one.port)
    one.engine.run("stop", one.name)
    with pytest.raises(Closed) as closed:
        alice.receive_data()
    assert closed.value.code == 1012
    assert one.state("{{.State.ExitCode}}") == "0"
    assert "message=Draining" in one.logs()


def test_a_hanging_server_becomes_unhealthy(container):
    one = container("PEAL_INSECURE=true")
    one.wait_healthy()
    process = one.state("{{.State.Pid}}")
    output_of([*AS_ROOT, "kill", "-STOP", process])
    one.wait_health("unhealthy")
    output_of([*AS_ROOT, "kill", "-CONT", process])
    one.wait_healthy()
