"""The Debian package: its content, its dependencies, and whether its files
work. Nothing is installed."""

import gzip
import re
import subprocess

import pytest

from support.server import ROOT, clean_environment

PAGES = {"api.css", "api.html", "api.js", "base.css", "chat-account.js",
         "chat-log.js", "chat-names.js", "chat-typing.js",
         "chat.css", "chat.js", "favicon.svg", "index.html", "openapi.json",
         "peal-fallback.js", "peal-pusher.d.ts", "peal-pusher.js", "peal.d.ts",
         "peal.js", "vendor/uplot/LICENSE",
         "vendor/uplot/uPlot.esm.js", "vendor/uplot/uPlot.min.css"} | {
             f"dashboard/{name}" for name in (
                 "api.js", "dashboard.css", "dialogs.js", "dom.js", "feed.js",
                 "format.js", "index.html", "main.js", "metrics.js",
                 "plots.js", "table.js", "theme.js", "views.js")}

DOCUMENTS = {"README.md", "conf/README.md", "server/SECURITY.md",
             "web/README.md", *(f"protocols/{page.name}" for page in
                                (ROOT / "protocols").glob("*.md"))}


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True,
                          env=clean_environment()).stdout


def control_field(package, name):
    return output_of("dpkg-deb", "--field", package, name).strip()


@pytest.fixture(scope="module")
def contents(package):
    """path: (mode, owner) of each file."""
    rows = map(str.split, output_of("dpkg-deb", "-c", package).splitlines())
    return {row[5].lstrip("."): (row[0], row[1]) for row in rows
            if not row[5].endswith("/")}


def test_it_is_named_after_the_version(package):
    version = re.search(r"project\(peal VERSION (\S+)",
                        (ROOT / "CMakeLists.txt").read_text())[1]
    architecture = output_of("dpkg", "--print-architecture").strip()
    assert package.name == f"peal_{version}-1_{architecture}.deb"
    assert control_field(package, "Package") == "peal"
    assert control_field(package, "Version") == f"{version}-1"


def test_it_depends_on_linked_and_loaded_libraries(package):
    depends = {each.split()[0] for each
               in control_field(package, "Depends").split(",")}
    assert depends >= {"adduser", "libwebsockets-evlib-uv"}
    # the suffix differs between Debian releases: libssl3t64
    for library in ("libc6", "libwebsockets1", "libuv1", "libssl3",
                    "libcjson1", "libcjose0", "libjansson4", "libhiredis",
                    "liburing2"):
        assert any(each.startswith(library) for each in depends), library


def test_each_file_is_where_debian_expects_it(contents):
    places = {"/usr/bin/peal", "/etc/peal/peal.json",
              "/lib/systemd/system/peal.service",
              "/usr/share/man/man1/peal.1.gz",
              "/usr/share/bash-completion/completions/peal",
              "/usr/share/zsh/vendor-completions/_peal",
              "/usr/share/fish/vendor_completions.d/peal.fish",
              "/usr/share/doc/peal/copyright",
              "/usr/share/doc/peal/common_passwords_license.txt",
              "/usr/share/doc/peal/peal.json",
              *(f"/usr/share/doc/peal/{page}" for page in DOCUMENTS),
              *(f"/usr/share/doc/peal/examples/{name}" for name in (
                  "alerts.yml", "grafana.json", "prometheus.yml",
                  "nginx.conf", "haproxy.cfg")),
              "/usr/share/doc/peal/changelog.gz"}
    assert set(contents) == places | {f"/usr/share/peal/web/{name}"
                                      for name in PAGES}


