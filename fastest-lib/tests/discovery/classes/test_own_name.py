class TestBase:
    def test_base(self): pass


class TestOuter(TestBase):
    # The base is the global one, which the name in this body hides from a reader.
    class TestBase(TestBase):
        def test_inner(self): pass
