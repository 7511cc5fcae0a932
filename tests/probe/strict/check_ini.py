import warnings

import pytest


#: python_files, python_classes and python_functions
def check_function():
    pass


def test_not_a_test():
    raise AssertionError


class Check:
    def verify(self):
        pass


#: python_classes with a pattern
class SuiteOne:
    def check_it(self):
        pass


#: usefixtures of the ini file
def check_usefixtures(used):
    assert used


#: xfail_strict of the ini file
@pytest.mark.xfail
def check_xfail_strict():
    pass


#: xfail_strict overridden by the mark
@pytest.mark.xfail(strict=False)
def check_xfail_not_strict():
    pass


#: filterwarnings of the ini file
def check_warning():
    warnings.warn("said", UserWarning, stacklevel=1)


#: filterwarnings of the ini file with an exception
def check_warning_ignored():
    warnings.warn("fine", UserWarning, stacklevel=1)


#: filterwarnings of a mark over the ini file
@pytest.mark.filterwarnings("default")
def check_warning_default():
    warnings.warn("said", UserWarning, stacklevel=1)


#: empty_parameter_set_mark
@pytest.mark.parametrize("value", [])
def check_empty(value):
    raise AssertionError


#: warning as an error in a thread
def check_thread():
    import threading

    def fail():
        raise ValueError("thread")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
