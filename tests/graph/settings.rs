//! `[tool.fastest.graph]`.

use super::{TREE, ask, lines};
use crate::support::{check_each, project};

#[test]
fn settings_add_and_remove_edges() {
    let check = |(settings, test, expected): (&str, &str, &[&str])| {
        let project = project(TREE);
        project.write(
            "pyproject.toml",
            format!("[tool.fastest.graph]\n{settings}\n"),
        );
        for option in ["--no-cache", "--output=files", "--output=files"] {
            let finished = ask(&project, &["inputs", test, option]);
            let given: Vec<&str> = lines(&finished)
                .into_iter()
                .filter(|file| !["pyproject.toml", "pytest.ini", test].contains(file))
                .collect();
            assert_eq!(given, expected, "{settings} {option}: {finished:?}");
        }
    };
    let (a, data, loads) = (
        "tests/test_a.py",
        "tests/test_data.py",
        "tests/test_loads.py",
    );
    let (init, module, conftest) = ("pkg/__init__.py", "pkg/a.py", "tests/conftest.py");
    check_each::<(&str, &str, &[&str])>(
        &[
            ("", a, &[init, module, "pkg/b.py", conftest]),
            (
                "type-checking = true",
                a,
                &[init, module, "pkg/b.py", "pkg/types.py", conftest],
            ),
            ("disable = ['conftest', 'parent-init', 'import']", a, &[]),
            ("disable = ['path-string']", data, &[conftest]),
            (
                "drop = [{from = 'pkg/*.py', to = '**/b.py'}]",
                a,
                &[init, module, conftest],
            ),
            (
                "edges = [{from = 'tests/test_d*.py', to = 'tools/**'}]",
                data,
                &["data/table.csv", conftest, "tools/run.py"],
            ),
            (
                "policy = 'strict'",
                loads,
                &[
                    "data/table.csv",
                    init,
                    module,
                    "pkg/b.py",
                    "pkg/types.py",
                    "pkg/unused.py",
                    conftest,
                    a,
                    data,
                    "tools/run.py",
                ],
            ),
        ],
        check,
    );
    let project = project(TREE);
    // A module that lies in an import root is not looked for in other folders.
    project.write("old/run.py", "");
    project.write("tests/test_tool.py", "import run\n");
    let runs = || {
        let finished = ask(&project, &["inputs", "tests/test_tool.py"]);
        let given = lines(&finished).into_iter().map(str::to_owned);
        given
            .filter(|file| file.ends_with("/run.py"))
            .collect::<Vec<_>>()
    };
    assert_eq!(runs(), ["old/run.py", "tools/run.py"]);
    project.write(
        "pyproject.toml",
        "[tool.fastest.graph]\nroots = ['tools']\n",
    );
    assert_eq!(runs(), ["tools/run.py"]);
}

#[test]
fn settings_that_mean_nothing_are_problems() {
    let check = |(settings, says, code): (&str, &str, i32)| {
        let project = project(TREE);
        project.write(
            "pyproject.toml",
            format!("[tool.fastest.graph]\n{settings}\n"),
        );
        for _ in 0..2 {
            let finished = ask(&project, &["inputs", "tests/test_a.py"]);
            assert!(finished.stderr.contains(says), "{settings}: {finished:?}");
            assert_eq!(finished.code, Some(code), "{settings}: {finished:?}");
        }
    };
    check_each::<(&str, &str, i32)>(
        &[
            (
                "disable = ['imports']",
                "unknown rule `imports` in `disable`",
                0,
            ),
            (
                "roots = ['nowhere']",
                "`roots` of [tool.fastest.graph] names `nowhere`",
                0,
            ),
            (
                "drop = [{from = '[', to = '*'}]",
                "the glob `[` in `drop`",
                0,
            ),
            ("policy = 'loose'", "unknown variant `loose`", 4),
            ("rule = []", "unknown field `rule`", 4),
        ],
        check,
    );
}
