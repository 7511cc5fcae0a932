//! Files that are read.

use crate::case::{Case, Files, check, check_closures};

const DATA: Files<'static> = &[
    ("tests/data/a.txt", ""),
    ("tests/data/b.txt", ""),
    ("tests/more/c.txt", ""),
    ("tests/tests/data/a.txt", ""),
];

/// Whether the test reads `a.txt` and nothing beside it.
fn reads_a(source: &str) {
    let all = [&[("tests/test_a.py", source)], DATA].concat();
    check_closures(
        &all,
        &["tests/test_a.py: tests/data/a.txt | tests/data/b.txt tests/more/c.txt"],
    );
}

/// Whether the test reads the folder of `a.txt`, and no other.
fn reads_folder(source: &str) {
    let all = [&[("tests/test_a.py", source)], DATA].concat();
    check_closures(
        &all,
        &["tests/test_a.py: tests/data/a.txt tests/data/b.txt | tests/more/c.txt"],
    );
}

#[test]
fn open_with_a_literal() {
    reads_a("def test(): open('tests/data/a.txt').close()\n");
    reads_a("import io\ndef test(): io.open(file='tests/data/a.txt').close()\n");
    reads_a("from pathlib import Path\ndef test(): Path('tests/data/a.txt').read_text()\n");
    reads_a("from pathlib import Path\ndef test(): Path('tests', 'data/a.txt').read_text()\n");
    reads_a("import os\ndef test(): open(os.path.join('tests', 'data', 'a.txt')).close()\n");
    reads_a(
        "from pathlib import Path\ndef test(): (Path('tests') / 'data' / 'a.txt').read_text()\n",
    );
    reads_a("def test(pytestconfig): (pytestconfig.rootpath / 'tests/data/a.txt').read_text()\n");
    reads_a("def test(request): (request.path.parent / 'data' / 'a.txt').read_text()\n");
}

#[test]
fn paths_from_file() {
    reads_a(
        "import os\ndef test(): open(os.path.join(os.path.dirname(__file__), 'data', 'a.txt')).close()\n",
    );
    reads_a(
        "from pathlib import Path\ndef test(): (Path(__file__).parent / 'data/a.txt').read_text()\n",
    );
    reads_a(
        "from pathlib import Path\ndef test(): Path(__file__).parent.joinpath('data', 'a.txt').read_text()\n",
    );
    reads_a(
        "from pathlib import Path\ndef test(): Path(__file__).with_name('data').joinpath('a.txt').read_text()\n",
    );
    reads_a(
        "from pathlib import Path\nROOT = Path(__file__).resolve().parents[1]\ndef test(): (ROOT / 'tests' / 'data' / 'a.txt').read_text()\n",
    );
}

#[test]
fn folders_that_are_listed() {
    // What of a folder with a name is read, only those know who use the name.
    reads_folder(
        "from pathlib import Path\nHERE = Path(__file__).parent\nDATA = HERE / 'data'\ndef test(): (DATA / 'a.txt').read_text()\n",
    );
    reads_folder(
        "import os\nHERE = os.path.abspath(os.path.dirname(__file__))\ndef path(name): return os.path.join(HERE, 'data', name)\ndef test(): open(path('a.txt')).close()\n",
    );
    reads_folder(
        "import os\ndef test():\n    for name in os.listdir('tests/data'): open('tests/data/' + name).close()\n",
    );
    reads_folder(
        "from pathlib import Path\nDATA = Path(__file__).parent / 'data'\ndef test():\n    for path in DATA.iterdir(): path.read_text()\n",
    );
    reads_folder(
        "from pathlib import Path\nROOT = Path(__file__).parent.parent\ndef test():\n    for path in (ROOT / 'tests' / 'data').iterdir(): path.read_text()\n",
    );
    reads_folder(
        "import glob\ndef test():\n    for path in glob.glob('tests/data/*.txt'): open(path).close()\n",
    );
    reads_folder(
        "import pytest\n@pytest.mark.parametrize('name', ['a', 'b'])\ndef test(name): open(f'tests/data/{name}.txt').close()\n",
    );
    reads_folder(
        "import os\nHERE = os.path.dirname(__file__)\ndef test():\n    for x in 'ab': open('%s/data/%s.txt' % (HERE, x)).close()\n",
    );
}

