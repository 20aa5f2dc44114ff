"""The unit and integration tests in the Debian release that is not running
here, and the failure tests there with Valkey. Only with PEAL_ROOTS_FULL=1,
because it builds everything again."""

import pytest

from root import REPOSITORY, packages_in

# the packages listed in tests/run.sh that these stages need
NOT_NEEDED = {"valgrind", "libc6-dbg", "nginx", "haproxy",
              "clang-format", "redis-server", "mmdebstrap"}
# the tests in which Redis, its connections or instances fail
FAILURES = ("*_fail*", "former_replicas", "last_word", "not_stored",
            "partition", "pusher_faults", "random_*", "redis_cluster",
            "redis_moves", "sentinel", "unavailable")


@pytest.fixture(scope="module")
def built(build_root):
    build_root.put_source()
    build_root.install(
        *packages_in("conf/run.sh"), "prometheus", "ca-certificates",
        *(name for name in packages_in("tests/run.sh")
          if name not in NOT_NEEDED))
    build_root.run(
        "cd /src && cmake --preset release && cmake --build build-release")
    return build_root


def run_pytest(root, environment, *files):
    root.run(f"cd /src && {environment} PEAL_BINARY=/src/build-release/peal "
             f"python3 -m pytest -q -p no:cacheprovider {' '.join(files)}")


def test_unit_and_integration_tests_pass(built):
    built.run("cd /src && ctest --test-dir build-release --timeout 120 "
              "-E '^load_' --output-on-failure")
    run_pytest(built, "", "tests/integration")


@pytest.mark.parametrize("workers", [1, 4])
def test_the_failure_tests_pass_with_valkey(built, workers):
    if built.suite == "bookworm":
        pytest.skip("Debian 12 has no Valkey")
    built.install("valkey-server")
    folder = REPOSITORY / "tests" / "cluster"
    for name in FAILURES:
        assert list(folder.glob(f"test_{name}.py")), name
    run_pytest(built, f"PEAL_TEST_REDIS=valkey PEAL_TEST_WORKERS={workers}",
               *(f"tests/cluster/test_{name}.py" for name in FAILURES))
