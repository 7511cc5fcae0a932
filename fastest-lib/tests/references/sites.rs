//! Where something is loaded, listed or started.

use crate::sites_of;

fn check(source: &str, expected: &[&str]) {
    let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
    assert_eq!(sites_of(source), expected, "{source}");
}

/// One site on the first line.
fn is(source: &str, expected: &str) {
    check(source, &[&format!("1 {expected}")]);
}

#[test]
fn loads() {
    is("importlib.import_module(name)", "Load(Name(\"name\"))");
    is("import_module(self.x, 'a')", "Load(Name(\"self.x\"))");
    is("import_module(name=x.y)", "Load(Name(\"x.y\"))");
    is("import_module('a.' + x)", "Load(Prefix(\"a.\"))");
    is("import_module(f'a.{x}')", "Load(Prefix(\"a.\"))");
    is("import_module('a.' f'{x}')", "Load(Prefix(\"a.\"))");
    is("import_module('a.%s' % x)", "Load(Prefix(\"a.\"))");
    is("import_module('a.{}'.format(x))", "Load(Prefix(\"a.\"))");
    is("import_module(f'{x}.a')", "Load(Other)");
    is("import_module(x + 'a')", "Load(Other)");
    is("import_module(f(x))", "Load(Other)");
    is("import_module(*x)", "Load(Other)");
    is("import_module()", "Load(Other)");
    is("__import__(\n  x  # c\n)", "Load(Name(\"x\"))");
    is("x = f'{import_module(y)}'", "Load(Name(\"y\"))");
    is("x = import_string (y)", "Load(Name(\"y\"))");
    is("patch(f'a.{x}')", "Load(Prefix(\"a.\"))");
    is("mocker.patch(NAME)", "Load(Name(\"NAME\"))");
    check(
        "patch('a.b')\npatch.object(a, b)\nclient.patch(f'/a/{x}')\npatch(f(x))",
        &[],
    );
    check(
        "import_module('a.b')\nimport_module('a' '.b', x)\nimport_module(f'a.b')",
        &[],
    );
    check("def import_module(x): pass\nclass locate(x): pass", &[]);
    check("from importlib import import_module\nimport importlib", &[]);
    // Handed around.
    is("x = import_module", "Load(Other)");
    is("map(importlib.import_module, y)", "Load(Other)");
    check("'import_module'  # import_module\nimport_modules", &[]);
    check(
        "from importlib import import_module as x",
        &["1 Load(Other)"],
    );
    check("(a,\n import_string)", &["2 Load(Other)"]);
}

#[test]
fn walks_runs_lists_and_spawns() {
    is(
        "pkgutil.iter_modules(a.__path__)",
        "Walk(Some(\"a.__path__\"))",
    );
    is("walk_packages([x])", "Walk(None)");
    is("autodiscover_tasks()", "Walk(None)");
    is("runpy.run_path('a.py')", "Run");
    is("spec_from_file_location(a, b)", "Run");
    is("os.listdir(x)", "List([\"os\", \"x\"])");
    is("Path(x).rglob('*')", "List([\"x\"])");
    is("x = os . walk (y)", "List([\"x\", \"os\", \"y\"])");
    is("Popen(x)", "Spawn");
    is("os.system(x)", "Spawn");
    is("os.execv(x, y)", "Spawn");
    is("pytester.runpytest_subprocess()", "Spawn");
    check(
        "import subprocess\nsubprocess.run(x)\nrun(x)\napp.run(x)",
        &["2 Spawn", "3 Spawn"],
    );
    check(
        "import subprocess as sp\nsp.run(x)\nsp.check_call(x)",
        &["2 Spawn", "3 Spawn"],
    );
    check("run(x)\ncall(x)\nself.execv(x)\ncheck_output(x)", &[]);
}

#[test]
fn resources_metadata_and_entry_points() {
    is("resources.files(pkg.data)", "Resource(Some(\"pkg.data\"))");
    is("importlib.resources.files('a')", "Resource(None)");
    is(
        "importlib_resources.read_text(a, 'b')",
        "Resource(Some(\"a\"))",
    );
    is(
        "pkgutil.get_data(__name__, 'x')",
        "Resource(Some(\"__name__\"))",
    );
    is("resource_filename('a', 'b')", "Resource(None)");
    is("PackageLoader('a')", "Resource(None)");
    check(
        "path(x)\nfiles(x)\nPath(x).read_text()\nmetadata(x)\nversion(x)",
        &[],
    );
    check(
        "from importlib.resources import files\nfiles(__package__)\npath(x)",
        &["2 Resource(Some(\"__package__\"))"],
    );
    check(
        "def f(): files(x)\nfrom importlib_resources import files",
        &["1 Resource(Some(\"x\"))"],
    );
    check(
        "import importlib.resources as r\nr.files(x)",
        &["2 Resource(Some(\"x\"))"],
    );
    check(
        "from importlib import resources as r\nr.path(x)",
        &["2 Resource(Some(\"x\"))"],
    );
    check(
        "from importlib.resources import files as f",
        &["1 Resource(None)"],
    );
    is("importlib.metadata.version('a')", "Metadata");
    is("importlib.metadata.files('a')", "Metadata");
    is("pkg_resources.get_distribution('a')", "Metadata");
    check(
        "from importlib.metadata import version\nversion('a')",
        &["2 Metadata"],
    );
    is("entry_points(group='a.b')", "EntryPoints(Some(\"a.b\"))");
    is("iter_entry_points('a')", "EntryPoints(Some(\"a\"))");
    is(
        "ExtensionManager(x, namespace='a')",
        "EntryPoints(Some(\"a\"))",
    );
    is("entry_points()", "EntryPoints(None)");
    is("entry_points(group=x)", "EntryPoints(None)");
}

