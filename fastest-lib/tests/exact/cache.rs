//! Answers are kept as long as nothing changed that they were made of.

use std::fs;

use fastest_lib::execution::ExactOptions;

use crate::case::{Case, kept_answers};

const OPEN: &str = "import pytest\n\
    @pytest.mark.parametrize('x', eval('[0, 1]'))\n\
    def test_open(x): pass\n";

fn two_files() -> Case {
    Case::new(&[
        (
            "conftest.py",
            "import pytest\nfrom helper import LETTERS\n\
            @pytest.fixture(params=eval('LETTERS'))\ndef letter(request): return request.param\n",
        ),
        ("helper.py", "LETTERS = list('ab')\n"),
        ("test_a.py", "def test_a(letter): pass\n"),
        ("test_b.py", "def test_b(letter): pass\n"),
        ("test_c.py", "def test_closed(): pass\n"),
    ])
}

#[test]
fn nothing_open_starts_nothing() {
    let case = Case::new(&[("test_a.py", "def test_a(): pass\n")]);
    let found = case.resolve(&[]).unwrap();
    assert_eq!((found.ids.len(), case.starts()), (1, 0));
    assert_eq!(found.report, Default::default());
}

#[test]
fn an_edit_of_one_file_resolves_that_file_alone() {
    let case = two_files();
    let found = case.check(&[]);
    assert_eq!((found.report.by_python, found.report.from_cache), (2, 0));
    case.write(
        "test_a.py",
        "def test_a(letter): pass\ndef test_more(letter): pass\n",
    );
    let found = case.check(&[]);
    assert_eq!((found.report.by_python, found.report.from_cache), (1, 1));
    assert_eq!(found.ids.len(), 7);
}

#[test]
fn an_edit_of_a_closed_file_resolves_nothing() {
    let case = two_files();
    case.check(&[]);
    let starts = case.starts();
    case.write(
        "test_c.py",
        "def test_closed(): pass\ndef test_new(): pass\n",
    );
    case.write("test_d.py", "def test_another(): pass\n");
    assert_eq!(case.check(&[]).ids.len(), 7);
    assert_eq!(case.starts(), starts);
}

#[test]
fn an_edit_of_what_files_share_resolves_all() {
    let case = two_files();
    case.check(&[]);
    let resolves_all = |path: &str, text: &str| {
        case.write(path, text);
        let found = case.check(&[]);
        assert_eq!(
            (found.report.by_python, found.report.from_cache),
            (2, 0),
            "{path}"
        );
    };
    resolves_all("helper.py", "LETTERS = list('abc')\n");
    resolves_all("pytest.ini", "[pytest]\nmarkers = new: x\n");
    let conftest = fs::read_to_string(case.root().join("conftest.py")).unwrap();
    resolves_all("conftest.py", &format!("{conftest}# changed\n"));
}

#[test]
fn a_test_file_that_another_one_imports_is_shared() {
    let case = Case::new(&[
        (
            "test_a.py",
            "VALUES = list(range(2))\nimport pytest\n\
            @pytest.mark.parametrize('x', [n for n in eval('VALUES')])\ndef test_a(x): pass\n",
        ),
        (
            "test_b.py",
            "import pytest\nfrom test_a import VALUES\n\
            @pytest.mark.parametrize('x', [n for n in eval('VALUES')])\ndef test_b(x): pass\n",
        ),
    ]);
    case.check(&[]);
    let text = fs::read_to_string(case.root().join("test_a.py")).unwrap();
    case.write("test_a.py", &text.replace("range(2)", "range(3)"));
    assert_eq!(case.check(&[]).ids.len(), 6);
    // The importer alone concerns nobody else.
    let text = fs::read_to_string(case.root().join("test_b.py")).unwrap();
    case.write("test_b.py", &format!("{text}def test_more(): pass\n"));
    let found = case.check(&[]);
    assert_eq!((found.report.by_python, found.report.from_cache), (1, 1));
}

#[test]
fn data_that_is_listed_and_read_counts() {
    let source = "import glob, os, pathlib, pytest\n\
        here = pathlib.Path(__file__).parent\n\
        names = sorted(path.name for path in here.glob('data/*.txt'))\n\
        more = sorted(os.listdir(here / 'more'))\n\
        text = (here / 'list.txt').read_text().split()\n\
        @pytest.mark.parametrize('x', names + more + text)\n\
        def test_data(x): pass\n";
    let case = Case::new(&[
        ("data/1.txt", ""),
        ("more/2.dat", ""),
        ("list.txt", "three"),
        ("test_a.py", source),
        ("unrelated/x.txt", ""),
    ]);
    assert_eq!(case.check(&[]).ids.len(), 3);
    case.write("data/4.txt", "");
    assert_eq!(case.check(&[]).ids.len(), 4);
    case.write("more/5.dat", "");
    assert_eq!(case.check(&[]).ids.len(), 5);
    case.write("list.txt", "three six");
    assert_eq!(case.check(&[]).ids.len(), 6);
    case.remove("data/4.txt");
    assert_eq!(case.check(&[]).ids.len(), 5);
    let starts = case.starts();
    case.write("unrelated/y.txt", "");
    // Only its name was asked for.
    case.write("data/1.txt", "changed");
    case.check(&[]);
    assert_eq!(case.starts(), starts);
}

