//! The facts of Python files, and what no bytes may do to the parser.

use fastest_lib::ProblemKind;
use fastest_lib::syntax::{
    BindingKind, EffectKind, Expr, FileFacts, ParameterKind, ParserKind, parse, parse_with,
};
use proptest::prelude::*;

/// Runs a test once with each parser.
fn with_each_parser(test: impl Fn(&dyn Fn(&[u8]) -> FileFacts)) {
    for kind in [
        ParserKind::Auto,
        ParserKind::Scanner,
        ParserKind::TreeSitter,
    ] {
        // Shown with a failure.
        println!("with {kind:?}:");
        test(&|bytes| parse_with(bytes, kind));
    }
}

/// One line per binding: name, whether it is conditional, and what binds it.
fn bindings(facts: &FileFacts) -> Vec<String> {
    let lines = facts.bindings.iter().map(|binding| {
        let mark = if binding.conditional { "?" } else { "" };
        let kind = match &binding.kind {
            BindingKind::Function(function) if function.is_async => "async def".to_owned(),
            BindingKind::Function(function) if function.is_generator => "generator".to_owned(),
            BindingKind::Function(_) => "def".to_owned(),
            BindingKind::Class(_) => "class".to_owned(),
            BindingKind::Import(import) => match &import.name {
                Some(name) => format!("{}.{name}", import.module),
                None => format!("module {}", import.module),
            },
            BindingKind::Value(_) => "value".to_owned(),
            BindingKind::Attribute(name, _) => format!(".{name}"),
            BindingKind::Deleted => "deleted".to_owned(),
            BindingKind::Star(module) => format!("from {module}"),
            BindingKind::Changed => "changed".to_owned(),
            BindingKind::Mutated => "mutated".to_owned(),
            other => format!("{other:?}"),
        };
        format!("{}{mark} {kind}", binding.name)
    });
    lines.collect()
}

#[test]
fn statements_bind_names() {
    with_each_parser(|parse| {
        let check = |source: &str, expected: &[&str]| {
            let facts = parse(source.as_bytes());
            assert_eq!(bindings(&facts), expected, "{source}");
            assert!(facts.problems.is_empty(), "{source}: {:?}", facts.problems);
        };
        check("def f(): pass", &["f def"]);
        check("async def f(): pass", &["f async def"]);
        check("def f():\n    yield 1", &["f generator"]);
        check("def f():\n    def g(): yield 1", &["f def"]);
        check("def f():\n    return lambda: (yield)", &["f def"]);
        check("@d\nclass C(B, metaclass=M): pass", &["C class"]);
        check("import a", &["a module a"]);
        check("import a.b", &["a module a"]);
        check("import a.b as c", &["c module a.b"]);
        check("from .a import b as c, d", &["c .a.b", "d .a.d"]);
        check(
            "from a import (\n    b,  # why\n    c,\n)",
            &["b a.b", "c a.c"],
        );
        check("from a import *", &["* from a"]);
        check("a = b = 1", &["a value", "b value"]);
        check("a: int = 1", &["a value"]);
        check("a: int", &[]);
        check(
            "a, (b, *c) = 1, (2, 3)",
            &["a changed", "b changed", "c changed"],
        );
        check("a += 1", &["a changed"]);
        check("a.append(1)", &["a mutated"]);
        check("a[0] = 1", &["a mutated"]);
        check("a.b = 1", &["a .b"]);
        check("del a, b", &["a deleted", "b deleted"]);
        check(
            "if x:\n    a = 1\nelse:\n    b = 1",
            &["a? value", "b? value"],
        );
        check(
            "if TYPE_CHECKING:\n    a = 1\nelse:\n    b = 1",
            &["b value"],
        );
        check("if __name__ == '__main__':\n    a = 1", &[]);
        check(
            "try:\n    a = 1\nexcept E as e:\n    b = 1",
            &["a? value", "e? changed", "b? value"],
        );
        check("with x as a:\n    b = 1", &["a changed", "b value"]);
        check("for a in x:\n    b = 1", &["a changed", "b? value"]);
        check("while x:\n    b = 1", &["b? value"]);
        check("match x:\n    case 1:\n        b = 1", &["b? value"]);
    });
}

