"""conf/Dockerfile and conf/cluster/compose.yml, checked without Docker:
referenced files exist, settings are valid, commands work, and the copied
sources are sufficient. The stage roots runs them in Docker."""

import json
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest
import yaml

from support.server import ROOT, clean_environment, find_program

CLUSTER = ROOT / "conf" / "cluster"


def run(*command, env=None, cwd=None):
    """Runs a command with only the given settings in its environment."""
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd,
                          env={**clean_environment(), **(env or {})},
                          check=False)


# --- the image

@pytest.fixture(scope="module")
def steps():
    """(instruction, arguments) of each line of the Dockerfile."""
    text = (ROOT / "conf" / "Dockerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.M).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line]


def found(steps, instruction):
    return [rest for name, rest in steps if name == instruction]


def test_the_image_installs_the_packages_of_run_sh(steps):
    packages = re.search(r'^packages="(.*?)"',
                         (ROOT / "conf" / "run.sh").read_text(),
                         re.M | re.S)[1].split()
    installed = re.search(r"--no-install-recommends (.*)",
                          found(steps, "RUN")[0])[1].split()
    assert sorted(installed) == sorted([*packages, "dpkg-dev", "file"])


def test_the_last_stage_of_the_image_does_not_run_as_root(steps):
    assert found(steps, "FROM") == ["debian:12-slim AS build",
                                    "debian:12-slim"]
    names = [name for name, _ in steps]
    last = names[len(names) - 1 - names[::-1].index("FROM"):]
    assert found(steps, "USER") == ["peal"]
    assert last.index("USER") > last.index("RUN")
    assert "build-package/*.deb" in found(steps, "COPY")[-1]


def test_the_copied_sources_are_sufficient(steps, tmp_path):
    for rest in found(steps, "COPY")[:-1]:
        *sources, to = rest.split()
        for source in sources:
            target = tmp_path / to / ("" if to != source else ".")
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target, dirs_exist_ok=True)
            else:
                shutil.copy(ROOT / source, target)
    assert "cmake --preset package && cmake --build --preset package && " \
        in found(steps, "RUN")[1]
    for command in (["cmake", "--preset", "package"],
                    ["cmake", "--build", "--preset", "package", "--",
                     "-n"]):
        done = run(*command, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    rules = (tmp_path / "build-package" / "cmake_install.cmake").read_text()
    packed = set(re.findall(rf'"({re.escape(str(tmp_path))}/[^"]+)"', rules))
    sources = [path for path in packed if "/build-package/" not in path]
    assert len(sources) > 10
    assert [path for path in sources if not pathlib.Path(path).exists()] == []


def test_the_image_starts_only_with_a_key(steps, unpacked, tmp_path):
    """With its own settings overriding the package's config."""
    env = dict(each.split("=") for each in found(steps, "ENV"))
    assert json.loads(found(steps, "ENTRYPOINT")[0]) == ["peal"]
    assert json.loads(found(steps, "CMD")[0]) == ["--config",
                                                  "/etc/peal/peal.json"]
    check = [unpacked / "usr/bin/peal", "--check-config", "--web_root",
             tmp_path, "--config", unpacked / "etc/peal/peal.json"]
    refused = run(*check, env=env)
    assert refused.returncode == 2 and "--insecure" in refused.stderr
    accepted = run(*check, env={**env, "PEAL_AUTH_SECRET": "s" * 32})
    assert accepted.returncode == 0, accepted.stderr


def test_the_health_check_detects_whether_it_answers(steps, peal):
    command = json.loads(found(steps, "HEALTHCHECK")[0].split("CMD")[1])
    assert command[-2:] == ["peal", "info"]
    command[-2] = find_program()
    server = peal()
    url = ["--url", f"http://127.0.0.1:{server.port}"]
    env = {"PEAL_API_KEY": "not-the-key-of-this-server"}
    assert run(*command, *url, env=env).returncode == 0
    server.stop()
    assert run(*command, *url, env=env).returncode != 0


# --- the cluster

@pytest.fixture(scope="module")
def services():
    text = (CLUSTER / "compose.yml").read_text()
    return yaml.safe_load(text)["services"]


def test_compose_has_two_instances_that_share_a_redis(services):
    assert set(services) == {"redis", "one", "two", "proxy"}
    assert services["one"] == services["two"]
    build = services["one"]["build"]
    context = (CLUSTER / build["context"]).resolve()
    assert context == ROOT and (context / build["dockerfile"]).is_file()


def test_the_settings_of_the_instances_are_valid(services, steps):
    env = dict(each.split("=") for each in found(steps, "ENV"))
    env.update(services["one"]["environment"])
    done = run(find_program(), "--print-config", env=env)
    assert done.returncode == 0, done.stderr
    assert '"join_leave": true' in done.stdout
    assert services["one"]["ulimits"]["nofile"] >= 101024


def test_the_cluster_is_only_reachable_locally(services):
    """The cluster accepts every client."""
    ports = {name: service["ports"] for name, service in services.items()
             if "ports" in service}
    assert ports == {"proxy": ["127.0.0.1:8080:8080"]}


def test_services_wait_for_their_dependencies(services):
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in services
            assert how["condition"] == "service_healthy", name
            assert "healthcheck" in services[needed] or needed in ("one",
                                                                   "two")


def test_the_proxy_gets_the_example_with_the_names_of_the_instances(
        services, tmp_path):
    [volume] = services["proxy"]["volumes"]
    source, inside, mode = volume.split(":")
    assert mode == "ro" and (CLUSTER / source).is_file()
    shell, option, command = services["proxy"]["command"]
    made = tmp_path / "haproxy.cfg"
    command = command.replace(inside, shlex.quote(str(CLUSTER / source)))
    command = command.replace("/tmp/haproxy.cfg", shlex.quote(str(made)))
    done = run(shell, option, command.replace("exec haproxy -W -db -f",
                                              "test -s"))
    assert done.returncode == 0, done.stderr
    text = made.read_text()
    assert re.findall(r"^ *(?:server \w+|bind) (\S+)$", text, re.M) == [
        ":8080", "one:8080", "two:8080"]
    # the names do not resolve here
    made.write_text(re.sub(r"\b(one|two):8080", "127.0.0.1:8081", text))
    checked = run("haproxy", "-c", "-f", made, env={
        "PATH": "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"})
    assert checked.returncode == 0, checked.stdout + checked.stderr
