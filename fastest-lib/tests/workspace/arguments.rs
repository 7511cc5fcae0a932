use fastest_lib::workspace::{Workspace, WorkspaceOptions};

use crate::case::{case, check};

#[test]
fn arguments() {
    check(&[
        case(
            "a file that does not match",
            &[("checks.py", ""), ("test_a.py", "")],
            "",
            &["checks.py"],
        ),
        case(
            "order is as given",
            &[("b/test_1.py", ""), ("a/test_2.py", ""), ("test_3.py", "")],
            "",
            &["test_3.py", "b", "a"],
        ),
        case(
            "duplicates and overlaps",
            &[
                ("a/test_1.py", ""),
                ("a/s/test_2.py", ""),
                ("b/test_3.py", ""),
                ("ab/test_4.py", ""),
            ],
            "",
            &[
                "a/s",
                "b",
                "./a",
                "b/test_3.py",
                "a/test_1.py::test_it",
                "ab",
            ],
        ),
        case(
            "node ids",
            &[("a/test_1.py", ""), ("b/test_2.py", "")],
            "",
            &[
                "b/test_2.py::Test",
                "a/test_1.py::Test::test_me",
                "b/test_2.py::Test::test_me",
            ],
        ),
        case(
            "parameters",
            &[(
                "test_1.py",
                "import pytest\n@pytest.mark.parametrize('a', ['x', 'y::z', '[w]'])\ndef test_it(a): pass\n",
            )],
            "",
            &["test_1.py::test_it[y::z]", "test_1.py::test_it[[w]]"],
        ),
        case(
            "outside of the rootdir",
            &[
                ("p/pytest.ini", ""),
                ("o/test_1.py", ""),
                ("o/s/test_2.py", ""),
                ("o/conftest.py", ""),
                ("conftest.py", ""),
            ],
            "p",
            &["--rootdir", ".", "../o"],
        ),
        case(
            "a file outside of the rootdir",
            &[("p/pytest.ini", ""), ("o/test_1.py", "")],
            "p",
            &["-c", "pytest.ini", "../o/test_1.py"],
        ),
        case(
            "absolute, with dots",
            &[("a/test_1.py", ""), ("b/x", "")],
            "b",
            &["{root}/b/.././a/test_1.py"],
        ),
        case(
            "from a folder below",
            &[
                ("pytest.ini", ""),
                ("a/test_1.py", ""),
                ("a/b/test_2.py", ""),
            ],
            "a",
            &["b", "."],
        ),
    ]);
}

#[test]
fn names_of_one_file_are_merged() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["test_a.py", "test_b.py"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let names = |args: &[&str]| -> Vec<(String, Vec<String>)> {
        let mut options = WorkspaceOptions::new(folder.path());
        options.args = args.iter().map(ToString::to_string).collect();
        let files = Workspace::open(options)
            .unwrap()
            .test_files()
            .unwrap()
            .files;
        let joined = |names: &Vec<String>| names.join(" ");
        files
            .into_iter()
            .map(|file| (file.id, file.names.iter().map(joined).collect()))
            .collect()
    };
    let a = || "test_a.py".to_owned();
    let b = || "test_b.py".to_owned();
    assert_eq!(
        names(&["test_b.py::x", "test_a.py", "test_b.py::T::y[1::2]"]),
        [
            (b(), vec!["x".to_owned(), "T y[1::2]".to_owned()]),
            (a(), vec![])
        ]
    );
    assert_eq!(names(&["test_a.py::x", "test_a.py"]), [(a(), vec![])]);
}
