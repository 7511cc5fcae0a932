//! The cases of rules about frameworks, other processes, data and the configuration.

use fastest_lib::graph::Rule;

use super::RuleCase;

const LOADS: &str =
    "from importlib import import_module\ndef load(name):\n    return import_module(name)\n";

pub(super) const CASES: &[RuleCase] = &[
    RuleCase {
        rule: Rule::Applications,
        files: &[
            ("conf.py", "INSTALLED_APPS = ['shop']\nOTHER = ['blog']\n"),
            ("load.py", LOADS),
            ("shop/__init__.py", ""),
            ("shop/models.py", ""),
            ("shop/templates/a.html", ""),
            ("shop/internal.py", ""),
            ("blog/__init__.py", ""),
            ("blog/models.py", ""),
            (
                "test_a.py",
                "import conf, load\ndef test(): load.load('shop.models')\n",
            ),
        ],
        edges: &[
            "conf.py -> shop/models.py string-reference applications",
            "conf.py -> shop/templates/ data applications",
        ],
        absent: &["conf.py -> shop/internal.py", "conf.py -> blog/models.py"],
    },
    RuleCase {
        rule: Rule::ModuleOption,
        files: &[
            (
                "test_a.py",
                "import subprocess, sys\ndef test():\n    subprocess.run([sys.executable, '-m', 'p', 'q'], check=True, cwd='.')\n",
            ),
            ("p/__init__.py", ""),
            ("p/__main__.py", ""),
            ("q/__init__.py", ""),
            ("q/__main__.py", ""),
        ],
        edges: &["test_a.py -> p/__main__.py subprocess module-option"],
        absent: &["test_a.py -> q/__main__.py"],
    },
    RuleCase {
        rule: Rule::ConsoleScript,
        files: &[
            (
                "pyproject.toml",
                "[project.scripts]\nrunme = 'p.cli:main'\nother = 'p.other:main'\n",
            ),
            (
                "test_a.py",
                "ARGS = ['runme', '--help']\ndef test(): pass\n",
            ),
            ("p/__init__.py", ""),
            ("p/cli.py", ""),
            ("p/other.py", ""),
        ],
        edges: &["test_a.py -> p/cli.py subprocess console-script"],
        absent: &["test_a.py -> p/other.py"],
    },
    RuleCase {
        rule: Rule::PackageWalk,
        files: &[
            (
                "test_a.py",
                "import importlib, pkgutil, p.q\ndef test():\n    for m in pkgutil.walk_packages(p.q.__path__, 'p.q.'): importlib.import_module(m.name)\n",
            ),
            ("p/__init__.py", ""),
            ("p/other.py", ""),
            ("p/q/__init__.py", ""),
            ("p/q/a.py", ""),
        ],
        edges: &["test_a.py -> p/q/*.py package-walk package-walk"],
        absent: &["test_a.py -> p/*.py", "test_a.py -> p/other.py"],
    },
    RuleCase {
        rule: Rule::EntryPoints,
        files: &[
            (
                "pyproject.toml",
                "[project.entry-points.'x.y']\na = 'p.a:f'\n[project.entry-points.z]\nb = 'p.b:f'\n",
            ),
            (
                "test_a.py",
                "from importlib.metadata import entry_points\ndef test(): entry_points(group='x.y')\n",
            ),
            ("p/__init__.py", ""),
            ("p/a.py", ""),
            ("p/b.py", ""),
        ],
        edges: &["test_a.py -> p/a.py dynamic-literal entry-points"],
        absent: &["test_a.py -> p/b.py"],
    },
    RuleCase {
        rule: Rule::PathString,
        files: &[
            (
                "tests/test_a.py",
                "def test(): open('data/x.txt').close()\n",
            ),
            ("data/x.txt", ""),
            ("data/y.txt", ""),
            ("tests/data/z.txt", ""),
        ],
        edges: &["tests/test_a.py -> data/x.txt data path-string"],
        absent: &[
            "tests/test_a.py -> data/y.txt",
            "tests/test_a.py -> tests/data/z.txt",
        ],
    },
    RuleCase {
        rule: Rule::FilePath,
        files: &[
            (
                "tests/test_a.py",
                "from pathlib import Path\ndef test(): (Path(__file__).parent.parent / 'data' / 'x.txt').read_text()\n",
            ),
            ("data/x.txt", ""),
            ("data/y.txt", ""),
            ("tests/data/x.txt", ""),
        ],
        edges: &["tests/test_a.py -> data/x.txt data file-path"],
        absent: &[
            "tests/test_a.py -> data/y.txt",
            "tests/test_a.py -> tests/data/x.txt",
        ],
    },
    RuleCase {
        rule: Rule::Listing,
        files: &[
            (
                "cases/test_a.py",
                "import os\ndef test():\n    for name in os.listdir(os.path.dirname(__file__)):\n        if name.endswith('.txt'): open('cases/' + name).close()\n",
            ),
            ("cases/x.txt", ""),
            ("y.txt", ""),
        ],
        edges: &["cases/test_a.py -> cases/ data listing"],
        absent: &["cases/test_a.py -> ./", "cases/test_a.py -> y.txt"],
    },
    RuleCase {
        rule: Rule::Resource,
        files: &[
            (
                "test_a.py",
                "from importlib import resources\nimport p.q\ndef test(): resources.files(p.q).joinpath('x.txt').read_text()\n",
            ),
            ("p/__init__.py", ""),
            ("p/q/__init__.py", ""),
            ("p/q/x.txt", ""),
            ("p/q/y.txt", ""),
        ],
        edges: &["test_a.py -> p/q/x.txt data resource"],
        absent: &["test_a.py -> p/q/y.txt", "test_a.py -> p/q/"],
    },
    RuleCase {
        rule: Rule::PackageData,
        files: &[
            (
                "pyproject.toml",
                "[tool.setuptools.package-data]\np = ['*.json']\n",
            ),
            ("p/__init__.py", ""),
            ("p/x.json", ""),
            ("p/y.yaml", ""),
            ("q/__init__.py", ""),
            ("q/z.json", ""),
        ],
        edges: &["p/__init__.py -> p/x.json data package-data"],
        absent: &["p/__init__.py -> p/y.yaml", "q/__init__.py -> q/z.json"],
    },
    RuleCase {
        rule: Rule::Metadata,
        files: &[
            ("a.egg-info/PKG-INFO", "Name: a\nVersion: 1\n"),
            (
                "test_a.py",
                "from importlib.metadata import version\ndef test(): version('a')\n",
            ),
            ("test_b.py", "def test(): pass\n"),
        ],
        edges: &["test_a.py -> a.egg-info/ data metadata"],
        absent: &["test_b.py -> a.egg-info/"],
    },
    RuleCase {
        rule: Rule::Datadir,
        files: &[
            ("t/test_a.py", "def test(): pass\n"),
            ("t/test_a/x.txt", ""),
            ("t/__snapshots__/test_a.ambr", ""),
            ("t/__snapshots__/test_b.ambr", ""),
            ("t/test_b/x.txt", ""),
        ],
        edges: &[
            "t/test_a.py -> t/test_a/ data datadir",
            "t/test_a.py -> t/__snapshots__/test_a.ambr data datadir",
        ],
        absent: &[
            "t/test_a.py -> t/test_b/",
            "t/test_a.py -> t/__snapshots__/test_b.ambr",
        ],
    },
    RuleCase {
        rule: Rule::Folder,
        files: &[
            (
                "test_a.py",
                "import os\ndef test():\n    for name in os.listdir('data'): open('data/' + name).close()\n",
            ),
            ("data/x.txt", ""),
            ("other/x.txt", ""),
        ],
        edges: &["data/ -> data/x.txt contains folder"],
        absent: &["data/ -> other/x.txt"],
    },
    RuleCase {
        rule: Rule::Unresolved,
        files: &[
            ("lib/a.py", LOADS),
            ("lib/b.py", "def load(name): return name\n"),
        ],
        edges: &["lib/a.py -> ./ unresolved loader-argument"],
        absent: &["lib/b.py -> ./"],
    },
    RuleCase {
        rule: Rule::Declared,
        files: &[
            (
                "pyproject.toml",
                "[tool.fastest.graph]\nedges = [{ from = 'tests/**', to = 'schemas/*.json' }]\n",
            ),
            ("tests/x/test_a.py", "def test(): pass\n"),
            ("schemas/a.json", ""),
            ("schemas/x/b.json", ""),
            ("c.py", ""),
        ],
        edges: &["tests/x/test_a.py -> schemas/a.json declared declared"],
        absent: &[
            "tests/x/test_a.py -> schemas/x/b.json",
            "c.py -> schemas/a.json",
        ],
    },
];