#[test]
fn folders_with_a_bare_name() {
    for source in [
        "import os, pytest\n@pytest.mark.parametrize('folder', ['data'])\ndef test(folder):\n    for name in os.listdir(folder): open(os.path.join(folder, name)).close()\n",
        "import glob\nFOLDER = 'data'\ndef test():\n    for name in glob.glob(FOLDER + '/*'): open(name).close()\n",
        "def test(monkeypatch):\n    monkeypatch.chdir('data')\n    open('a.txt').close()\n",
        "import subprocess, sys\ndef test(): subprocess.check_call([sys.executable, '-c', 'open(\"a.txt\")'], cwd='data')\n",
    ] {
        check_closures(
            &[
                ("test_a.py", source),
                ("data/a.txt", ""),
                ("other/a.txt", ""),
            ],
            &["test_a.py: data/a.txt | other/a.txt"],
        );
    }
}

/// Lists of a folder that another statement made, and the folder is above the file.
#[test]
fn folders_above_that_are_listed_by_name() {
    for source in [
        "from pathlib import Path\nROOT = Path(__file__).parent.parent\ndef test():\n    for path in ROOT.rglob('*.txt'): path.read_text()\n",
        "import os\nROOT = os.path.dirname(os.path.dirname(__file__))\ndef test():\n    for at, _, names in os.walk(ROOT):\n        for name in names:\n            if name.endswith('.txt'): open(os.path.join(at, name)).close()\n",
        "from pathlib import Path\nHERE = Path(__file__).parent\nROOT = HERE.parent\ndef test():\n    for path in ROOT.glob('**/*.txt'): path.read_text()\n",
        "import glob, os\nROOT = os.path.dirname(os.path.dirname(__file__))\ndef test():\n    for path in glob.glob(os.path.join(ROOT, '**', '*.txt'), recursive=True): open(path).close()\n",
    ] {
        check_closures(
            &[
                ("x/tests/test_a.py", source),
                ("x/data/a.txt", ""),
                ("y/b.txt", ""),
            ],
            &["x/tests/test_a.py: x/data/a.txt | y/b.txt"],
        );
    }
    // The path of a folder above says nothing where another one is listed.
    check_closures(
        &[
            (
                "x/tests/test_a.py",
                "import os\nfrom pathlib import Path\nROOT = Path(__file__).parent.parent\ndef test(tmp_path):\n    assert not os.listdir(tmp_path)\n    assert ROOT.name == 'x'\n",
            ),
            ("x/data/a.txt", ""),
        ],
        &["x/tests/test_a.py: | x/data/a.txt"],
    );
}

#[test]
fn files_named_after_the_test() {
    for source in [
        "from pathlib import Path\ndef test(): Path(__file__).with_suffix('.json').read_text()\n",
        "import os\ndef test(): open(os.path.splitext(__file__)[0] + '.json').close()\n",
        "def test(): open(__file__.replace('.py', '.json')).close()\n",
        "from pathlib import Path\nME = Path(__file__)\ndef test(): ME.with_suffix('.json').read_text()\n",
    ] {
        check_closures(
            &[
                ("t/test_a.py", source),
                ("t/test_a.json", ""),
                ("t/test_b.json", ""),
            ],
            &["t/test_a.py: t/test_a.json | t/test_b.json"],
        );
    }
}

#[test]
fn files_beside_another_module() {
    for source in [
        "import os, p\ndef test(): open(os.path.join(os.path.dirname(p.__file__), 'data', 'a.txt')).close()\n",
        "from pathlib import Path\nimport p.q\ndef test(): (Path(p.q.__file__).parent.parent / 'data' / 'a.txt').read_text()\n",
        "from pathlib import Path\nimport p as alias\nDATA = Path(alias.__file__).parent / 'data'\ndef test(): (DATA / 'a.txt').read_text()\n",
        "from pathlib import Path\nfrom p import q\ndef test(): (Path(q.__file__).parents[1] / 'data/a.txt').read_text()\n",
    ] {
        check_closures(
            &[
                ("tests/test_a.py", source),
                ("tests/data/a.txt", ""),
                ("p/__init__.py", ""),
                ("p/q/__init__.py", ""),
                ("p/data/a.txt", ""),
                ("p/other/b.txt", ""),
            ],
            &["tests/test_a.py: p/data/a.txt | p/other/b.txt"],
        );
    }
}

