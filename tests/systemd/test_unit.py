"""conf/peal.service under a real systemd: start, reload, upgrade, watchdog,
fences, end."""

import os
import pathlib
import re
import signal
import subprocess
import time

from support.patience import wait_until
from support.server import clean_environment, find_program
from support.websocket import Client


def test_started_means_ready(service):
    assert service.is_healthy()
    assert service.show("ActiveState") == "active"
    assert service.show("NRestarts") == "0"


def test_it_ends_in_order(service):
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


def test_the_process_behind_an_upgrade_is_supervised(service):
    upgrade(service)
    service.kill(signal.SIGKILL)
    service.wait_shown("NRestarts", "1")
    wait_until(service.is_healthy)


def test_a_new_config_that_is_wrong_keeps_the_old_process(service):
    pid = service.show("MainPID")
    service.configure(workers="many")
    service.kill(signal.SIGUSR2)
    wait_until(lambda: "Not upgraded" in service.journal())
    assert service.show("MainPID") == pid and service.is_healthy()


def test_a_process_that_hangs_is_started_anew(service):
    pid = service.show("MainPID")
    service.kill(signal.SIGSTOP)
    service.wait_shown("NRestarts", "1", 30)
    wait_until(service.is_healthy)
    assert service.show("MainPID") != pid
    told = service.run("journalctl", "--no-pager", "-o", "cat").stdout
    assert "Watchdog timeout" in told


def test_a_wrong_config_is_not_tried_again(service):
    service.systemctl("stop", "peal")
    service.configure(workers="many")
    assert service.systemctl("start", "peal", check=False).returncode
    service.wait_shown("ActiveState", "failed")
    assert service.show("ExecMainStatus") == "2"
    time.sleep(2)
    assert service.show("NRestarts") == "0"


def test_it_is_fenced_in(service):
    pid = service.show("MainPID")
    status = service.run("cat", f"/proc/{pid}/status").stdout
    user = service.run("id", "-u", "peal").stdout.strip()
    assert re.search(rf"^Uid:\t{user}\t{user}\t", status, re.M)
    for line in ("NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000",
                 "CapBnd:\t0000000000000000"):
        assert line in status

    def inside(*command):
        return service.run("nsenter", "-t", pid, "-m", *command, check=False)
    assert "Read-only" in inside("touch", "/usr/x").stderr
    assert "Read-only" in inside("touch", "/etc/peal/x").stderr
    assert not inside("ls", "/home").stdout
    assert inside("ls", "/proc/1").returncode == 0
    limits = service.run("cat", f"/proc/{pid}/limits").stdout
    assert re.search(r"^Max core file size\s+0\s+0", limits, re.M)


def test_process_1_of_a_container_stays(service, tmp_path):
    """It would take the container with it, and the new process too."""
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


def test_a_socket_unit_keeps_who_comes_meanwhile(service):
    service.systemctl("stop", "peal")
    service.write("etc/systemd/system/peal.socket",
                  SOCKET.format(port=service.port))
    service.systemctl("daemon-reload")
    service.systemctl("start", "peal.socket")
    assert service.is_healthy()  # and that has started it
    assert service.show("ActiveState") == "active"
    service.systemctl("restart", "peal")
    assert service.is_healthy()
    upgrade(service)
    assert service.is_healthy()
