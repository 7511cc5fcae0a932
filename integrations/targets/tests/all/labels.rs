//! Files have the label of the package that they are in, wherever packages begin.

use fastest_targets::{FileChange, Kind};

use crate::project::Project;

#[test]
fn files_belong_to_the_nearest_package() {
    let reader = "from pathlib import Path\nROOT = Path(__file__).parent\n(ROOT / 'b' / 'c' / 'd.txt').read_text()\n";
    let files = [("a/test_x.py", reader), ("a/b/c/d.txt", "")];
    let project = Project::new(Kind::Bazel, files);
    project.update();
    let at = |path: &str| project.read(path);
    assert!(at("a/BUILD.bazel").contains("data = [\"b/c/d.txt\"]"));
    project.check_inputs();
    // Somebody makes a package of a folder between them.
    project.write("a/b/BUILD", "genrule(\n    name = \"x\",\n)\n");
    project.update();
    assert!(
        at("a/BUILD.bazel").contains("deps = [\"//a/b:c_d_txt\"]"),
        "{}",
        at("a/BUILD.bazel")
    );
    assert!(at("a/b/BUILD").contains("data = [\"c/d.txt\"]"));
    assert!(at("a/b/BUILD").contains("name = \"x\""));
    project.check_inputs();
    // A source makes a package of the folder of the data.
    project.write("a/b/c/e.py", "");
    project.update();
    assert!(at("a/BUILD.bazel").contains("deps = [\"//a/b/c:d_txt\"]"));
    assert!(!at("a/b/BUILD").contains("d.txt"));
    project.check_inputs();
}

#[test]
fn a_cycle_across_packages_has_one_target_that_all_depend_on() {
    let files = [
        ("one/__init__.py", "import two\n"),
        ("two/__init__.py", "import one\n"),
        ("test_x.py", "import two\n"),
    ];
    for kind in [Kind::Bazel, Kind::Buck2] {
        let project = Project::new(kind, files);
        project.update();
        project.check_inputs();
        let name = &project.system.new_file;
        assert!(
            project
                .read(&format!("one/{name}"))
                .contains("//two:two_sources")
        );
        assert!(project.read(name).contains("//one"));
    }
}

#[test]
fn import_roots_are_named_where_they_are_not_the_root() {
    let files = [
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\npythonpath = [\"lib/src\"]\n",
        ),
        ("lib/src/p/__init__.py", ""),
        ("lib/src/n/m.py", ""),
        ("lib/src/top.py", ""),
        ("test_x.py", "import p, top, n.m\n"),
    ];
    let project = Project::new(Kind::Bazel, files);
    project.update();
    project.check_inputs();
    for (folder, imports) in [("p", ".."), ("n", "..")] {
        let text = project.read(&format!("lib/src/{folder}/BUILD.bazel"));
        assert!(
            text.contains(&format!("imports = [\"{imports}\"]")),
            "{text}"
        );
    }
    assert!(
        project
            .read("lib/src/BUILD.bazel")
            .contains("imports = [\".\"]")
    );
}

#[test]
fn files_of_other_cells_give_a_problem_where_tests_need_them() {
    let walk = "from pathlib import Path\nlist(Path(__file__).parent.rglob('*'))\n";
    let notes = |test: &str| -> Vec<String> {
        let files = [
            ("cell/affected.bxl", ""),
            ("cell/defs.bzl", ""),
            ("cell/notes.txt", ""),
            ("test_x.py", test),
        ];
        let mut project = Project::new(Kind::Buck2, files);
        project.system.ignored.push("cell".to_owned());
        let notes = project.update().notes.into_iter();
        notes.map(|note| note.path).collect()
    };
    assert_eq!(notes(""), [""; 0]);
    // Rules are no inputs, whoever lists their folder.
    assert_eq!(notes(walk), ["cell/notes.txt"]);
}

#[test]
fn distributions_become_labels_where_the_configuration_says_so() {
    // Without an interpreter every module that is not there is a distribution of its name.
    let imports = "import flask, numpy, pytest\nimport os\n";
    let mut project = Project::new(Kind::Bazel, [("test_x.py", imports)]);
    project.update();
    let text = project.read("BUILD.bazel");
    assert!(
        text.contains("distributions = [\n        \"flask\",\n        \"numpy\",\n    ]"),
        "{text}"
    );
    let labels = [("NumPy", "@pypi//numpy"), ("*", "@all//{name}:pkg")];
    let labels = labels.map(|(name, label)| (name.to_owned(), label.to_owned()));
    project.options.labels = labels.into();
    project.update();
    let text = project.read("BUILD.bazel");
    assert!(
        text.contains("deps = [\n        \"@all//flask:pkg\",\n        \"@pypi//numpy\",\n    ]"),
        "{text}"
    );
    assert!(!text.contains("distributions"), "{text}");
}

#[test]
fn changes_concern_what_reaches_them() {
    let files = [
        ("a.py", ""),
        ("b.py", "import a\n"),
        ("test_a.py", "import a\n"),
        ("test_b.py", "import b\n"),
        ("test_c.py", ""),
        ("unread.txt", ""),
    ];
    let project = Project::new(Kind::Bazel, files);
    project.update();
    let before = project.read("BUILD.bazel");
    let before = before.replace("deps = [\":b\"]", "deps = [\":a\", \":b\"]");
    project.write("BUILD.bazel", &before);
    let labels = |changes: &[FileChange]| -> Vec<String> {
        let concerned = project.owners().concerned(&project.system, changes);
        concerned
            .tests
            .iter()
            .map(|test| test.label.name.clone())
            .collect()
    };
    let changed = |path: &str| FileChange::new(path, None, true);
    assert_eq!(labels(&[changed("a.py")]), ["test_a", "test_b"]);
    assert_eq!(labels(&[changed("b.py")]), ["test_b"]);
    assert_eq!(labels(&[changed("unread.txt")]), [""; 0]);
    assert_eq!(
        labels(&[changed("WORKSPACE")]),
        ["test_a", "test_b", "test_c"]
    );
    // Comments and order are nothing; attributes are something; what is not known is all.
    let rewritten = |from: &str, to: &str| {
        assert!(before.contains(from), "{from} {before}");
        project.write("BUILD.bazel", &before.replacen(from, to, 1));
        let change = FileChange::new("BUILD.bazel", Some(before.clone()), true);
        labels(&[change])
    };
    assert_eq!(rewritten("fastest_test(", "# Why.\nfastest_test("), [""; 0]);
    assert_eq!(
        rewritten(
            "    src = \"test_a.py\"",
            "    size = \"small\",\n    src = \"test_a.py\""
        ),
        ["test_a"]
    );
    assert_eq!(rewritten("[\":a\", \":b\"]", "[\":b\", \":a\"]"), [""; 0]);
    assert_eq!(rewritten("[\":a\", \":b\"]", "[\":b\"]"), ["test_b"]);
    assert_eq!(
        rewritten("    deps = [\":a\"]", "    tags = [\"x\"],\n    deps = []"),
        ["test_b"]
    );
    assert_eq!(
        rewritten("load(", "x = 1\n\nload("),
        ["test_a", "test_b", "test_c"]
    );
    project.write("BUILD.bazel", &before);
    let unknown = FileChange::new("BUILD.bazel", None, false);
    assert_eq!(labels(&[unknown]), ["test_a", "test_b", "test_c"]);
}