def test_all_files_of_a_page_are_packed():
    """The pages are in web/, without files that only readers need."""
    unpacked = {"README.md", "LICENSE", "package.json", "build.js", "demo.png",
                "dashboard.png", "vendor/uplot/README.md"}
    folders = ("bindings/", "examples/", "react/", "vue/")
    listed = output_of("git", "-C", ROOT, "ls-files", "web").split() \
        if (ROOT / ".git").exists() else \
        [str(path.relative_to(ROOT)) for path in (ROOT / "web").rglob("*")
         if path.is_file()]
    names = {name.removeprefix("web/") for name in listed}
    assert {name for name in names
            if not name.startswith(folders)} == PAGES | unpacked


def test_files_belong_to_root_and_the_config_is_private(contents):
    modes = {"/usr/bin/peal": "-rwxr-xr-x", "/etc/peal/peal.json": "-rw-r-----"}
    for path, (mode, owner) in contents.items():
        assert owner == "root/root", path
        assert mode == modes.get(path, "-rw-r--r--"), path


def test_the_config_of_the_package_is_minimal(unpacked):
    """dpkg asks users who edited theirs about every change. New settings go
    into the example."""
    text = (unpacked / "etc/peal/peal.json").read_text()
    lines = [line for line in map(str.strip, text.splitlines())
             if line and not line.startswith("//")]
    assert lines == ["{", '"web_root": "/usr/share/peal/web"', "}"]
    assert ((unpacked / "usr/share/doc/peal/peal.json").read_bytes()
            == (ROOT / "conf/peal.json").read_bytes())


def test_there_is_a_folder_for_local_settings(package):
    rows = output_of("dpkg-deb", "-c", package).splitlines()
    row, = [row for row in rows if row.endswith("./etc/peal/conf.d/")]
    assert row.startswith("drwxr-x--- root/root ")


def test_the_config_is_kept_during_upgrades(unpacked):
    conffiles = (unpacked / "DEBIAN" / "conffiles").read_text()
    assert conffiles == "/etc/peal/peal.json\n"


@pytest.mark.parametrize("name", ["postinst", "prerm", "postrm"])
def test_maintainer_scripts_are_shell(unpacked, name):
    script = unpacked / "DEBIAN" / name
    assert script.stat().st_mode & 0o777 == 0o755
    assert script.read_text().startswith("#!/bin/sh\n")
    assert "\nset -e\n" in script.read_text()
    output_of("sh", "-n", script)


def test_the_unit_starts_the_program_of_the_package(unpacked):
    unit = (unpacked / "lib/systemd/system/peal.service").read_text()
    assert unit.startswith("[Unit]\n")
    assert "ExecStart=/usr/bin/peal --config /etc/peal/peal.json\n" in unit
    assert "/usr/local" not in unit


def test_the_manual_and_the_changelog_are_readable(unpacked):
    share = unpacked / "usr" / "share"
    assert (gzip.open(share / "man/man1/peal.1.gz").read()
            == (ROOT / "conf" / "peal.1").read_bytes())
    assert (gzip.open(share / "doc/peal/changelog.gz").read()
            == (ROOT / "CHANGELOG.md").read_bytes())


def test_the_program_contains_no_build_paths(unpacked):
    program = (unpacked / "usr/bin/peal").read_bytes()
    assert str(ROOT).encode() not in program
    assert b"/usr/share/peal/web" in program


def test_the_config_is_valid_and_names_the_pages(unpacked):
    config = unpacked / "etc/peal/peal.json"
    assert '"web_root": "/usr/share/peal/web"' in config.read_text()
    # a missing folder, as here, would prevent the start
    printed = output_of(unpacked / "usr/bin/peal", "--print-config",
                        "--config", config, "--web_root", unpacked)
    assert '"host": "127.0.0.1"' in printed


def test_the_packed_program_runs_and_serves_the_pages(unpacked, peal,
                                                      monkeypatch):
    program = unpacked / "usr/bin/peal"
    version = output_of(program, "--version")
    assert version.startswith("peal ")
    monkeypatch.setenv("PEAL_BINARY", str(program))
    server = peal(args=["--web_root", str(unpacked / "usr/share/peal/web")])
    assert server.is_alive()
    for name in PAGES:
        response = server.request(f"/{name}")
        assert response.status == 200 and response.body, name
    alice = server.join("alice")
    alice.send({"type": "ping", "id": 1})
    assert alice.receive_type("pong")["id"] == 1


