import pytest


@pytest.fixture
def plain():
    return 1


#: fixture that returns
def test_plain(plain):
    assert plain == 1


@pytest.fixture(name="renamed")
def original():
    return "renamed"


#: fixture with another name
def test_renamed(renamed):
    assert renamed == "renamed"


@pytest.fixture()
def with_parentheses():
    return ()


#: fixture decorator with parentheses
def test_parentheses(with_parentheses):
    assert with_parentheses == ()


@pytest.fixture
def yielding(log):
    log.append("up")
    yield log
    log.append("down")


#: fixture that yields
def test_yield(yielding):
    assert yielding == ["up"]


@pytest.fixture
def first(log):
    log.append("first")
    yield
    log.append("not first")


@pytest.fixture
def second(log, first):
    log.append("second")
    yield
    log.append("not second")


#: teardown in the opposite order
def test_chain(second, request, log):
    def check():
        assert log == ["first", "second"]

    request.addfinalizer(check)


@pytest.fixture
def broken():
    raise ValueError("setup")


#: fixture that raises at setup
def test_broken(broken):
    pass


@pytest.fixture
def breaks_later():
    yield 1
    raise ValueError("teardown")


#: fixture that raises at teardown
def test_breaks_later(breaks_later):
    assert breaks_later == 1


#: failed call and failed teardown
def test_both(breaks_later):
    assert breaks_later == 2


@pytest.fixture
def breaks_too():
    yield
    raise KeyError("teardown")


#: two failed teardowns
def test_two_teardowns(breaks_later, breaks_too):
    pass


@pytest.fixture
def yields_twice():
    yield 1
    yield 2


#: fixture that yields twice
def test_yields_twice(yields_twice):
    pass


@pytest.fixture
def yields_never():
    if False:
        yield


#: fixture that yields never
def test_yields_never(yields_never):
    pass


@pytest.fixture
def skips():
    pytest.skip("from a fixture")


#: fixture that skips
def test_skips(skips):
    raise AssertionError


@pytest.fixture
def fails():
    pytest.fail("from a fixture")


#: fixture that calls fail
def test_fails(fails):
    pass


@pytest.fixture
def expects():
    pytest.xfail("from a fixture")


#: fixture that calls xfail
def test_expects(expects):
    pass


@pytest.fixture
def overridden(overridden):
    return overridden + ", module"


#: fixture overridden by the module
def test_override(overridden):
    assert overridden == "root, module"


class TestOverride:
    @pytest.fixture
    def overridden(self, overridden):
        return overridden + ", class"

    #: fixture overridden by the class
    def test_class(self, overridden):
        assert overridden == "root, module, class"

    #: fixture overridden by a direct parameter
    @pytest.mark.parametrize("overridden", ["parameter"])
    def test_direct(self, overridden):
        assert overridden == "parameter"


class Base:
    @pytest.fixture
    def inherited(self):
        return type(self).__name__

    def test_inherited(self, inherited):
        assert inherited == type(self).__name__


#: fixtures and tests inherited from a base class
class TestInherits(Base):
    pass


class TestSelf:
    @pytest.fixture
    def sets(self):
        self.value = 5

    #: fixture method that sets an attribute of the instance
    def test_same_instance(self, sets):
        assert self.value == 5

    #: a new instance for each test
    def test_new_instance(self):
        assert not hasattr(self, "value")


class TestStatic:
    #: static test method
    @staticmethod
    def test_static(plain):
        assert plain == 1

    #: class method as a test
    @classmethod
    def test_class(cls, plain):
        assert plain == 1 and cls is TestStatic


AUTO = []


@pytest.fixture(autouse=True)
def auto():
    AUTO.append(1)


#: autouse fixture of the module
def test_autouse():
    assert AUTO


class TestAutouse:
    @pytest.fixture(autouse=True)
    def auto_in_class(self, auto, plain):
        self.plain = plain

    #: autouse fixture of the class
    def test_auto(self):
        assert self.plain == 1


#: test function with default arguments
def test_defaults(plain, value=3):
    assert (plain, value) == (1, 3)


#: fixture called directly
def test_called():
    plain()


#: test that returns a value
def test_returns():
    return None


class TestWithInit:
    def __init__(self):
        self.x = 1

    def test_never(self):
        raise AssertionError


#: class with __init__ is not collected
def test_after_class_with_init():
    assert TestWithInit().x == 1


class TestNot:
    __test__ = False

    def test_never(self):
        raise AssertionError


#: __test__ = False
def test_after_untested():
    assert TestNot.__test__ is False


#: nested classes
class TestOuter:
    class TestInner:
        def test_deep(self, plain):
            assert plain == 1


def make(n):
    def test():
        assert n < 2

    return test


#: tests made by a loop
def test_made():
    pass


for i in range(3):
    globals()[f"test_made_{i}"] = make(i)


#: lambda as a test
test_lambda = lambda: None  # noqa: E731
