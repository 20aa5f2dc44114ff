"""The unit and integration tests in the Debian that does not run here. Only
with PEAL_ROOTS_FULL=1: it builds everything once more."""

from root import packages_in

# what these two stages need of what tests/run.sh lists
NOT_NEEDED = {"valgrind", "libc6-dbg", "nginx", "haproxy",
              "clang-format", "redis-server", "mmdebstrap"}


def test_unit_and_integration_tests_pass(build_root):
    build_root.put_source()
    build_root.install(
        *packages_in("conf/run.sh"), "prometheus", "ca-certificates",
        *(name for name in packages_in("tests/run.sh")
          if name not in NOT_NEEDED))
    build_root.run(
        "cd /src && cmake --preset release && cmake --build build-release")
    build_root.run("cd /src && ctest --test-dir build-release --timeout 120 "
                   "-E '^load_' --output-on-failure")
    build_root.run(
        "cd /src && PEAL_BINARY=/src/build-release/peal python3 -m pytest -q "
        "-p no:cacheprovider tests/integration")
