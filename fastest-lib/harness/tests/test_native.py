"""The native engine against pytest itself, test by test and phase by phase."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from _pytest.mark import __dict__ as mark_plugin
from oracle import differences, make_config, run_native, run_pytest

PROBES = Path(__file__).parent / "probes"
SINGLE = sorted(path.name for path in PROBES.glob("*.py.txt"))
FOLDERS = sorted(path.name for path in PROBES.iterdir() if path.is_dir())


def without_addresses(warnings):
    return sorted(re.sub("0x[0-9a-f]+", "", repr(entry)) for entry in warnings)


def lay_out(tmp_path, probe):
    """Copy a probe under its real names; (root, test files)."""
    root = tmp_path / "root"
    source = PROBES / probe
    if source.is_dir():
        shutil.copytree(source, root)
        for path in list(root.rglob("*.txt")):
            path.rename(path.with_suffix(""))
    else:
        root.mkdir()
        shutil.copy(source, root / f"test_{probe[:-4]}")
    (root / "pytest.ini").write_text("[pytest]\nmarkers = custom\n")
    files = sorted(str(path.relative_to(root)) for path in root.rglob("test_*.py"))
    return root, files


def compare(root, files, arguments=(), **config):
    """Run both and fail with every difference; the native answer is returned."""
    config.setdefault("markers", ["custom"])
    native = run_native(make_config(root, files, **config), root)
    oracle = run_pytest(root, files, arguments=arguments)
    assert native["error"] is None
    assert differences(native, oracle) == []
    return native, oracle


@pytest.mark.parametrize("probe", SINGLE + FOLDERS)
def test_same_as_pytest(tmp_path, probe):
    root, files = lay_out(tmp_path, probe)
    native, oracle = compare(root, files)
    assert native["deopts"] == {}
    warned = [[w["category"], w["message"], w["when"], w["nodeid"]] for w in native["warnings"]]
    assert without_addresses(warned) == without_addresses(oracle["warnings"])
    skipped = [[r["outcome"], r["longrepr"]] for r in oracle["collect"]]
    assert [entry for entry in native["collects"].values()] == skipped


@pytest.mark.parametrize("probe", ["outcomes.py.txt", "fixtures.py.txt"])
def test_warm_cache_changes_nothing(tmp_path, probe):
    root, files = lay_out(tmp_path, probe)
    run_native(make_config(root, files), root)
    compare(root, files)


@pytest.mark.parametrize("style", ["long", "short", "line", "no"])
def test_traceback_styles(tmp_path, style):
    root, files = lay_out(tmp_path, "outcomes.py.txt")
    compare(root, files, arguments=[f"--tb={style}"], tbstyle=style)


def test_native_traceback_style(tmp_path):
    root, files = lay_out(tmp_path, "outcomes.py.txt")
    native = run_native(make_config(root, files, tbstyle="native"), root)
    oracle = run_pytest(root, files, arguments=["--tb=native"])
    # Such a traceback shows the frames of whoever called the test.
    assert differences(native, oracle, outcomes_only=True) == []


def test_verbose_and_locals(tmp_path):
    root, files = lay_out(tmp_path, "outcomes.py.txt")
    compare(root, files, arguments=["-vv", "--showlocals"], verbosity=2, showlocals=True)


@pytest.mark.parametrize(
    "arguments, config",
    [
        (["-k", "skip and not string"], {"keyword": "skip and not string"}),
        (["-k", "TestMarked or custom"], {"keyword": "TestMarked or custom"}),
        (["-k", "test_marks"], {"keyword": "test_marks"}),
        (["-m", "xfail"], {"markexpr": "xfail"}),
        (["-m", "custom or skip"], {"markexpr": "custom or skip"}),
        (
            ["-m", "custom and not skip", "--strict-markers"],
            {"markexpr": "custom and not skip", "strict_markers": True},
        ),
        (["-o", "xfail_strict=true"], {"xfail_strict": True}),
        (["-W", "error::UserWarning"], {"cmdline_warnings": ["error::UserWarning"]}),
        (["-o", "usefixtures=broken"], {"usefixtures": ["broken"]}),
        (["-o", "python_functions=*_xfail"], {"python_functions": ["*_xfail"]}),
        (["-o", "python_classes=*Marked"], {"python_classes": ["*Marked"]}),
    ],
)
def test_options(tmp_path, arguments, config):
    root, files = lay_out(tmp_path, "marks.py.txt")
    native, oracle = compare(root, files, arguments=arguments, **config)
    assert native["ids"] and native["ids"] == oracle["ids"]


LOGGING = {
    "log_level": "INFO",
    "log_format": "%(levelname)s|%(message)s",
    "log_date_format": "%Y",
    "log_auto_indent": "true",
}


@pytest.mark.parametrize(
    "settings",
    [
        {"log_level": "DEBUG"},
        {"log_level": "error", "log_format": "%(asctime)s %(message)s", "log_date_format": "%Y"},
        {"log_cli_level": "INFO"},
        {"log_file_level": "10", "log_level": "40"},
        {"log_cli_level": "INFO", "log_level": "WARNING", "log_cli": "true"},
        {"log_auto_indent": "8", "log_date_format": "%Y.%f"},
        LOGGING,
    ],
    ids=lambda settings: "-".join(settings),
)
def test_log_settings(tmp_path, settings):
    root, files = lay_out(tmp_path, "logs.py.txt")
    arguments = [text for pair in settings.items() for text in ("-o", "=".join(pair))]
    native, _ = compare(root, files, arguments=arguments, settings=settings)
    assert native["deopts"] == {} and len(native["results"]) > 5


@pytest.mark.parametrize("method", ["sys", "tee-sys"])
@pytest.mark.parametrize("probe", ["output.py.txt", "logs.py.txt", "subtests.py.txt"])
def test_capture_methods(tmp_path, method, probe):
    root, files = lay_out(tmp_path, probe)
    compare(root, files, arguments=[f"--capture={method}"], capture=method)


CACHE_USER = """
def test_counts(cache):
    count = cache.get("probe/count", 0)
    print(count)
    cache.set("probe/count", count + 1)
    assert 0
