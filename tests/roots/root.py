"""A minimal Debian in a folder, made by mmdebstrap from the mirror that this
machine uses.

Commands in it run in separate namespaces, so its mounts are visible nowhere
else and the folder can be removed at any time.
"""

import os
import pathlib
import re
import shutil
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
AS_ROOT = [] if os.geteuid() == 0 else ["sudo"]

# $1: the folder, mounted on itself, because namespaces require a mount point;
# $2: a shell script.
ENTER = """
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
exec chroot "$1" /bin/sh -ec "$2"
"""


def output_of(command, **options):
    done = subprocess.run(command, capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL, **options)
    assert done.returncode == 0, \
        f"{command}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


def host_suite():
    return re.search(r"^VERSION_CODENAME=(\w+)",
                     pathlib.Path("/etc/os-release").read_text(), re.M)[1]


def mirror():
    """The Debian mirror of this machine."""
    listed = output_of(["apt-get", "indextargets", "--format",
                        "$(LABEL)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)",
                        "Created-By: Packages"])
    for line in listed.splitlines():
        label, codename, component, uri = line.split("|")
        if label == "Debian" and component == "main" and "-" not in codename:
            return uri
    raise AssertionError(f"no mirror of Debian among:\n{listed}")


def packages_in(file):
    """The list `packages` of a shell script."""
    text = (REPOSITORY / file).read_text()
    return re.search(r'^packages="([^"]*)"', text, re.M)[1].split()


class Root:
    def __init__(self, suite, folder):
        self.suite = suite
        self.folder = folder

    @classmethod
    def make(cls, suite, folder):
        output_of([*AS_ROOT, "mmdebstrap", "--quiet", "--variant=apt",
                   "--dpkgopt=force-unsafe-io", "--skip=cleanup/apt/lists",
                   "--include=adduser", suite,
                   str(folder), mirror()])
        return cls(suite, folder)

    def copy(self, folder):
        output_of([*AS_ROOT, "cp", "-a", str(self.folder), str(folder)])
        return Root(self.suite, folder)

    def remove(self):
        mounted = pathlib.Path("/proc/self/mountinfo").read_text()
        assert str(self.folder) not in mounted, "something is mounted there"
        output_of([*AS_ROOT, "rm", "-rf", "--one-file-system",
                   str(self.folder)])

    def enter(self, script):
        """The command that runs a shell script in the root, as its root
        user."""
        return [*AS_ROOT, "env", "-i", "HOME=/root", "LC_ALL=C.UTF-8",
                "DEBIAN_FRONTEND=noninteractive",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "unshare", "--mount", "--pid", "--fork", "--kill-child",
                "sh", "-ec", ENTER, "sh", str(self.folder), script]

    def run(self, script):
        """Its output; fails if the script fails."""
        return output_of(self.enter(script))

    def try_run(self, script):
        return subprocess.run(self.enter(script), capture_output=True,
                              text=True, check=False,
                              stdin=subprocess.DEVNULL)

    def path(self, name):
        return self.folder / name.lstrip("/")

    def put(self, file, name):
        output_of([*AS_ROOT, "cp", str(file), str(self.path(name))])

    def install(self, *packages, options=""):
        self.run("apt-get -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends "
                 f"{options} install {' '.join(packages)}")

    def put_source(self):
        """Copies the tracked files, or all files of a plain copy, to /src."""
        self.run("mkdir -p /src")
        list_files = "git ls-files -z" if (REPOSITORY / ".git").exists() else \
            "find . -name 'build*' -prune -o -type f -print0"
        output_of(["sh", "-ec", f"{list_files} | tar -c --null -T - | "
                   f"{' '.join(AS_ROOT)} tar -x -C {self.path('/src')}"],
                  cwd=REPOSITORY)

    def build_package(self, folder):
        """The .deb file, built in this root."""
        self.put_source()
        self.install(*packages_in("conf/run.sh"), "dpkg-dev", "file")
        self.run("cd /src && cmake --preset package && "
                 "cmake --build --preset package && cpack --preset package")
        [made] = self.path("/src/build-package").glob("peal_*.deb")
        return shutil.copy(made, folder)
