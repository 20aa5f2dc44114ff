"""Out of memory while hooks are called; see test_allocations.py."""

import errno

import pytest

from support.application import Application, hooks
from test_allocations import judge, use

STEPS = range(0, 360, 3)


@pytest.fixture(scope="module")
def application():
    made = Application()
    yield made
    made.end()


@pytest.mark.parametrize("after", STEPS)
def test_an_allocation_fails(faulty, faults, application, after):
    server = faulty(config={"hooks": hooks(
        application, questions=["connect", "subscribe", "publish"],
        events=["connected", "disconnected", "member_added"], batch_ms=1)})
    faults.set("allocate", errno.ENOMEM, after=after)
    use(server)
    judge(server, faults, is_enough=after > 100)
