//! Files that are no Starlark are left alone, and said to be.

use fastest_targets::Kind;
use fastest_targets::starlark::BuildFile;

use crate::project::Project;

#[test]
fn errors_have_a_line() {
    let check = |text: &str, line: u32, message: &str| {
        let error = BuildFile::parse(text).unwrap_err();
        assert_eq!(
            (error.line, error.message.as_str()),
            (line, message),
            "{text}"
        );
    };
    check("a(\n", 1, "`(` is not closed");
    check("\na)\n", 2, "`)` closes nothing");
    check("a([)\n", 1, "`)` does not close `[`");
    check("\n\nx = \"a\n", 3, "the string is not closed");
    check("x = '''a\n", 1, "the string is not closed");
    check(
        "a(\n    b = [\"x\" \"y\"],\n)\n",
        2,
        "a comma or an operator is missing before `\"y\"`",
    );
    check(
        "a(\n    b = 1\n    c = 2,\n)\n",
        3,
        "a comma or an operator is missing before `c`",
    );
    check(
        "a = b c\n",
        1,
        "a comma or an operator is missing before `c`",
    );
    check("a(b = ,)\n", 1, "`,` has no place here");
    check("a ? b\n", 1, "`?` has no place here");
}

#[test]
fn what_is_starlark_is_read() {
    for text in [
        "",
        "# nothing\n",
        "x = [y for y in glob([\"*\"]) if y != \"z\"]\n",
        "def f(a, *b, **c):\n    \"\"\"About.\"\"\"\n    return a if b else c\n\nf(1)\n",
        "a(b = c[1:2], d = {\"e\": f(g = 1)}, *h, **i)\n",
        "a(\n    b = \"%s\" % c,\n    d = e.f(\"g\").h,\n    # last\n)\n",
        "[\n    a(name = b)\n    for b in c\n]\n",
        "a = lambda x: x\nb = not c\nd = -1\n",
        "if a:\n    b()\nelse:\n    c()\n",
        "a(b = [\n    c, # one\n    # two\n    d\n    , # three\n])\n",
        "load(\":a.bzl\", \"b\", c = \"d\"); e()\n",
        "x = 0x1F + 1.5e3\n",
        "a(r\"\\d\", b'x', \"\"\"y\n\"z\" \\\"\"\"\")\n",
    ] {
        let file = BuildFile::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert_eq!(file.text, text);
    }
}

#[test]
fn a_broken_file_is_left_alone() {
    let broken = "fastest_test(\n    name = \"test_a\"\n    src = \"test_a.py\",\n)\n";
    let project = Project::new(Kind::Bazel, [("test_a.py", ""), ("b/c.py", "")]);
    project.write("BUILD", broken);
    let targets = project.plan();
    targets.apply(&project.system.root).unwrap();
    assert_eq!(project.read("BUILD"), broken);
    assert!(!project.path("BUILD.bazel").exists());
    assert!(project.path("b/BUILD.bazel").is_file());
    let [note] = targets.notes.as_slice() else {
        panic!("{:?}", targets.notes)
    };
    assert_eq!(
        (note.path.as_str(), note.line, note.is_error),
        ("BUILD", Some(3), true)
    );
}