#[test]
fn statements_with_a_file() {
    let here = |source: &str, up: u32, parts: &[&str]| {
        let name = source.starts_with("x = ").then_some("x");
        is(
            source,
            &format!(
                "Here(Whereabouts {{ up: Some({up}), parts: {parts:?}, module: None, name: {name:?} }})"
            ),
        );
    };
    here("x = __file__", 0, &[]);
    here("x = Path(__file__).parent / 'a'", 1, &["a"]);
    here(
        "x = Path(__file__).resolve().parents[2] / 'a' / 'b c'",
        3,
        &["a", "b c"],
    );
    here(
        "x = os.path.join(\n  dirname(os.path.dirname(__file__)), '..', f'a/{x}/b')",
        2,
        &["..", "a/", "/b"],
    );
    here("x = f'{os.path.dirname(__file__)}/a' 'b'", 1, &["/ab"]);
    here("def f(): return __file__", 0, &[]);
    check("'__file__'\nx.__file__s\n# __file__", &[]);
    check(
        "x = a.__file__; y = 1",
        &["1 Here(Whereabouts { up: Some(0), parts: [], module: Some(\"a\"), name: Some(\"x\") })"],
    );
}

#[test]
fn names_that_are_given_a_folder_above_the_file() {
    let at = |line: u32, up: u32, name: &str| {
        format!(
            "{line} Here(Whereabouts {{ up: Some({up}), parts: [], module: None, name: {name} }})"
        )
    };
    let source = "A = Path(__file__).parent\nB: Path = A.parent\nC = os.path.dirname(B)\nx.parent\nA.name\n\
                  self.root = C.parents[1]\n(root.parent)";
    let expected = [
        at(1, 1, "Some(\"A\")"),
        at(2, 2, "Some(\"B\")"),
        at(3, 3, "Some(\"C\")"),
        at(6, 5, "Some(\"root\")"),
        at(7, 6, "None"),
    ];
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(source, &expected);
    check("A = x.parent\nB = A.parent", &[]);
}

#[test]
fn search_paths() {
    let path = |source: &str, parts: &[&str]| {
        let name = match source {
            _ if source.starts_with("sys.path +=") || source.starts_with("sys.path = ") => {
                Some("path")
            }
            _ => None,
        };
        is(
            source,
            &format!(
                "SearchPath(Whereabouts {{ up: None, parts: {parts:?}, module: None, name: {name:?} }})"
            ),
        );
    };
    path("sys.path.insert(0, 'a')", &["a"]);
    path("sys.path.append(x)", &[]);
    path("sys.path += ['a']", &["a"]);
    path("sys.path = [x] + sys.path", &[]);
    path("sys.path[:0] = ['a']", &["a"]);
    path("site.addsitedir('a')", &["a"]);
    path("monkeypatch.syspath_prepend(x)", &[]);
    check(
        "x = sys.path\nsys.path_hooks.append(x)\nf(x=sys.path)\nsys.path == x\nif sys.path: x = 1",
        &[],
    );
    check(
        "import sys\nsys.path.insert(0, os.path.dirname(__file__))",
        &[
            "2 Here(Whereabouts { up: Some(1), parts: [], module: None, name: None })",
            "2 SearchPath(Whereabouts { up: Some(1), parts: [], module: None, name: None })",
        ],
    );
}

#[test]
fn packages_that_change_themselves() {
    check(
        "__path__ = extend_path(__path__, __name__)",
        &["1 ExtendPath", "1 ExtendPath"],
    );
    is("__path__ += x", "ExtendPath");
    is("__path__.append(x)", "ExtendPath");
    is("__path__[:] = x", "ExtendPath");
    check("x = __path__\nf(__path__)", &[]);
    is("def __getattr__(name): pass", "LazyModule");
    is("a, b = lazy.attach(x)", "LazyModule");
    check("if x:\n  def __getattr__(name): pass", &["2 LazyModule"]);
    check("class A:\n  def __getattr__(self, name): pass", &[]);
    check("def f():\n  def __getattr__(name): pass", &[]);
    is("__getattr__ = lazy(__name__)", "LazyModule");
    is("sys.modules[x] = _LazyModule(y)", "LazyModule");
}
