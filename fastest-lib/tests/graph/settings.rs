//! Names in settings, of pytest and of frameworks.

use crate::case::{Case, check, check_closures};

#[test]
fn modules_that_ini_settings_name() {
    check(Case {
        files: &[
            (
                "pytest.ini",
                "[pytest]\nDJANGO_SETTINGS_MODULE = conf.test\n",
            ),
            ("conf/__init__.py", ""),
            (
                "conf/test.py",
                "ROOT_URLCONF = 'conf.urls'\nINSTALLED_APPS = ['shop.apps.ShopConfig', 'blog']\n",
            ),
            ("conf/urls.py", ""),
            ("conf/unused.py", ""),
            ("shop/__init__.py", ""),
            ("shop/apps.py", ""),
            ("blog/__init__.py", ""),
            ("blog/models.py", ""),
            ("blog/migrations/__init__.py", ""),
            ("blog/migrations/m1.py", ""),
            ("blog/private.py", ""),
            ("test_a.py", "import django\ndef test(): pass\n"),
        ],
        closures: &[
            "test_a.py: conf/test.py conf/urls.py shop/apps.py blog/models.py blog/migrations/m1.py | conf/unused.py blog/private.py",
        ],
        is_static: true,
        ..Case::default()
    });
}

#[test]
fn categories_of_warnings() {
    const WARNS: &str = "class W(UserWarning): pass\n";
    check_closures(
        &[
            (
                "pytest.ini",
                "[pytest]\naddopts = -W error::p.two.W\nfilterwarnings =\n    ignore:p.four x:UserWarning\n    error::p.one.W\n",
            ),
            ("p/__init__.py", ""),
            ("p/one.py", WARNS),
            ("p/two.py", WARNS),
            ("p/three.py", WARNS),
            ("p/four.py", WARNS),
            (
                "test_a.py",
                "import pytest\n@pytest.mark.filterwarnings('ignore:some text:p.three.W')\ndef test(): pass\n",
            ),
            ("test_b.py", "def test(): pass\n"),
        ],
        &[
            "test_a.py: p/one.py p/two.py p/three.py | p/four.py",
            "test_b.py: p/one.py p/two.py | p/three.py p/four.py",
        ],
    );
}

#[test]
fn examples_in_docstrings() {
    let files: [(&str, &str); 4] = [
        (
            "test_a.py",
            "def test():\n    \"\"\"\n    >>> from p import a\n    \"\"\"\n",
        ),
        ("p/__init__.py", ""),
        ("p/a.py", ""),
        ("p/b.py", ""),
    ];
    check_closures(&files, &["test_a.py: | p/a.py"]);
    let setting = ("pytest.ini", "[pytest]\naddopts = --doctest-modules\n");
    let files = [&files[..], &[setting]].concat();
    check_closures(&files, &["test_a.py: p/a.py | p/b.py"]);
}

#[test]
fn test_files_by_patterns_with_folders() {
    check_closures(
        &[
            (
                "pytest.ini",
                "[pytest]\npython_files = checks/*.py\naddopts = -p plug\n",
            ),
            ("plug.py", ""),
            ("conftest.py", ""),
            ("checks/conftest.py", ""),
            ("checks/one.py", "def test(): pass\n"),
            ("other/two.py", ""),
            ("other/checks.py", ""),
        ],
        &[
            "checks/one.py: conftest.py checks/conftest.py plug.py | other/two.py",
            "other/two.py: | conftest.py plug.py",
            "other/checks.py: | conftest.py plug.py",
        ],
    );
}
