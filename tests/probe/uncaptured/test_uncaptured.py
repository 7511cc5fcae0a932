import sys

import pytest


#: capsys under -s
def test_capsys(capsys):
    print("out")
    assert capsys.readouterr().out == "out\n"


#: capfd under -s
def test_capfd(capfd):
    sys.stdout.write("x")
    sys.stdout.flush()
    assert capfd.readouterr().out == "x"


#: caplog under -s
def test_caplog(caplog):
    import logging

    logging.getLogger().warning("said")
    assert caplog.messages == ["said"]


#: failure under -s
@pytest.mark.xfail
def test_fails():
    raise AssertionError
