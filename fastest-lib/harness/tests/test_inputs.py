"""What one recorded process and its children write to the log."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HARNESS = Path(__file__).parents[1]

START = """
import sys
sys.path.insert(0, {harness!r})
from fastest_harness import inputs
sys.path.remove({harness!r})
inputs.start({config!r})
"""


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    return root


def logged(project, program, files=()):
    """What a recorded program in the project logs, with paths relative to it."""
    for name, text in dict(files).items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    aside = project.parent / "aside"
    aside.mkdir(exist_ok=True)
    config = {
        "rootdir": str(project),
        "cache_dir": str(aside / "cache"),
        "basetemp": str(aside / "run" / "w7"),
        "record_inputs": str(aside),
        "worker": 7,
    }
    start = START.format(harness=str(HARNESS), config=config)
    code = start + textwrap.dedent(program)
    command = [sys.executable, "-c", code]
    run = subprocess.run(
        command, cwd=project, check=True, timeout=60, stderr=subprocess.PIPE, text=True
    )
    assert run.stderr == ""
    lines = (aside / "w7.jsonl").read_text().splitlines()
    inside = f"{project}/"
    seen = [json.loads(line) for line in lines]
    return [[kind, path.replace(inside, "")] for kind, path in seen if kind != "run"]


def test_code_that_runs_is_told_from_files_that_are_read(project):
    files = {"a.py": "", "b.txt": "", "c.py": "1 / 0"}
    program = """
        sys.path.insert(0, "")
        import a
        open("b.txt").close()
        open("c.py", "rb").close()
        exec(compile("", "made_up.py", "exec"))
    """
    seen = logged(project, program, files)
    assert ["exec", "a.py"] in seen
    assert ["open", "b.txt"] in seen
    assert ["open", "c.py"] in seen
    assert ["exec", "c.py"] not in seen


def test_compiled_code_is_its_source(project):
    program = "sys.path.insert(0, '')\nimport a\n"
    first = logged(project, program, {"a.py": ""})
    (project.parent / "aside/w7.jsonl").unlink()
    assert (project / "__pycache__").is_dir() or sys.dont_write_bytecode
    second = logged(project, program)
    assert [line for line in first + second if "__pycache__" in line[1]] == []
    assert ["open", "a.py"] in second


def test_what_is_made_comes_before_what_is_read_of_it(project):
    program = """
        import os, sqlite3, tempfile
        os.mkdir("folder")
        open("folder/x", "w").close()
        open("folder/x").close()
        os.rename("folder/x", "y")
        open("kept.txt", "a").close()
        open("kept.txt", "r+").close()
        sqlite3.connect("db").close()
        with tempfile.TemporaryFile(dir="."):
            pass
    """
    seen = logged(project, program, {"kept.txt": ""})
    made = [path for kind, path in seen if kind == "made"]
    assert made[:4] == ["folder", "folder/x", "y", "db"]
    assert str(project) not in made
    assert seen.index(["made", "folder/x"]) < seen.index(["open", "folder/x"])
    assert ["open", "kept.txt"] in seen


def test_lists_of_the_import_system_are_left_out(project):
    program = """
        import os
        sys.path.insert(0, "")
        import a
        os.listdir("folder")
        with os.scandir("other"):
            pass
    """
    seen = logged(project, program, {"a.py": "", "folder/x": "", "other/x": ""})
    assert [path for kind, path in seen if kind == "list"] == ["folder", "other"]


@pytest.mark.parametrize(
    "env", ["None", "{}", "{'PYTHONPATH': 'elsewhere'}"], ids=["inherited", "empty", "own"]
)
def test_children_record_themselves_whatever_their_environment(project, env):
    program = f"""
        import subprocess
        code = "import child, sys; sys.exit('harness' in str(sys.path))"
        subprocess.run([sys.executable, "-c", code], env={env}, check=True)
    """
    assert ["exec", "child.py"] in logged(project, program, {"child.py": ""})


def test_forks_and_what_they_start_are_recorded(project):
    program = """
        import multiprocessing, os
        sys.path.insert(0, "")
        if not os.fork():
            import forked
            os.execv(sys.executable, [sys.executable, "replaced.py"])
        os.wait()
        import child
        process = multiprocessing.get_context("spawn").Process(target=child.f)
        process.start()
        process.join()
    """
    files = {"forked.py": "", "replaced.py": "", "child.py": "def f():\n    import inner\n"}
    files["inner.py"] = ""
    seen = logged(project, program, files)
    for name in ("forked.py", "replaced.py", "child.py", "inner.py"):
        assert ["exec", name] in seen


def test_the_environments_own_sitecustomize_is_loaded(project):
    program = """
        import os, subprocess
        os.environ["PYTHONPATH"] += ":site"
        subprocess.run([sys.executable, "-c", ""], check=True)
    """
    assert ["exec", "site/sitecustomize.py"] in logged(
        project, program, {"site/sitecustomize.py": ""}
    )