def test_folders(cache):
    (cache.mkdir("probe") / "file").write_text("kept")
    assert str(cache.makedir("other")).endswith("other")
def test_defaults(cache):
    assert cache.get("probe/none", "default") == "default"
    cache.set("probe/bad", object())
"""


def test_cache(tmp_path):
    root = tmp_path / "root"
    files = write_files(root, test_cache=CACHE_USER)
    arguments = ["-p", "cacheprovider", "-o", "cache_dir=kept"]
    settings = {"cache_dir": "kept"}
    config = make_config(root, files, settings=settings)
    native = [run_native(config, root) for _ in range(2)]
    kept = sorted(str(path.relative_to(root)) for path in (root / "kept").rglob("*"))
    shutil.rmtree(root / "kept")
    oracle = [run_pytest(root, files, arguments=arguments) for _ in range(2)]
    assert [differences(*pair) for pair in zip(native, oracle)] == [[], []]
    assert not native[0]["deopts"]
    left = sorted(str(path.relative_to(root)) for path in (root / "kept").rglob("*"))
    # The lists of ids that pytest itself keeps are not the tests'.
    assert kept == [path for path in left if "v/cache" not in path]


@pytest.mark.parametrize("fixture", ["cache", "record_property", "record_xml_attribute"])
def test_ruled_out_fixture_is_unknown(tmp_path, fixture):
    root = tmp_path / "root"
    files = write_files(root, test_a=f"def test_x({fixture}): pass\n")
    config = make_config(root, files, plugin_options=["no:cacheprovider", "no:junitxml"])
    assert run_native(config, root)["deopts"] == {"0": [f"fixture {fixture!r} is not known", None]}


@pytest.mark.parametrize("settings", [{"log_file": "x.log"}, {"log_level": "loud"}])
def test_settings_for_pytest(tmp_path, settings):
    root, files = lay_out(tmp_path, "no_pytest.py.txt")
    native = run_native(make_config(root, files, settings=settings), root)
    assert next(iter(settings)) in native["deopts"]["0"][0] and not native["results"]


@pytest.mark.parametrize("policy", ["all", "failed"])
def test_retention_of_temporary_folders(tmp_path, policy):
    root = tmp_path / "root"
    files = write_files(
        root,
        test_a="def test_good(tmp_path): pass\ndef test_bad(tmp_path): assert 0\n"
        "def test_seen(tmp_path):\n    print(sorted(p.name for p in tmp_path.parent.iterdir()))\n"
        "    assert 0\n",
    )
    arguments = ["-o", f"tmp_path_retention_policy={policy}"]
    compare(root, files, arguments, settings={"tmp_path_retention_policy": policy})


@pytest.mark.parametrize(
    "probe, mode",
    [("package", "append"), ("package", "importlib"), ("conftest_chain", "importlib")],
)
def test_import_modes(tmp_path, probe, mode):
    root, files = lay_out(tmp_path, probe)
    native, _ = compare(root, files, arguments=[f"--import-mode={mode}"], import_mode=mode)
    assert not native["deopts"]


@pytest.mark.parametrize(
    "ids",
    [
        ["test_classes.py::TestDerived"],
        ["test_classes.py::TestOuter::TestInner", "test_classes.py::test_wrapped"],
    ],
)
def test_restricted_to_ids(tmp_path, ids):
    root, files = lay_out(tmp_path, "classes.py.txt")
    config = make_config(root, files)
    config["files"][0]["ids"] = ids
    native = run_native(config, root)
    oracle = run_pytest(root, ids)
    assert native["ids"] == oracle["ids"]
    assert differences(native, oracle) == []


def test_unknown_id_goes_to_pytest(tmp_path):
    root, files = lay_out(tmp_path, "no_pytest.py.txt")
    config = make_config(root, files)
    config["files"][0]["ids"] = ["test_no_pytest.py::test_gone"]
    assert run_native(config, root)["deopts"]["0"][0] == "not found: test_no_pytest.py::test_gone"


def test_pytest_stays_unimported_when_warm(tmp_path):
    root, files = lay_out(tmp_path, "no_pytest.py.txt")
    run_native(make_config(root, files), root)
    native = run_native(make_config(root, files), root)
    assert len(native["results"]) == 3
    assert not native["pytest_imported"]


def test_without_pytest_installed(tmp_path):
    root, _ = lay_out(tmp_path, "no_pytest.py.txt")
    (root / "test_more.py").write_text(
        "import unittest\n\ndef test_bad():\n    assert 1 == 2, 'why'\n\n"
        "def test_skip():\n    raise unittest.SkipTest('because')\n"
    )
    files = ["test_no_pytest.py", "test_more.py"]
    native = run_native(make_config(root, files), root, options=["-S"])
    bad = native["results"]["test_more.py::test_bad"]
    assert [r["outcome"] for r in bad] == ["passed", "failed", "passed"]
    assert bad[1]["longrepr"]["message"] == "AssertionError: why"
    assert bad[1]["longrepr"]["text"].startswith("Traceback (most recent call last):")
    skip = native["results"]["test_more.py::test_skip"]
    assert skip[1]["outcome"] == "skipped" and skip[1]["longrepr"]["reason"] == "because"
    assert len(native["results"]) == 5 and not native["deopts"]


CASES_WITHOUT_PYTEST = """
import unittest
class Case(unittest.TestCase):
    def test_pass(self): pass
    def test_fail(self): self.assertEqual(1, 2)
    def test_skip(self): self.skipTest("because")
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    @unittest.expectedFailure
    def test_unexpected(self): pass
    def test_subtests(self):
        for i in range(3):
            with self.subTest(i=i): self.assertNotEqual(i, 1)
