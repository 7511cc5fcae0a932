import pytest

from pkg import decorators
from pkg.decorators import (
    chosen,
    keep,
    marked,
    needs_net,
    options,
    plain,
    rebound,
    replaced,
    skip_if_no,
    slow,
    twice,
    wrapping,
)


@pytest.fixture(params=[1, 2])
def number(request): return request.param


@keep
@plain
def test_kept(number): pass


@wrapping
def test_wrapped(number): pass


@options(3)
def test_options(number): pass


@skip_if_no("numpy")
@needs_net
@slow
@marked
@decorators.slow
def test_marked(number): pass


@twice
def test_twice(number): pass


@chosen
def test_chosen(number): pass


@replaced
def test_replaced(): pass


@rebound
def test_rebound(): pass