/// What is listed in a file may come from anywhere in it.
#[test]
fn folders_of_another_module_that_are_listed() {
    check_closures(
        &[
            (
                "tests/test_a.py",
                "import os, p\nHERE = os.path.dirname(p.__file__)\ndef test():\n    for name in os.listdir(HERE + '/data'): open(os.path.join(HERE, 'data', name)).close()\n",
            ),
            ("tests/b.txt", ""),
            ("p/__init__.py", ""),
            ("p/data/a.txt", ""),
        ],
        &["tests/test_a.py: p/data/a.txt | tests/b.txt"],
    );
}

#[test]
fn resources_of_packages() {
    for source in [
        "from importlib import resources\ndef test(): resources.files('p').joinpath('a.txt').read_text()\n",
        "from importlib.resources import files\nimport p\ndef test(): (files(p) / 'a.txt').read_text()\n",
        "import pkgutil\ndef test(): pkgutil.get_data('p', 'a.txt')\n",
        "import importlib.resources as r\ndef test(): r.files('p').joinpath('a.txt').read_bytes()\n",
    ] {
        check_closures(
            &[
                ("test_a.py", source),
                ("p/__init__.py", ""),
                ("p/a.txt", ""),
                ("p/b.txt", ""),
                ("q/a.txt", ""),
            ],
            &["test_a.py: p/a.txt | p/b.txt q/a.txt"],
        );
    }
    // What is not named is all of the package.
    check_closures(
        &[
            (
                "test_a.py",
                "from importlib.resources import files\ndef test():\n    for one in files('p').iterdir():\n        if one.suffix == '.txt': one.read_text()\n",
            ),
            ("p/__init__.py", ""),
            ("p/a.txt", ""),
            ("q/a.txt", ""),
        ],
        &["test_a.py: p/a.txt | q/a.txt"],
    );
    check_closures(
        &[
            (
                "p/__init__.py",
                "import pkgutil\nX = pkgutil.get_data(__name__, 'VERSION')\n",
            ),
            ("p/VERSION", ""),
            ("p/OTHER", ""),
            ("test_a.py", "import p\ndef test(): pass\n"),
        ],
        &["test_a.py: p/VERSION | p/OTHER"],
    );
}

#[test]
fn package_data_by_globs() {
    for (name, setting) in [
        (
            "pyproject.toml",
            "[tool.setuptools.package-data]\np = ['*.json', 'd/*.txt']\n'*' = ['*.md']\n",
        ),
        (
            "setup.cfg",
            "[options.package_data]\np = *.json, d/*.txt\n* = *.md\n",
        ),
    ] {
        check_closures(
            &[
                (name, setting),
                ("p/__init__.py", ""),
                ("p/a.json", ""),
                ("p/a.md", ""),
                ("p/d/a.txt", ""),
                ("p/d/e/a.txt", ""),
                ("p/other.txt", ""),
                ("q/__init__.py", ""),
                ("q/a.json", ""),
                ("test_a.py", "import p\ndef test(): pass\n"),
                ("test_b.py", "import q\ndef test(): pass\n"),
            ],
            &[
                "test_a.py: p/a.json p/a.md p/d/a.txt | p/other.txt p/d/e/a.txt q/a.json",
                "test_b.py: | q/a.json p/a.json",
            ],
        );
    }
}

#[test]
fn fixtures_folders() {
    check(Case {
        files: &[
            ("t/test_a.py", "def test(): pass\n"),
            ("t/test_a/x.txt", ""),
            ("t/test_a/y/z.txt", ""),
            ("t/cassettes/test_a/one.yaml", ""),
            ("t/cassettes/test_b/two.yaml", ""),
            ("t/__snapshots__/test_a.ambr", ""),
            ("t/test_b/x.txt", ""),
        ],
        closures: &[
            "t/test_a.py: t/test_a/y/z.txt t/cassettes/test_a/one.yaml t/__snapshots__/test_a.ambr | t/cassettes/test_b/two.yaml t/test_b/x.txt",
        ],
        ..Case::default()
    });
}

#[test]
fn data_of_a_folder_that_is_named_in_another_file() {
    check_closures(
        &[
            (
                "tests/paths.py",
                "from pathlib import Path\nDATA = Path(__file__).parent / 'data'\n",
            ),
            (
                "tests/test_a.py",
                "import paths\ndef test(): (paths.DATA / 'a.txt').read_text()\n",
            ),
            ("tests/data/a.txt", ""),
            ("other/a.txt", ""),
        ],
        &["tests/test_a.py: tests/data/a.txt | other/a.txt"],
    );
}
