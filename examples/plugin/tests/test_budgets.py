import time

import pytest


@pytest.mark.budget(60)
def test_in_time(attempts):
    assert sum(attempts) == 3


@pytest.mark.budget(0.001)
@pytest.mark.xfail(reason="twenty times the budget")
def test_too_late():
    time.sleep(0.02)


@pytest.mark.budget(0)
def test_never_begun():
    raise AssertionError


def test_without_budget():
    pass
