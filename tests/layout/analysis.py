#!/usr/bin/env python3
"""Runs clang-tidy and cppcheck over the source and compares their findings with
analysis.txt, which lists those that were reviewed and accepted. Ends with "N passed, M failed". Debian 12 has clang-tidy 14 and cppcheck
2.10, Debian 13 has 19 and 2.17; each row says which of them find it.

  tests/layout/analysis.py [BUILD]    BUILD has compile_commands.json
                                      (default: build-release)
"""

import concurrent.futures
import json
import os
import pathlib
import platform
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASELINE = ROOT / "tests/layout/analysis.txt"
DEBIAN = platform.freedesktop_os_release().get("VERSION_ID")
FILES_AT_ONCE = 12
# If several versions are installed, that of Debian 12, as in format.sh
TIDY = ["clang-tidy-14", "clang-tidy"]


def commands_of_the_program(build):
    """The commands in compile_commands.json, except those of tests and tools."""
    commands = json.loads((build / "compile_commands.json").read_text())
    return [command for command in commands
            if re.match(r"(server|protocols)/",
                        os.path.relpath(command["file"], ROOT))]


def run(*command):
    return subprocess.run([str(part) for part in command], cwd=ROOT,
                          text=True, capture_output=True, check=False)


def find_tidy():
    for name in TIDY:
        try:
            if run(name, "--version").returncode == 0:
                return name
        except OSError:
            pass
    raise SystemExit("clang-tidy is missing: apt-get install clang-tidy")


def tidy(build, name, files):
    done = run(name, "-p", build, "--quiet", *files)
    for file, line, checks in re.findall(
            r"^([^\s:]+):(\d+):\d+: (?:warning|error): .*\[([\w.,-]+)\]$",
            done.stdout, re.M):
        yield (os.path.relpath(file, ROOT),
               checks.removesuffix(",-warnings-as-errors"), line)


def cppcheck(build, commands):
    project = build / "cppcheck.json"
    project.write_text(json.dumps(commands))
    cache = build / "cppcheck"
    cache.mkdir(exist_ok=True)
    try:
        done = run("cppcheck", "-j", os.cpu_count(), f"--project={project}",
                   "-D__cppcheck__=1", "--include=tests/layout/cppcheck.h",
                   "--enable=warning,performance,portability", "--quiet",
                   "--suppress=missingIncludeSystem",
                   "--suppress=normalCheckLevelMaxBranches", "--inline-suppr",
                   "--template={file}:{line}: [{id}]",
                   f"--cppcheck-build-dir={cache}")
    except OSError:
        raise SystemExit("cppcheck is missing: "
                         "apt-get install cppcheck") from None
    for file, line, check in re.findall(r"^([^\s:]+):(\d+): \[(\w+)\]$",
                                        done.stderr, re.M):
        yield os.path.relpath(file, ROOT), check, line


def findings(build):
    """Maps (file, check) to the line of its first finding."""
    commands = commands_of_the_program(build)
    files = sorted({command["file"] for command in commands})
    groups = [files[i:i + FILES_AT_ONCE]
              for i in range(0, len(files), FILES_AT_ONCE)]
    name = find_tidy()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(lambda group=group: list(tidy(build, name, group)))
                for group in groups]
        found = [row for job in jobs for row in job.result()]
    found += cppcheck(build, commands)
    return {(file, check): line for file, check, line in sorted(found)}


def baseline():
    rows = {}
    for line in BASELINE.read_text().splitlines():
        if line and not line.startswith("#"):
            releases, file, check, reason = line.split(maxsplit=3)
            if DEBIAN in releases.split(","):
                rows[file, check] = reason
    return rows


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1
                         else ROOT / "build-release").resolve()
    found = findings(build)
    known = baseline()
    wrong = [f"{file}:{line}: {check}: mend it, or give the reason in "
             "tests/layout/analysis.txt"
             for (file, check), line in found.items()
             if (file, check) not in known]
    wrong += [f"tests/layout/analysis.txt: {file} {check}: not found any more"
              for file, check in known if (file, check) not in found]
    for line in wrong:
        print(line)
    print(f"{len(found) + 1 - bool(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
