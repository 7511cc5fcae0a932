//! Files whose tests only Python knows, while others are known.

use fastest_lib::selection::Filters;

use crate::case::Case;

const PLAIN: &str = "def test_plain(): pass\n";

#[test]
fn computed_parameters() {
    let source = "import pytest\n\
        def values(): return [eval('1'), 'two', None]\n\
        @pytest.mark.parametrize('x', values(), ids=lambda value: f'<{value}>')\n\
        @pytest.mark.parametrize('y', [n * n for n in eval('range(3)')])\n\
        def test_computed(x, y): pass\n\
        class TestInner:\n\
        \x20   @pytest.mark.parametrize('z', values())\n\
        \x20   def test_method(self, z): pass\n";
    let case = Case::new(&[("test_a.py", source), ("test_b.py", PLAIN)]);
    let found = case.check(&[]);
    assert_eq!(found.report.by_python, 1, "{:?}", found.report);
    assert_eq!(found.report.whole_session, None);
    let file = &found.discovery.files[0];
    let method = file.tests.last().unwrap();
    assert_eq!(
        (&*method.classes, &*method.function),
        (&["TestInner".to_owned()][..], "test_method")
    );
    assert_eq!(method.parameters.as_deref(), Some("None"));
    assert_eq!((method.line, method.column), (8, 5));
    assert_eq!(*method.markers, ["parametrize"]);
    assert!(file.tests[0].fixtures.is_empty());
}

#[test]
fn generate_tests_of_a_module_and_of_a_conftest() {
    let hook = "def pytest_generate_tests(metafunc):\n\
        \x20   if 'n' in metafunc.fixturenames:\n\
        \x20       metafunc.parametrize('n', range(3))\n";
    let uses = "def test_uses(n): pass\ndef test_not(): pass\n";
    let both = format!("{hook}{uses}");
    let case = Case::new(&[
        ("test_a.py", both.as_str()),
        ("sub/conftest.py", hook),
        ("sub/test_b.py", uses),
        ("test_c.py", PLAIN),
    ]);
    let found = case.check(&[]);
    assert_eq!(found.report.whole_session, None);
}

#[test]
fn fixtures_of_a_local_plugin() {
    let plugin = "import pytest\n\
        @pytest.fixture(params=['a', 'b'])\n\
        def letter(request): return request.param\n";
    let case = Case::new(&[
        ("conftest.py", "pytest_plugins = ['letters']\n"),
        ("letters.py", plugin),
        ("pytest.ini", "[pytest]\npythonpath = .\n"),
        ("test_a.py", "def test_a(letter): pass\n"),
        ("test_b.py", PLAIN),
    ]);
    let found = case.check(&[]);
    assert_eq!(*found.discovery.files[0].tests[0].fixtures, ["letter"]);
}

#[test]
fn marks_and_names_are_there_for_filters() {
    let source = "import pytest\n\
        cases = [pytest.param(1, marks=pytest.mark.slow(level=2)), pytest.param(2, id='quick')]\n\
        @pytest.mark.parametrize('x', [case for case in eval('cases')])\n\
        def test_case(x): pass\n\
        def test_named(): pass\n\
        test_named.tagged = True\n";
    let case = Case::new(&[
        ("pytest.ini", "[pytest]\nmarkers = slow: x\n"),
        ("test_a.py", source),
    ]);
    let found = case.check(&[]);
    let check = |keyword: Option<&str>, markexpr: Option<&str>, args: &[&str]| {
        let filters = Filters {
            keyword: keyword.map(str::to_owned),
            markexpr: markexpr.map(str::to_owned),
            ..Filters::default()
        };
        let (expected, _) = case.pytest_in("", args);
        assert_eq!(found.selected(&filters), expected, "{args:?}");
    };
    check(None, Some("slow"), &["-m", "slow"]);
    if case.pytest_in("", &["-m", "slow(level=1)"]).0.is_empty() {
        check(None, Some("slow(level=2)"), &["-m", "slow(level=2)"]);
        check(None, Some("slow(level=1)"), &["-m", "slow(level=1)"]);
    } else {
        println!("this pytest does not select by the arguments of marks");
    }
    check(None, Some("not slow"), &["-m", "not slow"]);
    check(Some("QUICK"), None, &["-k", "QUICK"]);
    check(Some("tagged"), None, &["-k", "tagged"]);
    check(Some("not quick"), None, &["-k", "not quick"]);
}

#[test]
fn unittest_with_load_tests_and_subclasses_of_imported_classes() {
    let base = "import unittest\n\
        class Base(unittest.TestCase):\n\
        \x20   def test_base(self): pass\n\
        made = type('TestMade', (Base,), {'test_more': lambda self: None})\n";
    let source = "import unittest\n\
        from base import Base, made as TestMade\n\
        class TestOwn(Base):\n\
        \x20   def test_own(self): pass\n\
        def load_tests(loader, tests, pattern): return unittest.TestSuite()\n";
    Case::new(&[("base.py", base), ("test_a.py", source)]).check(&[]);
}

#[test]
fn names_made_at_import() {
    let source = "import sys\n\
        for n in range(3):\n\
        \x20   globals()[f'test_{n}'] = lambda: None\n\
        del globals()['test_1']\n\
        print('printed at import'); print('also', file=sys.stderr)\n";
    Case::new(&[("test_a.py", source), ("test_b.py", PLAIN)]).check(&[]);
}

#[test]
fn arguments_that_name_tests() {
    let source = "import pytest\n\
        def values(): return [eval('1'), 2]\n\
        class TestA:\n\
        \x20   @pytest.mark.parametrize('x', values())\n\
        \x20   def test_x(self, x): pass\n\
        \x20   def test_y(self): pass\n\
        @pytest.mark.parametrize('x', values())\n\
        def test_z(x): pass\n";
    let case = Case::new(&[("test_a.py", source), ("test_b.py", PLAIN)]);
    case.check(&["test_a.py::TestA"]);
    case.check(&["test_a.py::TestA::test_x[2]", "test_b.py::test_plain"]);
    case.check(&["test_a.py::test_z", "test_a.py::TestA::test_y"]);
    case.check(&["test_b.py", "test_a.py::test_z[1]"]);
    let error = case.resolve(&["test_a.py::test_z[7]"]).err().unwrap();
    assert!(error.to_string().contains("not found"), "{error}");
}

#[test]
fn module_scoped_parameters_reorder_a_file() {
    let source = "import pytest\n\
        @pytest.fixture(scope='module', params=eval('range(2)'))\n\
        def wide(request): return request.param\n\
        def test_a(wide): pass\n\
        def test_b(): pass\n\
        def test_c(wide): pass\n";
    let found = Case::new(&[("test_a.py", source), ("test_b.py", PLAIN)]).check(&[]);
    assert_eq!(found.report.whole_session, None);
}
