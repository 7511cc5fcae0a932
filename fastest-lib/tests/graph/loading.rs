//! Modules that are loaded by name.

use crate::case::{Case, Files, check, check_closures, check_edges};

const LOADS: &str = "import importlib\ndef load(name):\n    return importlib.import_module(name)\n";

const PACKAGE: [(&str, &str); 3] = [("p/__init__.py", ""), ("p/a.py", "C = 1\n"), ("p/b.py", "")];

/// Whether the first test file leads to `p/a.py`, and never to `p/b.py`.
fn names_a(files: &[(&'static str, &'static str)], is: bool) {
    let all = [files, &PACKAGE].concat();
    check(Case {
        files: &all,
        closures: &[if is {
            "test_a.py: p/a.py | p/b.py"
        } else {
            "test_a.py: | p/a.py p/b.py"
        }],
        ..Case::default()
    });
}

#[test]
fn literals() {
    for source in [
        "import importlib\ndef test(): importlib.import_module('p.a')\n",
        "import importlib\ndef test(): importlib.import_module(name='p.a')\n",
        "import importlib\ndef test(): importlib.import_module('.a', 'p')\ndef other(): importlib.import_module('p.a')\n",
        "def test(): __import__('p.a')\n",
        "def test(): __import__('p', fromlist=['a'])\nimport p.a\n",
        "import pytest\npytest.importorskip('p.a')\ndef test(): pass\n",
        "import runpy\ndef test(): runpy.run_module('p.a')\n",
        "import pkgutil\ndef test(): pkgutil.resolve_name('p.a:C')\n",
        "import pydoc\ndef test(): pydoc.locate('p.a.C')\n",
    ] {
        names_a(&[("test_a.py", source)], true);
    }
    names_a(&[("test_a.py", "def test(): print('p.a')\n")], false);
}

#[test]
fn relative_names_in_literals() {
    check_closures(
        &[
            (
                "p/load.py",
                "import importlib\nimportlib.import_module('.a', __package__)\nimportlib.import_module('..c', __name__)\n",
            ),
            ("p/__init__.py", ""),
            ("p/a.py", ""),
            ("p/b.py", ""),
            ("p/c.py", ""),
            ("test_a.py", "import p.load\ndef test(): pass\n"),
        ],
        &["test_a.py: p/a.py p/c.py | p/b.py"],
    );
    // The package that they are relative to may be another one.
    check_closures(
        &[
            ("q/__init__.py", ""),
            ("q/d.py", ""),
            ("q/e.py", ""),
            (
                "test_a.py",
                "import importlib\ndef test(): importlib.import_module('.d', 'q')\n",
            ),
        ],
        &["test_a.py: q/d.py | q/e.py"],
    );
    check_closures(
        &[
            ("q/__init__.py", ""),
            ("q/d.py", ""),
            ("q/e.py", ""),
            (
                "test_a.py",
                "import importlib, q\ndef test(): importlib.import_module('.d', package=q.__name__)\n",
            ),
        ],
        &["test_a.py: q/d.py | q/e.py"],
    );
    check_closures(
        &[
            ("q/__init__.py", ""),
            ("q/d.py", ""),
            ("q/e.py", ""),
            ("test_a.py", "def test(): __import__('q', fromlist=['d'])\n"),
        ],
        &["test_a.py: q/d.py | q/e.py"],
    );
}

#[test]
fn constants() {
    names_a(
        &[(
            "test_a.py",
            "import importlib\nNAME = 'p.a'\ndef test(): importlib.import_module(NAME)\n",
        )],
        true,
    );
    names_a(
        &[
            (
                "test_a.py",
                "import constants, load\ndef test(): load.load(constants.NAME)\n",
            ),
            ("constants.py", "NAME = 'p.a'\n"),
            ("load.py", LOADS),
        ],
        true,
    );
}

#[test]
fn prefixes() {
    for name in [
        "f'p.{x}_z'",
        "'p.' + x + '_z'",
        "'p.%s_z' % x",
        "'p.{}_z'.format(x)",
    ] {
        let source = format!(
            "import importlib\ndef test():\n    for x in ['c']: importlib.import_module({name})\n"
        );
        check_closures(
            &[
                ("test_a.py", &source),
                ("p/__init__.py", ""),
                ("p/c_z.py", ""),
                ("q/__init__.py", ""),
                ("q/c_z.py", ""),
            ],
            &["test_a.py: p/c_z.py | q/c_z.py"],
        );
    }
}

#[test]
fn dotted_strings_count_where_a_loader_is_reached() {
    for value in ["p.a", "p.a:C", "p.a.C"] {
        let conf = format!("X = '{value}'\n");
        let test =
            "import conf, load\ndef test(): load.load(conf.X.split(':')[0].replace('.C', ''))\n";
        let files = [
            &PACKAGE[..],
            &[("conf.py", &conf), ("load.py", LOADS), ("test_a.py", test)],
        ];
        check_closures(&files.concat(), &["test_a.py: p/a.py | p/b.py"]);
        let test = "import conf\ndef test(): pass\n";
        let files = [
            &PACKAGE[..],
            &[("conf.py", &conf), ("load.py", LOADS), ("test_a.py", test)],
        ];
        check_closures(&files.concat(), &["test_a.py: | p/a.py p/b.py load.py"]);
    }
}

