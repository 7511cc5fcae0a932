//! Random edits of a tree of few names, so that they meet.

use std::ops::Range;

use proptest::prelude::*;

/// One edit.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Write(String, String),
    Remove(String),
    Move(String, String),
}

const FOLDERS: &[&str] = &[
    "", "a", "a/b", "b", "lib", "lib/a", "lib/c", "tests", "tests/a", "src/d",
];

const FILES: &[&str] = &[
    "__init__.py",
    "a.py",
    "b.py",
    "c.py",
    "d.py",
    "conftest.py",
    "test_a.py",
    "test_b.py",
    "data.json",
    "a.pyi",
    "__main__.py",
    "pyproject.toml",
];

const LINES: &[&str] = &[
    "import a",
    "import a.b",
    "import b.a as x",
    "import c",
    "import d",
    "from a import b, c",
    "from a.b import a",
    "from . import a",
    "from .b import c",
    "from .. import b",
    "from c import *",
    "__all__ = ['a', 'b']",
    "def f():\n    import b",
    "try:\n    import c.d\nexcept ImportError:\n    import d",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a",
    "import importlib\nimportlib.import_module('a.b')",
    "import importlib\nNAME = 'c'\nimportlib.import_module(NAME)",
    "import importlib\nimportlib.import_module(f'a.{x}')",
    "import importlib\nimportlib.import_module(f'.{x}', __package__)",
    "names = ['a.b', 'b.a:C', 'c.d.E', 'a', 'd']",
    "INSTALLED_APPS = ['a', 'b']",
    "import pkgutil\nfor m in pkgutil.iter_modules(__path__): pass",
    "import pkgutil\nfor m in pkgutil.walk_packages(x): pass",
    "pytest_plugins = ['b.a', 'c']",
    "from unittest.mock import patch\n@patch('a.b.c')\ndef test(): pass",
    "from pathlib import Path\nHERE = Path(__file__).parent\nopen(HERE / 'data.json')",
    "from pathlib import Path\nfor p in Path(__file__).parent.iterdir(): pass",
    "open('a/data.json')",
    "open(f'b/{x}.json')",
    "import sys, os\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'lib'))",
    "__path__.append('x')",
    "def __getattr__(name): return ['a', 'b']",
    "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'a.b'])",
    "from importlib import resources\nresources.files('a').joinpath('data.json')",
    "from importlib.metadata import entry_points\nentry_points(group='x')",
    "this is no Python",
    "import subprocess\nsubprocess.run(['x', '-m', 'a'])",
    "import runpy\nrunpy.run_module('b')",
    "import runpy\nrunpy.run_path(x)",
    "CODE = 'import a.b; from c import d'",
    "import importlib\nimportlib.import_module('.b', 'a')",
    "__import__('a', fromlist=['b'])",
    "import a\nopen(os.path.join(os.path.dirname(a.__file__), 'data.json'))",
    "from pathlib import Path\nPath(__file__).with_suffix('.pyi').read_text()",
    "from pathlib import Path\nROOT = Path(__file__).parent.parent\nlist(ROOT.rglob('*'))",
    "from pathlib import Path\n(Path(__file__).parent.parent / 'lib' / 'data.json').read_text()",
    "from pathlib import Path\nPath('lib', 'a', 'data.json').read_text()",
    "from importlib.resources import files\nfiles('a').joinpath('data.json')",
    "import sys\nsys.path.insert(0, 'lib')",
    "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)",
    "from ... import a",
];

const PROJECTS: &[&str] = &[
    "[project]\nname = 'p'\n",
    "[project.scripts]\np = 'a.b:main'\n",
    "[project.entry-points.x]\np = 'b.a:main'\n[project.entry-points.pytest11]\nq = 'c'\n",
    "[tool.setuptools.package-data]\na = ['*.json']\n[tool.setuptools.packages.find]\nwhere = ['src']\n",
];

fn path() -> impl Strategy<Value = String> {
    let pick = |all: &'static [&'static str]| prop::sample::select(all);
    (pick(FOLDERS), pick(FILES)).prop_map(|(folder, file)| match folder {
        "" => file.to_owned(),
        folder => format!("{folder}/{file}"),
    })
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(LINES), 0..5)
        .prop_map(|lines| lines.join("\n") + "\n")
}

fn step() -> impl Strategy<Value = Step> {
    let project = prop::sample::select(PROJECTS);
    let write = (path(), text(), project).prop_map(|(path, text, project)| {
        let text = if path.ends_with(".toml") {
            project.to_owned()
        } else {
            text
        };
        Step::Write(path, text)
    });
    let folder = prop::sample::select(&FOLDERS[1..]).prop_map(str::to_owned);
    prop_oneof![
        8 => write,
        2 => path().prop_map(Step::Remove),
        1 => folder.clone().prop_map(Step::Remove),
        1 => (path(), path()).prop_map(|(from, to)| Step::Move(from, to)),
        1 => (folder.clone(), folder).prop_map(|(from, to)| Step::Move(from, to)),
    ]
}

/// Some edits, one after the other.
pub(crate) fn steps(count: Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), count)
}
