# needs: pytest>=9.0
import unittest


class SubTests(unittest.TestCase):
    #: subTest that passes
    def test_passes(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertLess(n, 3)

    #: subTest that fails
    def test_fails(self):
        for n in range(3):
            with self.subTest("odd", n=n):
                self.assertEqual(n % 2, 0)

    #: subTest that skips
    def test_skips(self):
        with self.subTest(n=1):
            self.skipTest("one")
        with self.subTest(n=2):
            pass

    #: failure beside a subTest
    def test_fails_besides(self):
        with self.subTest(n=1):
            self.fail("inside")
        self.fail("outside")
