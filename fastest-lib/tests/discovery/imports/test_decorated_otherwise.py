from pkg.decorators import keep, parametrized, plain, wrapping


@parametrized
def test_parametrized(x): pass


@wrapping
class TestWrapped:
    def test_it(self): pass


@plain
class TestKept:
    def test_it(self): pass
