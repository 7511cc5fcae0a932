# needs: anyio
import pytest

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


#: anyio: mark of a module
async def test_coroutine():
    import anyio

    await anyio.sleep(0)


#: anyio: plain function
def test_plain():
    pass


@pytest.fixture
async def async_fixture():
    yield 5


#: anyio: coroutine fixture
async def test_fixture(async_fixture):
    assert async_fixture == 5


#: anyio: failure
async def test_fails():
    raise AssertionError


#: anyio: parametrize
@pytest.mark.parametrize("n", [1, 2])
async def test_parametrized(n):
    assert n
