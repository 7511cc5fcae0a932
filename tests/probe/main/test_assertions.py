import pytest


#: assertion with a message
def test_message():
    assert 1 == 2, "said"


#: assertion of containers
def test_containers():
    assert {"a": [1, 2], "b": "x" * 50} == {"a": [1, 3], "b": "y" * 50}


#: assertion in a helper
def test_helper():
    def check(value):
        assert value > 3

    check(1)


#: pytest.raises
def test_raises():
    with pytest.raises(ValueError, match="^b.d$") as info:
        raise ValueError("bad")
    assert info.type is ValueError


#: pytest.raises that does not match
def test_raises_match():
    with pytest.raises(ValueError, match="good"):
        raise ValueError("bad")


#: pytest.raises without an exception
def test_raises_none():
    with pytest.raises(ValueError):
        pass


#: pytest.raises of another exception
def test_raises_other():
    with pytest.raises(ValueError):
        raise KeyError


#: pytest.approx
def test_approx():
    assert 0.1 + 0.2 == pytest.approx(0.3)
    assert [0.1 + 0.2] == pytest.approx([0.3])


#: exception chain
def test_chain():
    try:
        raise ValueError
    except ValueError as error:
        raise KeyError("chained") from error


#: SystemExit in a test
def test_system_exit():
    raise SystemExit(3)


#: generator exit and base exceptions
def test_base_exception():
    raise BaseException("base")


#: walrus in an assertion
def test_walrus():
    assert (value := 3) == value


#: recursion in a test
def test_recursion():
    def again():
        again()

    again()


#: __tracebackhide__
def test_traceback_hide():
    __tracebackhide__ = True
    raise ValueError


#: comparison hook of the conftest
def test_compare():
    assert object() == object()