@unittest.skip("class")
class Skipped(unittest.TestCase):
    def test_it(self): raise ValueError
"""


def test_cases_without_pytest_installed(tmp_path):
    root = tmp_path / "root"
    files = write_files(root, test_a=CASES_WITHOUT_PYTEST)
    native = run_native(make_config(root, files), root, options=["-S"])
    seen = {}
    for nodeid, reports in native["results"].items():
        assert len(reports) == 3
        call = reports[1] if isinstance(reports[1], dict) else {"outcome": "passed"}
        seen[nodeid.partition("::")[2]] = [call["outcome"], "wasxfail" in call]
    assert seen == {
        "Case::test_pass": ["passed", False],
        "Case::test_fail": ["failed", False],
        "Case::test_skip": ["skipped", False],
        "Case::test_expected": ["skipped", True],
        "Case::test_unexpected": ["failed", False],
        "Case::test_subtests": ["failed", False],
        "Skipped::test_it": ["skipped", False],
    }
    failed = native["results"]["test_a.py::Case::test_fail"][1]["longrepr"]
    assert failed["message"] == "AssertionError: 1 != 2"
    assert native["results"]["test_a.py::Case::test_skip"][1]["longrepr"]["reason"] == "because"


DEOPTS = {
    "parametrized fixture for test_x, which takes no arguments": (
        "import pytest, unittest\n@pytest.fixture(params=[1], autouse=True)\ndef fix(): pass\n"
        "class TestX(unittest.TestCase):\n def test_x(self): pass"
    ),
    "twisted.trial class TestX": (
        "import unittest\nclass TestX(unittest.TestCase):\n __module__ = 'twisted.trial.unittest'\n"
        " def test_x(self): pass"
    ),
    "generator test test_x": "def test_x():\n yield",
    "fixture 'surely_unknown' is not known": "def test_x(surely_unknown): pass",
    "fixture 'testdir' is not known": "def test_x(testdir): pass",
    "module defines pytest_plugins": "pytest_plugins = []\ndef test_x(): pass",
    "pytest_generate_tests takes config": (
        "def pytest_generate_tests(config): pass\ndef test_x(): pass"
    ),
    "pytest_generate_tests: ZeroDivisionError": (
        "def pytest_generate_tests(metafunc): 1 / 0\ndef test_x(): pass"
    ),
    "import fails: SyntaxError: invalid syntax (test_a.py, line 1)": "def test_x(:",
    "import fails: ModuleNotFoundError: No module named 'not_there'": "import not_there",
    "import fails: ZeroDivisionError: division by zero": "1 / 0",
    "import fails: Skipped: not allowed here": "import pytest\npytest.skip('not allowed here')",
    "parametrize: unknown argument 'b'": (
        "import pytest\n@pytest.mark.parametrize('b', [1])\ndef test_x(): pass"
    ),
    "parametrize: Failed": (
        "import pytest\n@pytest.mark.parametrize('a,b', [(1,)])\ndef test_x(a, b): pass"
    ),
    "mark flaky": "import pytest\n@pytest.mark.flaky(reruns=2)\ndef test_x(): pass",
    "mark timeout with func_only": (
        "import pytest\npytestmark = pytest.mark.timeout(3, func_only=True)\ndef test_x(): pass"
    ),
    "the mark timeout does not take 'long'": (
        "import pytest\n@pytest.mark.timeout('long')\ndef test_x(): pass"
    ),
    "test test_x carries is_hypothesis_test": (
        "def test_x(): pass\ntest_x.is_hypothesis_test = True"
    ),
}


def test_strict_markers_hold_for_expressions(tmp_path):
    root, files = lay_out(tmp_path, "marks.py.txt")
    options = {"markexpr": "custom or unheard_of", "strict_markers": True, "markers": ["custom"]}
    native = run_native(make_config(root, files, **options), root)
    if "_validate_marker_names" in mark_plugin:
        assert native["results"] == {} and "unheard_of" in native["deopts"]["0"][0]
    else:
        assert native["results"]


@pytest.mark.parametrize("reason", DEOPTS)
def test_handed_back_before_the_first_test(tmp_path, reason):
    root = tmp_path / "root"
    root.mkdir()
    (root / "test_a.py").write_text(DEOPTS[reason] + "\n")
    (root / "test_b.py").write_text("def test_next(): pass\n")
    plugins = ["pytest-timeout", "pytest-rerunfailures"]
    config = make_config(root, ["test_a.py", "test_b.py"], plugins=plugins)
    native = run_native(config, root)
    assert native["deopts"] == {"0": [reason, None]}
    assert list(native["results"]) == ["test_b.py::test_next"]


CONFTEST_DEOPTS = {
    "conftest hook pytest_configure": "def pytest_configure(config): pass",
    "conftest sets pytest_plugins": "pytest_plugins = ['x']",
    "conftest sets collect_ignore": "collect_ignore = []",
    "conftest fails to import: ZeroDivisionError": "1 / 0",
}


@pytest.mark.parametrize("reason", CONFTEST_DEOPTS)
def test_conftest_handed_back(tmp_path, reason):
    root = tmp_path / "root"
    root.mkdir()
    (root / "conftest.py").write_text(CONFTEST_DEOPTS[reason] + "\n")
    (root / "test_a.py").write_text("def test_x(): pass\n")
    native = run_native(make_config(root, ["test_a.py"]), root)
    assert native["deopts"] == {"0": [reason, None]}


LATE = {
    "config.pluginmanager.register": "request.config.pluginmanager.register(object())",
    "request.node.items": "request.session.items",
    "request._fixturemanager.session": "request._fixturemanager.session",
    "fixture 'nothing' is not known": "request.getfixturevalue('nothing')",
    "pytest.exit": "pytest.exit('enough')",
    "AttributeError: function not available in module-scoped context": (
        "request.getfixturevalue('wide')"
    ),
    "recursive dependency of fixture 'itself'": "request.getfixturevalue('itself')",
    "fixture 'several' requested without parameter": "request.getfixturevalue('needs_several')",
}

LATE_FIXTURES = """
import pytest
@pytest.fixture(scope='module')
def mod():
    yield
    raise ValueError
