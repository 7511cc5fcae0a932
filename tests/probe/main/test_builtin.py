import os
import sys
from pathlib import Path

import pytest


#: tmp_path
def test_tmp_path(tmp_path):
    assert tmp_path.is_dir() and not list(tmp_path.iterdir())
    assert tmp_path.name.startswith("test_tmp_path")


#: tmp_path of a parametrized test
@pytest.mark.parametrize("value", ["a/b"])
def test_tmp_path_name(tmp_path, value):
    assert tmp_path.name.startswith("test_tmp_path_name_a_b_")


#: tmp_path_factory
def test_tmp_path_factory(tmp_path_factory):
    one, two = (tmp_path_factory.mktemp("data") for _ in range(2))
    assert one != two and one.parent == tmp_path_factory.getbasetemp()


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("shared")


#: tmp_path_factory in a session fixture
def test_shared(shared):
    assert shared.is_dir()


#: tmpdir
def test_tmpdir(tmpdir, tmp_path):
    assert Path(tmpdir) == tmp_path
    assert tmpdir.join("x").ensure().check()


#: monkeypatch.setattr and delattr
def test_setattr(monkeypatch):
    monkeypatch.setattr(os, "sep", "!")
    monkeypatch.delattr("os.path.join")
    assert os.sep == "!" and not hasattr(os.path, "join")
    monkeypatch.undo()
    assert os.path.join


#: monkeypatch.setenv and delenv
def test_setenv(monkeypatch):
    monkeypatch.setenv("PROBE_VARIABLE", "1")
    monkeypatch.delenv("PROBE_OTHER", raising=False)
    assert os.environ["PROBE_VARIABLE"] == "1"


#: monkeypatch undone
def test_undone():
    assert "PROBE_VARIABLE" not in os.environ and os.sep == "/"


#: monkeypatch.chdir and syspath_prepend
def test_chdir(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert Path.cwd() == tmp_path.resolve() and sys.path[0] == str(tmp_path)


#: monkeypatch.setitem
def test_setitem(monkeypatch):
    table = {}
    monkeypatch.setitem(table, "a", 1)
    assert table == {"a": 1}


#: monkeypatch.context
def test_context():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "sep", "!")
    assert os.sep == "/"


#: record_property
def test_record_property(record_property):
    record_property("key", 1)


#: pytestconfig
def test_pytestconfig(pytestconfig):
    assert pytestconfig.rootpath == pytestconfig.rootdir
    assert pytestconfig.getini("markers")
    assert pytestconfig.inipath.name == "pytest.ini"
    assert not pytestconfig.getoption("maxfail")


#: pytestconfig.pluginmanager
def test_pluginmanager(pytestconfig):
    assert pytestconfig.pluginmanager.hasplugin("python")


#: environment of a test
def test_environment():
    current = os.environ["PYTEST_CURRENT_TEST"]
    assert current.endswith("test_builtin.py::test_environment (call)")


#: child process by multiprocessing
def test_spawn():
    import multiprocessing

    process = multiprocessing.get_context("spawn").Process(target=os.getpid)
    process.start()
    process.join()
    assert process.exitcode == 0


#: child process by fork
def test_fork():
    pid = os.fork()
    if not pid:
        os._exit(3)
    assert os.waitpid(pid, 0)[1] == 3 << 8
