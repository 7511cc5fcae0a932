#: coroutine function without a plugin
async def test_coroutine():
    pass
