import pytest

EVENTS = []


def recorded(scope):
    @pytest.fixture(scope=scope, name=f"{scope}_thing")
    def thing():
        EVENTS.append(f"{scope}+")
        yield scope
        EVENTS.append(f"{scope}-")

    return thing


function_thing = recorded("function")
class_thing = recorded("class")
module_thing = recorded("module")
package_thing = recorded("package")
session_thing = recorded("session")


#: fixture of function scope
def test_function(function_thing):
    assert EVENTS[-1] == "function+"


#: function fixture torn down before the next test
def test_function_ended():
    assert EVENTS[-1] == "function-"


class TestClassScope:
    #: fixture of class scope
    def test_one(self, class_thing):
        assert class_thing == "class"

    #: class fixture shared within its class
    def test_two(self, class_thing):
        assert EVENTS.count("class+") == 1 and "class-" not in EVENTS


#: class fixture torn down after its class
def test_class_ended():
    assert EVENTS.count("class-") == 1


#: class fixture requested by functions
@pytest.mark.parametrize("n", [1, 2])
def test_class_scope_for_functions(class_thing, n):
    assert EVENTS.count("class+") == 1 + n


#: fixture of module scope
def test_module(module_thing):
    assert EVENTS[-1] == "module+"


#: module fixture shared within its module
def test_module_again(module_thing):
    assert EVENTS.count("module+") == 1


#: fixture of package scope
def test_package(package_thing):
    assert EVENTS[-1] == "package+"


#: fixture of session scope
def test_session(session_thing):
    assert EVENTS[-1] == "session+"


#: higher scopes are set up first
def test_order_by_scope(function_thing, module_thing, session_thing):
    assert EVENTS[-1] == "function+"
