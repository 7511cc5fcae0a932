//! `--level symbol`.

use super::since::{Edit, commit, committed, edit, git, mode, removed};
use super::{DB, affected, lines};

const FILE: &str = "tests/test_db.py";

const SYMBOLS: &str = "import pytest\n\
    \n\
    @pytest.fixture\n\
    def test_value():\n    return 1\n\
    \n\
    def test_one():\n    assert 1\n\
    \n\
    def test_two(test_value):\n    assert 2\n\
    \n\
    class TestBase:\n    def test_three(self):\n        assert 3\n\
    \n\
    class TestDerived(TestBase):\n    def test_four(self):\n        test_five()\n\
    \n\
    def test_five():\n    assert 5\n";

#[test]
fn symbols_leave_the_tests_whose_bodies_changed() {
    let Some(project) = committed() else { return };
    project.write("tests/test_db.py", SYMBOLS);
    commit(&project);
    let whole = [
        "test_one",
        "test_two",
        "TestBase::test_three",
        "TestDerived::test_three",
        "TestDerived::test_four",
        "test_five",
    ];
    let check = |name: &str, edit: Edit, expected: &[&str]| {
        edit(&project);
        let finished = affected(&project, &["--level", "symbol", "--since", "HEAD"]);
        let ids = lines(&finished).into_iter();
        let mut ids: Vec<_> = ids
            .map(|id| id.trim_start_matches("tests/test_db.py::"))
            .collect();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        ids.sort_unstable();
        assert_eq!(ids, expected, "{name}: {finished:?}");
        let all = affected(&project, &["--output", "files", "--since", "HEAD"]);
        assert!(lines(&all).contains(&DB), "{name}: {all:?}");
        git(&project, &["checkout", "--quiet", "."]);
        git(&project, &["clean", "--quiet", "-fd"]);
    };
    check(
        "a body",
        |p| edit(p, FILE, "assert 1", "assert 0"),
        &["test_one"],
    );
    check(
        "two bodies",
        |p| {
            edit(p, FILE, "assert 1", "assert 0");
            edit(p, FILE, "assert 2", "assert 0");
        },
        &["test_one", "test_two"],
    );
    check(
        "an inherited test",
        |p| edit(p, FILE, "assert 3", "assert 0"),
        &["TestBase::test_three", "TestDerived::test_three"],
    );
    check(
        "a test that another one calls",
        |p| edit(p, FILE, "assert 5", "assert 0"),
        &whole,
    );
    check(
        "a fixture named like a test",
        |p| edit(p, FILE, "return 1", "return 0"),
        &whole,
    );
    check(
        "a new test",
        |p| {
            edit(
                p,
                FILE,
                "def test_one",
                "def test_none(): pass\n\ndef test_one",
            )
        },
        &[&whole[..], &["test_none"]].concat(),
    );
    check("a mode", |p| mode(p, FILE), &whole);
    project.write(FILE, format!("import pkg.unused\n{SYMBOLS}"));
    commit(&project);
    check(
        "a body, and a module that was deleted",
        |p| {
            edit(p, FILE, "assert 1", "assert 0");
            removed(p, "pkg/unused.py");
        },
        &whole,
    );
    check(
        "a body, and a module that the file does not depend on",
        |p| {
            edit(p, FILE, "assert 1", "assert 0");
            p.write("pkg/more.py", "");
        },
        &["test_one"],
    );
    check(
        "data beside",
        |p| p.write("tests/schemas.bin", "2"),
        &[
            &whole[..],
            &[
                "tests/deep/test_deep.py::test_deep",
                "tests/test_a.py::test_a",
                "tests/test_a.py::TestA::test_b",
                "tests/test_c.py::test_c",
            ],
        ]
        .concat(),
    );
}
