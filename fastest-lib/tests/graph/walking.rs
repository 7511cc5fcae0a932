//! Packages that are walked, and places of which it is not known what they load.

use fastest_lib::graph::{Closure, ImportGraph};

use crate::case::{Case, Files, Tree, check, check_closures};

const LOADS: &str = "import importlib\ndef load(name):\n    return importlib.import_module(name)\n";

#[test]
fn walkers() {
    const WALK: &str = "import importlib, pkgutil\ndef walk(package):\n    for m in pkgutil.iter_modules(package.__path__):\n        importlib.import_module(package.__name__ + '.' + m.name)\n";
    let files: Files<'_> = &[
        ("p/__init__.py", ""),
        ("p/q/__init__.py", ""),
        ("p/q/a.py", ""),
        ("p/other.py", ""),
        ("r/__init__.py", ""),
        ("r/b.py", ""),
        ("walk.py", WALK),
        (
            "test_a.py",
            "import importlib, walk\ndef test(): walk.walk(importlib.import_module('p.q'))\n",
        ),
        ("test_b.py", "import r\nX = 'p.q'\ndef test(): pass\n"),
        (
            "test_c.py",
            "import importlib, pkgutil, r\nfor m in pkgutil.walk_packages(r.__path__, 'r.'): importlib.import_module(m.name)\ndef test(): pass\n",
        ),
    ];
    // A package is known, and then only that one is walked.
    check_closures(
        files,
        &[
            "test_b.py: | p/q/a.py walk.py r/b.py",
            "test_c.py: r/b.py | p/q/a.py p/other.py",
        ],
    );
}

#[test]
fn packages_that_are_given_to_a_walker() {
    const WALK: &str = "import importlib, pkgutil\ndef walk(package):\n    for m in pkgutil.iter_modules(package.__path__):\n        importlib.import_module(package.__name__ + '.' + m.name)\n";
    check_closures(
        &[
            ("p/__init__.py", ""),
            ("p/q/__init__.py", ""),
            ("p/q/a.py", ""),
            ("p/other.py", ""),
            ("walk.py", WALK),
            (
                "test_a.py",
                "import walk\nfrom p import q\ndef test(): walk.walk(q)\n",
            ),
            (
                "test_b.py",
                "import walk, p.q as x\ndef test(): walk.walk(x)\n",
            ),
            ("test_c.py", "from p import q\ndef test(): pass\n"),
        ],
        &[
            "test_a.py: p/q/a.py | p/other.py",
            "test_b.py: p/q/a.py | p/other.py",
            "test_c.py: | p/q/a.py walk.py",
        ],
    );
}

#[test]
fn packages_that_load_all_their_modules() {
    for init in [
        "import importlib, pkgutil\nfor m in pkgutil.iter_modules(__path__):\n    importlib.import_module(__name__ + '.' + m.name)\n",
        "import importlib, os\nfor n in os.listdir(os.path.dirname(__file__)):\n    if n.endswith('.py') and n != '__init__.py':\n        importlib.import_module('.' + n[:-3], __name__)\n",
        "from glob import glob\nfrom os.path import basename, dirname, join\n__all__ = [basename(f)[:-3] for f in glob(join(dirname(__file__), '*.py'))]\nfrom . import *\n",
        "import importlib\nfrom pathlib import Path\nHERE = Path(__file__).parent\nfor f in HERE.glob('[a-z]*.py'):\n    importlib.import_module(f'{__name__}.{f.stem}')\n",
    ] {
        check_closures(
            &[
                ("p/__init__.py", init),
                ("p/a.py", "import q\n"),
                ("q.py", ""),
                ("r.py", ""),
                ("test_a.py", "import p\ndef test(): pass\n"),
            ],
            &["test_a.py: p/a.py q.py | r.py"],
        );
    }
}

#[test]
fn unresolved_places_are_reported() {
    let files: Files<'_> = &[
        (
            "a.py",
            "import importlib, runpy\n\ndef f(x):\n    importlib.import_module(x)\n    runpy.run_path(x)\n",
        ),
        (
            "w.py",
            "import pkgutil\ndef f(x):\n    list(pkgutil.iter_modules(x))\n",
        ),
        ("test_a.py", "import a\ndef test(): pass\n"),
        ("test_w.py", "import w\ndef test(): pass\n"),
        (
            "test_b.py",
            "import runpy\ndef test(): runpy.run_path('script.py')\n",
        ),
        ("script.py", ""),
        ("unused.py", ""),
    ];
    check_closures(files, &["test_a.py: | unused.py", "test_b.py: script.py"]);
    let sites = |graph: &ImportGraph, test: &str| -> Vec<String> {
        let Closure { unresolved, .. } = graph.closure([test]);
        let sites = unresolved.iter();
        sites
            .map(|site| format!("{}:{} {}", site.path, site.line, site.what))
            .collect()
    };
    let graph = Tree::new(files).graph();
    assert_eq!(
        sites(&graph, "test_a.py"),
        [
            "a.py:4 loads a module by a computed name",
            "a.py:5 loads a file from a computed path"
        ]
    );
    assert_eq!(
        sites(&graph, "test_w.py"),
        ["w.py:3 walks a package that is not known"]
    );
    assert_eq!(sites(&graph, "test_b.py"), [""; 0]);
    let strict = [
        files,
        &[(
            "pyproject.toml",
            "[tool.fastest.graph]\npolicy = 'strict'\n",
        )],
    ]
    .concat();
    check_closures(
        &strict,
        &[
            "test_a.py: unused.py",
            "test_w.py: unused.py",
            "test_b.py: | unused.py",
        ],
    );
}

#[test]
fn strict_stays_within_the_import_root() {
    check(Case {
        files: &[
            (
                "pyproject.toml",
                "[tool.fastest.graph]\npolicy = 'strict'\n",
            ),
            ("one/pyproject.toml", ""),
            ("one/src/a.py", LOADS),
            ("one/src/b.py", ""),
            ("two/pyproject.toml", ""),
            ("two/src/c.py", ""),
            ("one/tests/test_a.py", "import a\ndef test(): pass\n"),
        ],
        closures: &["one/tests/test_a.py: one/src/b.py | two/src/c.py"],
        is_static: true,
        ..Case::default()
    });
}
