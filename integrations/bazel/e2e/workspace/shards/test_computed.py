import pytest

NUMBERS = [number * number for number in range(5)]


def pytest_generate_tests(metafunc):
    if "number" in metafunc.fixturenames:
        metafunc.parametrize("number", NUMBERS)


def test_number(number):
    pass


@pytest.mark.parametrize("text", [str(number) for number in NUMBERS])
def test_text(text):
    pass
