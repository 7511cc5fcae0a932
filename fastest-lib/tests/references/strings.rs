//! Which strings are kept, and where they stand.

use crate::strings_of;

fn check(source: &str, expected: &[&str]) {
    assert_eq!(strings_of(source), expected, "{source}");
}

#[test]
fn what_may_name_something() {
    for kept in [
        "a.b",
        "a.b:C.d",
        ".x",
        "..x.y",
        "data",
        "my-data",
        "_x",
        "é.ü",
        "a/b",
        "/a b/c",
        "*.py",
        "a?",
        "test.json",
        "my file.txt",
        "conftest.py",
        "a\\\\b",
        "python -m a.b",
    ] {
        let value = kept.replace("\\\\", "\\");
        check(&format!("f('{kept}')"), &[&format!("{value} f(0)")]);
    }
    for dropped in [
        "",
        ".",
        "..",
        "a b",
        "Hello, world.",
        "1",
        "-",
        "--x",
        "https://a.b/c",
        "a\\nb",
        "a.b, c d",
        "!",
        "a.",
        "b: c",
        "a:b:c",
    ] {
        check(&format!("f('{dropped}')"), &[]);
    }
    check(&format!("f('{}')", "a".repeat(256)), &[]);
    check(
        &format!("f('/{}')", "a".repeat(254)),
        &[&format!("/{} f(0)", "a".repeat(254))],
    );
}

#[test]
fn literals_of_every_form() {
    check(
        "f(r'a\\b.c', u'a.b', R\"c.d\", '''e.f''')",
        &["a\\b.c f(0)", "a.b f(1)", "c.d f(2)", "e.f f(3)"],
    );
    check("f('a.' 'b')", &["a.b f(0)"]);
    check("f('a.'  # 'c'\n  r'b')", &["a.b f(0)"]);
    check("x = 'a.' \\\n  'b'", &["a.b x ="]);
    check("x = 'a.'\n'b.c'", &[]);
    check("f('\\x61.\\142')", &["a.b f(0)"]);
    check("f('a/\\N{DIGIT ONE}')", &["a/… f(0)"]);
    check("f(b'a.b.c/d', b'data')\nx = b'a/b'", &["a.b.c/d f(0)"]);
    check("f('it\\'s/x', \"a\\\nb.c\")", &["it's/x f(0)", "ab.c f(1)"]);
    check("'a.b'\n\"c\" \"d.e\"; 'f.g'  # h\nif x: 'h.i'\n", &[]);
    check("def f():\n  '''a.b'''\n  return 'c.d'", &["c.d"]);
    check("'a.b'.x", &["a.b"]);
    check("# 'a.b'\nx = 1 # 'c.d'", &[]);
}

#[test]
fn values_are_split_at_what_is_computed() {
    check("f(f'a.{x}.b')", &["a.… f(0)", ".b f(0)"]);
    check("f(f'{x}/b/c.py')", &["b/c.py f(0)"]);
    check("f(f'{x}/b')", &[]);
    check("f(f'{x}.py', f'{x}_a.txt')", &[".py f(0)", "_a.txt f(1)"]);
    check("f(f'a/{{b}}')", &["a/{b} f(0)"]);
    check("f(f'a/{x!r:>{y}}b/c')", &["a/… f(0)", "b/c f(0)"]);
    check("f('a.' f'{x}' '/b/c')", &["a.… f(0)", "b/c f(0)"]);
    check("f('a.%s.b' % x)", &["a.… f(0)", ".b f(0)"]);
    check("f('a/%(x)s/b.c' % x)", &["a/… f(0)", "b.c f(0)"]);
    check("f('a/%-5.3d')", &["a/… f(0)"]);
    check("f('a/100%%')", &["a/100% f(0)"]);
    check("f('a.{}'.format(x))", &["a.… f(0)"]);
    check("f('a.{x[1]:{y}}/b.c'.format(x))", &["a.… f(0)", "b.c f(0)"]);
    check("f('test_{}')", &["test_… f(0)"]);
    check("f('a.' + x)", &["a.… f(0)"]);
    check("f(x + '/b/c', x + 'b')", &["b/c f(0)"]);
    check("f(x + '/b/' + y + '.z')", &["b/… f(0)", ".z f(0)"]);
    check("f(f'{x} -m a.b')", &[" -m a.b f(0)"]);
    // What stands in the fields is looked at too.
    check("f(f'a/{g('b.c')}')", &["b.c g(0)", "a/… f(0)"]);
    check(
        "f(f'a/{x[\"b.c\"]:{y[\"d.e\"]}}')",
        &["b.c f(0)", "d.e f(0)", "a/… f(0)"],
    );
    check(
        "f(f'''a/{\n  g(\"b.c\")  # }\n}''')",
        &["b.c g(0)", "a/… f(0)"],
    );
    check("f(t'a/{x}', rf'a\\{x}')", &["a/… f(0)", "a\\… f(1)"]);
}

#[test]
fn paths_that_are_made_of_literals() {
    for source in [
        "x / 'a' / 'b.c'",
        "Path('a') / 'b.c'",
        "Path('a', 'b.c').x",
        "x / (  # c\n 'a' /\n  r'b.c')",
    ] {
        let found = strings_of(source);
        assert_eq!(found[..2], ["a joined", "b.c joined"], "{source}");
        assert!(found[2].starts_with("a/b.c "), "{source}: {found:?}");
        assert_eq!(found.len(), 3, "{source}");
    }
    check(
        "join(x, 'a', 'b/', 'c' + y)",
        &["a joined", "b/ joined", "c… joined", "a/b/c… join(3)"],
    );
    // Each is one by itself.
    check("[x / 'a', y / 'b']", &["a /", "b /"]);
    check("join('a', x, 'b')", &["a join(0)", "b join(2)"]);
    check(
        "f('a', 'b')\nPath('a'), 'b'",
        &["a f(0)", "b f(1)", "a Path(0)", "b"],
    );
    check("x / 'a' / f'b{y}'", &["a joined", "a /", "b… /"]);
    check("x / 'a' / '.' / 'b'", &["a joined", "a /", "b /"]);
    check("x / 'a' / '/b'", &["a joined", "a /", "/b /"]);
}

