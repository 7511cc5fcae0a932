import pytest

SEEN = []


@pytest.fixture
def value():
    return 4


#: request.getfixturevalue
def test_getfixturevalue(request):
    assert request.getfixturevalue("value") == 4


@pytest.fixture
def late(request):
    request.addfinalizer(lambda: SEEN.append("late-"))
    return request.getfixturevalue("value") + 1


#: request.getfixturevalue in a fixture
def test_late(late):
    assert late == 5


#: request.addfinalizer in a fixture
def test_late_ended():
    assert SEEN == ["late-"]


#: request.addfinalizer in a test
def test_addfinalizer(request):
    request.addfinalizer(lambda: SEEN.append("test"))


#: finalizers run in reverse
def test_addfinalizer_order(request):
    assert SEEN[-1] == "test"
    request.addfinalizer(lambda: SEEN.append(1))
    request.addfinalizer(lambda: SEEN.append(2))


def test_addfinalizer_ended():
    assert SEEN[-2:] == [2, 1]


#: finalizer that raises
def test_addfinalizer_raises(request):
    def fail():
        raise ValueError("finalizer")

    request.addfinalizer(fail)


@pytest.fixture
def describing(request):
    return (
        request.node.name,
        request.scope,
        request.fixturename,
        request.function.__name__,
        request.module.__name__,
        request.cls,
        request.path.name,
    )


#: request's attributes in a function fixture
def test_describing(describing):
    expected = ("test_describing", "function", "describing", "test_describing")
    assert describing == (*expected, __name__, None, "test_request.py")


@pytest.fixture(scope="module")
def of_module(request):
    with pytest.raises(AttributeError):
        request.function  # noqa: B018
    return request.scope, request.node.name.rpartition("/")[2]


#: request's attributes in a module fixture
def test_of_module(of_module):
    assert of_module == ("module", "test_request.py")


class TestInClass:
    @pytest.fixture
    def instance(self, request):
        return request.instance is self, request.cls is type(self)

    #: request.instance and request.cls
    def test_instance(self, instance):
        assert instance == (True, True)

    @pytest.fixture(scope="class")
    def on_class(self, request):
        request.cls.shared = 9
        return request.node.name

    #: class fixture that sets an attribute of request.cls
    def test_shared(self, on_class):
        assert (self.shared, on_class) == (9, "TestInClass")


#: request.config
def test_config(request, pytestconfig):
    assert request.config is pytestconfig
    assert isinstance(request.config.getoption("verbose"), int)
    assert request.config.getini("python_files")
    assert request.config.rootpath.is_dir()


#: request.node and its marks
@pytest.mark.level(3)
def test_node(request):
    assert request.node.get_closest_marker("level").args == (3,)
    assert [mark.name for mark in request.node.iter_markers()] == ["level"]
    assert "level" in request.keywords
    assert request.node.nodeid.endswith("::test_node")


#: request.applymarker
def test_applymarker(request):
    request.applymarker(pytest.mark.xfail(reason="applied"))
    raise AssertionError


#: request.node.add_marker in a fixture
@pytest.mark.usefixtures("adds_marker")
def test_add_marker():
    raise AssertionError


@pytest.fixture
def adds_marker(request):
    request.node.add_marker(pytest.mark.xfail(reason="added"))


#: request.fixturenames
def test_fixturenames(request, value):
    assert "value" in request.fixturenames


#: request.session
def test_session(request):
    assert request.session.config is request.config


@pytest.fixture(params=[1, 2])
def with_param(request):
    return request.param, request.param_index


#: request.param_index
def test_param_index(with_param):
    assert with_param[0] == with_param[1] + 1


#: node.callspec
@pytest.mark.parametrize("x", ["a"])
def test_callspec(request, x):
    assert request.node.callspec.id == "a"
    assert request.node.callspec.params == {"x": "a"}
    assert request.node.originalname == "test_callspec"


#: node.stash and user_properties
def test_stash(request, record_property):
    key = pytest.StashKey()
    request.node.stash[key] = 1
    record_property("key", "value")
    assert request.node.stash[key] == 1
    assert ("key", "value") in request.node.user_properties


#: getfixturevalue of a parametrized fixture
def test_getfixturevalue_params(request):
    request.getfixturevalue("with_param")
