//! From which folders names are found.

use crate::case::{Case, check, check_closures, check_edges};

const TEST: &str = "def test(): pass\n";

#[test]
fn several_import_roots() {
    // `src`, by convention and by configuration.
    check_edges(
        &[
            ("setup.cfg", "[options.packages.find]\nwhere = code\n"),
            ("pytest.ini", "[pytest]\npythonpath = code extra\n"),
            ("code/a/__init__.py", "import b\n"),
            ("extra/b.py", ""),
            ("other/b/c.py", ""),
            ("tests/test_a.py", "import a\ndef test(): pass\n"),
        ],
        &[
            "tests/test_a.py -> code/a/__init__.py import import",
            "code/a/__init__.py -> extra/b.py import import",
        ],
        &["code/a/__init__.py -> other/b/c.py"],
    );
    for layout in [
        "[tool.setuptools.packages.find]\nwhere = ['py']\n",
        "[tool.setuptools.package-dir]\n'' = 'py'\n",
        "[[tool.poetry.packages]]\ninclude = 'a'\nfrom = 'py'\n",
        "[tool.hatch.build.targets.wheel]\npackages = ['py/a']\n",
        "[tool.pytest.ini_options]\npythonpath = 'py'\n",
        "[tool.fastest.graph]\nroots = ['py']\n",
    ] {
        check(Case {
            files: &[
                ("pyproject.toml", layout),
                ("py/a/__init__.py", "import b\n"),
                ("py/b.py", ""),
                ("tests/test_a.py", "import a\ndef test(): pass\n"),
            ],
            closures: &["tests/test_a.py: py/a/__init__.py py/b.py"],
            is_static: true,
            ..Case::default()
        });
    }
    // Two projects, each with its own `src`.
    check(Case {
        files: &[
            ("one/pyproject.toml", ""),
            ("one/src/a.py", ""),
            ("one/tests/test_a.py", "import a, b\ndef test(): pass\n"),
            ("two/setup.py", "from setuptools import setup\nsetup()\n"),
            ("two/src/b.py", ""),
        ],
        closures: &["one/tests/test_a.py: one/src/a.py two/src/b.py"],
        is_static: true,
        ..Case::default()
    });
}

#[test]
fn folders_that_pytest_inserts() {
    // The first folder upward that is no package, of the test file and of each conftest.
    check_closures(
        &[
            ("x/tests/__init__.py", ""),
            (
                "x/tests/test_a.py",
                "import helper, tests.more\ndef test(): pass\n",
            ),
            ("x/tests/more.py", ""),
            ("x/helper.py", ""),
            ("y/helper.py", ""),
        ],
        &["x/tests/test_a.py: x/helper.py x/tests/more.py | y/helper.py"],
    );
    check_closures(
        &[
            ("t/conftest.py", "import near\n"),
            ("t/near.py", ""),
            ("t/u/test_a.py", "import near\ndef test(): pass\n"),
            ("near/x.py", ""),
        ],
        &["t/u/test_a.py: t/near.py"],
    );
}

#[test]
fn import_mode_importlib() {
    check_closures(
        &[
            (
                "pytest.ini",
                "[pytest]\naddopts = --import-mode=importlib\n",
            ),
            ("lib.py", ""),
            ("tests/x/test_a.py", "import lib\ndef test(): pass\n"),
            ("tests/y/test_a.py", TEST),
        ],
        &[
            "tests/x/test_a.py: lib.py | tests/y/test_a.py",
            "tests/y/test_a.py: | lib.py",
        ],
    );
}

#[test]
fn folders_on_sys_path() {
    check_closures(
        &[
            (
                "tests/conftest.py",
                "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'vendor'))\n",
            ),
            ("tests/test_a.py", "import dep\ndef test(): pass\n"),
            ("vendor/dep.py", ""),
            ("vendor/unused.py", ""),
        ],
        &["tests/test_a.py: vendor/dep.py | vendor/unused.py"],
    );
}