@pytest.fixture(scope='module')
def wide(request): return request.function
@pytest.fixture
def itself(itself): pass
@pytest.fixture(params=[1, 2])
def several(request): pass
@pytest.fixture
def needs_several(several): pass
"""


@pytest.mark.parametrize("swallow", [False, True])
@pytest.mark.parametrize("reason", LATE)
def test_handed_back_while_running(tmp_path, reason, swallow):
    root = tmp_path / "root"
    root.mkdir()
    body = LATE[reason]
    if swallow and not reason.startswith(("pytest.exit", "AttributeError")):
        body = f"try:\n        {body}\n    except BaseException: pass"
    (root / "test_a.py").write_text(
        f"{LATE_FIXTURES}def test_before(mod): pass\ndef test_x(request, mod):\n    {body}\n"
        "def test_after(): pass\n"
    )
    (root / "test_b.py").write_text("def test_next(): pass\n")
    native = run_native(make_config(root, ["test_a.py", "test_b.py"]), root)
    assert native["deopts"] == {"0": [reason, ["test_a.py::test_x", "test_a.py::test_after"]]}
    assert list(native["results"]) == ["test_a.py::test_before", "test_b.py::test_next"]


def write_files(root, **sources):
    """Create `root` with the given modules; the names of the test files among them."""
    root.mkdir(exist_ok=True)
    for name, source in sources.items():
        (root / f"{name}.py").write_text(source)
    return [f"{name}.py" for name in sources if name.startswith("test_")]


def test_session_fixture_ends_with_the_last_test(tmp_path):
    root = tmp_path / "root"
    files = write_files(
        root,
        conftest="import pytest\n@pytest.fixture(scope='session')\ndef shared():\n"
        "    print('begin')\n    yield 1\n    print('end')\n    raise ValueError('at the end')\n",
        test_a="def test_1(shared): pass\ndef test_2(): pass\n",
        test_b="x = 1\n",
        test_c="def test_3(shared): pass\n",
        test_d="print('at import')\nx = 1\n",
    )
    native, _ = compare(root, files)
    assert sorted(native["done"]) == [0, 1, 2, 3]
    last = native["results"]["test_c.py::test_3"]
    assert [report["outcome"] for report in last] == ["passed", "passed", "failed"]
    # A file that is handed back counts as none.
    write_files(root, test_d="def test_4(): yield\n")
    again = run_native(make_config(root, files), root)
    assert list(again["deopts"]) == ["3"]
    assert again["results"]["test_c.py::test_3"][2]["outcome"] == "failed"


def test_import_happens_after_the_finished_file_s_fixtures_ended(tmp_path):
    root = tmp_path / "root"
    files = write_files(
        root,
        conftest="import pytest\n@pytest.fixture(scope='session')\ndef shared(): yield\n",
        test_a="import os, pytest\n@pytest.fixture(scope='module', autouse=True)\n"
        "def moved(tmp_path_factory):\n    before = os.getcwd()\n"
        "    os.chdir(tmp_path_factory.mktemp('x'))\n    yield\n    os.chdir(before)\n"
        "def test_1(shared, monkeypatch):\n    monkeypatch.setenv('LEAK', '1')\n",
        test_b="import os\nassert 'LEAK' not in os.environ\n"
        "assert os.path.exists('test_b.py')\n"
        "assert 'PYTEST_CURRENT_TEST' not in os.environ\ndef test_2(): pass\n",
    )
    native, _ = compare(root, files)
    assert len(native["results"]) == 2


def test_only_registered_helpers_are_rewritten(tmp_path):
    root = tmp_path / "root"
    helper = "def check(x):\n    assert x == [1]\n"
    files = write_files(
        root,
        conftest="import pytest\npytest.register_assert_rewrite('helper')\n",
        helper=helper,
        plain=helper,
        test_a="'Docstring.'\nfrom __future__ import annotations\nimport helper, plain\n"
        "def test_1(): helper.check([2])\ndef test_2(): plain.check([2])\n",
    )
    compare(root, files)


def test_docstring_can_switch_rewriting_off(tmp_path):
    root = tmp_path / "root"
    compare(root, write_files(root, test_a="'PYTEST_DONT_REWRITE'\ndef test_1(): assert 1 == 2\n"))


def test_keyboard_interrupt_passes_through(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "test_a.py").write_text("def test_x(): raise KeyboardInterrupt\n")
    native = run_native(make_config(root, ["test_a.py"]), root)
    assert native["error"] == "KeyboardInterrupt" and not native["results"]


def test_no_capture_passes_output_through(tmp_path):
    root, files = lay_out(tmp_path, "output.py.txt")
    config = make_config(root, files, capture="no", keyword="noisy or capsys", markers=["custom"])
    native = run_native(config, root)
    oracle = run_pytest(root, files, arguments=["-s", "-k", "noisy or capsys"])
    assert differences(native, oracle) == []


def test_cached_code_is_not_trusted_blindly(tmp_path):
    root, files = lay_out(tmp_path, "no_pytest.py.txt")
    config = make_config(root, files)
    run_native(config, root)
    (entry,) = Path(config["cache_dir"]).iterdir()
    whole = entry.read_bytes()
    for broken in (b"", whole[:30], whole[:-1] + b"\0", b"FSTR" + bytes(len(whole))):
        entry.write_bytes(broken)
        assert len(run_native(config, root)["results"]) == 3
        assert entry.read_bytes() == whole


def test_importing_the_engine_is_light():
    code = (
        "import sys; sys.path.append(sys.argv[1]); import fastest_harness.native as n\n"
        "heavy = 'typing inspect dataclasses tempfile pathlib re ast pytest'.split()\n"
        "print(sorted(set(heavy) & set(sys.modules)))"
    )
    harness = str(Path(__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, harness], capture_output=True, text=True
    )
    assert done.stdout == "[]\n", done.stderr
