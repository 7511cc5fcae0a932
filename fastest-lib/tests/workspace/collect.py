"""Says what pytest makes of folders: the other side of the comparison in `case.rs`.

Reads one JSON object a line ({"cwd": ..., "args": [...], "addopts": ...}) and answers each with
one: what pytest knows after collection, or only the exit code when it does not come that far.
"""

import contextlib
import json
import os
import sys

import pytest

SETTINGS = [
    "testpaths",
    "python_files",
    "python_classes",
    "python_functions",
    "norecursedirs",
    "addopts",
    "filterwarnings",
    "usefixtures",
    "minversion",
    "empty_parameter_set_mark",
    "strict_markers",
    "strict_config",
    "strict_xfail",
    "strict",
]


class Recorder:
    def __init__(self):
        self.answer = {}
        self.modules = []

    def pytest_collectreport(self, report):
        if report.nodeid.endswith(".py"):
            self.modules.append(report.nodeid)

    def pytest_collection_finish(self, session):
        config = session.config
        manager = config.pluginmanager
        files = {}
        for item in session.items:
            files.setdefault(
                str(item.path),
                {
                    "path": str(item.path),
                    "id": item.nodeid.partition("::")[0],
                    "conftests": [
                        module.__file__ for module in manager._getconftestmodules(item.path)
                    ],
                    "tests": [],
                },
            )["tests"].append(item.nodeid)
        self.answer = {
            "rootdir": str(config.rootpath),
            "inipath": str(config.inipath) if config.inipath else None,
            "confcutdir": str(manager._confcutdir),
            "import_mode": config.option.importmode,
            "pythonpath": [str(path) for path in config.getini("pythonpath")],
            "markers": config.getini("markers"),
            "settings": {name: config.getini(name) for name in SETTINGS},
            "files": list(files.values()),
            "failed": session.testsfailed,
        }


def collect(case):
    os.chdir(case["cwd"])
    if case["addopts"] is not None:
        os.environ["PYTEST_ADDOPTS"] = case["addopts"]
    recorder = Recorder()
    extra = ["--collect-only", "-q", "-p", "no:cacheprovider"]
    code = pytest.main([*case["args"], *extra], plugins=[recorder])
    return {"code": int(code), "modules": recorder.modules, **recorder.answer}


def main():
    sys.dont_write_bytecode = True
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    for line in sys.stdin:
        case = json.loads(line)
        reading, writing = os.pipe()
        if os.fork() == 0:
            # A process of its own: pytest leaves modules and settings behind.
            with contextlib.redirect_stdout(sys.stderr), open(writing, "w") as out:
                try:
                    answer = collect(case)
                except BaseException as error:
                    answer = {"code": -1, "error": repr(error)}
                out.write(json.dumps(answer))
            os._exit(0)
        os.close(writing)
        with open(reading) as answer:
            print(answer.read(), flush=True)
        os.wait()


main()