#[test]
fn editable_installs_and_path_files() {
    check(Case {
        files: &[
            (".venv/pyvenv.cfg", ""),
            (".venv/bin/python", ""),
            (
                ".venv/lib/python3.12/site-packages/one.pth",
                "{root}/libs\n",
            ),
            (
                ".venv/lib/python3.12/site-packages/__editable__.two.pth",
                "import __editable___two_finder; __editable___two_finder.install()\n",
            ),
            (
                ".venv/lib/python3.12/site-packages/__editable___two_finder.py",
                "MAPPING = {'two': '{root}/deep/two'}\n",
            ),
            (".venv/lib/python3.12/site-packages/three/__init__.py", ""),
            ("libs/one.py", ""),
            ("deep/two/__init__.py", "from . import a\n"),
            ("deep/two/a.py", ""),
            ("deep/not_mapped.py", ""),
            ("other/one.py", ""),
            ("other/two/__init__.py", ""),
            (
                "test_a.py",
                "import one, two, three, four\ndef test(): pass\n",
            ),
        ],
        edges: &[
            "test_a.py -> libs/one.py import import",
            "test_a.py -> deep/two/__init__.py import import",
            "deep/two/__init__.py -> deep/two/a.py from-import import",
            "test_a.py -> three import import",
            "test_a.py -> four import import",
        ],
        absent: &[
            "test_a.py -> deep/not_mapped.py",
            "test_a.py -> other/one.py",
            "test_a.py -> other/two/__init__.py",
        ],
        is_static: true,
        ..Case::default()
    });
}

#[test]
fn namespace_packages() {
    check_edges(
        &[
            ("pytest.ini", "[pytest]\npythonpath = x y\n"),
            ("x/ns/a/__init__.py", ""),
            ("x/ns/a/one.py", ""),
            ("y/ns/b.py", ""),
            ("y/ns/c.py", ""),
            (
                "test_a.py",
                "import ns.a.one\nfrom ns import b\ndef test(): pass\n",
            ),
        ],
        &[
            "test_a.py -> x/ns/a/one.py import import",
            "x/ns/a/one.py -> x/ns/a/__init__.py parent-init parent-init",
            "test_a.py -> y/ns/b.py from-import import",
        ],
        &["test_a.py -> y/ns/c.py"],
    );
}

#[test]
fn packages_that_shadow_the_standard_library() {
    check_edges(
        &[
            ("colorsys.py", ""),
            ("email/__init__.py", ""),
            ("deep/er/json.py", ""),
            ("test_a.py", "import colorsys, json\ndef test(): pass\n"),
        ],
        &["test_a.py -> colorsys.py import import"],
        &[
            "test_a.py -> deep/er/json.py",
            "test_a.py -> json",
            "test_a.py -> email/__init__.py",
        ],
    );
}

#[test]
fn packages_known_by_their_stubs() {
    check(Case {
        files: &[
            ("p/__init__.pyi", "from . import a\n"),
            ("p/a.pyi", ""),
            ("q/__init__.py", ""),
            ("q/__init__.pyi", ""),
            ("test_a.py", "import p, p.a, q\ndef test(): pass\n"),
        ],
        edges: &[
            "test_a.py -> p/__init__.pyi import import",
            "test_a.py -> p/a.pyi import import",
            "q/__init__.py -> q/__init__.pyi type-checking stub",
        ],
        closures: &["test_a.py: p/a.pyi q/__init__.py | q/__init__.pyi"],
        is_static: true,
        ..Case::default()
    });
}

#[test]
fn symlinked_modules_and_folders() {
    check(Case {
        files: &[
            ("shared/common/__init__.py", "from . import a\n"),
            ("shared/common/a.py", ""),
            ("shared/common/b.py", ""),
            ("app/common", "-> ../shared/common"),
            ("app/single.py", "-> ../shared/one.py"),
            ("shared/one.py", "import two\n"),
            ("shared/two.py", ""),
            ("app/two.py", ""),
            ("app/test_a.py", "import common, single\ndef test(): pass\n"),
        ],
        edges: &[
            "app/common/__init__.py -> shared/common/__init__.py symlink symlink",
            "app/common/__init__.py -> app/common/a.py from-import import",
            "app/single.py -> shared/one.py symlink symlink",
        ],
        closures: &[
            "app/test_a.py: app/common/a.py shared/common/a.py shared/one.py app/two.py | shared/common/b.py app/common/b.py",
        ],
        ..Case::default()
    });
}

