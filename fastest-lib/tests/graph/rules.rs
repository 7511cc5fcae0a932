//! Every rule by itself: what it makes, what it must not make, and that it can be switched off.

use fastest_lib::graph::Rule;

use crate::case::{Case, Files, Tree, check, edges};

struct RuleCase {
    rule: Rule,
    files: Files<'static>,
    edges: &'static [&'static str],
    absent: &'static [&'static str],
}

const LOADS: &str = "from importlib import import_module\ndef load(name):\n    return import_module(name)\n";

const CASES: &[RuleCase] = &[
    RuleCase {
        rule: Rule::Import,
        files: &[
            ("a.py", "import b\ndef f():\n    import c\ntry:\n    from d import e\nexcept ImportError:\n    pass\n"),
            ("b.py", ""),
            ("c.py", ""),
            ("d/__init__.py", ""),
            ("d/e.py", ""),
            ("d/f.py", ""),
            ("test_a.py", "import a\ndef test(): a.f()\n"),
        ],
        edges: &[
            "a.py -> b.py import import",
            "a.py -> c.py lazy import",
            "a.py -> d/__init__.py conditional import",
            "a.py -> d/e.py conditional import",
        ],
        absent: &["a.py -> d/f.py", "b.py -> c.py"],
    },
    RuleCase {
        rule: Rule::AllNames,
        files: &[
            ("p/__init__.py", "__all__ = ['a']\nother = ['b']\n"),
            ("p/a.py", ""),
            ("p/b.py", ""),
            ("test_p.py", "from p import *\ndef test(): a\n"),
        ],
        edges: &["p/__init__.py -> p/a.py from-import all-names"],
        absent: &["p/__init__.py -> p/b.py"],
    },
    RuleCase {
        rule: Rule::ParentInit,
        files: &[
            ("p/__init__.py", ""),
            ("p/q/__init__.py", ""),
            ("p/q/a.py", ""),
            ("b.py", ""),
            ("test_p.py", "import p.q.a\ndef test(): pass\n"),
        ],
        edges: &[
            "p/q/a.py -> p/q/__init__.py parent-init parent-init",
            "p/q/__init__.py -> p/__init__.py parent-init parent-init",
        ],
        absent: &["b.py -> p/__init__.py", "p/__init__.py -> p/q/__init__.py"],
    },
    RuleCase {
        rule: Rule::Stub,
        files: &[("a.py", ""), ("a.pyi", ""), ("b.pyi", "")],
        edges: &["a.py -> a.pyi type-checking stub"],
        absent: &["a.py -> b.pyi"],
    },
    RuleCase {
        rule: Rule::Symlink,
        files: &[
            ("a.py", "-> b.py"),
            ("b.py", ""),
            ("c.py", ""),
            ("test_a.py", "import a\ndef test(): pass\n"),
        ],
        edges: &["a.py -> b.py symlink symlink"],
        absent: &["a.py -> c.py", "b.py -> a.py"],
    },
    RuleCase {
        rule: Rule::ExtensionSource,
        files: &[("a.cpython-312-x86_64-linux-gnu.so", ""), ("a.pyx", ""), ("b.pyx", "")],
        edges: &["a.cpython-312-x86_64-linux-gnu.so -> a.pyx data extension-source"],
        absent: &["a.cpython-312-x86_64-linux-gnu.so -> b.pyx"],
    },
    RuleCase {
        rule: Rule::Conftest,
        files: &[
            ("conftest.py", "import helper\n"),
            ("helper.py", ""),
            ("x/conftest.py", ""),
            ("x/y/test_a.py", "def test(): pass\n"),
            ("z/conftest.py", ""),
        ],
        edges: &[
            "x/y/test_a.py -> x/conftest.py conftest conftest",
            "x/y/test_a.py -> conftest.py conftest conftest",
        ],
        absent: &["x/y/test_a.py -> z/conftest.py", "helper.py -> conftest.py"],
    },
    RuleCase {
        rule: Rule::PytestPlugins,
        files: &[
            ("conftest.py", "pytest_plugins = ['plug']\nplugins = ['other']\n"),
            ("plug.py", ""),
            ("other.py", ""),
            ("test_a.py", "def test(): pass\n"),
        ],
        edges: &["conftest.py -> plug.py plugin pytest-plugins"],
        absent: &["conftest.py -> other.py plugin pytest-plugins"],
    },
    RuleCase {
        rule: Rule::PluginOption,
        files: &[
            ("pytest.ini", "[pytest]\naddopts = -p plug -p no:other\n"),
            ("plug.py", ""),
            ("other.py", ""),
            ("test_a.py", "def test(): pass\n"),
        ],
        edges: &["test_a.py -> plug.py plugin plugin-option"],
        absent: &["test_a.py -> other.py", "plug.py -> plug.py"],
    },
    RuleCase {
        rule: Rule::PluginEntryPoint,
        files: &[
            (
                "setup.cfg",
                "[options.entry_points]\npytest11 =\n    x = plug\nother =\n    y = other\n",
            ),
            ("plug.py", ""),
            ("other.py", ""),
            ("test_a.py", "def test(): pass\n"),
        ],
        edges: &["test_a.py -> plug.py plugin plugin-entry-point"],
        absent: &["test_a.py -> other.py"],
    },
    RuleCase {
        rule: Rule::IniString,
        files: &[
            ("pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE = site.conf\ntestpaths = site.other\n"),
            ("site/__init__.py", ""),
            ("site/conf.py", ""),
            ("site/other.py", ""),
            ("test_a.py", "def test(): pass\n"),
        ],
        edges: &["test_a.py -> site/conf.py plugin ini-string"],
        absent: &["test_a.py -> site/other.py"],
    },
    RuleCase {
        rule: Rule::LoaderArgument,
        files: &[
            ("test_a.py", "from importlib import import_module\ndef test():\n    import_module('p.a')\n    print('p.b')\n"),
            ("p/__init__.py", ""),
            ("p/a.py", ""),
            ("p/b.py", ""),
        ],
        edges: &["test_a.py -> p/a.py dynamic-literal loader-argument"],
        absent: &["p/a.py -> p/b.py"],
    },
    RuleCase {
        rule: Rule::LoaderPrefix,
        files: &[
            ("test_a.py", "from importlib import import_module\ndef test():\n    for x in 'c', 'd': import_module(f'p.a_{x}')\n"),
            ("p/__init__.py", ""),
            ("p/a_c.py", ""),
            ("p/a_d/__init__.py", ""),
            ("p/b.py", ""),
        ],
        edges: &[
            "test_a.py -> p/a_c.py dynamic-literal loader-prefix",
            "test_a.py -> p/a_d/__init__.py dynamic-literal loader-prefix",
        ],
        absent: &["test_a.py -> p/b.py"],
    },
    RuleCase {
        rule: Rule::LazyModule,
        files: &[
            (
                "p/__init__.py",
                "from importlib import import_module\nNAMES = {'x': '.a'}\ndef __getattr__(name):\n    if name not in NAMES: raise AttributeError(name)\n    return import_module(NAMES[name], __name__)\n",
            ),
            ("p/a.py", ""),
            ("p/b.py", ""),
            ("test_p.py", "import p\ndef test(): p.x\n"),
        ],
        edges: &["p/__init__.py -> p/a.py dynamic-literal lazy-module"],
        absent: &["p/__init__.py -> p/b.py"],
    },
    RuleCase {
        rule: Rule::DottedString,
        files: &[
            ("conf.py", "BACKEND = 'p.a.Backend'\nOTHER = 'p.missing'\nFILE = 'p.txt'\n"),
            ("load.py", LOADS),
            ("p/__init__.py", ""),
            ("p/a.py", "Backend = 1\n"),
            ("p/b.py", ""),
            ("test_a.py", "import conf, load\ndef test(): load.load(conf.BACKEND.rpartition('.')[0])\n"),
        ],
        edges: &["conf.py -> p/a.py string-reference dotted-string"],
        absent: &["conf.py -> p/b.py"],
    },
    RuleCase {
        rule: Rule::NameString,
        files: &[
            ("conf.py", "BACKENDS = ['a', 'c']\n"),
            ("load.py", LOADS),
            ("a.py", ""),
            ("b.py", ""),
            ("q/__init__.py", ""),
            ("q/c.py", ""),
            ("test_a.py", "import conf, load\ndef test(): load.load(conf.BACKENDS[0])\n"),
        ],
        edges: &["conf.py -> a.py string-reference name-string"],
        absent: &["conf.py -> b.py", "conf.py -> q/c.py"],
    },
    RuleCase {
        rule: Rule::PackageString,
        files: &[
            ("test_a.py", "import walk\ndef test(): walk.walk('p.q')\n"),
            (
                "walk.py",
                "import importlib, pkgutil\ndef walk(name):\n    package = importlib.import_module(name)\n    path = package.__path__\n    for m in pkgutil.iter_modules(path):\n        importlib.import_module(name + '.' + m.name)\n",
            ),
            ("p/__init__.py", ""),
            ("p/other.py", ""),
            ("p/q/__init__.py", ""),
            ("p/q/a.py", ""),
        ],
        edges: &["test_a.py -> p/q/*.py package-walk package-string"],
        absent: &["test_a.py -> p/*.py", "test_a.py -> p/other.py"],
    },
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
            ("test_a.py", "import conf, load\ndef test(): load.load('shop.models')\n"),
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
            ("pyproject.toml", "[project.scripts]\nrunme = 'p.cli:main'\nother = 'p.other:main'\n"),
            ("test_a.py", "ARGS = ['runme', '--help']\ndef test(): pass\n"),
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
            ("pyproject.toml", "[project.entry-points.'x.y']\na = 'p.a:f'\n[project.entry-points.z]\nb = 'p.b:f'\n"),
            ("test_a.py", "from importlib.metadata import entry_points\ndef test(): entry_points(group='x.y')\n"),
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
            ("tests/test_a.py", "def test(): open('data/x.txt').close()\n"),
            ("data/x.txt", ""),
            ("data/y.txt", ""),
            ("tests/data/z.txt", ""),
        ],
        edges: &["tests/test_a.py -> data/x.txt data path-string"],
        absent: &["tests/test_a.py -> data/y.txt", "tests/test_a.py -> tests/data/z.txt"],
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
        absent: &["tests/test_a.py -> data/y.txt", "tests/test_a.py -> tests/data/x.txt"],
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
            ("pyproject.toml", "[tool.setuptools.package-data]\np = ['*.json']\n"),
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
            ("test_a.py", "from importlib.metadata import version\ndef test(): version('a')\n"),
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
        absent: &["t/test_a.py -> t/test_b/", "t/test_a.py -> t/__snapshots__/test_b.ambr"],
    },
    RuleCase {
        rule: Rule::Folder,
        files: &[
            ("test_a.py", "import os\ndef test():\n    for name in os.listdir('data'): open('data/' + name).close()\n"),
            ("data/x.txt", ""),
            ("other/x.txt", ""),
        ],
        edges: &["data/ -> data/x.txt contains folder"],
        absent: &["data/ -> other/x.txt"],
    },
    RuleCase {
        rule: Rule::Unresolved,
        files: &[("lib/a.py", LOADS), ("lib/b.py", "def load(name): return name\n")],
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
        absent: &["tests/x/test_a.py -> schemas/x/b.json", "c.py -> schemas/a.json"],
    },
];

