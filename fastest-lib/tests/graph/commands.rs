//! What other processes run.

use crate::case::{Case, check, check_closures};

#[test]
fn modules_by_option() {
    for source in [
        "import subprocess, sys\ndef test(): subprocess.check_call([sys.executable, '-m', 'p.tool'])\n",
        "import subprocess, sys\ndef test(): subprocess.check_call(f'{sys.executable} -m p.tool --x', shell=True)\n",
        "import subprocess, sys\nARGS = ['-m', 'p.tool']\ndef test(): subprocess.check_call([sys.executable] + ARGS)\n",
        "import runpy\ndef test(): runpy.run_module('p.tool', run_name='__main__')\n",
    ] {
        check_closures(
            &[
                ("test_a.py", source),
                ("p/__init__.py", ""),
                ("p/tool.py", "from p import used\n"),
                ("p/used.py", ""),
                ("p/unused.py", ""),
                ("p/__main__.py", ""),
            ],
            &["test_a.py: p/__init__.py p/tool.py p/used.py | p/unused.py p/__main__.py"],
        );
    }
    check_closures(
        &[
            (
                "test_a.py",
                "import runpy\ndef test(): runpy.run_module('p')\n",
            ),
            ("p/__init__.py", ""),
            ("p/__main__.py", "import p.used\n"),
            ("p/used.py", ""),
        ],
        &["test_a.py: p/__main__.py p/used.py"],
    );
}

#[test]
fn scripts_by_path() {
    for source in [
        "import subprocess, sys\ndef test(): subprocess.check_call([sys.executable, 'scripts/run.py'])\n",
        "import subprocess, sys\ndef test(): subprocess.check_call(sys.executable + ' scripts/run.py -v', shell=True)\n",
        "import os, subprocess, sys\ndef test(): subprocess.check_call([sys.executable, os.path.join('scripts', 'run.py')])\n",
        "import runpy\ndef test(): runpy.run_path('scripts/run.py')\n",
        "import subprocess, sys\nfrom pathlib import Path\nSCRIPTS = Path(__file__).parent / 'scripts'\ndef test(): subprocess.check_call([sys.executable, SCRIPTS / 'run.py'])\n",
        "import os, subprocess, sys\nHERE = os.path.dirname(os.path.abspath(__file__))\ndef test(): subprocess.check_call([sys.executable, 'run.py'], cwd=os.path.join(HERE, 'scripts'))\n",
    ] {
        check_closures(
            &[
                ("test_a.py", source),
                (
                    "scripts/run.py",
                    "try:\n    import near\nexcept ImportError:\n    pass\n",
                ),
                ("scripts/near.py", ""),
                ("scripts_2/run.py", ""),
            ],
            &["test_a.py: scripts/run.py scripts/near.py | scripts_2/run.py"],
        );
    }
}

#[test]
fn files_loaded_by_path() {
    check(Case {
        files: &[
            (
                "tests/test_a.py",
                "import importlib.util, pathlib\nPATH = pathlib.Path(__file__).parent.parent / 'tools' / 'a.py'\ndef test():\n    spec = importlib.util.spec_from_file_location('a', PATH)\n    module = importlib.util.module_from_spec(spec)\n    spec.loader.exec_module(module)\n",
            ),
            ("tools/a.py", ""),
            ("tools/b.py", ""),
        ],
        edges: &["tests/test_a.py -> tools/a.py dynamic-literal file-path"],
        closures: &["tests/test_a.py: tools/a.py | tools/b.py"],
        ..Case::default()
    });
}

#[test]
fn console_scripts() {
    check_closures(
        &[
            (
                "pyproject.toml",
                "[project]\nname = 'p'\n[project.scripts]\n'run-p' = 'p.cli:main'\n",
            ),
            ("src/p/__init__.py", ""),
            ("src/p/cli.py", "from . import used\ndef main(): pass\n"),
            ("src/p/used.py", ""),
            ("src/p/unused.py", ""),
            (
                "tests/test_a.py",
                "ARGS = ['run-p', '--help']\ndef test(): pass\n",
            ),
            (
                "tests/test_b.py",
                "ARGS = ['run-q', 'p']\ndef test(): pass\n",
            ),
            (
                "tests/test_c.py",
                "import subprocess\ndef test(): subprocess.call('run-p --help', shell=True)\n",
            ),
        ],
        &[
            "tests/test_a.py: src/p/cli.py src/p/used.py | src/p/unused.py",
            "tests/test_c.py: src/p/cli.py",
            "tests/test_b.py: | src/p/cli.py",
        ],
    );
}

#[test]
fn entry_points_of_the_workspace() {
    check_closures(
        &[
            (
                "setup.py",
                "from setuptools import setup\nsetup(entry_points={'app.plugins': ['x = plug.x:X']})\n",
            ),
            (
                "app.py",
                "from importlib.metadata import entry_points\ndef load():\n    return entry_points(group='app.plugins')\n",
            ),
            ("plug/__init__.py", ""),
            ("plug/x.py", ""),
            ("plug/y.py", ""),
            ("test_a.py", "import app\ndef test(): app.load()\n"),
            ("test_b.py", "def test(): pass\n"),
        ],
        &["test_a.py: plug/x.py | plug/y.py", "test_b.py: | plug/x.py"],
    );
    // A distribution looks up the groups that bear its name.
    check(Case {
        files: &[
            (
                "x.egg-info/entry_points.txt",
                "[flake8.extension]\nX = plug:X\n",
            ),
            ("plug.py", ""),
            ("test_a.py", "import flake8.main\ndef test(): pass\n"),
            ("test_b.py", "def test(): pass\n"),
        ],
        closures: &["test_a.py: plug.py", "test_b.py: | plug.py"],
        is_static: true,
        ..Case::default()
    });
}
