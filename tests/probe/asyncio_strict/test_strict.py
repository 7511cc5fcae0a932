# needs: pytest_asyncio
import asyncio

import pytest
import pytest_asyncio


#: asyncio strict: mark
@pytest.mark.asyncio
async def test_marked():
    await asyncio.sleep(0)


#: asyncio strict: coroutine function without a mark
async def test_unmarked():
    pass


@pytest_asyncio.fixture
async def async_fixture():
    return 5


#: asyncio strict: coroutine fixture
@pytest.mark.asyncio
async def test_fixture(async_fixture):
    assert async_fixture == 5


#: asyncio strict: mark of a class
@pytest.mark.asyncio
class TestClass:
    async def test_one(self):
        await asyncio.sleep(0)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def of_module():
    return asyncio.get_running_loop()


#: asyncio strict: loop of module scope
@pytest.mark.asyncio(loop_scope="module")
async def test_module_loop(of_module):
    assert asyncio.get_running_loop() is of_module


#: asyncio strict: mark on a plain function
@pytest.mark.asyncio
def test_plain():
    pass
