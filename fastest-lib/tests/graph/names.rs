//! What the names of an import statement stand for.

use crate::case::{Case, check, check_closures, check_edges};

#[test]
fn star_imports_and_all() {
    check_closures(
        &[
            ("p/__init__.py", "__all__ = ['a', 'value']\nvalue = 1\n"),
            ("p/a.py", "import b\n"),
            ("p/c.py", ""),
            ("b.py", ""),
            ("test_a.py", "from p import *\ndef test(): a, value\n"),
        ],
        &["test_a.py: p/a.py b.py | p/c.py"],
    );
    // A star import of a module takes its names, and no modules beside it.
    check_edges(
        &[
            ("p/__init__.py", ""),
            ("p/a.py", "__all__ = ['b']\nb = 1\n"),
            ("p/b.py", ""),
            ("test_a.py", "from p.a import *\ndef test(): b\n"),
        ],
        &["test_a.py -> p/a.py from-import import"],
        &["p/a.py -> p/b.py", "test_a.py -> p/b.py"],
    );
}

#[test]
fn re_exports() {
    check_closures(
        &[
            (
                "p/__init__.py",
                "from .impl import Thing\nfrom .other import x as y\n",
            ),
            ("p/impl.py", "Thing = 1\n"),
            ("p/other.py", "x = 1\n"),
            ("p/unused.py", ""),
            ("test_a.py", "from p import Thing, y\ndef test(): pass\n"),
        ],
        &["test_a.py: p/__init__.py p/impl.py p/other.py | p/unused.py"],
    );
}

#[test]
fn from_dot_import_of_a_module_or_an_attribute() {
    check_edges(
        &[
            ("p/__init__.py", "attribute = 1\n"),
            (
                "p/a.py",
                "from . import b, attribute\nfrom .. import nothing\n",
            ),
            ("p/b.py", ""),
            ("p/c.py", ""),
            ("p/q/__init__.py", ""),
            (
                "p/q/d.py",
                "from .. import c\nfrom ..q import attribute_of_q\n",
            ),
        ],
        &[
            "p/a.py -> p/b.py from-import import",
            "p/a.py -> p/__init__.py from-import import",
            "p/q/d.py -> p/c.py from-import import",
            "p/q/d.py -> p/__init__.py from-import import",
            "p/q/d.py -> p/q/__init__.py from-import import",
        ],
        &["p/a.py -> p/c.py", "p/q/d.py -> p/b.py"],
    );
}

#[test]
fn implicit_parents_and_what_they_import() {
    check_closures(
        &[
            ("p/__init__.py", "import heavy\n"),
            ("p/q/__init__.py", "from p import sibling\n"),
            ("p/q/a.py", ""),
            ("p/sibling.py", ""),
            ("p/unused.py", ""),
            ("heavy.py", ""),
            ("test_a.py", "import p.q.a as a\ndef test(): pass\n"),
        ],
        &["test_a.py: p/__init__.py heavy.py p/q/__init__.py p/sibling.py | p/unused.py"],
    );
}

#[test]
fn packages_of_the_tests() {
    check_closures(
        &[
            ("tests/__init__.py", "from tests import setup_all\n"),
            ("tests/setup_all.py", ""),
            ("tests/unit/__init__.py", "import tests.helper\n"),
            ("tests/helper.py", ""),
            ("tests/unit/test_a.py", "def test(): pass\n"),
            ("tests/unit/test_b.py", "def test(): pass\n"),
        ],
        &[
            "tests/unit/test_a.py: tests/__init__.py tests/setup_all.py tests/unit/__init__.py tests/helper.py | tests/unit/test_b.py",
        ],
    );
}

#[test]
fn lazy_modules() {
    check_closures(
        &[
            (
                "p/__init__.py",
                "import importlib\n_WHERE = {'Thing': 'a', 'other': '.b'}\n\ndef __getattr__(name):\n    if name not in _WHERE:\n        raise AttributeError(name)\n    where = _WHERE[name].lstrip('.')\n    return getattr(importlib.import_module('.' + where, __name__), name)\n",
            ),
            ("p/a.py", "Thing = 1\n"),
            ("p/b.py", "other = 1\n"),
            ("test_a.py", "import p\ndef test(): p.Thing, p.other\n"),
        ],
        &["test_a.py: p/a.py p/b.py"],
    );
    // The names of attributes are those of modules in no other package.
    check_edges(
        &[
            (
                "p/__init__.py",
                "def __getattr__(name):\n    if name != 'c': raise AttributeError(name)\n    from .a import c\n    return c\n",
            ),
            ("p/a.py", "c = 1\nNAMES = ['b']\n"),
            ("b.py", ""),
            ("test_a.py", "import p\ndef test(): p.c\n"),
        ],
        &["p/__init__.py -> p/a.py lazy import"],
        &["p/__init__.py -> b.py"],
    );
}

#[test]
fn imports_that_only_type_checkers_read() {
    let files = &[
        ("a.py", ""),
        (
            "test_a.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\ndef test(): pass\n",
        ),
    ];
    check(Case {
        files,
        edges: &["test_a.py -> a.py type-checking import"],
        closures: &["test_a.py: | a.py"],
        ..Case::default()
    });
    let with = &[
        files[0],
        files[1],
        (
            "pyproject.toml",
            "[tool.fastest.graph]\ntype-checking = true\n",
        ),
    ];
    check_closures(with, &["test_a.py: a.py"]);
}

#[test]
fn what_is_nowhere_to_be_found() {
    check_edges(
        &[
            ("p/__init__.py", ""),
            (
                "test_a.py",
                "try:\n    import p.gone\nexcept ImportError: pass\ntry:\n    from . import x\nexcept ImportError: pass\ndef test(): pass\n",
            ),
        ],
        &[
            "test_a.py -> p/__init__.py conditional import",
            "test_a.py -> p.gone conditional import",
        ],
        &["test_a.py -> os"],
    );
}
