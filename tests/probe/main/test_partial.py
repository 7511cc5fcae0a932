class TestCallable:
    #: partial as a test method
    import functools

    test_partial = functools.partial(print, "x")

    def test_one(self):
        pass