#[test]
fn parameters_have_kinds_and_defaults() {
    with_each_parser(|parse| {
        let facts = parse(b"def f(a, b: int, /, c, d=1, *args, e, g: int = 2, **kwargs): pass");
        let [binding] = facts.bindings.as_slice() else {
            panic!("one binding");
        };
        let BindingKind::Function(function) = &binding.kind else {
            panic!("a function");
        };
        let found: Vec<(&str, ParameterKind, bool)> = function
            .parameters
            .iter()
            .map(|parameter| {
                (
                    parameter.name.as_str(),
                    parameter.kind,
                    parameter.has_default,
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("a", ParameterKind::Positional, false),
                ("b", ParameterKind::Positional, false),
                ("c", ParameterKind::Plain, false),
                ("d", ParameterKind::Plain, true),
                ("args", ParameterKind::Variadic, false),
                ("e", ParameterKind::Keyword, false),
                ("g", ParameterKind::Keyword, true),
                ("kwargs", ParameterKind::Variadic, false),
            ]
        );
    });
}

#[test]
fn the_outcome_of_a_function_is_what_it_returns() {
    with_each_parser(|parse| {
        let check = |source: &str, returns: &[Expr], functions: &[&str]| {
            let facts = parse(source.as_bytes());
            let Some(BindingKind::Function(function)) = facts.bindings.first().map(|b| &b.kind)
            else {
                panic!("a function: {source}");
            };
            let outcome = function.outcome.clone().unwrap_or_default();
            let names: Vec<&str> = outcome.functions.iter().map(|f| f.name.as_str()).collect();
            assert_eq!(
                (&*outcome.returns, &*names),
                (returns, functions),
                "{source}"
            );
        };
        let name = |name: &str| Expr::Name(name.to_owned());
        check("def f(g):\n    return g", &[name("g")], &[]);
        check(
            "def f(g):\n    if x:\n        return\n    @wraps(g)\n    def h(): return 2\n    return h",
            &[Expr::None, name("h")],
            &["h"],
        );
        check(
            "def f(): return 1, 2",
            &[Expr::Tuple(vec![Expr::Int(1), Expr::Int(2)])],
            &[],
        );
        check(
            "def f():\n    class C:\n        def g(self): return 1",
            &[],
            &[],
        );
        check("def test_f(): return 1", &[], &[]);
        check("def pytest_f(): return 1", &[], &[]);
        check(
            "def f():\n    try:\n        return 1\n    except E:\n        return 2\n    else:\n        \
         with x:\n            return 3\n    finally:\n        match x:\n            case 1:\n                \
         return 4",
            &[Expr::Int(1), Expr::Int(2), Expr::Int(3), Expr::Int(4)],
            &[],
        );
    });
}

#[test]
fn literals_have_values() {
    with_each_parser(|parse| {
        let check = |source: &str, expected: Expr| {
            let facts = parse(format!("a = {source}").as_bytes());
            let value = facts.bindings.first().map(|binding| &binding.kind);
            assert_eq!(value, Some(&BindingKind::Value(expected)), "{source}");
        };
        let text = |text: &str| Expr::Str(text.to_owned());
        check("'a\\x41\\u00e9\\n\\101\\q'", text("aA\u{e9}\nA\\q"));
        check("r'\\n'", text("\\n"));
        check("'a' \"b\"", text("ab"));
        check("'''a\r\nb'''", text("a\nb"));
        check("f'a'", Expr::Unknown);
        check("'\\N{BULLET}'", Expr::Unknown);
        check("'\\ud800'", Expr::Unknown);
        check("b'\\xff\\\\'", Expr::Bytes(vec![0xff, b'\\']));
        check("1_000", Expr::Int(1000));
        check("0xFF", Expr::Int(255));
        check("1e3", Expr::Float(1000.0));
        check("1j", Expr::Unknown);
        check("(1)", Expr::Int(1));
        check("(1,)", Expr::Tuple(vec![Expr::Int(1)]));
        check("1, 2", Expr::Tuple(vec![Expr::Int(1), Expr::Int(2)]));
        check(
            "{1: 2, **x}",
            Expr::Dict(vec![
                (Some(Expr::Int(1)), Expr::Int(2)),
                (None, Expr::Name("x".to_owned())),
            ]),
        );
        check("{1, 2}", Expr::Container);
    });
}

#[test]
fn imports_of_every_depth_are_listed() {
    with_each_parser(|parse| {
        let source =
            b"import a\ndef f():\n    from .b import c\n    class D:\n        import e\nimport g\n";
        let facts = parse(source);
        let found: Vec<(&str, u32, bool)> = facts
            .imports
            .iter()
            .map(|import| (import.module.as_str(), import.line, import.in_function))
            .collect();
        assert_eq!(
            found,
            [
                ("a", 1, false),
                (".b", 3, true),
                ("e", 5, true),
                ("g", 6, false)
            ]
        );
    });
}

#[test]
fn broken_files_give_problems() {
    with_each_parser(|parse| {
        let check = |bytes: &[u8], kind: ProblemKind, line: Option<u32>| {
            let facts = parse(bytes);
            let problem = facts.problems.first();
            let found = problem.map(|problem| (problem.kind, problem.line));
            assert_eq!(
                found,
                Some((kind, line)),
                "{}",
                String::from_utf8_lossy(bytes)
            );
            let names: Vec<&str> = facts.bindings.iter().map(|b| b.name.as_str()).collect();
            assert!(names.contains(&"kept"), "{names:?}");
        };
        check(
            b"kept = 1\ndef f(:\n    pass\n",
            ProblemKind::Syntax,
            Some(2),
        );
        check(b"kept = 1\nprint 'old'\n", ProblemKind::Syntax, Some(2));
        check(b"kept = 1\nx = '\xff'\n", ProblemKind::Encoding, Some(2));
        check(
            b"# coding: ascii\nkept = '\xc3\xa9'\n",
            ProblemKind::Encoding,
            Some(2),
        );
        check(
            b"# coding: koi8-r\nkept = '\xc1'\n",
            ProblemKind::Encoding,
            None,
        );
        check(b"kept = 1\nx = '\0'\n", ProblemKind::Syntax, None);
    });
}

#[test]
fn encodings_are_declared_as_python_does() {
    with_each_parser(|parse| {
        let check = |bytes: &[u8], expected: &str| {
            let facts = parse(bytes);
            assert!(facts.problems.is_empty(), "{:?}", facts.problems);
            let value = facts.bindings.first().map(|binding| &binding.kind);
            let expected = BindingKind::Value(Expr::Str(expected.to_owned()));
            assert_eq!(value, Some(&expected));
        };
        check(b"\xef\xbb\xbfa = '\xc3\xa9'", "\u{e9}");
        check(
            b"#!/bin/python\n# vim: set fileencoding=latin-1 :\na = '\xe9'",
            "\u{e9}",
        );
        check(b"# -*- coding: utf_8 -*-\na = '\xc3\xa9'", "\u{e9}");
        check(b"a = 'x'  # coding: no-such-encoding", "x");
    });
}

#[test]
fn nesting_of_any_depth_is_survived() {
    with_each_parser(|parse| {
        let check = |source: String| {
            parse(source.as_bytes());
        };
        check(format!("a = {}1{}", "(".repeat(20_000), ")".repeat(20_000)));
        check(format!("a = {}1", "-".repeat(20_000)));
        check(format!("a = 1{}", " + 1".repeat(20_000)));
        check(format!("a = {}", "[".repeat(20_000)));
        check(format!("@{}\ndef f(): pass", "f(".repeat(20_000)));
        check(
            (0..500)
                .map(|depth| format!("{}if x:\n", " ".repeat(depth)))
                .collect(),
        );
        check(
            (0..500)
                .map(|depth| format!("{}class C:\n", " ".repeat(depth)))
                .collect(),
        );
    });
}

#[test]
fn raises_and_calls_are_effects() {
    with_each_parser(|parse| {
        let facts = parse(b"raise X\nf(1)\n");
        let kinds: Vec<bool> = facts
            .effects
            .iter()
            .map(|effect| match &effect.kind {
                EffectKind::Raise => true,
                EffectKind::Call(call) => matches!(call, Expr::Call(_)),
                _ => false,
            })
            .collect();
        assert_eq!(kinds, [true, true]);
    });
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        parse(&bytes);
    }

    #[test]
    fn no_text_panics(words in prop::collection::vec(
        prop::sample::select(vec![
            "def ", "class ", "f", "(", ")", ":", "\n", "    ", "@", "if ", "else", "try", "=",
            "[", "]", "'", "\"", "\\", "import ", "from ", ".", "*", ",", "yield ", "lambda",
            "b'", "é", "\r", "\t", "{", "}", "f'", "1e", "0x", "del ", "with ", "as ", "# coding: ",
        ]),
        0..120,
    )) {
        parse(words.concat().as_bytes());
    }
}