# --- the maintainer scripts, with commands that only record their arguments

@pytest.fixture
def called(unpacked, tmp_path):
    """called(script, *arguments): the commands of a maintainer script, on a
    system with systemd, config and secrets."""
    for folder in ("commands", "etc/peal/conf.d", "run/systemd/system"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/peal/peal.json").touch()
    policy = tmp_path / "usr/sbin/policy-rc.d"
    told = tmp_path / "told"
    for name in ("adduser", "deluser", "chgrp", "chmod", "rm", "rmdir",
                 "systemctl", "deb-systemd-helper", "deb-systemd-invoke"):
        command = tmp_path / "commands" / name
        command.write_text(
            f'#!/bin/sh\necho "{name} $*" >>"{told}"\n'
            # a different main process every time
            'case "$*" in *MainPID*) echo $$ ;; esac\n')
        command.chmod(0o755)

    def call(script, *arguments, forbids=False):
        policy.unlink(missing_ok=True)
        if forbids:
            policy.parent.mkdir(parents=True, exist_ok=True)
            policy.write_text("#!/bin/sh\nexit 101\n")
            policy.chmod(0o755)
        text = (unpacked / "DEBIAN" / script).read_text()
        text = re.sub(r"(?<=\s)/(?=etc|run|usr/sbin)", f"{tmp_path}/", text)
        told.write_text("")
        subprocess.run(["/bin/sh", "-c", text, script, *arguments],
                       env={"PATH": str(tmp_path / "commands")}, check=True)
        return told.read_text().replace(str(tmp_path), "").splitlines()

    return call


def test_installing_makes_the_user_and_starts_the_service(called):
    calls = called("postinst", "configure", "")
    assert calls[0].startswith("adduser --system --group ")
    assert calls[1:4] == ["chgrp peal /etc/peal/peal.json",
                          "chmod 640 /etc/peal/peal.json",
                          "chgrp peal /etc/peal/conf.d"]
    assert "deb-systemd-helper enable peal.service" in calls
    assert calls[-1] == "deb-systemd-invoke start peal.service"


def test_upgrading_keeps_the_config_and_replaces_the_program(called):
    assert called("prerm", "upgrade", "0.2.0-1") == []
    assert called("postrm", "upgrade", "0.2.0-1") == [
        "systemctl --system daemon-reload"]
    calls = called("postinst", "configure", "0.1.0-1")
    assert not [call for call in calls if call.startswith("ch")]
    assert ("systemctl kill --kill-whom=main --signal=SIGUSR2 peal.service"
            in calls)
    assert not [call for call in calls if "invoke" in call]


def test_policy_rc_d_prevents_actions_on_the_service(called):
    calls = called("postinst", "configure", "0.1.0-1", forbids=True)
    assert not [call for call in calls if "SIGUSR2" in call or "invoke" in call]


def test_removing_stops_the_service_and_purging_leaves_nothing(called):
    assert called("prerm", "remove") == [
        "deb-systemd-invoke stop peal.service"]
    assert "deluser --quiet --system peal" not in called("postrm", "remove")
    calls = called("postrm", "purge")
    assert {"rm -f /etc/peal/environment", "rm -rf /etc/peal/conf.d",
            "rmdir --ignore-fail-on-non-empty /etc/peal",
            "deb-systemd-helper purge peal.service",
            "deluser --quiet --system peal"} <= set(calls)


def test_an_aborted_removal_restarts_the_service(called):
    calls = called("postinst", "abort-remove")
    assert calls[-1] == "deb-systemd-invoke start peal.service"
    assert not [call for call in calls if call.startswith("adduser")]
