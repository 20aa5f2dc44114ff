"""A separate Docker engine that ends with the tests, and substitutes for
images of Docker's registry, made from Debian packages of the mirror."""

import hashlib
import lzma
import pathlib
import re
import shutil
import subprocess
import time
import urllib.request

from root import AS_ROOT, mirror, output_of

PLUGINS = ("docker-buildx", "docker-compose")

# like Debian's own image, without a package cache; the official Redis accepts
# remote hosts, the packaged one only with a setting
STAND_INS = {
    "debian:12-slim": r"""
FROM plain
RUN printf '%s\n' 'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";' \
    'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };' \
    >/etc/apt/apt.conf.d/docker-clean && rm -f /var/cache/apt/*.bin
""",
    "redis:7-bookworm": r"""
FROM plain
RUN apt-get install -y --no-install-recommends redis-server && \
    mkdir /data && chown redis /data && \
    printf '#!/bin/sh\nexec /usr/bin/redis-server "$@" --protected-mode no\n' \
        >/usr/local/bin/redis-server && chmod +x /usr/local/bin/redis-server
WORKDIR /data
USER redis
""",
    "haproxy:2.6-bookworm": r"""
FROM plain
RUN apt-get install -y --no-install-recommends haproxy
USER haproxy
""",
}


def fetch(path):
    with urllib.request.urlopen(f"{mirror().rstrip('/')}/{path}") as answer:
        return answer.read()


def fetch_plugins(folder):
    """The plugins packaged by Debian 13, which also run on 12; Debian 12 has
    none."""
    listed = lzma.decompress(
        fetch("dists/trixie/main/binary-amd64/Packages.xz")).decode()
    for package in PLUGINS:
        [entry] = [each for each in listed.split("\n\n")
                   if each.startswith(f"Package: {package}\n")]
        fields = dict(re.findall(r"^(Filename|SHA256): (.*)$", entry, re.M))
        content = fetch(fields["Filename"])
        assert hashlib.sha256(content).hexdigest() == fields["SHA256"]
        packed = folder / f"{package}.deb"
        packed.write_bytes(content)
        output_of(["dpkg-deb", "-x", packed, folder / package])
        [plugin] = (folder / package).glob(f"usr/libexec/**/{package}")
        yield plugin


class Engine:
    def __init__(self, folder):
        for program in ("dockerd", "docker"):
            assert shutil.which(program), f"apt-get install docker.io ({program})"
        self.folder = folder
        self.socket = folder / "docker.sock"
        (folder / "cli-plugins").mkdir()
        for plugin in fetch_plugins(folder):
            shutil.copy(plugin, folder / "cli-plugins")
        self.log = open(folder / "dockerd.log", "wb")
        # the firewall is not changed: published ports and a network between
        # containers need no rules unless forwarding is forbidden
        self.process = subprocess.Popen(
            [*AS_ROOT, "dockerd", "--host", f"unix://{self.socket}",
             "--data-root", folder / "data", "--exec-root", folder / "exec",
             "--pidfile", folder / "dockerd.pid", "--bridge=none",
             "--iptables=false", "--ip6tables=false"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def wait_ready(self):
        end = time.monotonic() + 30
        while self.try_run("version").returncode != 0:
            assert time.monotonic() < end and self.process.poll() is None, \
                (self.folder / "dockerd.log").read_text()[-4000:]
            time.sleep(0.2)

    def command(self, *words):
        return [*AS_ROOT, "env", f"DOCKER_HOST=unix://{self.socket}",
                f"DOCKER_CONFIG={self.folder}", "docker", *words]

    def try_run(self, *words):
        return subprocess.run(self.command(*words), capture_output=True,
                              text=True, check=False,
                              stdin=subprocess.DEVNULL)

    def run(self, *words, **options):
        """Its output; fails if the command fails."""
        return output_of(self.command(*words), **options)

    def make_images(self, root):
        """root: a minimal Debian including its package lists."""
        pack = f'{" ".join(AS_ROOT)} tar -c -C "$0" --one-file-system . | "$@"'
        output_of(["sh", "-ec", pack, root.folder,
                   *self.command("import", "-", "plain")])
        for name, recipe in STAND_INS.items():
            place = self.folder / name.replace(":", "-")
            place.mkdir()
            (place / "Dockerfile").write_text(recipe)
            self.run("build", "--network=host", "-t", name, place)

    def stop(self):
        if self.process.poll() is None:
            output_of([*AS_ROOT, "sh", "-c", 'kill "$(cat "$0")"',
                       self.folder / "dockerd.pid"])
        self.process.wait(60)
        self.log.close()
        # dockerd leaves the namespaces of containers with the host's network
        # mounted
        output_of([*AS_ROOT, "sh", "-ec",
                   'umount "$1"/netns/* 2>/dev/null || true; '
                   'rm -rf --one-file-system "$@"', "sh",
                   self.folder / "exec", self.folder / "data"])


def copy_of_source(folder):
    """Only tracked files: the others may be gigabytes and are not needed."""
    repository = pathlib.Path(__file__).resolve().parents[2]
    folder.mkdir()
    output_of(["sh", "-ec", 'git ls-files -z | tar -c --null -T - | '
               'tar -x -C "$0"', folder], cwd=repository)
    return folder
