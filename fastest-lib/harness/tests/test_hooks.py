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


def all_warnings(native):
    return [[w["category"], w["message"], w["when"], w["nodeid"]] for w in native["warnings"]]


@pytest.mark.parametrize("probe", PROBES)
def test_same_as_pytest(tmp_path, probe):
    root, files = lay_out(tmp_path, HOOKED / probe)
    native, oracle = run_both(root, files)
    assert native["error"] is None and native["deopts"] == {}
    assert differences(native, oracle) == []
    assert without_addresses(all_warnings(native)) == without_addresses(oracle["warnings"])
