import pytest

EVENTS = []


def dynamic(fixture_name, config):
    return "module" if fixture_name == "dynamic_thing" else "function"


@pytest.fixture(scope=dynamic)
def dynamic_thing():
    EVENTS.append("dynamic+")
    return EVENTS.count("dynamic+")


#: fixture of dynamic scope
@pytest.mark.parametrize("n", [1, 2])
def test_dynamic(dynamic_thing, n):
    assert dynamic_thing == 1
