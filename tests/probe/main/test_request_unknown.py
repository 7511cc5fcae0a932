import pytest


#: request.getfixturevalue of an unknown name
def test_getfixturevalue_unknown(request):
    with pytest.raises(pytest.FixtureLookupError):
        request.getfixturevalue("unknown")


#: request.raiseerror and FixtureLookupError
def test_lookup_error(request):
    request.getfixturevalue("nothing")
