"""Runs the same files under pytest and natively, and lists every difference."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SUPPORT = Path(__file__).parent
HARNESS = SUPPORT.parent.parent

_DEFAULTS = {
    "inipath": None,
    "python_files": ["test_*.py", "*_test.py"],
    "python_classes": ["Test"],
    "python_functions": ["test"],
    "import_mode": "prepend",
    "pythonpath": [],
    "markers": [],
    "filterwarnings": [],
    "cmdline_warnings": [],
    "usefixtures": [],
    "xfail_strict": False,
    "strict_markers": False,
    "empty_parameter_set_mark": "skip",
    "keyword": "",
    "markexpr": "",
    "capture": "fd",
    "maxfail": 0,
    "tbstyle": "auto",
    "showlocals": False,
    "verbosity": 0,
    "pytest_args": [],
}


def make_config(root, files, **overrides):
    """A worker's configuration for `files`, paths relative to `root`."""
    root = Path(root)
    config = {
        **_DEFAULTS,
        "rootdir": str(root),
        "invocation_dir": str(root),
        "confcutdir": str(root),
        "basetemp": str(root.parent / (root.name + "-tmp")),
        "cache_dir": str(root.parent / (root.name + "-cache")),
        "pytest_args": ["--rootdir", str(root), "-p", "no:cacheprovider", *files],
        **overrides,
    }
    config["files"] = [
        {
            "seq": seq,
            "path": name,
            "abspath": str(root / name),
            "conftests": conftests_of(root, root / name),
            "ids": None,
        }
        for seq, name in enumerate(files)
    ]
    return config


def conftests_of(root, path):
    """The conftests that apply to `path`, outermost first."""
    directories = [path.parent, *path.parent.parents]
    directories = directories[: directories.index(Path(root)) + 1]
    return [str(d / "conftest.py") for d in reversed(directories) if (d / "conftest.py").exists()]


def _environment():
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment.pop("CI", None)
    environment.pop("BUILD_NUMBER", None)
    environment["PYTHONHASHSEED"] = "0"
    environment["COLUMNS"] = "80"
    return environment


def run_native(config, cwd, python=sys.executable, options=()):
    """What the native engine says about the files of `config`."""
    base = Path(config["cache_dir"]).parent
    given, output = base / "native-config.json", base / "native-output.json"
    given.write_text(json.dumps(config))
    output.unlink(missing_ok=True)
    shutil.rmtree(config["basetemp"], ignore_errors=True)
    done = subprocess.run(
        [python, *options, str(SUPPORT / "native_main.py"), str(given), str(output)],
        cwd=cwd,
        env=_environment(),
        capture_output=True,
        text=True,
        errors="replace",
    )
    if not output.exists():
        raise AssertionError(f"native engine died:\n{done.stdout}\n{done.stderr}")
    return json.loads(output.read_text())


def run_pytest(root, files, python=sys.executable, arguments=()):
    """What pytest says about `files`."""
    root = Path(root)
    output = root.parent / "pytest-record.json"
    output.unlink(missing_ok=True)
    environment = _environment()
    environment["FASTEST_RECORD"] = str(output)
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(SUPPORT), *filter(None, [environment.get("PYTHONPATH")])]
    )
    command = [python, "-B", "-m", "pytest", "-p", "fastest_recorder"]
    command += ["-p", "no:cacheprovider", "--rootdir", str(root)]
    command += ["--basetemp", str(root.parent / (root.name + "-tmp")), *arguments, *files]
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, errors="replace"
    )
    if not output.exists():
        raise AssertionError(f"pytest died:\n{done.stdout}\n{done.stderr}")
    return json.loads(output.read_text())


#: Frames that mark a traceback of which no part is the test's.
_INTERNAL = (
    "_pytest/runner.py",
    "_pytest/skipping.py",
    "CallInfo",
    "Exception Group Traceback",
    "ExceptionGroup: err",
    "native/frame.py",
)


def _normal(text):
    """`text` without what differs from one process to the next."""
    if any(frame in text for frame in _INTERNAL):
        # An error of pytest's own raising shows frames of its runner, which are not ours to
        # have. The error itself is.
        lines = [re.sub(r"^[E|+ ]+", "", line) for line in text.splitlines()]
        text = "\n".join(line for line in lines if re.match(r"[A-Z]\w+(Error|Warning): ", line))
    return re.sub(r"0x[0-9a-f]{6,}", "0xADDRESS", text).strip()


def _comparable(report):
    longrepr = report.get("longrepr")
    shape = None
    if longrepr is not None:
        if "reason" in longrepr:
            shape = ("skip", longrepr["reason"], longrepr["line"])
        else:
            shape = ("failure", _normal(longrepr["text"]))
    return {
        "when": report["when"],
        "outcome": report["outcome"],
        "wasxfail": report.get("wasxfail"),
        "longrepr": shape,
        "sections": [[title, _normal(text)] for title, text in report.get("sections", [])],
        "properties": report.get("properties") or [],
    }


def _expanded(reports):
    if all(isinstance(entry, float) for entry in reports):
        whens = ("setup", "call", "teardown")
        return [{"when": when, "outcome": "passed"} for when in whens]
    return reports


def differences(native, oracle, outcomes_only=False):
    """Every difference, as text, for the tests that ran natively."""
    found = []
    rerouted = set()
    for _, ids in native["deopts"].values():
        rerouted.update(ids or ())
    expected = {}
    for report in oracle["reports"]:
        expected.setdefault(report["nodeid"], []).append(report)
    if not native["deopts"] and native["ids"] != oracle["ids"]:
        found.append(f"order of ids:\n  native {native['ids']}\n  pytest {oracle['ids']}")
    for nodeid in native["ids"]:
        if nodeid in rerouted:
            continue
        reports = native["results"].get(nodeid)
        if reports is None or nodeid not in expected:
            found.append(f"{nodeid}: native {reports}, pytest {expected.get(nodeid)}")
            continue
        ours = [_comparable(report) for report in _expanded(reports)]
        theirs = [_comparable(report) for report in expected[nodeid]]
        if outcomes_only:
            keys = ("when", "outcome", "wasxfail")
            ours = [[report[key] for key in keys] for report in ours]
            theirs = [[report[key] for key in keys] for report in theirs]
        if ours != theirs:
            found.append(f"{nodeid}:\n  native {ours}\n  pytest {theirs}")
    return found