#[test]
fn what_names_something_for_the_function_that_it_is_given_to() {
    check(
        "subprocess.run('a-b --c', shell=True)",
        &["a-b --c subprocess.run(0)"],
    );
    check("os.system(f'a-b {x}')", &["a-b … os.system(0)"]);
    check("f('a-b --c')\nrun(x=f('a b'))\nrun({1: 'a b'})", &[]);
    check(
        "@pytest.mark.filterwarnings('error:a b:c.d.E')\ndef f(): pass",
        &["c.d.E pytest.mark.filterwarnings(0)"],
    );
    check(
        "filterwarnings('error::DeprecationWarning', 'x:error::W')",
        &[],
    );
}

#[test]
fn imports_in_texts() {
    check(
        "f([x, '-c', 'import a.b; from c import d'])",
        &["a.b import", "c import", "c.d import"],
    );
    check(
        "x = \"\"\"\n    import a\n    >>> from b.c import (d,\n\"\"\"",
        &["a import", "b.c import", "b.c.d import"],
    );
    check("exec(f'import a.b\\n{x}')", &["a.b import"]);
    check("x = 'we import a, b'\ny = 'from . import a'", &[]);
    check("def f():\n  'import a'", &[]);
    check(
        "def f():\n  '''Text.\n\n  >>> from a import b\n  import c\n  '''",
        &["a >>>", "a.b >>>"],
    );
}

#[test]
fn places() {
    check("x / 'a'", &["a /"]);
    check("f('a' / x, x // 'b')", &["a /", "b f(1)"]);
    check("p /= 'a'", &["a /"]);
    check("(x /  # c\n  'a')", &["a /"]);
    check("[x, '-m', 'a.b', 'c']", &["a.b -m", "c"]);
    check("f(['-m', *x, 'a.b'])", &["a.b -m"]);
    check("f('-m')\ng('a.b')", &["a.b g(0)"]);
    check("mock.patch('a.b')", &["a.b mock.patch(0)"]);
    check("@patch('a.b')\ndef f(): pass", &["a.b patch(0)"]);
    check(
        "f(x, y=1, z=['a.b', ('c.d')])",
        &["a.b f(2, z=)", "c.d f(2, z=)"],
    );
    check("f(x == 1, {'a.b': 1})", &["a.b f(1)"]);
    check("f(\n  # c\n  x='a.b')", &["a.b f(0, x=)"]);
    check("Path(x).joinpath('a')", &["a .joinpath(0)"]);
    check("(Path(x)\n  .joinpath('a'))", &["a .joinpath(0)"]);
    check("a . b ('c.d')", &["c.d a.b(0)"]);
    check("f(x)('a.b')", &["a.b (0)"]);
    check("'x'.join('a.b')", &["x", "a.b ''.join(0)"]);
    check("('' \n  . join(['a.b']))", &["a.b ''.join(0)"]);
    check("return ('a.b')", &["a.b"]);
    check("x = not ('a.b')", &["a.b x ="]);
    check("def f(x='a.b'): pass", &["a.b"]);
    check("class A(B('a.b')): pass", &["a.b B(0)"]);
    check("class A(x='a.b'): pass", &["a.b"]);
    check("x = 'a.b'", &["a.b x ="]);
    check("x: List['C'] = ['a.b']", &["a.b x ="]);
    check("x: 'a.b' = 'c.d'", &["a.b", "c.d x ="]);
    check("x += ['a.b']", &["a.b x ="]);
    check("x = y = 'a.b'", &["a.b x ="]);
    check("x.append('a.b')", &["a.b x.append(0)"]);
    check("x.y = 'a.b'", &["a.b"]);
    check("x == 'a.b'", &["a.b"]);
    check("if x: y = 'a.b'", &["a.b y ="]);
    check("x = 1; z = 'a.b'", &["a.b z ="]);
}

#[test]
fn single_names_are_dropped_where_they_name_keys() {
    check("x['a']\ny['a.b']", &["a.b"]);
    check("f(['a'])", &["a f(0)"]);
    check("return ['a']", &["a"]);
    check("x == 'a' or 'b' != y or 'c' in z or x is 'd'", &[]);
    check("x in ('a', 'b')", &["a", "b"]);
    check("x not in 'a'", &[]);
    check("for x in 'a': pass", &["a"]);
    check("f({'a': 'b'})", &["b f(0)"]);
    check("f({'a.b': 1})", &["a.b f(0)"]);
    check("f({'a': 'b'})\nimport_module(x)", &["a f(0)", "b f(0)"]);
    check(
        "f({'a': 'b'})\ndef __getattr__(n): pass",
        &["a f(0)", "b f(0)"],
    );
    check(
        "f({'a': 1, 'b': 'a'})\nimport_module(x)",
        &["a f(0)", "b f(0)"],
    );
}

#[test]
fn each_value_once_a_place() {
    check(
        "f('a.b')\nf('a.b')\ng('a.b')\nf(1, 'a.b')",
        &["a.b f(0)", "a.b g(0)", "a.b f(1)"],
    );
    check(
        "f({'a': 1}, {'b': 1})\nf('a')\nimport_module(x)",
        &["a f(0)", "b f(1)"],
    );
}
