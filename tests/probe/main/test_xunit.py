CALLS = []


def setup_module(module):
    CALLS.append(f"setup {module.__name__.rpartition('.')[2]}")


def teardown_module():
    CALLS.append("teardown module")


def setup_function(function):
    CALLS.append(f"setup {function.__name__}")


def teardown_function():
    CALLS.append("teardown function")


#: setup_module and setup_function
def test_function():
    assert CALLS == ["setup test_xunit", "setup test_function"]


#: teardown_function
def test_function_ended():
    assert CALLS[-2:] == ["teardown function", "setup test_function_ended"]


class TestClass:
    @classmethod
    def setup_class(cls):
        cls.calls = ["class"]

    @classmethod
    def teardown_class(cls):
        CALLS.append(list(cls.calls))

    def setup_method(self, method):
        self.calls.append(method.__name__)

    def teardown_method(self):
        self.calls.append("ended")

    #: setup_class and setup_method
    def test_one(self):
        assert self.calls == ["class", "test_one"]

    #: teardown_method
    def test_two(self):
        assert self.calls == ["class", "test_one", "ended", "test_two"]


#: teardown_class
def test_class_ended():
    assert ["class", "test_one", "ended", "test_two", "ended"] in CALLS


class TestBrokenClass:
    @classmethod
    def setup_class(cls):
        raise ValueError("setup_class")

    #: setup_class that raises
    def test_one(self):
        pass

    def test_two(self):
        pass


class TestBrokenMethod:
    def setup_method(self):
        raise ValueError("setup_method")

    #: setup_method that raises
    def test_one(self):
        pass


class TestBrokenTeardown:
    def teardown_method(self):
        raise ValueError("teardown_method")

    #: teardown_method that raises
    def test_one(self):
        pass


class TestBrokenClassTeardown:
    @classmethod
    def teardown_class(cls):
        raise ValueError("teardown_class")

    #: teardown_class that raises
    def test_one(self):
        pass


class TestOldStyle:
    def setup(self):
        raise AssertionError("nose is gone")

    #: setup of nose is not called
    def test_one(self):
        pass