#[test]
fn a_module_that_was_missing_is_looked_for_again() {
    let source = "import pytest\n\
        try:\n    from extra import VALUES\nexcept ImportError:\n    VALUES = [0]\n\
        @pytest.mark.parametrize('x', [n for n in eval('VALUES')])\ndef test_a(x): pass\n";
    let case = Case::new(&[("test_a.py", source)]);
    assert_eq!(case.check(&[]).ids.len(), 1);
    case.write("extra.py", "VALUES = [1, 2]\n");
    assert_eq!(case.check(&[]).ids.len(), 2);
}

#[test]
fn a_new_conftest_counts() {
    let case = Case::new(&[("sub/test_a.py", OPEN), ("test_b.py", OPEN)]);
    case.check(&[]);
    case.write(
        "sub/conftest.py",
        "def pytest_generate_tests(metafunc):\n\
        \x20   if 'y' in metafunc.fixturenames: metafunc.parametrize('y', [1])\n",
    );
    case.write("sub/test_a.py", "def test_a(y): pass\n");
    case.check(&[]);
}

#[test]
fn a_damaged_cache_is_made_anew() {
    let case = two_files();
    let found = case.check(&[]);
    let answers = kept_answers(&case.cache());
    assert_eq!(answers.len(), 1);
    let good = fs::read(&answers[0]).unwrap();
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for bad in [&good[..good.len() - 1], &good[..10], &[], &flipped] {
        fs::write(&answers[0], bad).unwrap();
        let starts = case.starts();
        assert_eq!(case.check(&[]).ids, found.ids);
        assert_eq!(case.starts(), starts + 1);
        assert_eq!(fs::read(&answers[0]).unwrap().len(), good.len());
    }
}

#[test]
fn without_the_cache_nothing_is_read_or_written() {
    let case = two_files();
    let mut options = ExactOptions::default();
    options.cache = false;
    for starts in 1..3 {
        let found = case.resolve_in("", &[], &options).unwrap();
        assert_eq!(found.report.by_python, 2);
        assert_eq!(case.starts(), starts);
    }
    assert!(kept_answers(&case.cache()).is_empty());
    case.check(&[]);
    case.resolve_in("", &[], &options).unwrap();
    assert_eq!(case.starts(), 4);
}

#[test]
fn what_cannot_be_looked_at_again_is_not_kept() {
    let check = |call: &str| {
        let source = format!("{OPEN}import subprocess, sys\nsubprocess.run({call})\n");
        let case = Case::new(&[("test_a.py", &source)]);
        for starts in 1..3 {
            let found = case.resolve(&[]).unwrap();
            assert_eq!(found.ids.len(), 2, "{call}");
            assert!(found.report.not_kept.is_some(), "{call}");
            assert_eq!(case.starts(), starts, "{call}");
        }
    };
    check("'true', shell=True");
    check("[sys.executable, '-c', '']");
    check("['git', '--version']");
    check("['date'], stdout=subprocess.DEVNULL");
    check("['true'], env={'PATH': '/usr/bin:/bin'}");
}

#[test]
fn a_program_of_the_machine_is_an_input() {
    let source = format!("{OPEN}import subprocess\nsubprocess.run(['true'])\n");
    let case = Case::new(&[("test_a.py", &source)]);
    for _ in 0..2 {
        let found = case.resolve(&[]).unwrap();
        assert_eq!(found.report.not_kept, None);
        assert_eq!(case.starts(), 1);
    }
}

#[test]
fn files_that_a_collection_writes_itself_are_not_its_inputs() {
    let source = format!(
        "{OPEN}import pathlib\n\
         made = pathlib.Path(__file__).with_name('made.txt')\n\
         made.write_text('x')\nmade.read_text()\n"
    );
    Case::new(&[("test_a.py", &source)]).check(&[]);
}

#[test]
fn different_arguments_have_answers_of_their_own() {
    let case = two_files();
    case.check(&["test_a.py"]);
    case.check(&["test_b.py"]);
    case.check(&[]);
    let starts = case.starts();
    case.check(&["test_a.py"]);
    assert_eq!(case.starts(), starts);
}
