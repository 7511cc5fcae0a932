import sys


#: two files of one name by importlib
def test_name():
    assert __name__ == "one.test_same"
    assert sys.modules[__name__].test_name is test_name