#[test]
fn links_that_lead_round_in_circles() {
    check(Case {
        files: &[
            ("p/__init__.py", ""),
            ("p/again", "-> ."),
            ("p/a.py", ""),
            ("gone.py", "-> nowhere.py"),
            ("test_a.py", "import p.again.a\ndef test(): pass\n"),
        ],
        edges: &["p/again/a.py -> p/a.py symlink symlink"],
        ..Case::default()
    });
}

#[test]
fn compiled_modules() {
    check(Case {
        files: &[
            ("p/__init__.py", ""),
            ("p/fast.cpython-312-x86_64-linux-gnu.so", ""),
            ("p/fast.pyx", ""),
            ("p/fast.pxd", ""),
            ("p/win.pyd", ""),
            ("p/slow.pyx", ""),
            ("built/__init__.cpython-312-x86_64-linux-gnu.so", ""),
            (
                "test_a.py",
                "from p import fast, win\nimport built\ndef test(): pass\n",
            ),
        ],
        edges: &[
            "test_a.py -> p/fast.cpython-312-x86_64-linux-gnu.so from-import import",
            "test_a.py -> p/win.pyd from-import import",
            "test_a.py -> built/__init__.cpython-312-x86_64-linux-gnu.so import import",
            "p/fast.cpython-312-x86_64-linux-gnu.so -> p/__init__.py parent-init parent-init",
        ],
        closures: &["test_a.py: p/fast.pyx p/fast.pxd | p/slow.pyx"],
        is_static: true,
        ..Case::default()
    });
}

#[test]
fn zipped_modules() {
    check(Case {
        files: &[
            (
                "pytest.ini",
                "[pytest]\npythonpath = libs/all.zip gone.zip\n",
            ),
            ("libs/all.zip", ""),
            ("libs/other.zip", ""),
            ("a.py", ""),
            ("test_a.py", "import zipped\ndef test(): pass\n"),
            ("test_b.py", "import a, os\ndef test(): pass\n"),
        ],
        edges: &["test_a.py -> libs/all.zip import import"],
        absent: &["test_a.py -> libs/other.zip", "test_b.py -> libs/all.zip"],
        is_static: true,
        ..Case::default()
    });
}

#[test]
fn modules_in_an_egg_of_a_path_file() {
    check(Case {
        files: &[
            (".venv/pyvenv.cfg", ""),
            (".venv/bin/python", ""),
            (
                ".venv/lib/python3.12/site-packages/x.pth",
                "{root}/dist/x.egg\n",
            ),
            (".venv/lib/python3.12/site-packages/known.py", ""),
            ("dist/x.egg", ""),
            ("test_a.py", "import zipped\ndef test(): pass\n"),
            ("test_b.py", "import known\ndef test(): pass\n"),
        ],
        edges: &["test_a.py -> dist/x.egg import import"],
        absent: &["test_b.py -> dist/x.egg"],
        is_static: true,
        ..Case::default()
    });
}

#[test]
fn packages_that_extend_their_path() {
    check_closures(
        &[
            ("pytest.ini", "[pytest]\npythonpath = x y\n"),
            (
                "x/p/__init__.py",
                "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n",
            ),
            ("y/p/__init__.py", ""),
            ("y/p/more.py", ""),
            ("y/p/unused.py", ""),
            ("test_a.py", "import p.more\ndef test(): pass\n"),
        ],
        &["test_a.py: x/p/__init__.py y/p/more.py | y/p/unused.py"],
    );
    check_closures(
        &[
            (
                "p/__init__.py",
                "import os\n__path__.append(os.path.join(os.path.dirname(__file__), 'impl'))\n",
            ),
            ("p/impl/a.py", ""),
            ("p/impl/b.py", ""),
            ("test_a.py", "import p.a\ndef test(): pass\n"),
        ],
        &["test_a.py: p/__init__.py p/impl/a.py | p/impl/b.py"],
    );
}
