"""The package in a minimal Debian: installed, run, upgraded, removed and
purged, in this order. Each test continues in the state left by the previous
one."""

import json
import pathlib
import re
import subprocess
import sys

import pytest

from root import AS_ROOT

PROBE = pathlib.Path(__file__).with_name("probe.py")
CONFIG = "/etc/peal/peal.json"
WANTED = "/etc/systemd/system/multi-user.target.wants/peal.service"

# like the unit; $@: the command that enters the root
RUN = """
ip link set lo up
"$@" &
server=$!
code=0
"$PYTHON" "$PROBE" || code=$?
# unshare waits for it and does not forward signals
kill "$(cat "/proc/$server/task/$server/children")"
wait $server || code=$?
exit $code
"""


def probe(root):
    """The responses of the installed server, running as its own user."""
    command = re.search(
        r"^ExecStart=(.*)$",
        root.path("/lib/systemd/system/peal.service").read_text(), re.M)[1]
    inside = root.enter(
        f"exec setpriv --reuid=peal --regid=peal --init-groups "
        f"--no-new-privs {command}")[len(AS_ROOT):]
    done = subprocess.run(
        [*AS_ROOT, "env", f"PYTHON={sys.executable}", f"PROBE={PROBE}",
         "unshare", "--net", "sh", "-ec", RUN, "sh", *inside],
        capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def version_of(package):
    return subprocess.run(["dpkg-deb", "--field", package, "Version"],
                          capture_output=True, text=True,
                          check=True).stdout.strip()


def installed(root):
    return root.run("dpkg-query -W -f '${Version} ${db:Status-Status}' peal")


def test_nothing_is_installed_before(root):
    assert root.try_run("getent passwd peal").returncode != 0
    assert [name for name in root.run(
        "find / -xdev -name '*peal*' -not -path '/proc/*'").split()
        if "repeal" not in name] == []


def test_it_installs_with_its_dependencies(root, package):
    root.put(package, "/tmp/peal.deb")
    root.install("/tmp/peal.deb")
    assert installed(root) == f"{version_of(package)} installed"
    assert "not found" not in root.run("ldd /usr/bin/peal")
    assert root.run("apt-get check -qq; dpkg --audit") == ""


def test_the_user_cannot_log_in(root):
    _, _, uid, _, _, home, shell = root.run("getent passwd peal").strip(
    ).split(":")
    assert int(uid) < 1000
    assert (home, shell) == ("/nonexistent", "/usr/sbin/nologin")


def test_only_the_server_can_read_the_config(root):
    assert root.run(f"stat -c '%U %G %a' {CONFIG}") == "root peal 640\n"
    assert root.run("stat -c '%U %G %a' /etc/peal") == "root root 755\n"
    reads = "setpriv --reuid={0} --regid={0} --clear-groups head -c 1 " + CONFIG
    assert root.try_run(reads.format("peal")).returncode == 0
    assert root.try_run(reads.replace("regid={0}", "regid=nogroup").format(
        "nobody")).returncode != 0
    root.run(f"peal --check-config --config {CONFIG}")


def test_unit_manual_and_completion_are_where_they_belong(root):
    assert root.path(WANTED).is_symlink()
    assert ".TH PEAL 1" in root.run("zcat /usr/share/man/man1/peal.1.gz")
    found = root.run(
        "bash -c '. /usr/share/bash-completion/completions/peal && "
        "COMP_WORDS=(peal pub) && COMP_CWORD=1 && _peal && "
        "echo ${COMPREPLY[@]}'")
    assert found == "publish\n"


def test_the_installed_server_serves(root):
    answers = probe(root)
    assert answers["health"] == {"status": "healthy"}
    assert answers["echo"] == "Echo: hello"
    assert answers["page"]


def test_installing_it_again_changes_nothing(root):
    before = root.run(f"stat -c '%y %a %G' {CONFIG}; cat {CONFIG}")
    root.install("/tmp/peal.deb", options="--reinstall")
    assert root.run(f"stat -c '%y %a %G' {CONFIG}; cat {CONFIG}") == before


def test_removing_keeps_config_and_user(root):
    root.run("apt-get -qq -y remove peal")
    assert not root.path("/usr/bin/peal").exists()
    assert not root.path("/usr/share/peal").exists()
    assert root.path(CONFIG).exists()
    assert "peal" in root.run("getent passwd peal")


def test_purging_removes_everything(root):
    root.path("/etc/peal/environment").write_text("PEAL_API_KEY=secret\n")
    root.run("apt-get -qq -y purge peal")
    assert root.try_run("getent passwd peal").returncode != 0
    assert root.try_run("getent group peal").returncode != 0
    assert [name for name in root.run(
        "find / -xdev -name '*peal*' -not -path '/proc/*' "
        "-not -name '*.deb'").split() if "repeal" not in name] == []
    assert root.run("find / -xdev '(' -nouser -o -nogroup ')' "
                    "-not -path '/proc/*'") == ""


def test_an_upgrade_keeps_a_changed_config(root, older, package):
    root.put(older, "/tmp/older.deb")
    root.install("/tmp/older.deb")
    assert installed(root) == "0.0.9-1 installed"
    changed = root.path(CONFIG).read_text().replace(
        '"web_root"', '"echo_prefix": "Mine: ",\n  "web_root"')
    assert "Mine" in changed
    root.path(CONFIG).write_text(changed)
    root.run(f"chmod 600 {CONFIG} && chown peal {CONFIG}")
    root.install("/tmp/peal.deb",
                 options="-o Dpkg::Options::=--force-confold")
    assert installed(root) == f"{version_of(package)} installed"
    assert root.path(CONFIG).read_text() == changed
    assert root.run(f"stat -c '%U %G %a' {CONFIG}") == "peal peal 600\n"
    answers = probe(root)
    assert answers["echo"] == "Mine: hello"


def test_an_upgrade_replaces_an_unchanged_config(root, older):
    root.run("apt-get -qq -y purge peal")
    root.put(older, "/tmp/older.deb")
    root.install("/tmp/older.deb")
    assert "older version" in root.path(CONFIG).read_text()
    root.install("/tmp/peal.deb")
    assert "older version" not in root.path(CONFIG).read_text()
    assert root.run(f"stat -c '%U %G %a' {CONFIG}") == "root peal 640\n"
    root.run("apt-get -qq -y purge peal")
    assert not root.path("/etc/peal").exists()
