# needs: anyio
import pytest


@pytest.fixture(params=["asyncio", pytest.param(("asyncio", {"debug": True}), id="debug")])
def anyio_backend(request):
    return request.param


#: anyio: parameters of the backend
@pytest.mark.anyio
async def test_backend(anyio_backend_name):
    assert anyio_backend_name == "asyncio"
