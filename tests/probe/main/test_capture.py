import os
import subprocess
import sys

import pytest


#: capsys
def test_capsys(capsys):
    print("out")
    print("err", file=sys.stderr)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("out\n", "err\n")
    assert capsys.readouterr() == ("", "")


#: capsys.disabled
def test_capsys_disabled(capsys):
    print("before")
    with capsys.disabled():
        sys.stdout.flush()
    print("after")
    assert capsys.readouterr().out == "before\nafter\n"


#: capsysbinary
def test_capsysbinary(capsysbinary):
    sys.stdout.buffer.write(b"\xff")
    assert capsysbinary.readouterr().out == b"\xff"


#: capfd
def test_capfd(capfd):
    os.write(1, b"out")
    subprocess.run([sys.executable, "-c", "print('child')"], check=True)
    assert capfd.readouterr().out == "outchild\n"


#: capfdbinary
def test_capfdbinary(capfdbinary):
    os.write(2, b"\xfe")
    assert capfdbinary.readouterr().err == b"\xfe"


@pytest.fixture
def prints():
    print("setup")
    yield
    print("teardown")


#: output of a fixture in capsys
def test_prints(prints, capsys):
    print("call")
    assert capsys.readouterr().out == "call\n"


#: input refused
def test_input():
    with pytest.raises(OSError):
        input()


#: stdin that is not a terminal
def test_stdin():
    assert not sys.stdin.isatty() if hasattr(sys.stdin, "isatty") else True


#: output of a test that fails
def test_output(prints):
    print("said")
    print("complained", file=sys.stderr)
    raise AssertionError


#: stdout replaced by a test
def test_replaced(monkeypatch):
    import io

    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    print("kept")
    assert stream.getvalue() == "kept\n"


#: closing stdout's buffer is survived
def test_flush():
    sys.stdout.flush()
    sys.stderr.flush()


#: fileno of stdout
def test_fileno():
    assert isinstance(sys.stdout.fileno(), int)