#[test]
fn dotted_strings_reach_loaders_elsewhere() {
    // A distribution that is not known to be harmless may load what it is given.
    let files: Files<'_> = &[
        (
            "test_a.py",
            "import framework\nframework.run('p.a:app')\ndef test(): pass\n",
        ),
        ("p/__init__.py", ""),
        ("p/a.py", ""),
        ("p/b.py", ""),
        (
            "test_b.py",
            "import packaging\nX = 'p.a'\ndef test(): pass\n",
        ),
        (
            "test_c.py",
            "import logging.config\nX = 'p.a'\ndef test(): pass\n",
        ),
    ];
    check(Case {
        files,
        closures: &[
            "test_a.py: p/a.py | p/b.py",
            "test_b.py: | p/a.py",
            "test_c.py: p/a.py",
        ],
        is_static: true,
        ..Case::default()
    });
}

#[test]
fn distributions_that_load_what_programs_tell_them() {
    let harmless = "from hypothesis import given\nX = 'p.a.C'\ndef test(): pass\n";
    let names = "from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS\n\
                 AVAILABLE_PROVIDERS['x'] = 'p.a.C'\ndef test(): pass\n";
    let moved = "import six\nsix.add_move(six.MovedModule('x', 'x', 'p.a'))\ndef test(): pass\n";
    for (source, is) in [(harmless, false), (names, true), (moved, true)] {
        let files = [&[("test_a.py", source)], &PACKAGE[..]].concat();
        check(Case {
            files: &files,
            closures: &[if is {
                "test_a.py: p/a.py"
            } else {
                "test_a.py: | p/a.py"
            }],
            is_static: true,
            ..Case::default()
        });
    }
}

#[test]
fn strings_that_name_no_module() {
    check_edges(
        &[
            ("p/__init__.py", ""),
            ("p/a.py", ""),
            ("a/b/c.py", ""),
            (
                "test_a.py",
                "import logging\nlogging.getLogger('p.a')\nX = ['p', 'c', 'an a.b', 'p/a', 'p.a!', 'p..a']\ndef test(): pass\n",
            ),
        ],
        &[],
        &["test_a.py -> p/a.py", "test_a.py -> a/b/c.py"],
    );
}

#[test]
fn mock_patch() {
    for source in [
        "from unittest import mock\n@mock.patch('p.a.C')\ndef test(c): pass\n",
        "from unittest.mock import patch\ndef test():\n    with patch('p.a.C'): pass\n",
        "from unittest import mock\ndef test():\n    with mock.patch.dict('p.a.__dict__', x=1): pass\n",
        "from unittest import mock\ndef test():\n    with mock.patch.multiple('p.a', C=2): pass\n",
        "def test(monkeypatch): monkeypatch.setattr('p.a.C', 2)\n",
        "def test(monkeypatch): monkeypatch.delattr('p.a.C')\n",
    ] {
        names_a(&[("test_a.py", source)], true);
    }
    names_a(
        &[(
            "test_a.py",
            "from unittest import mock\ndef test():\n    with mock.patch('p.C', create=True): pass\n",
        )],
        false,
    );
}

#[test]
fn plugins_and_what_they_import() {
    check_closures(
        &[
            ("pytest.ini", "[pytest]\naddopts = -p opt.plug\n"),
            (
                "pyproject.toml",
                "[project.entry-points.pytest11]\nx = 'entry.plug'\n",
            ),
            ("opt/__init__.py", ""),
            ("opt/plug.py", "import deep\n"),
            ("deep.py", ""),
            ("entry/__init__.py", ""),
            ("entry/plug.py", ""),
            ("named/__init__.py", "import below\n"),
            ("named/plug.py", "pytest_plugins = 'more'\n"),
            ("more.py", ""),
            ("below.py", ""),
            ("unused.py", ""),
            ("conftest.py", "pytest_plugins = ('named.plug',)\n"),
            ("x/test_a.py", "def test(): pass\n"),
        ],
        &[
            "x/test_a.py: opt/plug.py deep.py entry/plug.py named/plug.py named/__init__.py more.py below.py | unused.py",
        ],
    );
}

#[test]
fn conftests_of_all_ancestors_and_what_they_import() {
    check_closures(
        &[
            ("conftest.py", "import one\n"),
            (
                "a/conftest.py",
                "def helper():\n    import two\n    return two\nhelper()\n",
            ),
            ("a/b/c/conftest.py", "import sibling\n"),
            ("a/b/c/sibling.py", ""),
            ("a/b/c/test_a.py", "def test(): pass\n"),
            ("a/d/conftest.py", "import three\n"),
            ("one.py", ""),
            ("two.py", ""),
            ("three.py", ""),
        ],
        &[
            "a/b/c/test_a.py: conftest.py one.py a/conftest.py two.py a/b/c/sibling.py | a/d/conftest.py three.py",
        ],
    );
    check(Case {
        files: &[
            ("conftest.py", ""),
            ("pytest.ini", "[pytest]\naddopts = --confcutdir=a\n"),
            ("a/conftest.py", ""),
            ("a/test_a.py", "def test(): pass\n"),
        ],
        closures: &["a/test_a.py: a/conftest.py | conftest.py"],
        ..Case::default()
    });
    check(Case {
        files: &[
            ("conftest.py", ""),
            ("pytest.ini", "[pytest]\naddopts = --noconftest\n"),
            ("test_a.py", "def test(): pass\n"),
        ],
        closures: &["test_a.py: | conftest.py"],
        ..Case::default()
    });
}
