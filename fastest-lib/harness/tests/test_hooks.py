"""Hooks of conftests and plugins under the native engine, held against pytest itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracle import differences, make_config, run_native, run_pytest
from test_native import lay_out, without_addresses

HOOKED = Path(__file__).parent / "hooked"
PROBES = sorted(path.name for path in HOOKED.iterdir())


def run_both(root, files, arguments=()):
    """What both engines say of all below `root`, with `arguments` given to either."""
    config = make_config(root, files, hooks=True, markers=["custom"])
    config["pytest_args"] = ["--rootdir", str(root), "-p", "no:cacheprovider", *arguments]
    return run_native(config, root), run_pytest(root, [], arguments=arguments)


def test_settings_that_nobody_knows_are_warned_of(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "pytest.ini").write_text("[pytest]\nunheard_of = 1\nknown = 2\n")
    (root / "conftest.py").write_text("def pytest_addoption(parser): parser.addini('known', '')\n")
    (root / "test_a.py").write_text("def test_plain(): pass\n")
    native, oracle = run_both(root, ["test_a.py"])
    assert native["deopts"] == {} and differences(native, oracle) == []
    assert all_warnings(native) == oracle["warnings"] and len(oracle["warnings"]) == 1


def test_without_pytest_there_are_no_plugins(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "test_a.py").write_text("def test_plain(): pass\n")
    (root / "test_b.py").write_text("def test_asks(of_plugin): pass\n")
    config = make_config(root, ["test_a.py", "test_b.py"], hooks=True)
    native = run_native(config, root, options=["-S"])
    assert list(native["results"]) == ["test_a.py::test_plain"]
    assert native["deopts"] == {"1": ["fixture 'of_plugin' is not known", None]}


REFUSED = {
    "plugin starter has hook pytest_collectstart": "def pytest_collectstart(collector): pass\n",
    "a plugin answers the command line": "def pytest_cmdline_main(config): return 0\n",
    "a hook changes log_level": (
        "def pytest_configure(config): config.option.log_level = 'INFO'\n"
    ),
    "pytest cannot be configured: ZeroDivisionError": "def pytest_configure(config): 1 / 0\n",
}


@pytest.mark.parametrize("reason", REFUSED)
def test_plugin_that_only_pytest_serves(tmp_path, reason):
    root = tmp_path / "root"
    root.mkdir()
    (root / "starter.py").write_text(REFUSED[reason])
    (root / "test_a.py").write_text("def test_plain(): pass\n")
    config = make_config(root, ["test_a.py"], hooks=True, pythonpath=[str(root)])
    config["pytest_args"] = ["--rootdir", str(root), "-p", "starter"]
    native = run_native(config, root)
    assert native["results"] == {} and native["deopts"]["0"][0].startswith(reason)


FAILING_HOOKS = {
    "a hook raises KeyError at collection": "def pytest_collection_modifyitems(items): {}[0]\n",
    "hook pytest_runtest_logreport raises KeyError": "def pytest_runtest_logreport(): {}[0]\n",
}


@pytest.mark.parametrize("reason", FAILING_HOOKS)
def test_hook_that_fails_is_left_to_pytest(tmp_path, reason):
    root = tmp_path / "root"
    root.mkdir()
    (root / "conftest.py").write_text(FAILING_HOOKS[reason])
    (root / "test_a.py").write_text("def test_plain(): pass\n")
    config = make_config(root, ["test_a.py"], hooks=True)
    native = run_native(config, root)
    assert native["results"] == {} and native["deopts"]["0"][0].startswith(reason)


COLLECTORS = {
    "conftest has hook pytest_collect_file": "from elsewhere import *\n",
    "pytest_collect_file collects it": (
        "import pytest\n"
        "def pytest_collect_file(file_path, parent):\n"
        "    return pytest.Module.from_parent(parent, path=file_path)\n"
    ),
    "pytest_collect_file: ZeroDivisionError": "def pytest_collect_file(file_path): 1 / 0\n",
    "a hook around pytest_collect_file": (
        "import pytest\n"
        "@pytest.hookimpl(hookwrapper=True)\n"
        "def pytest_collect_file(file_path): yield\n"
    ),
}


@pytest.mark.parametrize("reason", COLLECTORS)
def test_collector_that_only_pytest_serves(tmp_path, reason):
    root = tmp_path / "root"
    root.mkdir()
    (root / "elsewhere.py").write_text("def pytest_collect_file(file_path): pass\n")
    (root / "conftest.py").write_text(COLLECTORS[reason])
    (root / "test_a.py").write_text("def test_plain(): pass\n")
    native = run_native(make_config(root, ["test_a.py"], hooks=True), root)
    assert native["results"] == {} and native["deopts"]["0"][0].startswith(reason)


def all_warnings(native):
    return [[w["category"], w["message"], w["when"], w["nodeid"]] for w in native["warnings"]]


@pytest.mark.parametrize("probe", PROBES)
def test_same_as_pytest(tmp_path, probe):
    root, files = lay_out(tmp_path, HOOKED / probe)
    native, oracle = run_both(root, files)
    assert native["error"] is None and native["deopts"] == {}
    assert differences(native, oracle) == []
    assert without_addresses(all_warnings(native)) == without_addresses(oracle["warnings"])
