async def test_async():
    pass


def test_plain():
    pass
