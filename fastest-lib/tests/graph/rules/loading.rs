//! The cases of rules about modules.

use fastest_lib::graph::Rule;

use super::RuleCase;

const LOADS: &str =
    "from importlib import import_module\ndef load(name):\n    return import_module(name)\n";

pub(super) const CASES: &[RuleCase] = &[
    RuleCase {
        rule: Rule::Import,
        files: &[
            (
                "a.py",
                "import b\ndef f():\n    import c\ntry:\n    from d import e\nexcept ImportError:\n    pass\n",
            ),
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
        files: &[
            ("a.cpython-312-x86_64-linux-gnu.so", ""),
            ("a.pyx", ""),
            ("b.pyx", ""),
        ],
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
            (
                "conftest.py",
                "pytest_plugins = ['plug']\nplugins = ['other']\n",
            ),
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
            (
                "pytest.ini",
                "[pytest]\nDJANGO_SETTINGS_MODULE = site.conf\ntestpaths = site.other\n",
            ),
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
            (
                "test_a.py",
                "from importlib import import_module\ndef test():\n    import_module('p.a')\n    print('p.b')\n",
            ),
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
            (
                "test_a.py",
                "from importlib import import_module\ndef test():\n    for x in 'c', 'd': import_module(f'p.a_{x}')\n",
            ),
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
            (
                "conf.py",
                "BACKEND = 'p.a.Backend'\nOTHER = 'p.missing'\nFILE = 'p.txt'\n",
            ),
            ("load.py", LOADS),
            ("p/__init__.py", ""),
            ("p/a.py", "Backend = 1\n"),
            ("p/b.py", ""),
            (
                "test_a.py",
                "import conf, load\ndef test(): load.load(conf.BACKEND.rpartition('.')[0])\n",
            ),
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
            (
                "test_a.py",
                "import conf, load\ndef test(): load.load(conf.BACKENDS[0])\n",
            ),
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
        rule: Rule::CodeString,
        files: &[
            (
                "test_a.py",
                "import subprocess, sys\ndef test(): subprocess.check_call([sys.executable, '-c', 'import p.a; from q import r'])\n",
            ),
            ("p/__init__.py", ""),
            ("p/a.py", ""),
            ("p/b.py", ""),
            ("q/__init__.py", ""),
            ("q/r.py", ""),
            ("r.py", ""),
        ],
        edges: &[
            "test_a.py -> p/a.py dynamic-literal code-string",
            "test_a.py -> q/r.py dynamic-literal code-string",
        ],
        absent: &["test_a.py -> p/b.py", "test_a.py -> r.py"],
    },
];