/// Rules whose edges do not come from the files of the tree.
const FROM_ELSEWHERE: &[Rule] = &[Rule::Recorded];

#[test]
fn every_rule_has_a_case() {
    for rule in Rule::ALL {
        let has = CASES.iter().any(|case| case.rule == *rule);
        assert_ne!(has, FROM_ELSEWHERE.contains(rule), "{}", rule.name());
    }
}

#[test]
fn every_rule_makes_its_edges_and_no_others() {
    for case in CASES {
        // The last word of an edge is the rule; places that are not known have the rule of the site.
        if case.rule != Rule::Unresolved {
            assert!(case.edges.iter().all(|edge| edge.ends_with(case.rule.name())));
        }
        check(Case {
            files: case.files,
            edges: case.edges,
            absent: case.absent,
            ..Case::default()
        });
    }
}

#[test]
fn every_rule_can_be_switched_off() {
    for case in CASES.iter().filter(|case| case.rule != Rule::Folder) {
        let name = case.rule.name();
        let mut files = case.files.to_vec();
        let setting = format!("[tool.fastest.graph]\ndisable = ['{name}']\n");
        let text = match files.iter().find(|(path, _)| *path == "pyproject.toml") {
            Some((_, text)) if text.contains("[tool.fastest.graph]") => {
                text.replace("[tool.fastest.graph]\n", &setting)
            }
            Some((_, text)) => format!("{text}{setting}"),
            None => setting,
        };
        files.retain(|(path, _)| *path != "pyproject.toml");
        files.push(("pyproject.toml", &text));
        let all = edges(&Tree::new(&files).graph());
        for edge in case.edges {
            assert!(!all.iter().any(|one| one == edge), "{edge} in spite of\n{text}");
        }
    }
}
