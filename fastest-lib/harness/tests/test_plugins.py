"""The native engine against pytest with the plugins that it knows installed.

These tests run where FASTEST_PLUGINS_PYTHON names an interpreter that has pytest and the plugins:
they must not be installed beside the other tests, since they change how all of those run.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from oracle import differences, make_config, run_native, run_pytest

PYTHON = os.environ.get("FASTEST_PLUGINS_PYTHON")
PROBES = Path(__file__).parent / "plugin_probes"
NAMES = sorted(path.name for path in PROBES.glob("*.py.txt"))

pytestmark = pytest.mark.skipif(
    not PYTHON, reason="FASTEST_PLUGINS_PYTHON names no interpreter that has the plugins"
)


def lay_out(tmp_path, source):
    """Write a probe as a test file with the settings that its comments name."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "test_probe.py").write_text(source)
    settings = dict(re.findall(r"^# ini: (\w+) = (.+)$", source, re.MULTILINE))
    lines = ["[pytest]", "markers = custom", *(f"{n} = {v}" for n, v in settings.items())]
    (root / "pytest.ini").write_text("\n".join(lines) + "\n")
    return root, settings


def compare(root, settings, arguments=(), **config):
    """Run both and fail with every difference; the native answer is returned."""
    config = make_config(root, ["test_probe.py"], markers=["custom"], settings=settings, **config)
    native = run_native(config, root, python=PYTHON)
    oracle = run_pytest(root, ["test_probe.py"], python=PYTHON, arguments=arguments)
    assert native["error"] is None
    assert differences(native, oracle) == []
    return native, oracle


def told(warnings):
    return sorted(re.sub("0x[0-9a-f]+", "", repr(entry)) for entry in warnings)


HOOKS = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    print("first", sorted(item.fixturenames))

@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    return (yield)

def pytest_runtest_logreport(report):
    pass
"""


@pytest.mark.parametrize("conftest", [None, "", HOOKS], ids=["alone", "session", "hooks"])
@pytest.mark.parametrize("probe", NAMES)
def test_same_as_pytest(tmp_path, probe, conftest):
    root, settings = lay_out(tmp_path, (PROBES / probe).read_text())
    hosted = {}
    if conftest is not None:
        (root / "conftest.py").write_text(conftest)
        hosted = {"hooks": True, "pytest_args": ["--rootdir", str(root), "-p", "no:cacheprovider"]}
    native, oracle = compare(root, settings, **hosted)
    assert native["deopts"] == {}
    warned = [[w["category"], w["message"], w["when"], w["nodeid"]] for w in native["warnings"]]
    assert told(warned) == told(oracle["warnings"])


def test_own_hook_for_calls_is_left_to_pytest(tmp_path):
    root, settings = lay_out(tmp_path, (PROBES / "asyncio_strict.py.txt").read_text())
    (root / "conftest.py").write_text("def pytest_pyfunc_call(): pass\n")
    native, _ = compare(root, settings, hooks=True)
    assert native["results"] == {}
    assert native["deopts"]["0"][0] == "async tests with hook pytest_pyfunc_call"
