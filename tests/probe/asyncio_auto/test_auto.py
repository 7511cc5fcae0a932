# needs: pytest_asyncio
import asyncio

import pytest


#: asyncio auto: coroutine function
async def test_coroutine():
    await asyncio.sleep(0)


#: asyncio auto: coroutine function that fails
async def test_fails():
    await asyncio.sleep(0)
    raise AssertionError


#: asyncio auto: plain function beside
def test_plain():
    pass


@pytest.fixture
async def async_fixture():
    await asyncio.sleep(0)
    return 5


@pytest.fixture
async def async_generator():
    loop = asyncio.get_running_loop()
    yield loop
    await asyncio.sleep(0)


#: asyncio auto: coroutine fixture
async def test_fixture(async_fixture):
    assert async_fixture == 5


#: asyncio auto: coroutine fixture of a plain test
def test_fixture_plain(async_fixture):
    assert async_fixture == 5


#: asyncio auto: fixture and test share the loop
async def test_loop(async_generator):
    assert asyncio.get_running_loop() is async_generator


#: asyncio auto: parametrize
@pytest.mark.parametrize("n", [1, 2])
async def test_parametrized(n, async_fixture):
    assert n < async_fixture


#: asyncio auto: skip and xfail
@pytest.mark.xfail(reason="known")
async def test_xfail():
    raise AssertionError


@pytest.mark.skip(reason="no")
async def test_skip():
    raise AssertionError


class TestClass:
    @pytest.fixture
    async def own(self):
        return 6

    #: asyncio auto: method
    async def test_method(self, own):
        assert own == 6


@pytest.fixture
async def breaks():
    raise ValueError


#: asyncio auto: coroutine fixture that raises
async def test_breaks(breaks):
    pass


@pytest.fixture
async def breaks_later():
    yield
    raise ValueError


#: asyncio auto: asynchronous teardown that raises
async def test_breaks_later(breaks_later):
    pass


@pytest.fixture(scope="module")
async def of_module():
    return []


#: asyncio auto: coroutine fixture of module scope
async def test_module(of_module):
    of_module.append(1)


async def test_module_again(of_module):
    assert of_module == [1]


#: asyncio auto: loop scope of a mark
@pytest.mark.asyncio(loop_scope="module")
async def test_loop_scope():
    pass
