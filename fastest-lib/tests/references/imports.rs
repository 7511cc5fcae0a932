//! Import statements: where they are, what they take, when they run.

use fastest_lib::syntax::references;

use crate::imports_of;

fn check(source: &str, expected: &[&str]) {
    assert_eq!(imports_of(source), expected, "{source}");
    let windows = source.replace('\n', "\r\n");
    assert_eq!(imports_of(&windows), expected, "{source} with \\r\\n");
}

#[test]
fn statements_of_every_form() {
    check("import a", &["Module a"]);
    check("import a.b as c, d", &["Module a.b", "Module d"]);
    check("import a . b", &["Module a.b"]);
    check("import a, \\\n  b", &["Module a", "Module b"]);
    check("from a import b, c as d", &["Module a: b c"]);
    check("from . import a", &["Module .: a"]);
    check("from .import a", &["Module .: a"]);
    check("from ... a import b", &["Module ...a: b"]);
    check("from .a.b import *", &["Module .a.b: *"]);
    check("from a import(b,c,)", &["Module a: b c"]);
    check(
        "from a import (  # x\n  b, # import z\n\n  c as d,\n)",
        &["Module a: b c"],
    );
    check("from a \\\n  import b", &["Module a: b"]);
    check("import\ta", &["Module a"]);
    check("import é.ü", &["Module é.ü"]);
    check(
        "x = 1; import a; from b import c; y",
        &["Module a", "Module b: c"],
    );
    check("import a;", &["Module a"]);
    check("\u{feff}import a", &["Module a"]);
    check("\\\nimport a", &["Module a"]);
    check("\x0cimport a", &["Module a"]);
}

#[test]
fn what_is_no_statement() {
    check("'import a'\nx = '''\nimport b\n'''", &[]);
    check("# import a\nimport_a = 1\nimport_a.b", &[]);
    check("x = (yield\n  from a)", &[]);
    check("raise A from b", &[]);
    check("yield from a", &[]);
    check("x = f'''\nimport a\n{b}\nimport c'''", &[]);
    check("x = \"\\\nimport a\"", &[]);
    check("x = 1 # \\\nimport a", &["Module a"]);
}

#[test]
fn contexts() {
    check("class A:\n import a", &["Module a"]);
    check("with a: import b", &["Module b"]);
    check("with a:\n with b:\n  import c", &["Module c"]);
    check("async with a: import b", &["Module b"]);
    check(
        "if x: import a\nelse: import b",
        &["Conditional a", "Conditional b"],
    );
    check(
        "try:\n import a\nexcept A: import b\nelse: import c\nfinally:\n import d\nimport e",
        &[
            "Conditional a",
            "Conditional b",
            "Conditional c",
            "Conditional d",
            "Module e",
        ],
    );
    check("for x in y: import a", &["Conditional a"]);
    check("while x: import a", &["Conditional a"]);
    check(
        "match x:\n case 1: import a\n case _:\n  import b\nimport c",
        &["Conditional a", "Conditional b", "Module c"],
    );
    check("match = 1\nimport a", &["Module a"]);
    check("match(x)\ncase: int\nimport a", &["Module a"]);
    check("match[x]: int = {1: 2}\nimport a", &["Module a"]);
    check("def f(): import a\nimport b", &["Function a", "Module b"]);
    check(
        "def f(\n  x: int = {1: 2}[1],\n) -> a[1:2]:\n import a",
        &["Function a"],
    );
    check("async def f():\n if x:\n  import a", &["Function a"]);
    check(
        "class A:\n def f(self): import a\n import b",
        &["Function a", "Module b"],
    );
    check("if x:\n class A:\n  import a", &["Conditional a"]);
    check("if x := y: import a", &["Conditional a"]);
    check("if lambda: x: import a", &["Conditional a"]);
    check(
        "while lambda x, y=lambda: 1: x: import a",
        &["Conditional a"],
    );
    check("if x[1:2] == {1: 2}: import a", &["Conditional a"]);
    check("if f'{x:>{y}}': import a", &["Conditional a"]);
    check(
        "if (x and\ny):\n\timport a\nimport b",
        &["Conditional a", "Module b"],
    );
    check(
        "if x:\n\tif y:\n        import a\nimport b",
        &["Conditional a", "Module b"],
    );
    check("if x:\n    y\n# c\n  # d\n    import a", &["Conditional a"]);
}

#[test]
fn type_checking() {
    for test in [
        "TYPE_CHECKING",
        "typing.TYPE_CHECKING",
        "t.TYPE_CHECKING",
        "(TYPE_CHECKING)",
        " ( a.b.TYPE_CHECKING ) ",
    ] {
        check(
            &format!("if {test}: import a\nelse: import b\nimport c"),
            &["TypeChecking a", "Conditional b", "Module c"],
        );
        check(
            &format!("if not {test}: import a\nelse:\n  import b"),
            &["Conditional a", "TypeChecking b"],
        );
    }
    for test in [
        "TYPE_CHECKING and x",
        "TYPE_CHECKING()",
        "x(TYPE_CHECKING)",
        "TYPE_CHECKING or x",
        "'TYPE_CHECKING'",
        "x if TYPE_CHECKING else y",
        "TYPE_CHECKING is x",
        "NOT_TYPE_CHECKING",
        "TYPE_CHECKING.x",
        "not not TYPE_CHECKING",
    ] {
        check(&format!("if {test}: import a"), &["Conditional a"]);
    }
    check(
        "if TYPE_CHECKING:\n import a\nelif x:\n import b\nelse: import c",
        &["TypeChecking a", "Conditional b", "Conditional c"],
    );
    check(
        "if x: import a\nelif TYPE_CHECKING: import b",
        &["Conditional a", "Conditional b"],
    );
    check(
        "if TYPE_CHECKING:\n def f():\n  try: import a\n  finally: pass",
        &["TypeChecking a"],
    );
    check("def f():\n if TYPE_CHECKING: import a", &["TypeChecking a"]);
    // The name is the file's own.
    check(
        "TYPE_CHECKING = False\nif TYPE_CHECKING: import a",
        &["TypeChecking a"],
    );
    check(
        "TYPE_CHECKING: bool = False\nif TYPE_CHECKING: import a",
        &["TypeChecking a"],
    );
    check(
        "if TYPE_CHECKING: import a\nTYPE_CHECKING = x",
        &["Conditional a"],
    );
    check(
        "TYPE_CHECKING = not False\ndef f():\n if TYPE_CHECKING: import a",
        &["Function a"],
    );
    check("if TYPE_CHECKING: x = 1; import a", &["TypeChecking a"]);
    check(
        "x = y if TYPE_CHECKING else z\nif TYPE_CHECKING: import a",
        &["TypeChecking a"],
    );
    check(
        "else: TYPE_CHECKING: bool = x\nif TYPE_CHECKING: import a",
        &["Conditional a"],
    );
    check(
        "f(TYPE_CHECKING=True)\nif TYPE_CHECKING: import a",
        &["TypeChecking a"],
    );
}

#[test]
fn lines_are_counted() {
    let source = "'''\n\n'''\nx = (\n\n)\n\\\n\nimport a\nf(f'''{\n1}\n''')\nfrom b import (\n c\n)\nimport d";
    let found = references(source.as_bytes());
    let lines: Vec<u32> = found.imports.iter().map(|import| import.line).collect();
    assert_eq!(lines, [9, 13, 16]);
}
