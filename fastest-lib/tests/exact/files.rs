//! Which files pytest collects, and from where.

use crate::case::Case;

const OPEN: &str = "import pytest\n\
    @pytest.mark.parametrize('x', eval('[0, 1]'))\n\
    def test_open(x): pass\n";
const PLAIN: &str = "def test_plain(): pass\n";

const YAML: &str = "import pytest\n\
    def pytest_collect_file(parent, file_path):\n\
    \x20   if file_path.suffix == '.yaml':\n\
    \x20       return YamlFile.from_parent(parent, path=file_path)\n\
    class YamlFile(pytest.File):\n\
    \x20   def collect(self):\n\
    \x20       for line in self.path.read_text().split():\n\
    \x20           yield YamlItem.from_parent(self, name=line)\n\
    class YamlItem(pytest.Item):\n\
    \x20   def runtest(self): pass\n\
    \x20   def reportinfo(self): return self.path, 0, self.name\n";

#[test]
fn collectors_of_a_conftest() {
    let case = Case::new(&[
        ("conftest.py", YAML),
        ("a.yaml", "one two[x]"),
        ("sub/b.yaml", "three"),
        ("sub/test_b.py", PLAIN),
        ("test_c.py", PLAIN),
        ("z.yaml", "four"),
    ]);
    case.check(&[]);
    case.check(&["sub"]);
    case.check(&["sub/test_b.py"]);
    case.write("sub/a.yaml", "new");
    case.check(&[]);
    case.write("sub/a.yaml", "newer newest");
    case.check(&[]);
    case.remove("sub/a.yaml");
    case.check(&[]);
}

#[test]
fn collectors_where_there_is_no_test_file() {
    let case = Case::new(&[
        ("data/conftest.py", YAML),
        ("data/a.yaml", "one"),
        ("test_c.py", PLAIN),
    ]);
    let found = case.check(&[]);
    assert_eq!(found.ids.len(), 2);
}

#[test]
fn files_that_a_conftest_leaves_out() {
    let hook = "def pytest_ignore_collect(collection_path):\n\
        \x20   return True if 'out' in collection_path.name else None\n";
    let case = Case::new(&[
        ("conftest.py", hook),
        ("test_out.py", PLAIN),
        ("test_in.py", PLAIN),
        ("outside/test_a.py", PLAIN),
    ]);
    let found = case.check(&[]);
    assert_eq!(
        found.discovery.files.len(),
        1,
        "no file that pytest does not collect"
    );
    let computed = "import sys\n\
        collect_ignore = ['test_a.py'] if sys.version_info > (3,) else []\n\
        collect_ignore_glob = ['*_b.py']\n";
    Case::new(&[
        ("conftest.py", computed),
        ("test_a.py", PLAIN),
        ("test_b.py", PLAIN),
        ("test_c.py", OPEN),
    ])
    .check(&[]);
}

#[test]
fn doctests() {
    let module = "def one():\n\
        \x20   '''\n\
        \x20   >>> 1\n\
        \x20   1\n\
        \x20   '''\n";
    let both = format!("{module}{PLAIN}");
    let files = [
        ("pkg/__init__.py", ""),
        ("pkg/module.py", module),
        ("test_a.py", both.as_str()),
        ("readme.txt", ">>> 2\n2\n"),
        ("notes.md", ">>> 3\n3\n"),
    ];
    let with = |ini: &str| {
        let case = Case::new(&files);
        case.write("pytest.ini", ini);
        case.check(&[]);
    };
    with("[pytest]\naddopts = --doctest-modules\n");
    with("[pytest]\naddopts = --doctest-glob=*.md --doctest-glob=*.txt\n");
    with("[pytest]\naddopts = --doctest-modules --doctest-glob=*.md\n");
}

#[test]
fn import_modes_and_same_base_names() {
    let files = [
        ("a/test_same.py", OPEN),
        ("b/test_same.py", PLAIN),
        ("c/__init__.py", ""),
        ("c/test_same.py", PLAIN),
    ];
    let found = Case::new(&files).check(&[]);
    assert_eq!(
        found.report.errors, 1,
        "the second of one name cannot be imported"
    );
    let case = Case::new(&files);
    case.write(
        "pytest.ini",
        "[pytest]\naddopts = --import-mode=importlib\n",
    );
    assert_eq!(case.check(&[]).report.errors, 0);
}

#[test]
fn the_configuration_lies_above() {
    let case = Case::new(&[
        (
            "pytest.ini",
            "[pytest]\npython_files = check_*.py\npython_functions = check\n",
        ),
        (
            "sub/check_a.py",
            "def check_a(): pass\ncheck_b = [check_a][0]\n",
        ),
        ("sub/inner/check_c.py", "exec('def check_c(): pass')\n"),
    ]);
    case.check_in("sub", &[]);
    case.check_in("sub/inner", &[".."]);
    case.check_in("sub/inner", &[]);
}

#[test]
fn testpaths_and_folders_as_arguments() {
    let case = Case::new(&[
        ("pytest.ini", "[pytest]\ntestpaths = b a\n"),
        ("a/test_a.py", OPEN),
        ("a/sub/test_b.py", OPEN),
        ("b/test_c.py", OPEN),
        ("c/test_d.py", OPEN),
    ]);
    case.check(&[]);
    case.check(&["c", "a/sub"]);
    case.check(&["a/sub/test_b.py", "a"]);
    case.check_in("a", &[]);
}

#[test]
fn packages_and_their_conftests() {
    case_of_packages().check(&[]);
    case_of_packages().check(&["pkg/sub"]);
}

fn case_of_packages() -> Case {
    let conftest = "import pytest\n\
        @pytest.fixture(params=eval('list')('ab'))\n\
        def letter(request): return request.param\n";
    Case::new(&[
        ("pkg/__init__.py", ""),
        ("pkg/conftest.py", conftest),
        ("pkg/helper.py", "values = list(range(2))\n"),
        ("pkg/sub/__init__.py", ""),
        (
            "pkg/sub/test_a.py",
            "import pytest\nfrom ..helper import values\n\
             @pytest.mark.parametrize('v', values)\ndef test_a(letter, v): pass\n",
        ),
        ("pkg/test_b.py", "def test_b(letter): pass\n"),
    ])
}
