import warnings

import pytest


#: warning of a test
def test_warns():
    warnings.warn("said", UserWarning, stacklevel=1)


#: pytest.warns
def test_pytest_warns():
    with pytest.warns(UserWarning, match="sa.d") as record:
        warnings.warn("said", UserWarning, stacklevel=1)
    assert len(record) == 1


#: pytest.warns without a warning
def test_pytest_warns_none():
    with pytest.warns(UserWarning):
        pass


#: pytest.deprecated_call
def test_deprecated_call():
    with pytest.deprecated_call():
        warnings.warn("old", DeprecationWarning, stacklevel=1)


#: recwarn
def test_recwarn(recwarn):
    warnings.warn("one", UserWarning, stacklevel=1)
    assert recwarn.pop(UserWarning).message.args == ("one",)
    assert len(recwarn) == 0


#: filterwarnings mark with error
@pytest.mark.filterwarnings("error")
def test_error():
    warnings.warn("said", UserWarning, stacklevel=1)


#: filterwarnings mark with a message
@pytest.mark.filterwarnings("error:sai:UserWarning")
def test_error_message():
    warnings.warn("other", UserWarning, stacklevel=1)
    with pytest.raises(UserWarning):
        warnings.warn("said", UserWarning, stacklevel=1)


#: filterwarnings marks in order
@pytest.mark.filterwarnings("error")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_order():
    warnings.warn("said", UserWarning, stacklevel=1)


#: filterwarnings of a class
@pytest.mark.filterwarnings("error::DeprecationWarning")
class TestClass:
    def test_error(self):
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    #: filterwarnings of a class and of its method
    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_ignored(self):
        warnings.warn("old", DeprecationWarning, stacklevel=1)


@pytest.fixture
def warns():
    warnings.warn("setup", UserWarning, stacklevel=1)


#: filterwarnings in a fixture
@pytest.mark.filterwarnings("error")
def test_fixture(warns):
    pass


#: filters changed by a test
def test_simplefilter():
    warnings.simplefilter("error")


#: filters restored after a test
def test_restored():
    warnings.warn("said", UserWarning, stacklevel=1)


#: exception in a finalizer of an object
def test_unraisable():
    class Bad:
        def __del__(self):
            raise ValueError("unraisable")

    bad = Bad()
    del bad


#: exception in a thread
def test_thread():
    import threading

    def fail():
        raise ValueError("thread")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
