"""Doctests, run natively, against pytest itself."""

from __future__ import annotations

import pytest
from oracle import differences, make_config, run_native, run_pytest
from test_native import lay_out

#: Files of the probe, and whether they hold doctests only, in pytest's order.
FILES = {
    "lib/__init__.py": True,
    "lib/helper.py": True,
    "test_both.py": False,
    "test_broken.py": False,
    "test_fine.txt": True,
    "test_marked.py": False,
    "test_notes.txt": True,
    "test_xfail.py": False,
}


def compare(tmp_path, arguments=(), ini="", **doctest):
    root, _ = lay_out(tmp_path, "doctests")
    if ini:
        with (root / "pytest.ini").open("a") as file:
            file.write(ini)
    config = make_config(root, FILES, markers=["custom"], doctest={"modules": True, **doctest})
    for request in config["files"]:
        request["doctest"] = FILES[request["path"]]
    native = run_native(config, root)
    oracle = run_pytest(
        root, [], arguments=["--doctest-modules", "--ignore=conftest.py", *arguments]
    )
    assert native["error"] is None
    assert native["deopts"] == {}
    assert differences(native, oracle, outcomes_only=True) == []
    # An error of a fixture is shown with the frames of whoever asked for it.
    shown = [text for text in differences(native, oracle) if not text.startswith("test_broken.py")]
    assert shown == []
    assert native["ids"] == oracle["ids"]
    return native


def test_same_as_pytest(tmp_path):
    results = compare(tmp_path)["results"]
    assert results["test_both.py::test_both.fails"][1]["outcome"] == "failed"
    assert all(type(entry) is float for entry in results["lib/__init__.py::lib"])


@pytest.mark.parametrize(
    "arguments, settings",
    [
        (["--doctest-continue-on-failure"], {"continue_on_failure": True}),
        (["--doctest-report=none"], {"report": "none"}),
        (["--doctest-report=ndiff"], {"report": "ndiff"}),
        (["--doctest-report=only_first_failure"], {"report": "only_first_failure"}),
        (["-o", "doctest_optionflags="], {"optionflags": []}),
        (
            ["-o", "doctest_optionflags=NORMALIZE_WHITESPACE ELLIPSIS"],
            {"optionflags": ["NORMALIZE_WHITESPACE", "ELLIPSIS"]},
        ),
    ],
)
def test_options(tmp_path, arguments, settings):
    compare(tmp_path, arguments, **settings)


def test_encoding_of_text_files(tmp_path):
    root, _ = lay_out(tmp_path, "no_pytest.py.txt")
    (root / "test_latin.txt").write_bytes(">>> print('\xe9')\n\xe9\n".encode("latin-1"))
    config = make_config(root, ["test_latin.txt"], doctest={"encoding": "latin-1"})
    config["files"][0]["doctest"] = True
    native = run_native(config, root)
    oracle = run_pytest(root, ["test_latin.txt"], arguments=["-o", "doctest_encoding=latin-1"])
    assert native["ids"] == ["test_latin.txt::test_latin.txt"]
    assert differences(native, oracle) == []


HANDED_BACK = {
    "conftest.py": "doctests of a conftest",
    "param/test_it.py": "parametrized fixture for test_it, which takes no arguments",
    "broken.py": "import fails: ZeroDivisionError: division by zero",
}


@pytest.mark.parametrize("path", HANDED_BACK)
def test_handed_back(tmp_path, path):
    root = tmp_path / "root"
    (root / "package").mkdir(parents=True)
    (root / "package/__init__.py").touch()
    (root / "param").mkdir()
    text = '">>> 1"\n'
    if path == "broken.py":
        text += "1 / 0\n"
    if path == "param/test_it.py":
        text += "import pytest\n@pytest.fixture(params=[1], autouse=True)\ndef fix(): pass\n"
    (root / path).write_text(text)
    config = make_config(root, [path], doctest={"modules": True})
    config["files"][0]["doctest"] = path != "param/test_it.py"
    config["files"][0]["conftests"] = []
    assert run_native(config, root)["deopts"] == {"0": [HANDED_BACK[path], None]}
