"""conf/peal.service under a real systemd: start, reload, upgrade, watchdog,
sandboxing, stop."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

from support.patience import wait_until
from support.server import clean_environment, find_program
from support.websocket import Client


def test_a_started_service_is_ready(service):
    assert service.is_healthy()
    assert service.show("ActiveState") == "active"
    assert service.show("NRestarts") == "0"


def test_it_stops_gracefully(service):
    client = Client(service.port, context=False)
    service.systemctl("stop", "peal")
    assert client.wait_close() == 1012
    assert service.show("Result") == "success"
    assert service.show("ExecMainStatus") == "0"


def test_a_reload_reads_the_config_again(service):
    pid = service.show("MainPID")
    service.configure(log={"level": "debug"})
    service.systemctl("reload", "peal")
    wait_until(lambda: "reloaded" in service.journal())
    assert service.show("MainPID") == pid


def test_a_reload_of_an_invalid_config_fails(service):
    pid = service.show("MainPID")
    service.configure(workers="many")
    failed = service.systemctl("reload", "peal", check=False)
    assert failed.returncode != 0
    assert service.show("MainPID") == pid and service.is_healthy()
    assert "workers: expected" in service.journal()
    service.configure()
    service.systemctl("reload", "peal")
    service.wait_shown("StatusText", "Config reloaded")


def test_errors_found_by_the_running_process_are_its_status(service):
    """A config that is valid, but cannot be reloaded into this process."""
    service.configure()
    assert service.show("StatusText").startswith("Listening on port ")
    service.configure(log={"level": "loud"})
    service.kill(signal.SIGHUP)
    wait_until(lambda: service.show("StatusText").startswith(
        "Config not reloaded: "))
    assert "log.level" in service.show("StatusText")


def test_log_lines_have_priorities_in_the_journal(service):
    service.configure(log={"level": "loud"})
    service.kill(signal.SIGHUP)
    wait_until(lambda: "Config reload failed" in service.journal())
    lines = [json.loads(line) for line in service.run(
        "journalctl", "-u", "peal", "--no-pager", "-o", "json",
        "_SYSTEMD_UNIT=peal.service").stdout.splitlines()]
    found = {line["MESSAGE"].split("level=")[1].split()[0]: line["PRIORITY"]
             for line in lines if "level=" in line["MESSAGE"]}
    assert found["error"] == "3" and found["info"] == "6"
    assert all(line["MESSAGE"].startswith("time=") for line in lines
               if "level=" in line["MESSAGE"])


def test_it_is_restarted_after_any_number_of_failures(service):
    for count in range(1, 8):
        service.kill(signal.SIGKILL)
        service.wait_shown("NRestarts", str(count))
        service.wait_shown("ActiveState", "active")


def upgrade(service):
    before = service.show("MainPID")
    service.kill(signal.SIGUSR2)
    wait_until(lambda: service.show("MainPID") not in (before, "0"), 15,
               what="another main process")
    return before


def test_an_upgrade_changes_the_main_process_and_nothing_else(service):
    staying = Client(service.port, context=False)
    for _ in range(2):
        old = upgrade(service)
        assert service.is_healthy()
        wait_until(lambda: service.run("test", "-d", f"/proc/{old}",
                                       check=False).returncode, 15)
        assert service.show("ActiveState") == "active"
    assert staying.wait_close() == 1012
    time.sleep(4)  # longer than WatchdogSec
    assert service.show("NRestarts") == "0"
    service.systemctl("stop", "peal")
    assert not service.is_healthy()


def test_the_process_after_an_upgrade_is_supervised(service):
    upgrade(service)
    service.kill(signal.SIGKILL)
    service.wait_shown("NRestarts", "1")
    wait_until(service.is_healthy)


def test_an_invalid_new_config_keeps_the_old_process(service):
    pid = service.show("MainPID")
    service.configure(workers="many")
    service.kill(signal.SIGUSR2)
    wait_until(lambda: "Upgrade failed" in service.journal())
    assert service.show("MainPID") == pid and service.is_healthy()


def test_a_hanging_process_is_restarted(service):
    pid = service.show("MainPID")
    service.kill(signal.SIGSTOP)
    service.wait_shown("NRestarts", "1", 30)
    wait_until(service.is_healthy)
    assert service.show("MainPID") != pid
    told = service.run("journalctl", "--no-pager", "-o", "cat").stdout
    assert "Watchdog timeout" in told


def test_an_invalid_config_causes_no_restart(service):
    service.systemctl("stop", "peal")
    service.configure(workers="many")
    assert service.systemctl("start", "peal", check=False).returncode
    service.wait_shown("ActiveState", "failed")
    assert service.show("ExecMainStatus") == "2"
    time.sleep(2)
    assert service.show("NRestarts") == "0"


def test_it_is_sandboxed(service):
    pid = service.show("MainPID")
    status = service.run("cat", f"/proc/{pid}/status").stdout
    user = service.run("id", "-u", "peal").stdout.strip()
    assert re.search(rf"^Uid:\t{user}\t{user}\t", status, re.M)
    for line in ("NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000",
                 "CapBnd:\t0000000000000000"):
        assert line in status

    # relative to the process's root, which may differ from that of its mounts
    def inside(*command):
        return service.run("nsenter", "-t", pid, "-m", "-r", *command,
                           check=False)
    assert "Read-only" in inside("touch", "/usr/x").stderr
    assert "Read-only" in inside("touch", "/etc/peal/x").stderr
    assert not inside("ls", "/home").stdout
    assert inside("ls", "/proc/1").returncode == 0
    limits = service.run("cat", f"/proc/{pid}/limits").stdout
    assert re.search(r"^Max core file size\s+0\s+0", limits, re.M)


def test_process_1_of_a_container_stays(service, tmp_path):
    """It would end the container, and the new process with it."""
    service.systemctl("stop", "peal")
    log = tmp_path / "log"
    with open(log, "wb") as out, subprocess.Popen(
            ["unshare", "--pid", "--fork", "--kill-child", find_program(),
             "--port", str(service.port)], stderr=out,
            env=clean_environment()) as unshare:
        wait_until(service.is_healthy)
        inside, = pathlib.Path(f"/proc/{unshare.pid}/task/{unshare.pid}/"
                               "children").read_text().split()
        os.kill(int(inside), signal.SIGUSR2)
        wait_until(lambda: "this is process 1" in log.read_text())
        assert service.is_healthy()
        unshare.kill()


SOCKET = """[Socket]
ListenStream=127.0.0.1:{port}
"""


def test_a_socket_unit_keeps_early_connections(service):
    service.systemctl("stop", "peal")
    service.write("etc/systemd/system/peal.socket",
                  SOCKET.format(port=service.port))
    service.systemctl("daemon-reload")
    service.systemctl("start", "peal.socket")
    assert service.is_healthy()  # and that has started the service
    assert service.show("ActiveState") == "active"
    service.systemctl("restart", "peal")
    assert service.is_healthy()
    upgrade(service)
    assert service.is_healthy()


# --- features of the unit

CREDENTIAL = """[Service]
LoadCredential=auth_secret:/etc/peal/secrets/auth_secret
Environment=PEAL_AUTH_SECRET_FILE=%d/auth_secret
ExecReload=
ExecReload=/bin/kill -HUP $MAINPID
"""


def is_last_start_with_auth(service):
    starts = [line for line in service.journal().splitlines()
              if "message=Listening" in line]
    return " auth=on " in starts[-1]


def test_a_credential_is_read_by_each_process(service):
    """From a file that the service's user cannot read."""
    service.systemctl("stop", "peal")
    service.run("install", "-d", "-m", "700", "/etc/peal/secrets")
    service.write("etc/peal/secrets/auth_secret", "a secret of more than 32 bytes, or so")
    service.run("chmod", "600", "/etc/peal/secrets/auth_secret")
    service.write("etc/systemd/system/peal.service.d/credential.conf",
                  CREDENTIAL)
    service.systemctl("daemon-reload")
    try:
        service.systemctl("start", "peal")
        service.wait_shown("ActiveState", "active")
        assert is_last_start_with_auth(service)
        service.systemctl("reload", "peal")
        service.wait_shown("StatusText", "Config reloaded")
        upgrade(service)
        assert is_last_start_with_auth(service)
    finally:
        service.run("rm", "/etc/systemd/system/peal.service.d/credential.conf")
        service.systemctl("daemon-reload")


def test_there_is_a_folder_for_the_admin_socket(service):
    service.configure(admin={"socket": "/run/peal/admin.sock"})
    service.systemctl("restart", "peal")
    found = service.run("stat", "-c", "%a %U %G %F", "/run/peal",
                        "/run/peal/admin.sock").stdout.splitlines()
    assert found == ["750 peal peal directory", "660 peal peal socket"]
    upgrade(service)
    answer = service.run("curl", "-s", "--unix-socket", "/run/peal/admin.sock",
                         "http://localhost/metrics").stdout
    assert "peal_connections 0" in answer
