use fastest_lib::workspace::{Workspace, WorkspaceOptions};

use crate::case::{case, check};

#[test]
fn files() {
    check(&[
        case(
            "order: folders and files by name",
            &[
                ("b/test_1.py", ""),
                ("b.py", ""),
                ("a_test.py", ""),
                ("test_c.py", ""),
                ("test_B.py", ""),
                ("test_c/test_2.py", ""),
                ("test_é.py", ""),
                ("Z/test_3.py", ""),
                ("test_c0.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "packages",
            &[
                ("pkg/__init__.py", ""),
                ("pkg/A_test.py", ""),
                ("pkg/sub/__init__.py", "def test_init(): pass\n"),
                ("pkg/sub/test_a.py", ""),
                ("pkg/test_b.py", ""),
                ("pkg/plain/test_c.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "__init__.py first when it matches",
            &[
                ("pytest.ini", "[pytest]\npython_files=*.py\n"),
                ("pkg/__init__.py", "def test_init(): pass\n"),
                ("pkg/A.py", ""),
                ("pkg/sub/__init__.py", "def test_init(): pass\n"),
                ("pkg/sub/b.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "an __init__.py by name",
            &[
                ("pkg/__init__.py", "def test_init(): pass\n"),
                ("pkg/test_a.py", ""),
            ],
            "",
            &["pkg/__init__.py"],
        ),
        case(
            "norecursedirs",
            &[
                ("build/test_1.py", ""),
                (".hidden/test_2.py", ""),
                ("x.egg/test_3.py", ""),
                ("venv/test_4.py", ""),
                ("__pycache__/test_5.py", ""),
                ("node_modules/test_6.py", ""),
                ("t/dist/test_7.py", ""),
                ("t/ok/test_8.py", ""),
                (".test_9.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "norecursedirs with a path",
            &[
                ("pytest.ini", "[pytest]\nnorecursedirs = t/skip */deep\n"),
                ("t/skip/test_1.py", ""),
                ("skip/test_2.py", ""),
                ("u/deep/test_3.py", ""),
                ("build/test_4.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "a folder that is asked for is entered",
            &[
                ("build/test_1.py", ""),
                ("build/dist/test_2.py", ""),
                ("e/pyvenv.cfg", ""),
                ("e/test_3.py", ""),
            ],
            "",
            &["build", "e"],
        ),
        case(
            "environments",
            &[
                ("e1/pyvenv.cfg", ""),
                ("e1/test_1.py", ""),
                ("e2/conda-meta/history", ""),
                ("e2/test_2.py", ""),
                ("e3/conda-meta/other", ""),
                ("e3/test_3.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "environments that are wanted",
            &[("e1/pyvenv.cfg", ""), ("e1/test_1.py", "")],
            "",
            &[],
        )
        .env("--collect-in-virtualenv"),
        case(
            "python_files with a path",
            &[
                (
                    "pytest.ini",
                    "[pytest]\npython_files = check/*.py [tu]_?.py\n",
                ),
                ("check/a.py", ""),
                ("x/check/b/c.py", ""),
                ("t_1.py", ""),
                ("v_1.py", ""),
                ("d.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "testpaths",
            &[
                (
                    "pytest.ini",
                    "[pytest]\ntestpaths = z src/*/tests **/more nothing\n",
                ),
                ("z/test_1.py", ""),
                ("src/b/tests/test_2.py", ""),
                ("src/a/tests/test_3.py", ""),
                ("src/.c/tests/test_4.py", ""),
                ("x/y/more/test_5.py", ""),
                ("more/test_6.py", ""),
                ("test_7.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "testpaths from elsewhere",
            &[
                ("pytest.ini", "[pytest]\ntestpaths = t\n"),
                ("t/test_1.py", ""),
                ("u/test_2.py", ""),
            ],
            "u",
            &[],
        ),
        case(
            "testpaths that are not there",
            &[
                ("pytest.ini", "[pytest]\ntestpaths = none\n"),
                ("t/test_1.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "testpaths within each other",
            &[
                ("pytest.ini", "[pytest]\ntestpaths = t/sub t u t\n"),
                ("t/sub/test_1.py", ""),
                ("t/test_2.py", ""),
                ("u/test_3.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "--ignore and --ignore-glob",
            &[
                ("pytest.ini", ""),
                ("t/a/test_1.py", ""),
                ("t/b/test_2.py", ""),
                ("t/c/test_3.py", ""),
                ("t/c/test_4.py", ""),
                ("t/d/test_5.py", ""),
            ],
            "t",
            &[
                "--ignore",
                "a",
                "--ignore",
                "../t/c/test_3.py",
                "--ignore-glob",
                "*/d",
                "--ignore-glob",
                "b*",
            ],
        ),
        case(
            "what is asked for is not ignored",
            &[("t/test_1.py", ""), ("t/u/test_2.py", "")],
            "",
            &["--ignore", "t", "--ignore-glob", "*test_1.py", "t"],
        ),
        case(
            "links to files and folders",
            &[
                ("real/test_1.py", ""),
                ("link", "-> real"),
                ("test_2.py", "-> real/test_1.py"),
                ("test_3.py", "-> nowhere"),
                ("gone", "-> nowhere"),
            ],
            "",
            &[],
        ),
        case(
            "a link in a circle",
            &[("t/test_1.py", ""), ("t/loop", "-> .")],
            "",
            &[],
        ),
        case(
            "links in a circle over two folders",
            &[
                ("t/a/test_1.py", ""),
                ("t/a/x", "-> ../b"),
                ("t/b/test_2.py", ""),
                ("t/b/y", "-> ../a"),
            ],
            "",
            &[],
        ),
        case(
            "a link to itself",
            &[("self", "-> self"), ("test_1.py", "")],
            "",
            &[],
        ),
        case(
            "text files with doctests",
            &[
                ("t/test_x.txt", ">>> 1\n1\n"),
                ("t/test_y.txt", "none\n"),
                ("t/z.txt", ">>> 1\n1\n"),
                ("t/test_a.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "text files by name",
            &[("x.rst", "  >>> 1\n  1\n")],
            "",
            &["x.rst"],
        ),
        case(
            "text files by another pattern",
            &[
                ("test_x.txt", ">>> 1\n1\n"),
                ("doc/a.md", ">>> 1\n1\n"),
                ("test_a.py", ""),
            ],
            "",
            &[],
        )
        .env("--doctest-glob=*.md"),
        case(
            "no doctests",
            &[("test_x.txt", ">>> 1\n1\n"), ("test_a.py", "")],
            "",
            &[],
        )
        .env("-p no:doctest"),
        case(
            "doctest modules",
            &[
                ("src/m.py", "'''\n>>> 1\n1\n'''\n"),
                (
                    "src/setup.py",
                    "'''\n>>> 1\n1\n'''\nfrom setuptools import setup\nsetup()\n",
                ),
                ("test_a.py", ""),
            ],
            "",
            &[],
        )
        .env("--doctest-modules --import-mode=importlib"),
        case(
            "conftests",
            &[
                ("conftest.py", ""),
                ("p/pytest.ini", ""),
                ("p/conftest.py", ""),
                ("p/t/conftest.py", ""),
                ("p/t/u/test_1.py", ""),
                ("p/v/test_2.py", ""),
            ],
            "p",
            &[],
        ),
        case(
            "conftests with --confcutdir",
            &[
                ("pytest.ini", ""),
                ("conftest.py", ""),
                ("t/conftest.py", ""),
                ("t/test_1.py", ""),
                ("t/u/test_2.py", ""),
            ],
            "",
            &["--confcutdir", "t"],
        ),
        case(
            "no conftests",
            &[
                ("pytest.ini", "[pytest]\naddopts=--noconftest\n"),
                ("conftest.py", ""),
                ("test_1.py", ""),
            ],
            "",
            &[],
        ),
    ]);
}

#[test]
fn two_links_upward_end() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("test_a.py"), "").unwrap();
    for name in ["x", "y", "z"] {
        std::os::unix::fs::symlink(".", folder.path().join(name)).unwrap();
    }
    let workspace = Workspace::open(WorkspaceOptions::new(folder.path())).unwrap();
    let found = workspace.test_files().unwrap();
    let ids: Vec<&str> = found.files.iter().map(|file| file.id.as_str()).collect();
    assert_eq!(
        ids,
        ["test_a.py", "x/test_a.py", "y/test_a.py", "z/test_a.py"]
    );
    assert!(found.problems[0].message.contains("round in circles"));
}
