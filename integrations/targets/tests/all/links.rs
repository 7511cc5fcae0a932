//! Symbolic links to folders.

use fastest_targets::{FileChange, Kind, Targets};

use crate::project::Project;

const READER: &str = "from pathlib import Path\n\nfrom app.linked import a\n\n\n\
                      def test_x():\n    (Path(__file__).parent / 'cases' / 'one.txt').read_text()\n";

/// A package and data that are reached by links.
fn linked(kind: Kind) -> Project {
    let files = [
        ("app/__init__.py", ""),
        ("shared/__init__.py", ""),
        ("shared/a.py", ""),
        ("shared/b.py", ""),
        ("data/cases/one.txt", ""),
        ("tests/test_x.py", READER),
        ("tests/test_y.py", "import shared.b\n"),
    ];
    let project = Project::new(kind, files);
    project.link("app/linked", "../shared");
    project.link("tests/cases", "../data/cases");
    project
}

fn notes(targets: &Targets) -> Vec<(&str, &str)> {
    let notes = targets.notes.iter();
    notes
        .map(|note| (note.path.as_str(), note.message.as_str()))
        .collect()
}

#[test]
fn bazel_s_labels_lead_through_links() {
    let project = linked(Kind::Bazel);
    let targets = project.update();
    assert_eq!(notes(&targets), []);
    let app = project.read("app/BUILD.bazel");
    // The build file of `shared` is that of `app/linked`, too.
    for label in [
        "\"//app/linked:a\"",
        "\"//app/linked:shared\"",
        "\"//shared:a\"",
    ] {
        assert!(app.contains(label), "{label}: {app}");
    }
    assert!(!app.contains("b.py") && !app.contains(":b\""), "{app}");
    let tests = project.read("tests/BUILD.bazel");
    assert!(tests.contains("data = [\"cases/one.txt\"]"), "{tests}");
    project.check_inputs();

    // What is changed where it is, is changed behind the link.
    let concerned = |path: &str| -> Vec<String> {
        let change = FileChange::new(path, None, true);
        let concerned = project.owners().concerned(&project.system, &[change]);
        let tests = concerned.tests.iter();
        tests.map(|test| test.label.to_string()).collect()
    };
    assert_eq!(concerned("shared/a.py"), ["//tests:test_x"]);
    assert_eq!(concerned("shared/b.py"), ["//tests:test_y"]);
    assert_eq!(concerned("data/cases/one.txt"), ["//tests:test_x"]);
}

#[test]
fn tests_behind_links_have_the_targets_of_those_that_they_are() {
    let files = [("one/helper.py", ""), ("one/test_x.py", "import helper\n")];
    let project = Project::new(Kind::Bazel, files);
    project.link("two", "one");
    let targets = project.update();
    assert_eq!((notes(&targets), targets.tests), (vec![], 1));
    let change = FileChange::new("one/helper.py", None, true);
    let concerned = project.owners().concerned(&project.system, &[change]);
    let labels: Vec<String> = concerned.labels().iter().map(ToString::to_string).collect();
    assert_eq!(labels, ["//one:test_x", "//two:test_x"]);
}

#[test]
fn buck2_does_not_look_behind_links() {
    let targets = linked(Kind::Buck2).update();
    let reason = "it is an input of tests and no target has it: Buck2 does not look behind a symbolic \
                  link to a folder; link its files one by one";
    assert_eq!(
        notes(&targets),
        [
            ("app/linked/__init__.py", reason),
            ("app/linked/a.py", reason),
            ("tests/cases/one.txt", reason),
        ]
    );
}

#[test]
fn links_without_an_end_give_a_problem() {
    let files = [
        ("a/__init__.py", ""),
        ("a/m.py", ""),
        ("test_x.py", "import a.again.m\n"),
    ];
    let project = Project::new(Kind::Bazel, files);
    project.link("a/again", "../a");
    let targets = project.update();
    let notes = notes(&targets);
    assert!(
        notes.iter().any(|(path, reason)| *path == "a/again/m.py"
            && reason.contains("to a folder around the link")),
        "{notes:?}"
    );
}

#[test]
fn what_depends_on_its_own_link_gives_a_problem() {
    let files = [
        ("app/__init__.py", ""),
        ("shared/__init__.py", ""),
        ("shared/a.py", "import app.linked.a\n"),
        ("test_x.py", "import shared.a\n"),
    ];
    let project = Project::new(Kind::Bazel, files);
    project.link("app/linked", "../shared");
    let targets = project.update();
    let reason = "it is an input of tests and no target has it: it is reached by a symbolic link, and \
                  what this points to depends on it";
    assert!(
        notes(&targets).contains(&("app/linked/a.py", reason)),
        "{:?}",
        targets.notes
    );
}

#[test]
fn nothing_is_written_outside_of_the_workspace() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("m.py"), "").unwrap();
    let files = [
        ("app/__init__.py", ""),
        ("test_x.py", "import app.outer.m\n"),
    ];
    let project = Project::new(Kind::Bazel, files);
    let target = outside.path().to_str().unwrap();
    project.link("app/outer", target);
    let targets = project.update();
    assert_eq!(notes(&targets), []);
    let app = project.read("app/BUILD.bazel");
    assert!(app.contains("srcs = [\"outer/m.py\"]"), "{app}");
    project.check_inputs();
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);

    // Unless somebody has made a package of that.
    std::fs::write(outside.path().join("BUILD"), "exports_files([])\n").unwrap();
    let targets = project.update();
    assert!(
        matches!(notes(&targets)[..], [(path, reason)]
            if path == "app/outer/m.py" && reason.contains("outside of the workspace")),
        "{:?}",
        targets.notes
    );
}
