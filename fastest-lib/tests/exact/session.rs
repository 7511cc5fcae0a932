//! Hooks and parameters that tie the tests of different files together.

use crate::case::Case;

const OPEN: &str = "import pytest\n\
    @pytest.mark.parametrize('x', eval('[0, 1]'))\n\
    def test_open(x): pass\n";
const PLAIN: &str = "def test_plain(): pass\ndef test_other(): pass\n";

fn whole(case: &Case) {
    let found = case.check(&[]);
    assert!(found.report.whole_session.is_some(), "{:?}", found.report);
}

#[test]
fn a_root_conftest_reverses_and_deselects() {
    let conftest = "def pytest_collection_modifyitems(config, items):\n\
        \x20   dropped = [item for item in items if item.name == 'test_other']\n\
        \x20   config.hook.pytest_deselected(items=dropped)\n\
        \x20   items[:] = [item for item in reversed(items) if item not in dropped]\n";
    whole(&Case::new(&[
        ("conftest.py", conftest),
        ("test_a.py", OPEN),
        ("test_b.py", PLAIN),
        ("test_c.py", OPEN),
    ]));
}

#[test]
fn a_conftest_of_a_folder_shuffles_the_whole_session() {
    let conftest = "def pytest_collection_modifyitems(items):\n\
        \x20   items.sort(key=lambda item: item.name[::-1])\n";
    let case = Case::new(&[
        ("a/test_a.py", OPEN),
        ("b/conftest.py", conftest),
        ("b/test_b.py", PLAIN),
        ("test_c.py", PLAIN),
    ]);
    whole(&case);
    let starts = case.starts();
    case.write("test_c.py", "def test_new(): pass\n");
    case.check(&[]);
    assert!(case.starts() > starts, "every file has a say");
}

#[test]
fn a_conftest_without_any_test_file_below_it() {
    let conftest = "def pytest_collection_modifyitems(items): items.reverse()\n";
    whole(&Case::new(&[
        ("a/conftest.py", conftest),
        ("test_b.py", PLAIN),
        ("test_c.py", PLAIN),
    ]));
}

#[test]
fn session_scoped_parameters_reorder_across_files() {
    let conftest = "import pytest\n\
        @pytest.fixture(scope='session', params=eval('range(2)'))\n\
        def wide(request): return request.param\n";
    let uses = "def test_a(wide): pass\ndef test_b(): pass\n";
    whole(&Case::new(&[
        ("conftest.py", conftest),
        ("test_a.py", uses),
        ("test_b.py", PLAIN),
        ("test_c.py", uses),
    ]));
}

#[test]
fn session_scoped_parameters_that_only_one_open_file_has() {
    let closed = "import pytest\n\
        @pytest.mark.parametrize('wide', ['0', '1'], indirect=True, scope='session')\n\
        def test_a(wide): pass\n";
    let open = "import pytest\n\
        @pytest.mark.parametrize('wide', eval('range(2)'), indirect=True, scope='session')\n\
        def test_a(wide): pass\n";
    let conftest = "import pytest\n\
        @pytest.fixture(scope='session')\n\
        def wide(request): return request.param\n";
    whole(&Case::new(&[
        ("conftest.py", conftest),
        ("test_a.py", closed),
        ("test_b.py", open),
    ]));
}

#[test]
fn a_test_module_loads_a_plugin_that_reorders() {
    let plugin = "def pytest_collection_modifyitems(items): items.reverse()\n";
    whole(&Case::new(&[
        ("pytest.ini", "[pytest]\npythonpath = .\n"),
        ("reorders.py", plugin),
        (
            "sub/test_a.py",
            "pytest_plugins = ['reorders']\ndef test_a(): pass\n",
        ),
        ("test_b.py", PLAIN),
    ]));
}

#[test]
fn ids_made_by_a_hook_are_made_for_every_file_that_follows() {
    let conftest =
        "def pytest_make_parametrize_id(config, val, argname): return f'{argname}={val}'\n";
    let closed = "import pytest\n\
        @pytest.mark.parametrize('x', [1])\n\
        def test_closed(x): pass\n";
    whole(&Case::new(&[
        ("a/conftest.py", conftest),
        ("a/test_a.py", OPEN),
        ("b/test_b.py", closed),
    ]));
}

#[test]
fn a_plugin_named_in_the_configuration() {
    let plugin = "def pytest_collection_modifyitems(items): items.reverse()\n";
    let case = Case::new(&[
        (
            "pytest.ini",
            "[pytest]\npythonpath = .\naddopts = -p reverses\n",
        ),
        ("reverses.py", plugin),
        ("test_a.py", PLAIN),
    ]);
    if case.pytest_in("", &[]).1 != 0 {
        println!("for this pytest `pythonpath` comes too late for `-p`");
        assert!(case.resolve(&[]).is_err());
        return;
    }
    whole(&case);
}

#[test]
fn an_installed_plugin_has_its_say_once_something_is_open() {
    let case = Case::new(&[
        ("test_a.py", OPEN),
        ("test_b.py", PLAIN),
        ("pytest.ini", "[pytest]\nnorecursedirs = site\n"),
    ]);
    let found = case.check(&[]);
    assert_eq!(found.report.whole_session, None);
    case.write(
        "site/reversing.py",
        "def pytest_collection_modifyitems(items): items.reverse()\n",
    );
    case.write(
        "site/reversing-1.0.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: reversing\nVersion: 1.0\n",
    );
    case.write(
        "site/reversing-1.0.dist-info/entry_points.txt",
        "[pytest11]\nreversing = reversing\n",
    );
    // It was not there for the first answer, which is of no use any more.
    whole(&case);
}

#[test]
fn the_command_line_filters_of_the_configuration_are_for_the_selection() {
    let case = Case::new(&[
        ("pytest.ini", "[pytest]\naddopts = -k open\n"),
        ("test_a.py", OPEN),
        ("test_b.py", PLAIN),
    ]);
    let (expected, _) = case.pytest_in("", &[]);
    let found = case.resolve(&[]).unwrap();
    let filters = fastest_lib::selection::Filters {
        keyword: Some("open".to_owned()),
        ..Default::default()
    };
    assert_eq!(found.selected(&filters), expected);
    assert_eq!(found.ids.len(), 4, "all are discovered");
}
