"""What plugins do to pytest behind its hooks is left to pytest: each case with its reason."""

from __future__ import annotations

import pytest
from oracle import make_config, run_native

PLAIN = "def test_plain(): pass\n"
REGISTERS = """
import pytest
class Owner:
    @pytest.fixture(autouse=True)
    def hidden(self):
        raise ValueError
"""

#: Reason -> (conftest, test file).
REFUSED = {
    "fixture 'hidden' is registered by code": (
        REGISTERS
        + "@pytest.hookimpl(trylast=True)\n"
        + "def pytest_sessionstart(session):\n"
        + "    session._fixturemanager.parsefactories(Owner(), None)\n",
        PLAIN,
    ),
    "fixture 'placed' is registered by code": (
        "import pytest\n"
        "@pytest.hookimpl(trylast=True)\n"
        "def pytest_sessionstart(session):\n"
        "    session._fixturemanager._register_fixture(\n"
        "        name='placed', func=lambda: 1, nodeid='test_a.py'\n"
        "    )\n",
        PLAIN,
    ),
    "fixture 'named' is registered by code": (
        "import pytest\n"
        "@pytest.hookimpl(trylast=True)\n"
        "def pytest_sessionstart(session):\n"
        "    register = session._fixturemanager._register_fixture\n"
        "    register(name='named', func=lambda: 1, nodeid=None)\n"
        "@pytest.fixture\n"
        "def named(): return 2\n",
        "def test_asks(named): pass\n",
    ),
    "fixture 'late' is registered by code": (
        "def pytest_itemcollected(item):\n"
        "    register = item.session._fixturemanager._register_fixture\n"
        "    register(name='late', func=lambda: 1, nodeid=None)\n",
        PLAIN,
    ),
    "fixture 'hidden' comes with a plugin at run time": (
        REGISTERS
        + "def pytest_collection_modifyitems(config):\n"
        + "    config.pluginmanager.register(Owner())\n",
        PLAIN,
    ),
    "plugin has hook pytest_fixture_post_finalizer": (
        "class Plugin:\n"
        "    def pytest_fixture_post_finalizer(self): pass\n"
        "def pytest_runtest_setup(item):\n"
        "    item.config.pluginmanager.register(Plugin())\n",
        PLAIN,
    ),
    "_pytest.python.Function.runtest is replaced": (
        "import pytest\npytest.Function.runtest = lambda self: 1 / 0\n",
        PLAIN,
    ),
    "_pytest.python.Function.iter_markers is replaced": (
        "import pytest\npytest.Function.iter_markers = lambda self, name=None: iter(())\n",
        PLAIN,
    ),
    "_pytest.fixtures.call_fixture_func is replaced": (
        "from _pytest import fixtures\nfixtures.call_fixture_func = lambda *_: 1 / 0\n",
        PLAIN,
    ),
    "item.runtest": ("def pytest_runtest_call(item): item.runtest()\n", PLAIN),
    "item.runtest is replaced": (
        "def pytest_itemcollected(item): item.runtest = lambda: 1 / 0\n",
        PLAIN,
    ),
    "setup of <Function test_plain> is replaced": (
        "def pytest_itemcollected(item): item.setup = lambda: 1 / 0\n",
        PLAIN,
    ),
    "obj of <Module test_a.py> is replaced": (
        "def pytest_itemcollected(item): item.parent.obj = None\n",
        PLAIN,
    ),
    "item._fixtureinfo is replaced": (
        "def pytest_itemcollected(item): item._fixtureinfo = None\n",
        PLAIN,
    ),
    "item._fixtureinfo.argnames is set": (
        "def pytest_itemcollected(item): item._fixtureinfo.argnames = ()\n",
        PLAIN,
    ),
    "item.fixturenames is replaced": (
        "def pytest_itemcollected(item): item.fixturenames = []\n",
        PLAIN,
    ),
    "a node is copied": (
        "import copy\n"
        "def pytest_collection_modifyitems(items): items.append(copy.copy(items[0]))\n",
        PLAIN,
    ),
    "a hook repeats tests": (
        "def pytest_collection_modifyitems(items): items *= 2\n",
        PLAIN,
    ),
    "a hook changes the tests after their collection": (
        "def pytest_collection_finish(session): session.items = []\n",
        PLAIN,
    ),
    "a hook ends the run": (
        "def pytest_runtest_teardown(item): item.session.shouldstop = 'enough'\n",
        PLAIN,
    ),
    "a hook changes maxfail": ("def pytest_configure(config): config.option.maxfail = 1\n", PLAIN),
    "a hook changes log_level": (
        "def pytest_configure(config): config.option.log_level = 'DEBUG'\n",
        PLAIN,
    ),
    "a hook changes python_files": (
        "def pytest_configure(config): config.addinivalue_line('python_files', 'check_*.py')\n",
        PLAIN,
    ),
    "a hook changes usefixtures": (
        "def pytest_itemcollected(item): item.config.addinivalue_line('usefixtures', 'tmp_path')\n",
        PLAIN,
    ),
    "a hook reports by itself": (
        "from _pytest.reports import TestReport\n"
        "def pytest_runtest_teardown(item):\n"
        "    report = TestReport(item.nodeid, item.location, {}, 'failed', 'more', 'call')\n"
        "    item.ihook.pytest_runtest_logreport(report=report)\n",
        PLAIN,
    ),
    "a hook reports another test or phase": (
        "import pytest\n"
        "@pytest.hookimpl(wrapper=True)\n"
        "def pytest_runtest_makereport():\n"
        "    report = yield\n"
        "    report.nodeid += '-again'\n"
        "    return report\n",
        PLAIN,
    ),
    "a hook keeps a test from its teardown": (
        "def pytest_runtest_teardown(item): raise ValueError\n",
        PLAIN,
    ),
    "a test ends the run": (
        None,
        "def test_plain(request): request.session.shouldfail = 'enough'\n",
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_left_to_pytest(tmp_path, reason):
    root = tmp_path / "root"
    root.mkdir()
    conftest, test = REFUSED[reason]
    if conftest is not None:
        (root / "conftest.py").write_text(conftest)
    (root / "test_a.py").write_text(test)
    native = run_native(make_config(root, ["test_a.py"], hooks=conftest is not None), root)
    assert native["results"] == {}
    assert native["deopts"]["0"][0].startswith(reason)


def test_what_one_file_does_holds_for_those_after_it(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "conftest.py").write_text("def pytest_configure(config): pass\n")
    (root / "test_a.py").write_text("import pytest\npytest.Module.setup = None\n" + PLAIN)
    (root / "test_b.py").write_text(PLAIN)
    native = run_native(make_config(root, ["test_a.py", "test_b.py"], hooks=True), root)
    assert native["results"] == {}
    assert [reason for reason, _ in native["deopts"].values()] == [
        "_pytest.python.Module.setup is replaced"
    ] * 2
