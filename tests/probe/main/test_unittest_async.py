import unittest


class Coroutines(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.value = 1
        self.addAsyncCleanup(self.cleanup)

    async def cleanup(self):
        self.value = None

    #: IsolatedAsyncioTestCase
    async def test_passes(self):
        self.assertEqual(self.value, 1)

    #: IsolatedAsyncioTestCase that fails
    async def test_fails(self):
        self.assertEqual(self.value, 2)

    #: plain method of IsolatedAsyncioTestCase
    def test_plain(self):
        self.assertEqual(self.value, 1)


class BrokenSetUp(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        raise ValueError

    #: asyncSetUp that raises
    async def test_never(self):
        raise AssertionError
