# needs: anyio
import pytest


#: anyio: parameters of the backend
@pytest.fixture(params=["asyncio", pytest.param(("asyncio", {"debug": True}), id="debug")])
def anyio_backend(request):
    return request.param


@pytest.mark.anyio
async def test_backend(anyio_backend_name):
    assert anyio_backend_name == "asyncio"
